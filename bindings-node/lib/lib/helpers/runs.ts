/** Runs of assistants: made and waited for. */
import { isByHand, pollByHand } from '../../internal/poll-by-hand';
import { poll as wait, type PollOptions } from '../../internal/poll';
import type { Run } from '../../resources/beta/threads/runs/runs';

const RUNS = 'beta.threads.runs';

/** States in which a run goes on. */
const OPEN = new Set(['queued', 'in_progress', 'cancelling']);

/** Makes a run and waits until it needs nothing more from the provider. */
export async function createAndPoll(resource: any, threadID: string, body: object, options?: PollOptions): Promise<Run> {
  if (isByHand(resource, options, 'create', 'poll', 'retrieve')) {
    const run = await resource.create(threadID, body, options);
    return resource.poll(run.id, { thread_id: threadID }, options);
  }
  const { include, ...rest } = body as Record<string, unknown>;
  const params = include === undefined ? rest : { include, ...rest };
  return wait(resource._client, { resource: RUNS, by: `${RUNS}.create` }, [threadID], params, options);
}

/** Waits until a run needs nothing more from the provider. */
export function poll(resource: any, runID: string, params: { thread_id: string }, options?: PollOptions): Promise<Run> {
  if (isByHand(resource, options, 'retrieve')) {
    return pollByHand((own) => resource.retrieve(runID, params, own), OPEN, options);
  }
  return wait(resource._client, { resource: RUNS, ids: [params.thread_id, runID] }, [], undefined, options);
}

/** Hands in what the tools gave, and waits until the run needs nothing more from the provider. */
export async function submitToolOutputsAndPoll(
  resource: any,
  runID: string,
  params: { thread_id: string },
  options?: PollOptions,
): Promise<Run> {
  if (isByHand(resource, options, 'submitToolOutputs', 'poll', 'retrieve')) {
    const run = await resource.submitToolOutputs(runID, params, options);
    return resource.poll(run.id, { thread_id: params.thread_id }, options);
  }
  const { thread_id, ...body } = params;
  const how = { resource: RUNS, by: `${RUNS}.submit_tool_outputs`, ids: [thread_id, runID] };
  return wait(resource._client, how, [thread_id, runID], body, options);
}
