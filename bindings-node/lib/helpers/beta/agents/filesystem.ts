/** Files of this machine for the environments of agents, and for what agents made. */
import { createReadStream } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Client } from '../../../core/client.js';
import { OpenAIError } from '../../../core/error.js';
import { ask } from '../../../internal/asked.js';
import type { RequestOptions } from '../../../internal/request-options.js';
import { toStreamingFile } from '../../../internal/streaming-file.js';
import type { PreparedAgentFiles } from '../../../lib/beta/agents/files.js';
import { clientOf } from '../../../lib/helpers/client-of.js';
import type { Files } from '../../../resources/beta/agents/environments/files.js';

/** A file, read when it is sent. */
export async function agentFile(path: string): Promise<ReturnType<typeof toStreamingFile> & { size: number }> {
  const found = await stat(path);
  if (!found.isFile()) throw new OpenAIError(`${path} is no regular file`);
  const file = toStreamingFile(() => createReadStream(path), basename(path), { size: found.size });
  return file as ReturnType<typeof toStreamingFile> & { size: number };
}

/**
 * Uploads the files of a folder that fit one of these patterns: `*` and `?` inside of a name, `**` for any folders. They keep their
 * places relative to the folder, below `to` (`/workspace` by default).
 */
export async function prepareAgentDirectory(
  resource: Files,
  directory: string,
  { include, to = '/workspace' }: { include: readonly string[]; to?: string },
  options?: RequestOptions,
): Promise<PreparedAgentFiles> {
  const { native, options: json } = (clientOf(resource) as Client)._prepare(options);
  const { text } = await ask((id) => native.prepareDirectory(id, directory, to, [...include], json), options?.signal);
  return JSON.parse(text!) as PreparedAgentFiles;
}

/** Where a download is written; the file is made when there is something to write. */
export function agentFileDestination(path: string): WritableStream<Uint8Array> {
  let file: FileHandle | undefined;
  return new WritableStream<Uint8Array>({
    async write(piece) {
      file ??= await open(path, 'w');
      await file.writeFile(piece);
    },
    async close() {
      file ??= await open(path, 'w');
      await file.close();
    },
    async abort() {
      await file?.close();
    },
  });
}
