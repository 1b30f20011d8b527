/** Responses over connections that are kept: a response after the other over one WebSocket, without a handshake for each. */
import type { OpenAI } from './client';
import { fromNative } from './core/error';
import { Stream } from './core/streaming';
import { made } from './internal/asked';
import { Call } from './internal/call';
import { nativeModule, type NativePool } from './internal/native';
import { parseResult } from './internal/parse';
import type { RequestOptions } from './internal/request-options';
import type { ResponseCreateParams, ResponseStreamEvent } from './resources/responses/responses';

/** How a pool keeps its connections; times in milliseconds. */
export interface ResponsesPoolOptions {
  /** Most connections. Default 8. */
  maxConnections?: number;
  /** How long a connection may wait for work. Default five minutes. */
  idleTime?: number;
  /** How old a connection may get. Default 55 minutes. */
  maxAge?: number;
}

/** Connections for responses. */
export class ResponsesPool {
  readonly #client: OpenAI;
  readonly #pool: NativePool;

  constructor(client: OpenAI, { maxConnections, idleTime, maxAge }: ResponsesPoolOptions = {}, options?: RequestOptions) {
    this.#client = client;
    const settings = JSON.stringify({
      max_connections: maxConnections,
      idle_time: idleTime === undefined ? undefined : idleTime / 1000,
      max_age: maxAge === undefined ? undefined : maxAge / 1000,
    });
    const { native, options: json } = client._prepare(options);
    this.#pool = made(() => new (nativeModule().Pool)(native, settings, json));
  }

  /** Asks for a response: its events. */
  async create(params: ResponseCreateParams, options?: Pick<RequestOptions, 'signal'>): Promise<Stream<ResponseStreamEvent>> {
    const { stream: _, ...rest } = params as ResponseCreateParams & { stream?: unknown };
    const call = new Call(this.#client, -1, [], undefined, options, {
      start: (_native, id) => this.#pool.create(id, JSON.stringify(rest)),
      url: '/responses',
    });
    try {
      return parseResult(this.#client, await call.result) as Stream<ResponseStreamEvent>;
    } catch (error) {
      throw fromNative(error);
    }
  }

  /** How many connections have been opened so far. */
  get opened(): number {
    return this.#pool.opened;
  }

  /** How many connections wait for work. */
  get idle(): number {
    return this.#pool.idle;
  }
}
