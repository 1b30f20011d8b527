/** What messages of chats are. */
import type {
  ChatCompletionAssistantMessageParam, ChatCompletionMessageParam, ChatCompletionToolMessageParam,
} from '../resources/chat/completions/completions.js';

/** Whether the model has said it. */
export const isAssistantMessage = (
  message: ChatCompletionMessageParam | null | undefined,
): message is ChatCompletionAssistantMessageParam => message?.role === 'assistant';

/** Whether it is what a tool has answered. */
export const isToolMessage = (message: ChatCompletionMessageParam | null | undefined): message is ChatCompletionToolMessageParam =>
  message?.role === 'tool';

/** Whether it is anything. */
export function isPresent<T>(obj: T | null | undefined): obj is T {
  return obj !== null && obj !== undefined;
}
