/** A session of the realtime API, with the options of the package `ws`. */
import type { AzureOpenAI } from '../azure';
import type { OpenAI } from '../client';
import { resolved, type SessionProps } from '../sockets/realtime-base';
import type { ClientOptions } from '../sockets/web-socket';
import {
  getAzureRealtimeConnection, OpenAIRealtimeEmitter, type AzureRealtimeConnectionConfig, type RealtimeConnectionConfig,
} from './internal-base';

type Own = { options?: ClientOptions | undefined };

/** Opens at once; `socket` says when it stands. Listen with `on`. */
export class OpenAIRealtimeWS extends OpenAIRealtimeEmitter {
  constructor(props: RealtimeConnectionConfig & Own, client?: Pick<OpenAI, 'apiKey' | 'baseURL'>) {
    super('realtime', props as SessionProps, client);
  }

  /** For clients whose key is a function. */
  static async create(
    client: Pick<OpenAI, 'apiKey' | 'baseURL' | '_callApiKey'>,
    props: RealtimeConnectionConfig & Own,
  ): Promise<OpenAIRealtimeWS> {
    return new OpenAIRealtimeWS((await resolved(client, props)) as RealtimeConnectionConfig & Own, client);
  }

  /** For clients of Azure. */
  static async azure(
    client: Pick<AzureOpenAI, '_callApiKey' | 'apiVersion' | 'apiKey' | 'baseURL' | 'deploymentName'>,
    props: AzureRealtimeConnectionConfig & Own = {} as AzureRealtimeConnectionConfig & Own,
  ): Promise<OpenAIRealtimeWS> {
    const connection = getAzureRealtimeConnection(client, props);
    return new OpenAIRealtimeWS((await resolved(client, connection)) as RealtimeConnectionConfig & Own, client);
  }
}
