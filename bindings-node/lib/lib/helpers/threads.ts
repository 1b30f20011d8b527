/** Threads that are made with their first run. */
import { isByHand } from '../../internal/poll-by-hand';
import { poll, type PollOptions } from '../../internal/poll';
import type { Run } from '../../resources/beta/threads/runs/runs';

/** Makes a thread and its run, and waits until the run needs nothing more from the provider. */
export async function createAndRunPoll(resource: any, body: object, options?: PollOptions): Promise<Run> {
  if (isByHand(resource, options, 'createAndRun')) {
    const run = await resource.createAndRun(body, options);
    return resource.runs.poll(run.id, { thread_id: run.thread_id }, options);
  }
  const how = { resource: 'beta.threads.runs', by: 'beta.threads.create_and_run' };
  return poll(resource._client, how, [], body, options);
}
