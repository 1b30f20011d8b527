/** Questions to what the native side holds: connections, runs of tools, turns of agents. */
import { APIUserAbortError, fromNative, fromRecord } from '../core/error';
import { begin, cancel, Kind, keep, type Callback } from './native';

/** An answer: what it is, and its text; no text: the end. */
export interface Told {
  what: number;
  text: string | null;
}

/** Asks, and waits for the answer. The signal takes the question back. */
export function ask(start: (id: number) => void, signal?: AbortSignal | null): Promise<Told> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new APIUserAbortError());
      return;
    }
    let id = 0;
    const abort = (): void => {
      cancel(id);
      reject(new APIUserAbortError());
    };
    try {
      id = begin((kind, a, b) => {
        signal?.removeEventListener('abort', abort);
        if (kind === Kind.Failed) reject(fromRecord(a as string));
        else resolve({ what: a as number, text: b as string | null });
      }, start);
    } catch (error) {
      reject(fromNative(error));
      return;
    }
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** Makes something native; what it throws is an error of ours. */
export function made<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw fromNative(error);
  }
}

/** A function of the user's for tools: gets JSON, or the text of a custom tool, and gives a value. */
export type ToolFunction = (argument: any) => unknown;

/**
 * Keeps a function that answers calls of the model; its number. What throws an `Error` tells the model its message; what throws
 * anything else has crashed, and the model hears no more than that.
 */
export function keepFunction(run: ToolFunction, isCustom: boolean, owner: object, signal?: () => void): number {
  const callback: Callback = async (argument) => {
    let value: unknown;
    try {
      value = await run(isCustom ? argument : JSON.parse(argument));
    } catch (error) {
      signal?.();
      if (error instanceof Error) throw error;
      return 'crash';
    }
    return JSON.stringify(value) ?? 'null';
  };
  return keep(callback, owner);
}
