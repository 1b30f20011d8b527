/** Objects of a run that are told of in pieces: which one is open, and what each has come to. */
import { OpenAIError } from '../core/error.js';

/** The words for a kind of object in its errors. */
interface Words {
  /** `message`, `run step`. */
  name: string;
  /** `message`, `run-step`: before another word. */
  joined: string;
}

/** Messages, or steps, of a run. One at a time is open, and its events name it. */
export class Opened<T extends { id: string }> {
  /** The id of the one that is open. */
  active: string | undefined;
  #found = new Map<string, T>();
  /** Whose ids they are: listeners may change those of the objects they get. */
  #owners = new Map<string, string>();

  constructor(
    private readonly words: Words,
    /** What an event without an open object means. */
    private readonly missing: (event: string) => string,
    /** Whether the first event of one may be another than its creation. */
    private readonly joinsLate: boolean,
  ) {}

  /** The id that an event names, if such an event may come now. */
  admit(event: string, data: unknown): string {
    const id = idOf(data);
    const { name, joined } = this.words;
    if (id === undefined) throw new OpenAIError(`Received assistant ${joined} event with an invalid ${joined} ID`);
    if (event.endsWith('.created')) {
      if (this.active !== undefined) {
        throw new OpenAIError(
          `Received ${joined} creation for "${id}" before the active ${name} "${this.active}" reached a terminal state`,
        );
      }
      if (this.#owners.has(id)) throw new OpenAIError(`Received ${joined} creation for ${name} "${id}", which has already been created`);
      this.#owners.set(id, id);
      this.active = id;
      return id;
    }
    if (this.active !== undefined) {
      if (id === this.active) return id;
      throw new OpenAIError(`Received ${event} for ${name} "${id}", which does not match the active ${name} "${this.active}"`);
    }
    if (!this.joinsLate || event.endsWith('.delta')) throw new OpenAIError(this.missing(event));
    if (this.#owners.has(id)) throw new OpenAIError(`Received ${joined} event for ${name} "${id}", which has already been created`);
    this.#owners.set(id, id);
    if (event.endsWith('.in_progress')) this.active = id;
    return id;
  }

  /** Notes the id that an object has after listeners have seen it. */
  reserve(data: unknown, id: string): void {
    const now = idOf(data);
    const { name, joined } = this.words;
    if (now === undefined) throw new OpenAIError(`Received assistant ${joined} event with an invalid ${joined} ID`);
    const owner = this.#owners.get(now);
    if (owner !== undefined && owner !== id) {
      throw new OpenAIError(`Received ${joined} creation for ${name} "${now}", which has already been created`);
    }
    this.#owners.set(now, id);
  }

  set(id: string, value: T): void {
    this.#found.set(id, value);
  }

  get(id: string | undefined): T | undefined {
    return id === undefined ? undefined : this.#found.get(id);
  }

  /** All there were, in the order of their creation. */
  all(): T[] {
    return [...this.#found.values()];
  }
}

function idOf(data: unknown): string | undefined {
  const id = typeof data === 'object' && data !== null ? Object.getOwnPropertyDescriptor(data, 'id')?.value : undefined;
  return typeof id === 'string' && id !== '' ? id : undefined;
}

/** An event whose members are read once, and what listeners get of it: itself, where its members are plain. */
export function captured(event: object): { name: string; data: any; shown: any } {
  const { event: name, data } = event as { event: string; data: any };
  const plain = (key: string, value: unknown): boolean => {
    const found = Object.getOwnPropertyDescriptor(event, key);
    return found !== undefined && 'value' in found && found.value === value;
  };
  return { name, data, shown: plain('event', name) && plain('data', data) ? event : { event: name, data } };
}
