/** A fork of a live session over a connection. */
import type { OpenAI } from '../client';
import type * as ForksAPI from '../resources/live/forks/forks';
import {
  urlOf, WebSocketError, WSBase, type Place, type RawWebSocketData, type ReconnectingEvent, type StreamMessage, type UnsentMessage,
  type WSBaseOptions, type WSClientOptions, type WSReconnectOptions,
} from './ws-base';

export { WebSocketError };
export type { WebSocketStreamOptions } from './ws-base';

type Client = ForksAPI.ForkClientEvent;
type Server = ForksAPI.ForkServerEvent;

/** What stands in the address. */
export interface ForksWSParameters extends Record<string, unknown> {
  session_id: string;
}

export type ForksWSReconnectOptions = WSReconnectOptions<ForksWSParameters>;
export type ForksWSBaseOptions = WSBaseOptions<ForksWSParameters>;
export type ForksWSClientOptions = WSClientOptions<ForksWSParameters>;
export type ForksStreamMessage = StreamMessage<Client, Server, ForksWSParameters>;

type Events = {
  event: (event: Server) => void;
  raw: (data: RawWebSocketData) => void;
  error: (error: WebSocketError) => void;
  close: (code: number, reason: string, unsent: UnsentMessage<Client>[]) => void;
  reconnecting: (event: ReconnectingEvent<ForksWSParameters>) => void;
  reconnected: () => void;
} & {
  [Type in Exclude<NonNullable<Server['type']>, 'error'>]: (event: Extract<Server, { type?: Type }>) => unknown;
};

const PLACE: Place = {
  resource: 'live.forks',
  path: ({ session_id, ...query }) => [`/live/sessions/${encodeURIComponent(String(session_id))}/fork`, query],
  params: (given) => {
    const { session_id, ...query } = given;
    return [{ sessionID: session_id as string }, query];
  },
};

/** The URL of such a connection. */
export function buildURL(client: OpenAI, parameters: Record<string, unknown>): URL {
  return urlOf(client, PLACE, parameters);
}

/** Tells of the events of such a connection. */
export abstract class ForksEmitter extends WSBase<Client, Server & object, Events, ForksWSParameters> {}

export abstract class ForksWSBase extends ForksEmitter {}

/** A fork of a live session over a connection. It opens at once; listen with `on`, or iterate over it. */
export class ForksWS extends ForksWSBase {
  constructor(client: OpenAI, parameters: ForksWSParameters, options?: ForksWSClientOptions | null) {
    super(client, PLACE, parameters, options);
  }
}
