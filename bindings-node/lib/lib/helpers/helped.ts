import type { RequestOptions } from '../../internal/request-options.js';

/** Options of a request that says which helper it is of, where servers are told. */
export function helped<Options extends RequestOptions>(options: Options | undefined, helperMethod: string): Options {
  return { ...options, __metadata: { helperMethod, ...options?.__metadata } } as unknown as Options;
}
