/** Threads that are made with their first run. */
import { poll, type PollOptions } from '../../internal/poll';
import type { Run } from '../../resources/beta/threads/runs/runs';

/** Makes a thread and its run, and waits until the run needs nothing more from the provider. */
export function createAndRunPoll(resource: any, body: object, options?: PollOptions): Promise<Run> {
  const how = { resource: 'beta.threads.runs', by: 'beta.threads.create_and_run' };
  return poll(resource._client, how, [], body, options);
}
