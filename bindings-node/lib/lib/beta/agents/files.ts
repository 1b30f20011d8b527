/** Files for the environments of agents: uploaded first, then put at their paths. */
import type { OpenAI } from '../../../client.js';
import { OpenAIError } from '../../../core/error.js';
import type { RequestOptions } from '../../../internal/request-options.js';
import type { Uploadable } from '../../../internal/uploads.js';
import type {
  EnvironmentFile, FileCreateParams, Files,
} from '../../../resources/beta/agents/environments/files.js';
import type { FileObject } from '../../../resources/files.js';

/** Files that were uploaded, and what refers to them by path. */
export type PreparedAgentFiles = {
  files: Array<Extract<FileCreateParams, { type: 'file_id' }>>;
  uploadedFiles: Array<FileObject>;
};

/** A failure after the first upload: what was uploaded is still there, and the caller's. */
export class AgentFileUploadError extends OpenAIError {
  override readonly cause: unknown;

  constructor(
    readonly uploadedFiles: readonly FileObject[],
    cause: unknown,
  ) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`files could not be prepared (${why}); ${uploadedFiles.length} uploaded before that remain`);
    this.name = 'AgentFileUploadError';
    this.cause = cause;
  }
}

const ROOT = '/workspace/';

/** Refuses paths that an environment does not take. */
export function validateAgentFilePath(path: string): void {
  const parts = path.split('/').slice(1);
  const first = parts[1] ?? '';
  const reserved =
    first === '.codex' || first === '.managed-agents' || first.startsWith('.managed-agents-') || path === `${ROOT}outputs`;
  const odd = parts.some((part) => part === '' || part === '.' || part === '..') || /[\\\0]/.test(path);
  if (!path.startsWith(ROOT) || odd || reserved) {
    throw new OpenAIError(`${JSON.stringify(path)} is no file of an environment: it must lie in ${ROOT} and not be reserved`);
  }
}

/** Uploads files, one after the other, so that a failure tells exactly what is there. */
export async function prepareAgentFiles(
  client: OpenAI,
  files: Record<string, Uploadable>,
  options?: RequestOptions,
): Promise<PreparedAgentFiles> {
  const paths = Object.keys(files);
  for (const path of paths) {
    validateAgentFilePath(path);
    const inside = paths.find((other) => other.startsWith(`${path}/`));
    if (inside !== undefined) throw new OpenAIError(`${inside} cannot lie in ${path}, which is a file`);
  }
  if (paths.length > 1 && options?.idempotencyKey !== undefined) {
    throw new OpenAIError('one idempotency key cannot stand for several uploads; leave it out');
  }
  const prepared: PreparedAgentFiles = { files: [], uploadedFiles: [] };
  for (const [path, file] of Object.entries(files)) {
    try {
      const uploaded = await client.files.create({ file, purpose: 'user_data' }, options);
      prepared.uploadedFiles.push(uploaded);
      prepared.files.push({ type: 'file_id', file_id: uploaded.id, path });
    } catch (error) {
      throw new AgentFileUploadError(prepared.uploadedFiles, error);
    }
  }
  return prepared;
}

/** Uploads a file and puts it into an environment. */
export async function uploadAgentFile(
  client: OpenAI,
  resource: Files,
  environmentID: string,
  { file, path }: { file: Uploadable; path: string },
  options?: RequestOptions,
): Promise<{ uploadedFile: FileObject; environmentFile: EnvironmentFile }> {
  const prepared = await prepareAgentFiles(client, { [path]: file }, options);
  try {
    const environmentFile = await resource.create(environmentID, prepared.files[0]!, options);
    return { uploadedFile: prepared.uploadedFiles[0]!, environmentFile };
  } catch (error) {
    throw new AgentFileUploadError(prepared.uploadedFiles, error);
  }
}
