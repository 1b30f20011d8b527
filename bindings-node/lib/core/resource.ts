/** The base of all resources. */
import type { OpenAI } from '../client';

/** Methods of one part of the API. */
export class APIResource {
  protected _client: OpenAI;

  constructor(client: OpenAI) {
    this._client = client;
    // Printing a resource shows neither the client nor its key.
    Object.defineProperty(this, '_client', { enumerable: false });
  }
}
