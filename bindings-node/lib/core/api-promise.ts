/** The promise of a call. */
import type { OpenAI } from '../client';
import { type Call, CallResult } from '../internal/call';
import { defaultParseResponse, parseResult, type APIResponseProps, type WithRequestID } from '../internal/parse';
import type { PromiseOrValue } from '../internal/types';

type Parse<T> = (client: OpenAI, props: APIResponseProps) => PromiseOrValue<WithRequestID<T>>;

const NOTHING = (resolve: (value: any) => void): void => resolve(null);

/** A promise of a call's value, which also has the reply itself. */
export class APIPromise<T> extends Promise<WithRequestID<T>> {
  private responsePromise: Promise<APIResponseProps>;
  private parseResponse: Parse<T>;
  private parsedPromise: Promise<WithRequestID<T>> | undefined;
  #client: OpenAI;
  #call: Call | undefined;

  constructor(
    client: OpenAI,
    responsePromise: Promise<APIResponseProps>,
    parseResponse: Parse<T> = defaultParseResponse,
  ) {
    super(NOTHING);
    this.#client = client;
    this.responsePromise = responsePromise;
    this.parseResponse = parseResponse;
  }

  /** The promise of a call of ours. */
  static _of<T>(call: Call, parse?: Parse<T>): APIPromise<T> {
    const promise = new APIPromise<T>(
      call.client as OpenAI,
      call.result as unknown as Promise<APIResponseProps>,
      parse,
    );
    promise.#call = call;
    return promise;
  }

  /** A promise of what `transform` makes of the value. */
  _thenUnwrap<U>(transform: (data: T, props: APIResponseProps) => U): APIPromise<U> {
    const promise = new APIPromise<U>(this.#client, this.responsePromise, async (client, props) =>
      withID(transform((await this.parseResponse(client, props)) as T, props), props) as WithRequestID<U>,
    );
    promise.#call = this.#call;
    return promise;
  }

  /** The reply itself, its body not read yet. */
  asResponse(): Promise<Response> {
    const call = this.#call;
    if (call && !call.started) call.unread = true;
    return this.responsePromise.then((props) => props.response);
  }

  /** The value, the reply and the id of the request. */
  async withResponse(): Promise<{ data: T; response: Response; request_id: string | null }> {
    const [data, props] = await Promise.all([this.parse(), this.responsePromise]);
    const request_id = props instanceof CallResult ? props.requestID : props.response.headers.get('x-request-id');
    return { data: data as T, response: props.response, request_id };
  }

  private parse(): Promise<WithRequestID<T>> {
    if (!this.parsedPromise) {
      const client = this.#client;
      const parse = this.parseResponse;
      this.parsedPromise = this.responsePromise.then((props) => {
        if (props instanceof CallResult && props.call.unread) props.call.unread = false;
        return parse(client, props);
      });
    }
    return this.parsedPromise;
  }

  override then<TResult1 = WithRequestID<T>, TResult2 = never>(
    onfulfilled?: ((value: WithRequestID<T>) => TResult1 | PromiseLike<TResult1>) | undefined | null,
    onrejected?: ((reason: any) => TResult2 | PromiseLike<TResult2>) | undefined | null,
  ): Promise<TResult1 | TResult2> {
    return this.parse().then(onfulfilled, onrejected);
  }

  override catch<TResult = never>(
    onrejected?: ((reason: any) => TResult | PromiseLike<TResult>) | undefined | null,
  ): Promise<WithRequestID<T> | TResult> {
    return this.parse().catch(onrejected);
  }

  override finally(onfinally?: (() => void) | undefined | null): Promise<WithRequestID<T>> {
    return this.parse().finally(onfinally);
  }
}

function withID(value: unknown, props: APIResponseProps): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || '_request_id' in value) return value;
  const id = props instanceof CallResult ? props.requestID : props.response.headers.get('x-request-id');
  return Object.isExtensible(value) ? Object.defineProperty(value, '_request_id', { value: id, enumerable: false }) : value;
}

export { parseResult };
