/** Helpers of `client.chat.completions`. */
import type { APIPromise } from '../../core/api-promise.js';
import type { RequestOptions } from '../../internal/request-options.js';
import type { ChatCompletion, Completions, ParsedChatCompletion } from '../../resources/chat/completions/completions.js';
import { ChatCompletionRunner } from '../ChatCompletionRunner.js';
import { ChatCompletionStream, type ChatCompletionStreamParams } from '../ChatCompletionStream.js';
import { ChatCompletionStreamingRunner } from '../ChatCompletionStreamingRunner.js';
import type { RunnerOptions } from '../AbstractChatCompletionRunner.js';
import { parseChatCompletion, parsing, validateInputTools } from '../parser.js';
import { clientOf } from './client-of.js';
import { helped } from './helped.js';

/** A completion with its answers parsed. */
export function parse(completions: Completions, body: any, options?: RequestOptions): APIPromise<ParsedChatCompletion<any>> {
  validateInputTools(body.tools);
  const call = completions.create({ ...body, stream: undefined }, helped(options, 'chat.completions.parse')) as APIPromise<ChatCompletion>;
  return call._thenUnwrap((completion, props) => parsing(props, () => parseChatCompletion(completion, body))) as APIPromise<ParsedChatCompletion<any>>;
}

/** Asks, calls the functions that the model asks for, and goes on until it asks for none. */
export function runTools(
  completions: Completions,
  body: any,
  options?: RunnerOptions,
): ChatCompletionRunner<any> | ChatCompletionStreamingRunner<any> {
  const client = clientOf(completions);
  if (body.stream) return ChatCompletionStreamingRunner.runTools(client, body, options);
  return ChatCompletionRunner.runTools(client, body, options);
}

/** A completion, streamed with events. */
export function stream(
  completions: Completions,
  body: ChatCompletionStreamParams,
  options?: RequestOptions,
): ChatCompletionStream<any> {
  return ChatCompletionStream.createChatCompletion(clientOf(completions), body, options);
}
