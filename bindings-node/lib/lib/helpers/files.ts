/** Files that the provider processes. */
import { isByHand, waitByHand } from '../../internal/poll-by-hand';
import { poll } from '../../internal/poll';
import type { FileObject } from '../../resources/files';

/** Waits until a file is processed, or is not. Times in milliseconds; by default a look every 5 s, for half an hour. */
export function waitForProcessing(
  resource: any,
  id: string,
  { pollInterval = 5000, maxWait = 30 * 60 * 1000 }: { pollInterval?: number; maxWait?: number } = {},
): Promise<FileObject> {
  if (isByHand(resource, undefined, 'retrieve')) return waitByHand(() => resource.retrieve(id), id, pollInterval, maxWait);
  const options = { pollIntervalMs: pollInterval, maxWaitMs: maxWait };
  return poll(resource._client, { resource: 'files', ids: [id] }, [], undefined, options);
}
