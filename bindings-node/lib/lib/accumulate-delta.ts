/** Pieces of runs, put together. */
import { OpenAIError } from '../core/error.js';

/** How far behind a list's end an item may be put. */
const GROWTH = 1024;
/** Longest list. */
const LONGEST = 65_536;
/** Names by which a value would reach the prototypes. */
const UNSAFE = new Set(['__proto__', 'constructor', 'prototype']);

type Fields = Record<string, any>;

/**
 * Adds a piece to what there is: texts and numbers are added, lists go by the `index` of their items, `index` and `type` take over. Fails before
 * anything is changed where a piece does not fit.
 */
export function accumulateDelta(acc: Fields, delta: Fields): Fields {
  refuseUnsafe(delta);
  check(acc, delta);
  return add(acc, delta);
}

/** Adds the pieces of a list, and gives those that began an item. */
export function accumulateItems(items: any[], pieces: any[], kind: string): any[] {
  refuseUnsafe(pieces);
  checkItems(items, pieces, kind);
  const begun = pieces.filter(({ index }) => !Object.hasOwn(items, index));
  addItems(items, pieces);
  return begun;
}

function refuseUnsafe(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (UNSAFE.has(name)) throw new OpenAIError(`Assistant stream delta contains an unsafe property: ${name}`);
    refuseUnsafe(inner);
  }
}

function check(acc: Fields, delta: Fields): void {
  for (const [name, piece] of Object.entries(delta)) {
    const known: unknown = Object.hasOwn(acc, name) ? acc[name] : undefined;
    if (known === undefined || known === null || piece === null || piece === undefined || name === 'index' || name === 'type') continue;
    if (isFields(known) && isFields(piece)) check(known, piece);
    else if (Array.isArray(known) && Array.isArray(piece)) {
      if (!arePlain(known, piece)) checkItems(known, piece, 'array');
    } else if (typeof known !== typeof piece || (typeof known !== 'string' && typeof known !== 'number')) {
      throw new TypeError(`Unhandled record type: ${name}`);
    }
  }
}

function checkItems(items: any[], pieces: any[], kind: string): void {
  for (const piece of pieces) {
    if (!isFields(piece)) throw new Error('Expected array delta entry to be an object but got an invalid value');
    const { index } = piece;
    if (kind === 'array') {
      if (index === undefined || index === null) throw new Error('Expected array delta entry to have an `index` property');
      if (typeof index !== 'number') throw new TypeError('Expected array delta entry `index` property to be a number but got an invalid value');
    }
    if (!Number.isSafeInteger(index) || index < 0 || index >= Math.min(items.length + GROWTH, LONGEST)) {
      throw new OpenAIError(`Assistant stream delta contains an invalid ${kind} index: ${typeof index === 'number' ? index : 'unknown'}`);
    }
    const known: unknown = items[index];
    if (isFields(known)) check(known, piece);
  }
}

function add(acc: Fields, delta: Fields): Fields {
  for (const [name, piece] of Object.entries(delta)) {
    const known: unknown = Object.hasOwn(acc, name) ? acc[name] : undefined;
    if (known === undefined || known === null || name === 'index' || name === 'type') acc[name] = piece;
    // Nothing new.
    else if (piece === null || piece === undefined) continue;
    else if (isFields(known)) add(known, piece);
    else if (Array.isArray(known)) {
      if (arePlain(known, piece)) known.push(...piece);
      else addItems(known, piece);
    } else acc[name] = (known as string) + piece;
  }
  return acc;
}

function addItems(items: any[], pieces: any[]): void {
  for (const piece of pieces) {
    const known: unknown = items[piece.index];
    if (isFields(known)) add(known, piece);
    else items[piece.index] = piece;
  }
}

/** Whether both lists have texts and numbers only, which are joined. */
function arePlain(items: unknown[], pieces: unknown[]): boolean {
  return [items, pieces].every((list) => list.every((item) => typeof item === 'string' || typeof item === 'number'));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
