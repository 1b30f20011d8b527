/** What sessions of the realtime API, and those of its beta, are to. */
import type { AzureOpenAI } from '../azure';
import type { OpenAI } from '../client';
import type { OpenAIRealtimeError, RealtimeRecoveryOptions, SessionProps } from './realtime-base';
import type { ReconnectingEvent, UnsentMessage } from './ws-base';

/** Names of what a session tells, and what listeners get: `C` is sent, `S` comes. */
export type RealtimeEvents<C, S extends { type: string }> = {
  event: (event: S) => void;
  reconnecting: (event: ReconnectingEvent) => void;
  reconnected: () => void;
  close: (code: number, reason: string, unsent: UnsentMessage<C>[]) => void;
  error: (error: OpenAIRealtimeError) => void;
} & {
  [Type in Exclude<S['type'], 'error'>]: (event: Extract<S, { type: Type }>) => unknown;
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
