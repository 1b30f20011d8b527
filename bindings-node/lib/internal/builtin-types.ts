/** Types of the platform under the names that signatures use. */
export type { Fetch } from './types';

type _RequestInit = RequestInit;
type _RequestInfo = Request | string | URL;
type _Response = Response;
type _HeadersInit = string[][] | Record<string, string | ReadonlyArray<string>> | Headers;
type _BodyInit = NonNullable<RequestInit['body']>;

export type {
  _RequestInit as RequestInit,
  _RequestInfo as RequestInfo,
  _Response as Response,
  _HeadersInit as HeadersInit,
  _BodyInit as BodyInit,
};

/** What a `File` is made with. */
export interface FilePropertyBag {
  type?: string;
  lastModified?: number;
}
