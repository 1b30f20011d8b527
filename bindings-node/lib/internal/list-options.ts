/** What a method that lists takes in place of its query: request options, told apart by their names. */
import type { RequestOptions } from './request-options.js';

type Taken = 'headers' | 'maxRetries' | 'timeout' | 'signal' | 'idempotencyKey' | 'query';

type Refused =
  | 'method' | 'path' | 'body' | 'stream' | 'httpAgent' | 'fetchOptions' | 'defaultBaseURL' | '__metadata'
  | '__binaryRequest' | '__binaryResponse' | '__streamClass' | '__streamMode' | '__security' | '__synthesizeEventData';

/** Options of a request, given where a query could stand. */
export type ListOptions = { [K in Taken]?: RequestOptions[K] } & { [K in Refused]?: never };

/** A query with no option of the request among its members. */
export type ListQuery<Params> = (Params & ({ [K in Taken | Refused]?: never } | null | undefined)) | null | undefined;
