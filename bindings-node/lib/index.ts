/** Threadline: the official package's interface over one Rust core. */
export { OpenAI as default } from './client';
export { type Uploadable, toFile, toStreamingFile } from './core/uploads';
export { APIPromise } from './core/api-promise';
export { OpenAI } from './client';
export type { ClientOptions, DataResidency } from './core/client';
export { PagePromise } from './core/pagination';
export { ComputerToolset, type ComputerDriver } from './helpers/computer';
export {
  OpenAIError,
  APIError,
  APIConnectionError,
  APIConnectionTimeoutError,
  APIUserAbortError,
  NotFoundError,
  ConflictError,
  RateLimitError,
  BadRequestError,
  AuthenticationError,
  InternalServerError,
  PermissionDeniedError,
  UnprocessableEntityError,
  InvalidWebhookSignatureError,
  OAuthError,
  SubjectTokenProviderError,
} from './core/error';
export { AzureOpenAI, type AzureClientOptions } from './azure';
export { BedrockOpenAI, type BedrockClientOptions } from './bedrock';
export { fetch, type FetchOptions } from './fetch';

import { AzureOpenAI } from './azure';
import { BedrockOpenAI } from './bedrock';
import { OpenAI } from './client';
import { named } from './internal/named';

named({ OpenAI, AzureOpenAI, BedrockOpenAI });

// What the class of the official package has as members of its own.
const inherited = Object.getPrototypeOf(OpenAI) as Record<string, unknown>;
for (const name of Object.keys(inherited)) {
  if (name.endsWith('Error')) Object.defineProperty(OpenAI, name, { value: inherited[name], writable: true, enumerable: true, configurable: true });
}
Object.defineProperty(OpenAI, 'OpenAI', { value: OpenAI, writable: true, enumerable: true, configurable: true });
