/** Sessions of the realtime API: their events, errors and addresses. */
import type { AzureOpenAI } from '../azure';
import { RealtimeSession, type RealtimeRecoveryOptions, type SessionProps } from '../sockets/realtime-base';
import type { ReconnectingEvent, UnsentMessage } from '../sockets/ws-base';
import type { RealtimeClientEvent, RealtimeServerEvent } from '../resources/realtime/realtime';
import type { OpenAI } from '../client';
import { OpenAIRealtimeError } from '../sockets/realtime-base';

export { buildRealtimeURL, isAzure, parseRealtimeEvent } from '../sockets/realtime-base';
export { OpenAIRealtimeError };

type RealtimeEvents = {
  event: (event: RealtimeServerEvent) => void;
  reconnecting: (event: ReconnectingEvent) => void;
  reconnected: () => void;
  close: (code: number, reason: string, unsent: UnsentMessage<RealtimeClientEvent>[]) => void;
  error: (error: OpenAIRealtimeError) => void;
} & {
  [Type in Exclude<RealtimeServerEvent['type'], 'error'>]: (event: Extract<RealtimeServerEvent, { type: Type }>) => unknown;
};

interface Recovery extends RealtimeRecoveryOptions {
  /** Makes the URL of the session. */
  buildRealtimeURL?: (client: Pick<OpenAI, 'apiKey' | 'baseURL'>, connection: RealtimeConnectionConfig) => URL;
}

/** A session of a model, one that transcribes, or that of a call. */
export type RealtimeConnectionConfig =
  | (Recovery & { model: string; intent?: undefined; callID?: undefined })
  | (Recovery & { intent: 'transcription'; model?: undefined; callID?: undefined })
  | (Recovery & { model?: undefined; intent?: undefined; callID: string });

/** The same with Azure, which calls models deployments. */
export type AzureRealtimeConnectionConfig =
  | (Recovery & { deploymentName?: string; intent?: undefined; callID?: undefined })
  | (Recovery & { intent: 'transcription'; deploymentName?: undefined; callID?: undefined })
  | (Recovery & { deploymentName?: undefined; intent?: undefined; callID: string });

/** Tells of the events of a session. */
export abstract class OpenAIRealtimeEmitter extends RealtimeSession<RealtimeClientEvent, RealtimeEvents> {}

/** What a connection to Azure is to. */
export function getAzureRealtimeConnection(
  client: Pick<AzureOpenAI, 'deploymentName'>,
  connection: AzureRealtimeConnectionConfig,
): RealtimeConnectionConfig {
  const { deploymentName, callID, intent, ...rest } = connection as SessionProps & { deploymentName?: string };
  const given = [deploymentName, callID, intent].filter((value) => value !== undefined);
  if (given.length > 1 || (intent !== undefined && intent !== 'transcription')) {
    throw new Error(
      'Pass exactly one of `deploymentName`, `callID`, or transcription `intent` when opening an Azure Realtime WebSocket.',
    );
  }
  if (callID !== undefined) return { ...rest, callID } as RealtimeConnectionConfig;
  if (intent !== undefined) return { ...rest, intent } as RealtimeConnectionConfig;
  const model = deploymentName ?? client.deploymentName;
  if (!model) throw new Error('No deployment name provided');
  return { ...rest, model } as RealtimeConnectionConfig;
}
