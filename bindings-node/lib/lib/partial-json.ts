/** JSON of which the end has not come yet, read as the official package reads it: numbers count once something stands behind them. */

/** The text has ended too early for a value. Inside of lists and objects nobody sees it. */
export class PartialJSON extends Error {}

/** The text can be no JSON, whatever follows. */
export class MalformedJSON extends Error {}

/** The value as far as it is there. Lists and objects end where they cannot be read on; a text that is no JSON from its beginning is an error. */
export function partialParse(text: string): any {
  if (typeof text !== 'string') throw new TypeError(`expecting str, got ${typeof text}`);
  if (!text.trim()) throw new Error(`${text} is empty`);
  return new Reader(text.trim()).value();
}

/** Words, and how many letters of them are enough. */
const WORDS: Array<[string, unknown, number]> = [
  ['null', null, 1], ['true', true, 1], ['false', false, 1], ['Infinity', Infinity, 1], ['-Infinity', -Infinity, 2], ['NaN', NaN, 1],
];

/** Beyond this nesting nothing is shown, so that a text cannot exhaust the stack. */
const DEEPEST = 500;

class Reader {
  #at = 0;
  #depth = 0;

  constructor(readonly text: string) {}

  value(): unknown {
    this.#space();
    if (this.#over || this.#depth > DEEPEST) throw this.#partial('Unexpected end of input');
    const first = this.text[this.#at];
    if (first === '"') return this.#string();
    if (first === '{') return this.#nested({}, '}', (found) => this.#member(found));
    if (first === '[') return this.#nested([] as unknown[], ']', (found) => void found.push(this.value()));
    const rest = this.text.length - this.#at;
    for (const [word, value, enough] of WORDS) {
      const isWhole = this.text.startsWith(word, this.#at);
      const isBegun = rest >= enough && rest < word.length && word.startsWith(this.text.slice(this.#at));
      if (!isWhole && !isBegun) continue;
      this.#at += word.length;
      return value;
    }
    return this.#number();
  }

  get #over(): boolean {
    return this.#at >= this.text.length;
  }

  #space(): void {
    while (!this.#over && ' \n\r\t'.includes(this.text[this.#at]!)) this.#at += 1;
  }

  #partial(what: string): PartialJSON {
    return new PartialJSON(`${what} at position ${this.#at}`);
  }

  #malformed(error: unknown): MalformedJSON {
    return new MalformedJSON(`${String(error)} at position ${this.#at}`);
  }

  /** A list or an object: what has been found when it ends, or cannot be read on. */
  #nested<T>(found: T, end: string, item: (found: T) => void): T {
    this.#depth += 1;
    this.#at += 1;
    this.#space();
    try {
      while (this.text[this.#at] !== end) {
        item(found);
        this.#space();
        if (this.text[this.#at] === ',') this.#at += 1;
        if (end === '}') this.#space();
      }
      this.#at += 1;
    } catch {
      this.#at = this.text.length;
    }
    this.#depth -= 1;
    return found;
  }

  #member(found: object): void {
    const name = this.#string();
    this.#space();
    this.#at += 1;
    const value = this.value();
    // A name like `__proto__` is a member like any other.
    Object.defineProperty(found, name, { value, configurable: true, enumerable: true, writable: true });
  }

  #string(): string {
    const start = this.#at;
    if (this.text[start] !== '"') throw this.#malformed('a member has no name');
    let isEscaped = false;
    for (this.#at += 1; !this.#over; this.#at += 1) {
      const sign = this.text[this.#at];
      if (sign === '"' && !isEscaped) break;
      isEscaped = sign === '\\' && !isEscaped;
    }
    if (!this.#over) {
      this.#at += 1;
      return this.#read(this.text.slice(start, this.#at));
    }
    const inside = this.text.slice(start, isEscaped ? -1 : undefined);
    try {
      return JSON.parse(`${inside}"`) as string;
    } catch {
      // An escape that has only begun is left out.
      return JSON.parse(`${this.text.slice(start, this.text.lastIndexOf('\\'))}"`) as string;
    }
  }

  #number(): unknown {
    if (this.#at === 0) return this.#read(this.text);
    const start = this.#at;
    while (!this.#over && !',]}'.includes(this.text[this.#at]!)) this.#at += 1;
    // More digits may follow.
    if (this.#over) throw this.#partial('Unterminated number literal');
    return this.#read(this.text.slice(start, this.#at));
  }

  #read(text: string): any {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw this.#malformed(error);
    }
  }
}
