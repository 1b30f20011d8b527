/** A further connection to a live session. */
import type { OpenAI } from '../client';
import type * as SidebandAPI from '../resources/live/sideband/sideband';
import {
  urlOf, WebSocketError, WSBase, type Place, type RawWebSocketData, type ReconnectingEvent, type StreamMessage, type UnsentMessage,
  type WSBaseOptions, type WSClientOptions, type WSReconnectOptions,
} from './ws-base';

export { WebSocketError };
export type { WebSocketStreamOptions } from './ws-base';

type Client = SidebandAPI.ConnectClientEvent;
type Server = SidebandAPI.ConnectServerEvent;

/** What stands in the address. */
export interface SidebandWSParameters extends Record<string, unknown> {
  /** Whether the server closes with a handshake when the session ends. */
  graceful_close?: boolean;
  session_id: string;
}

export type SidebandWSReconnectOptions = WSReconnectOptions<SidebandWSParameters>;
export type SidebandWSBaseOptions = WSBaseOptions<SidebandWSParameters>;
export type SidebandWSClientOptions = WSClientOptions<SidebandWSParameters>;
export type SidebandStreamMessage = StreamMessage<Client, Server, SidebandWSParameters>;

type Events = {
  event: (event: Server) => void;
  raw: (data: RawWebSocketData) => void;
  error: (error: WebSocketError) => void;
  close: (code: number, reason: string, unsent: UnsentMessage<Client>[]) => void;
  reconnecting: (event: ReconnectingEvent<SidebandWSParameters>) => void;
  reconnected: () => void;
} & {
  [Type in Exclude<NonNullable<Server['type']>, 'error'>]: (event: Extract<Server, { type?: Type }>) => unknown;
};

const PLACE: Place = {
  resource: 'live.sideband',
  path: ({ session_id, ...query }) => [`/live/sessions/${encodeURIComponent(String(session_id))}/attach`, query],
  params: (given) => {
    const { session_id, graceful_close, ...query } = given;
    return [{ sessionID: session_id as string, gracefulClose: graceful_close as boolean | undefined }, query];
  },
};

/** The URL of such a connection. */
export function buildURL(client: OpenAI, parameters: Record<string, unknown>): URL {
  return urlOf(client, PLACE, parameters);
}

/** Tells of the events of such a connection. */
export abstract class SidebandEmitter extends WSBase<Client, Server & object, Events, SidebandWSParameters> {}

export abstract class SidebandWSBase extends SidebandEmitter {}

/** A further connection to a live session. It opens at once; listen with `on`, or iterate over it. */
export class SidebandWS extends SidebandWSBase {
  constructor(client: OpenAI, parameters: SidebandWSParameters, options?: SidebandWSClientOptions | null) {
    super(client, PLACE, parameters, options);
  }
}
