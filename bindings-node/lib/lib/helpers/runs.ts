/** Runs of assistants: made and waited for. */
import { poll as wait, type PollOptions } from '../../internal/poll';
import type { Run } from '../../resources/beta/threads/runs/runs';

const RUNS = 'beta.threads.runs';

/** Makes a run and waits until it needs nothing more from the provider. */
export function createAndPoll(resource: any, threadID: string, body: object, options?: PollOptions): Promise<Run> {
  const { include, ...rest } = body as Record<string, unknown>;
  const params = include === undefined ? rest : { include, ...rest };
  return wait(resource._client, { resource: RUNS, by: `${RUNS}.create` }, [threadID], params, options);
}

/** Waits until a run needs nothing more from the provider. */
export function poll(resource: any, runID: string, params: { thread_id: string }, options?: PollOptions): Promise<Run> {
  return wait(resource._client, { resource: RUNS, ids: [params.thread_id, runID] }, [], undefined, options);
}

/** Hands in what the tools gave, and waits until the run needs nothing more from the provider. */
export function submitToolOutputsAndPoll(
  resource: any,
  runID: string,
  params: { thread_id: string },
  options?: PollOptions,
): Promise<Run> {
  const { thread_id, ...body } = params;
  const how = { resource: RUNS, by: `${RUNS}.submit_tool_outputs`, ids: [thread_id, runID] };
  return wait(resource._client, how, [thread_id, runID], body, options);
}
