/**
 * Who waits for calls, by number.
 *
 * Not a `Map`: with each call that comes and goes it soon makes itself a new table, and a table that has grown old enough to
 * leave V8's young generation keeps alive, until the next full collection, all that the tables after it have held. Ended
 * calls with their replies lived on that way and were copied by every collection: half of the time of 64 calls at once.
 */

/** Bits of a number that say the place; the rest, of 31 in all, say how often the place was used before. */
const PLACE_BITS = 20;
const PLACE_MASK = 2 ** PLACE_BITS - 1;
const ONE_USE = 2 ** PLACE_BITS;
const LARGEST = 2 ** 31 - 1;

export class Waiting<T> {
  /** How many wait. */
  size = 0;
  /** The number that each place has now. */
  readonly #numbers: number[] = [];
  readonly #held: (T | undefined)[] = [];
  readonly #free: number[] = [];

  /** Keeps who waits; the number, which nothing else has until long after its end. */
  add(waiter: T): number {
    const place = this.#free.pop() ?? this.#more();
    this.#held[place] = waiter;
    this.size += 1;
    return this.#numbers[place]!;
  }

  /** Who waits under this number, if anybody does still. */
  get(number: number): T | undefined {
    const place = number & PLACE_MASK;
    return this.#numbers[place] === number ? this.#held[place] : undefined;
  }

  /** Nobody waits under this number any more. */
  delete(number: number): void {
    if (this.get(number) === undefined) return;
    const place = number & PLACE_MASK;
    this.#held[place] = undefined;
    this.#numbers[place] = (number + ONE_USE) & LARGEST;
    this.#free.push(place);
    this.size -= 1;
  }

  #more(): number {
    const place = this.#numbers.length;
    if (place > PLACE_MASK) throw new RangeError(`more than ${ONE_USE} calls are under way; wait for some of them`);
    this.#numbers.push(place + ONE_USE);
    this.#held.push(undefined);
    return place;
  }
}
