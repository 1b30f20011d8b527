import type { OpenAI } from '../../client.js';
import type { APIResource } from '../../core/resource.js';

/** The client of a resource, which only resources see otherwise. */
export function clientOf(resource: APIResource): OpenAI {
  return (resource as unknown as { _client: OpenAI })._client;
}
