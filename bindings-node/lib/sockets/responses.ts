/** Responses over a connection. */
import type { OpenAI } from '../client';
import type * as ResponsesAPI from '../resources/responses/responses';
import {
  urlOf, WebSocketError, WSBase, type Place, type RawWebSocketData, type ReconnectingEvent, type StreamMessage, type UnsentMessage,
  type WSBaseOptions, type WSClientOptions, type WSReconnectOptions,
} from './ws-base';

export { WebSocketError };
export { getWebSocketEventBytes, getWebSocketEventPayload } from './ws-base';
export type { WebSocketStreamOptions } from './ws-base';

type Client = ResponsesAPI.ResponsesClientEvent;
type Server = ResponsesAPI.ResponsesServerEvent;

export type ResponsesWSReconnectOptions = WSReconnectOptions<Record<string, unknown>>;
export type ResponsesWSBaseOptions = WSBaseOptions<Record<string, unknown>>;
export type ResponsesWSClientOptions = WSClientOptions<Record<string, unknown>>;
export type ResponsesStreamMessage = StreamMessage<Client, Server>;

type Events = {
  event: (event: Server) => void;
  raw: (data: RawWebSocketData) => void;
  error: (error: WebSocketError) => void;
  close: (code: number, reason: string, unsent: UnsentMessage<Client>[]) => void;
  reconnecting: (event: ReconnectingEvent) => void;
  reconnected: () => void;
} & {
  [Type in Exclude<NonNullable<Server['type']>, 'error'>]: (event: Extract<Server, { type?: Type }>) => unknown;
};

const PLACE: Place = {
  resource: 'responses',
  path: (query) => ['/responses', query],
  params: (query) => [{}, query],
};

/** The URL of such a connection. */
export function buildURL(client: OpenAI, parameters: Record<string, unknown>): URL {
  return urlOf(client, PLACE, parameters);
}

/** Tells of the events of such a connection. */
export abstract class ResponsesEmitter extends WSBase<Client, Server & object, Events, Record<string, unknown>> {}

export abstract class ResponsesWSBase extends ResponsesEmitter {}

/** Responses over a connection. It opens at once; listen with `on`, or iterate over it. */
export class ResponsesWS extends ResponsesWSBase {
  constructor(client: OpenAI, options?: ResponsesWSClientOptions | null) {
    super(client, PLACE, undefined, options);
  }
}
