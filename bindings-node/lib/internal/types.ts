/** Small types that signatures name. */

export type PromiseOrValue<T> = T | Promise<T>;
export type HTTPMethod = 'get' | 'post' | 'put' | 'patch' | 'delete';
export type KeysEnum<T> = { [P in keyof Required<T>]: true };
export type FinalizedRequestInit = RequestInit & { headers: Headers };

/** What may be handed to `fetch` besides what the client decides. */
export type MergedRequestInit = Omit<RequestInit, 'body' | 'headers' | 'method' | 'signal'> & {
  dispatcher?: any;
  agent?: any;
  client?: any;
  proxy?: any;
} & Partial<Record<'body' | 'headers' | 'method' | 'signal', never>>;

/** A function like the global `fetch`. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
