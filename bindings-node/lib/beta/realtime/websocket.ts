/** A session of the realtime API, as the platform's `WebSocket`. */
import type { AzureOpenAI } from '../../azure';
import type { OpenAI } from '../../client';
import { resolved, type SessionProps } from '../../sockets/realtime-base';
import {
  getAzureRealtimeConnection, OpenAIRealtimeEmitter, type AzureRealtimeConnectionConfig, type RealtimeConnectionConfig,
} from './internal-base';

type Own = { dangerouslyAllowBrowser?: boolean };

/** Opens at once; `socket` says when it stands. Listen with `on`. */
export class OpenAIRealtimeWebSocket extends OpenAIRealtimeEmitter {
  constructor(props: RealtimeConnectionConfig & Own, client?: Pick<OpenAI, 'apiKey' | 'baseURL'>) {
    super('beta.realtime', props as SessionProps, client);
  }

  /** For clients whose key is a function. */
  static async create(
    client: Pick<OpenAI, 'apiKey' | 'baseURL' | '_callApiKey'>,
    props: RealtimeConnectionConfig & Own,
  ): Promise<OpenAIRealtimeWebSocket> {
    return new OpenAIRealtimeWebSocket((await resolved(client, props)) as RealtimeConnectionConfig & Own, client);
  }

  /** For clients of Azure. */
  static async azure(
    client: Pick<AzureOpenAI, '_callApiKey' | 'apiVersion' | 'apiKey' | 'baseURL' | 'deploymentName'>,
    props: AzureRealtimeConnectionConfig & Own = {} as AzureRealtimeConnectionConfig & Own,
  ): Promise<OpenAIRealtimeWebSocket> {
    const connection = getAzureRealtimeConnection(client, props);
    return new OpenAIRealtimeWebSocket((await resolved(client, connection)) as RealtimeConnectionConfig & Own, client);
  }
}
