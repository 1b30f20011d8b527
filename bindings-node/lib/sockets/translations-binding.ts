/** Events of translated speech, and where its connections go. */
import type * as RealtimeAPI from '../resources/realtime/realtime';

export type ClientEvent = RealtimeAPI.RealtimeTranslationClientEvent;
export type ServerEvent = RealtimeAPI.RealtimeTranslationServerEvent;

/** The path of a connection, and its parameters. */
export function prepareRequest(parameters: Record<string, unknown>): { path: string; query: Record<string, unknown> } {
  return { path: '/realtime/translations', query: { ...parameters } };
}
