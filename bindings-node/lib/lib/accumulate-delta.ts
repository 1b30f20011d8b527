/** Pieces of runs, put together. */

/** Adds a piece to what there is: texts are joined, lists go by the `index` of their items, other values take over. */
export function accumulateDelta(acc: Record<string, any>, delta: Record<string, any>): Record<string, any> {
  for (const [key, piece] of Object.entries(delta)) {
    const known = Object.hasOwn(acc, key) ? acc[key] : undefined;
    if (known === undefined || known === null) put(acc, key, piece);
    // Which one it is, and of what kind, does not grow.
    else if (key === 'index' || key === 'type') continue;
    else if (typeof known === 'string' && typeof piece === 'string') acc[key] = known + piece;
    else if (typeof known === 'number' && typeof piece === 'number') acc[key] = known + piece;
    else if (Array.isArray(known) && Array.isArray(piece)) addItems(known, piece);
    else if (isObject(known) && isObject(piece)) accumulateDelta(known, piece);
    else if (piece !== null && piece !== undefined) acc[key] = piece;
  }
  return acc;
}

function addItems(list: any[], pieces: any[]): void {
  for (const piece of pieces) {
    const at: unknown = isObject(piece) ? piece.index : undefined;
    if (typeof at !== 'number' || list[at] === undefined) list.push(piece);
    else accumulateDelta(list[at], piece);
  }
}

function isObject(value: unknown): value is Record<string, any> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member like any other, whatever its name. */
function put(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, enumerable: true, writable: true });
}
