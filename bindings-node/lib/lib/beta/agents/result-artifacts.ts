/** Files that a turn of a hosted agent made. */
import { OpenAIError } from '../../../core/error.js';
import type { RequestOptions } from '../../../internal/request-options.js';
import type { Artifacts, SessionArtifact } from '../../../resources/beta/agents/sessions/artifacts.js';
import type { AgentTurnResult } from './agent-turn-result.js';

/** The artifacts of one turn, by their paths. */
export class AgentResultArtifacts {
  readonly #resource: Artifacts;
  readonly #session: string;
  readonly #turn: string;

  constructor(resource: Artifacts, result: Pick<AgentTurnResult, 'session_id' | 'turn_id'>) {
    this.#resource = resource;
    this.#session = result.session_id;
    this.#turn = result.turn_id;
  }

  /** The artifact of this path. */
  async retrieve(path: string, options?: RequestOptions): Promise<SessionArtifact> {
    let found: SessionArtifact | undefined;
    for await (const artifact of this.#resource.list(this.#session, {}, options)) {
      if (artifact.path !== path || artifact.turn_id !== this.#turn) continue;
      if (found) throw new OpenAIError(`the turn has more than one artifact at ${path}`);
      found = artifact;
    }
    if (!found) throw new OpenAIError(`the turn has no artifact at ${path}`);
    return found;
  }

  /** What is in it. */
  async content(path: string, options?: RequestOptions): Promise<Response> {
    const artifact = await this.retrieve(path, options);
    return this.#resource.content(artifact.id, { session_id: this.#session }, options);
  }

  /** Writes it to where the program says. */
  async download(
    params: { path: string; to: WritableStream<Uint8Array> },
    options?: RequestOptions,
  ): Promise<SessionArtifact> {
    const artifact = await this.retrieve(params.path, options);
    const reply = await this.#resource.content(artifact.id, { session_id: this.#session }, options);
    if (!reply.body) {
      await params.to.close();
      return artifact;
    }
    await reply.body.pipeTo(params.to);
    return artifact;
  }
}
