/** Providers: services that sign requests in their own way. A client asks its provider for an address and has it finish each request. */
import { APIConnectionTimeoutError, APIUserAbortError, OpenAIError } from '../core/error';
import type { FinalRequestOptions } from './request-options';
import type { FinalizedRequestInit } from './types';

declare const providerBrand: unique symbol;

/** What `bedrock()` and `vertex()` give; for the option `provider` of a client. */
export interface Provider {
  readonly [providerBrand]: true;
}

/** A request that is about to be sent. */
export interface ProviderRequestContext {
  url: string;
  options: FinalRequestOptions;
  /** Milliseconds for the request, what the provider does included. */
  timeout?: number;
}

/** What one client has of its provider. */
export interface ProviderRuntime {
  name: string;
  baseURL: string;
  /** Whether the time for the request counts from before the provider was asked. */
  timeoutIncludesAuth?: boolean;
  prepareRequest?(request: FinalizedRequestInit, context: ProviderRequestContext): void | Promise<void>;
}

export interface ProviderDefinition {
  /** Called once for each client. */
  configure(): ProviderRuntime;
}

// By the name under which the official package keeps its own: either package takes the providers of the other.
const KEY = Symbol.for('openai.node.providerDefinitions.v1');
const shared = globalThis as { [KEY]?: WeakMap<Provider, ProviderDefinition> };
if (!shared[KEY]) Object.defineProperty(shared, KEY, { value: new WeakMap() });
const definitions = shared[KEY]!;

export function createProvider(definition: ProviderDefinition): Provider {
  const provider = Object.freeze({}) as Provider;
  definitions.set(provider, definition);
  return provider;
}

export function configureProvider(provider: Provider): ProviderRuntime {
  const definition = definitions.get(provider);
  if (!definition) throw new Error('Invalid provider. Providers must be created with createProvider().');
  return definition.configure();
}

const TIMEOUT = Symbol.for('openai.node.providerTimeout.v1');

/** The error of a provider whose time was up: the request may be tried again. */
export function createProviderTimeoutError(): APIConnectionTimeoutError {
  return Object.defineProperty(new APIConnectionTimeoutError(), TIMEOUT, { value: true });
}

export function isProviderTimeoutError(error: unknown): error is APIConnectionTimeoutError {
  return error instanceof APIConnectionTimeoutError || (error instanceof Error && (error as { [TIMEOUT]?: unknown })[TIMEOUT] === true);
}

/** An error of ours over that which caused it. */
export function errorWithCause(message: string, cause: unknown): OpenAIError {
  const error = new OpenAIError(message);
  error.cause = cause;
  return error;
}

/** Waits for `work` unless one of the signals of the request, or of these, is or gets aborted: then it is an `APIUserAbortError`. */
export async function unlessAborted<T>(
  request: { signal?: AbortSignal | null | undefined },
  context: ProviderRequestContext,
  work: () => T | Promise<T>,
  more: AbortSignal[] = [],
): Promise<T> {
  const signals = new Set([context.options.signal, request.signal, ...more].filter((signal) => signal != null));
  const check = (): void => {
    for (const signal of signals) if (signal.aborted) throw aborted(signal);
  };
  check();
  const listeners: Array<() => void> = [];
  try {
    const cancelled = new Promise<never>((_, reject) => {
      for (const signal of signals) {
        const listener = (): void => reject(aborted(signal));
        signal.addEventListener('abort', listener, { once: true });
        listeners.push(() => signal.removeEventListener('abort', listener));
      }
    });
    // Where the work ends first, nobody waits for this one.
    cancelled.catch(() => undefined);
    const value = await Promise.race([cancelled, Promise.resolve().then(work)]);
    check();
    return value;
  } finally {
    for (const forget of listeners) forget();
  }
}

function aborted(signal: AbortSignal): APIUserAbortError {
  const error = new APIUserAbortError();
  Object.defineProperty(error, 'cause', { value: signal.reason, writable: true, configurable: true });
  return error;
}
