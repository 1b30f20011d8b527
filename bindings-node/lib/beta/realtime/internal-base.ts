/** Sessions of the realtime API: their events, errors and addresses. */
import type { RealtimeClientEvent, RealtimeServerEvent } from '../../resources/beta/realtime/realtime';
import { RealtimeSession } from '../../sockets/realtime-base';
import type { RealtimeEvents } from '../../sockets/realtime-connection';

export { buildRealtimeURL, isAzure, OpenAIRealtimeError, parseRealtimeEvent } from '../../sockets/realtime-base';
export {
  getAzureRealtimeConnection,
  type AzureRealtimeConnectionConfig,
  type RealtimeConnectionConfig,
} from '../../sockets/realtime-connection';

/** Tells of the events of a session. */
export abstract class OpenAIRealtimeEmitter extends RealtimeSession<
  RealtimeClientEvent,
  RealtimeEvents<RealtimeClientEvent, RealtimeServerEvent>
> {}
