/** A thread and its first run, streamed with events. */
import type { RequestOptions } from '../../internal/request-options.js';
import type { Threads } from '../../resources/beta/threads/threads.js';
import { AssistantStream, type ThreadCreateAndRunParamsBaseStream } from '../AssistantStream.js';

export function createAndRunStream(
  threads: Threads,
  body: ThreadCreateAndRunParamsBaseStream,
  options?: RequestOptions,
): AssistantStream {
  return AssistantStream.createThreadAssistantStream(body, threads, options);
}
