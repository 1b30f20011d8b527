/**
 * Where credentials of AWS come from when the program gives none: the environment, the shared files, the container. What needs more (single
 * sign-on, roles, metadata of machines) is left to `@aws-sdk/credential-provider-node`, where the program has it.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { OpenAIError } from '../core/error';
import { readEnv } from './settings';
import type { AwsIdentity } from './sigv4';

type Provider = () => Promise<AwsIdentity>;

/** Gives credentials by the default chain, or by this profile of the shared files. */
export function defaultCredentials(profile: string | undefined): Provider {
  let sdk: Provider | undefined;
  return async () => {
    sdk ??= ofSdk(profile);
    if (sdk) return sdk();
    const found = profile ? undefined : fromEnvironment();
    const identity = found ?? (await fromFiles(profile ?? readEnv('AWS_PROFILE') ?? 'default')) ?? (profile ? undefined : await fromContainer());
    if (identity) return identity;
    throw new OpenAIError(
      'No credentials of AWS were found in the environment, the shared files or the container. For other sources install `@aws-sdk/credential-provider-node`.',
    );
  };
}

function ofSdk(profile: string | undefined): Provider | undefined {
  try {
    const { defaultProvider } = require('@aws-sdk/credential-provider-node') as { defaultProvider(options: object): Provider };
    return defaultProvider(profile ? { profile } : {});
  } catch (error) {
    if ((error as { code?: string }).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function fromEnvironment(): AwsIdentity | undefined {
  const accessKeyId = readEnv('AWS_ACCESS_KEY_ID');
  const secretAccessKey = readEnv('AWS_SECRET_ACCESS_KEY');
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: readEnv('AWS_SESSION_TOKEN') };
}

/** Sections of an INI file by their names; `[profile x]` of the configuration is `x`. */
function sections(text: string): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:[#;]|$)/.test(line)) continue;
    const head = /^\s*\[\s*(?:profile\s+)?["']?([^\]"']+?)["']?\s*\]/.exec(line)?.[1];
    if (head !== undefined) {
      current = found.get(head) ?? new Map();
      found.set(head, current);
      continue;
    }
    const at = line.indexOf('=');
    if (current && at > 0) current.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
  }
  return found;
}

async function fromFiles(profile: string): Promise<AwsIdentity | undefined> {
  const folder = join(homedir(), '.aws');
  const files = [readEnv('AWS_SHARED_CREDENTIALS_FILE') ?? join(folder, 'credentials'), readEnv('AWS_CONFIG_FILE') ?? join(folder, 'config')];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const section = sections(text).get(profile);
    const accessKeyId = section?.get('aws_access_key_id');
    const secretAccessKey = section?.get('aws_secret_access_key');
    if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey, sessionToken: section?.get('aws_session_token') || undefined };
  }
  return undefined;
}

/** That of the task or pod in which the program runs. */
async function fromContainer(): Promise<AwsIdentity | undefined> {
  const relative = readEnv('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI');
  const url = relative ? `http://169.254.170.2${relative}` : readEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI');
  if (!url) return undefined;
  const file = readEnv('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE');
  const token = file ? (await readFile(file, 'utf8')).trim() : readEnv('AWS_CONTAINER_AUTHORIZATION_TOKEN');
  const reply = await globalThis.fetch(url, { headers: token ? { authorization: token } : {} });
  if (!reply.ok) throw new OpenAIError(`The container's credentials of AWS were refused with status ${reply.status}.`);
  const { AccessKeyId, SecretAccessKey, Token } = (await reply.json()) as Record<string, string>;
  return { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: Token };
}
