/**
 * Polls and uploads into stores as the official package makes them, request by request: for programs that look at their requests, or have put
 * methods of their own in the place of ours.
 */
import type { Client } from '../core/client';
import { APIConnectionTimeoutError, APIUserAbortError } from '../core/error';
import { allSettledWithThrow } from '../lib/Util';
import { buildHeaders } from './headers';
import type { PollOptions } from './poll';
import type { RequestOptions } from './request-options';

/** Whether a helper of this client goes by hand. */
export function isByHand(resource: any, options: RequestOptions | undefined, ...methods: string[]): boolean {
  if ((resource._client as Client)._sendsItself(options, false)) return true;
  return methods.some((name) => Object.hasOwn(resource, name));
}

/** A call's promise, as far as it is needed here. */
interface Looked {
  withResponse(): Promise<{ data: any; response: Response }>;
}

/** Looks until the state is none of `open`. */
export async function pollByHand(
  look: (options: RequestOptions) => Looked,
  open: ReadonlySet<string>,
  options: PollOptions | undefined,
): Promise<any> {
  const { pollIntervalMs, maxWaitMs, onUpdate, ...rest } = options ?? {};
  const headers = buildHeaders([
    rest.headers,
    { 'X-Stainless-Poll-Helper': 'true', 'X-Stainless-Custom-Poll-Interval': pollIntervalMs?.toString() ?? undefined },
  ]);
  const began = Date.now();
  for (;;) {
    const { data, response } = await look({ ...rest, headers } as RequestOptions).withResponse();
    onUpdate?.(data);
    if (!open.has(data.status)) return data;
    if (maxWaitMs !== undefined && Date.now() - began > maxWaitMs) {
      throw new APIConnectionTimeoutError({ message: `Giving up on waiting after ${maxWaitMs} milliseconds; what is waited for goes on.` });
    }
    const asked = Number.parseInt(response.headers.get('openai-poll-after-ms') ?? '', 10);
    await pause(pollIntervalMs ?? (Number.isNaN(asked) ? 5000 : asked), rest.signal);
  }
}

/** Looks at a file until it is processed, or is not. */
export async function waitByHand(look: () => Promise<any>, id: string, pollInterval: number, maxWait: number): Promise<any> {
  const began = Date.now();
  let file = await look();
  while (!['processed', 'error', 'deleted'].includes(file.status)) {
    await pause(pollInterval, undefined);
    file = await look();
    if (Date.now() - began > maxWait) {
      throw new APIConnectionTimeoutError({ message: `Giving up on waiting for file ${id} to finish processing after ${maxWait} milliseconds.` });
    }
  }
  return file;
}

/** Uploads files, a few at a time; their ids, in the order in which they were there. */
export async function uploadByHand(client: any, files: unknown[], most: number, options: RequestOptions | undefined): Promise<string[]> {
  const rest = files.values();
  const ids: string[] = [];
  const work = async (): Promise<void> => {
    for (const file of rest) ids.push((await client.files.create({ file, purpose: 'assistants' }, options)).id);
  };
  await allSettledWithThrow(Array.from({ length: Math.min(most, files.length) }, work));
  return ids;
}

function pause(milliseconds: number, signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(Object.defineProperty(new APIUserAbortError(), 'cause', { value: signal!.reason, writable: true, configurable: true }));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
