/** Helpers of agents' environments. */
import type { RequestOptions } from '../../internal/request-options.js';
import type { Uploadable } from '../../internal/uploads.js';
import type { EnvironmentFile, Files } from '../../resources/beta/agents/environments/files.js';
import type { FileObject } from '../../resources/files.js';
import { AgentSessionStream, type AgentSessionStreamParams } from '../agents/agent-session-stream.js';
import type { AgentTurnResult } from '../beta/agents/agent-turn-result.js';
import { AgentResultArtifacts } from '../beta/agents/result-artifacts.js';
import { prepareAgentFiles, uploadAgentFile, type PreparedAgentFiles } from '../beta/agents/files.js';
import type { Artifacts } from '../../resources/beta/agents/sessions/artifacts.js';
import type { Sessions } from '../../resources/beta/agents/sessions/sessions.js';
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

/** One turn of a session, with its events. */
export function stream(
  sessions: Sessions,
  sessionID: string,
  params: AgentSessionStreamParams<any>,
  options?: RequestOptions,
): AgentSessionStream<any> {
  return new AgentSessionStream<any>(sessions, sessionID, params, options);
}

/** The files that a turn made. */
export function forResult(artifacts: Artifacts, result: AgentTurnResult): AgentResultArtifacts {
  return new AgentResultArtifacts(artifacts, result);
}
