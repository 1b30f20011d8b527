/** Helpers of agents' environments. */
import type { RequestOptions } from '../../internal/request-options.js';
import type { Uploadable } from '../../internal/uploads.js';
import type { EnvironmentFile, Files } from '../../resources/beta/agents/environments/files.js';
import type { FileObject } from '../../resources/files.js';
import { prepareAgentFiles, uploadAgentFile, type PreparedAgentFiles } from '../beta/agents/files.js';
import { clientOf } from './client-of.js';

export function prepare(
  files: Files,
  given: Record<string, Uploadable>,
  options?: RequestOptions,
): Promise<PreparedAgentFiles> {
  return prepareAgentFiles(clientOf(files), given, options);
}

export function upload(
  files: Files,
  environmentID: string,
  params: { file: Uploadable; path: string },
  options?: RequestOptions,
): Promise<{ uploadedFile: FileObject; environmentFile: EnvironmentFile }> {
  return uploadAgentFile(clientOf(files), files, environmentID, params, options);
}
