/** What a method takes in place of its query: request options, told apart by their names. */
import type { RequestOptions } from './request-options.js';

type Taken = 'headers' | 'maxRetries' | 'timeout' | 'signal' | 'idempotencyKey' | 'query';

type Refused =
  | 'method' | 'path' | 'body' | 'stream' | 'httpAgent' | 'fetchOptions' | 'defaultBaseURL' | '__metadata'
  | '__binaryRequest' | '__binaryResponse' | '__streamClass' | '__streamMode' | '__security' | '__synthesizeEventData';

/** Options of a request, given where a query could stand. */
export type ListOptions = { [K in Taken]?: RequestOptions[K] } & { [K in Refused]?: never };

/** A query with no option of the request among its members. */
export type ListQuery<Params> = (Params & ({ [K in Taken | Refused]?: never } | null | undefined)) | null | undefined;

/** The same for a query that may ask for a stream. */
export type StreamQuery<Params> = Params & ({ [K in Exclude<Taken | Refused, 'stream'>]?: never } | null | undefined);

const TAKEN: ReadonlySet<string> = new Set<Taken>([
  'headers', 'maxRetries', 'timeout', 'signal', 'idempotencyKey', 'query',
]);

/** Query and options of a call, of which the options may stand in the query's place. */
export function queryOrOptions(
  query: object | null | undefined,
  options: RequestOptions | undefined,
): [object | null | undefined, RequestOptions | undefined] {
  const keys = options === undefined && query ? Object.keys(query) : [];
  return keys.length > 0 && keys.every((key) => TAKEN.has(key)) ? [undefined, query as RequestOptions] : [query, options];
}
