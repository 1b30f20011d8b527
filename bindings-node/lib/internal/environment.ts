/** Whether somebody has put a `fetch` of their own, or something behind the built-in one, in its place. */

let builtIn: unknown;

/** Whether this is the `fetch` that Node comes with. */
export function isBuiltIn(fetch: unknown): boolean {
  if (fetch === builtIn || typeof fetch !== 'function') return true;
  const source = Function.prototype.toString.call(fetch);
  const found = source.includes('lazyUndici') || source.includes('[native code]') || source.includes('internal/deps/undici');
  if (found) builtIn = fetch;
  return found;
}

const DISPATCHER = Symbol.for('undici.globalDispatcher.1');

/** Whether another dispatcher is behind the built-in `fetch` (a mock, a proxy). */
export function hasDispatcher(): boolean {
  const dispatcher = (globalThis as any)[DISPATCHER];
  return dispatcher !== undefined && dispatcher !== null && dispatcher.constructor?.name !== 'Agent';
}

/** Whether requests are to pass through the global `fetch`, for others to see them. */
export function isWatched(): boolean {
  return !isBuiltIn(globalThis.fetch) || hasDispatcher();
}
