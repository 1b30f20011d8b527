/** Runs of assistants, streamed with events. */
import type { RequestOptions } from '../../internal/request-options.js';
import type { Runs } from '../../resources/beta/threads/runs/runs.js';
import {
  AssistantStream, type RunCreateParamsBaseStream, type RunSubmitToolOutputsParamsStream,
} from '../AssistantStream.js';

export function stream(
  runs: Runs,
  threadId: string,
  body: RunCreateParamsBaseStream,
  options?: RequestOptions,
): AssistantStream {
  return AssistantStream.createAssistantStream(threadId, runs, body, options);
}

export const createAndStream = stream;

export function submitToolOutputsStream(
  runs: Runs,
  runId: string,
  params: RunSubmitToolOutputsParamsStream,
  options?: RequestOptions,
): AssistantStream {
  return AssistantStream.createToolAssistantStream(runId, runs, params, options);
}
