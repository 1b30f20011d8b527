/** Whether somebody has put a `fetch` of their own, or something behind the built-in one, in its place. */

type Connect = (...args: any[]) => unknown;

let builtIn: unknown;
let ownConnect: unknown;
let sockets: { connect: Connect } | undefined;

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

/** Whether the connections behind it are somebody else's (mocks that stand before sockets). */
export function hasOwnSockets(): boolean {
  sockets ??= (require('node:net') as typeof import('node:net')).Socket.prototype as unknown as { connect: Connect };
  const { connect } = sockets;
  if (connect === ownConnect) return false;
  const isNodes = Function.prototype.toString.call(connect).includes('normalizedArgsSymbol');
  if (isNodes) ownConnect = connect;
  return !isNodes;
}

/** Whether requests are to pass through the global `fetch`, for others to see them. */
export function isWatched(): boolean {
  return !isBuiltIn(globalThis.fetch) || hasDispatcher() || hasOwnSockets();
}
