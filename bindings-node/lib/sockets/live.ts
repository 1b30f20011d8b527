/** A live session over a connection. */
import type { OpenAI } from '../client';
import type * as LiveAPI from '../resources/live/live';
import {
  urlOf, WebSocketError, WSBase, type Place, type RawWebSocketData, type ReconnectingEvent, type StreamMessage, type UnsentMessage,
  type WSBaseOptions, type WSClientOptions, type WSReconnectOptions,
} from './ws-base';

export { WebSocketError };
export type { WebSocketStreamOptions } from './ws-base';

type Client = LiveAPI.ClientEvent;
type Server = LiveAPI.ServerEvent;

export type LiveWSReconnectOptions = WSReconnectOptions<Record<string, unknown>>;
export type LiveWSBaseOptions = WSBaseOptions<Record<string, unknown>>;
export type LiveWSClientOptions = WSClientOptions<Record<string, unknown>>;
export type LiveStreamMessage = StreamMessage<Client, Server>;

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
  resource: 'live',
  path: (query) => ['/live/sessions', query],
  params: (query) => [{}, query],
};

/** The URL of such a connection. */
export function buildURL(client: OpenAI, parameters: Record<string, unknown>): URL {
  return urlOf(client, PLACE, parameters);
}

/** Tells of the events of such a connection. */
export abstract class LiveEmitter extends WSBase<Client, Server & object, Events, Record<string, unknown>> {}

export abstract class LiveWSBase extends LiveEmitter {}

/** A live session over a connection. It opens at once; listen with `on`, or iterate over it. */
export class LiveWS extends LiveWSBase {
  constructor(client: OpenAI, options?: LiveWSClientOptions | null) {
    super(client, PLACE, undefined, options);
  }
}
