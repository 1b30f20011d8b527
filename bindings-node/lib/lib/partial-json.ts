/** JSON of which the end has not come yet. */

/** The value as far as it is there; an empty object where there is none. Text that can be no JSON gives `undefined`. */
export function partialParse(text: string): unknown {
  const reader = new Reader(text);
  try {
    reader.space();
    if (reader.over) return {};
    const value = reader.value();
    return value === NOTHING ? {} : value;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A value that has only begun, with nothing to show. */
const NOTHING = Symbol('nothing');

/** Beyond this nesting nothing is shown, so that a text cannot exhaust the stack. */
const DEEPEST = 500;

class Reader {
  #at = 0;
  #depth = 0;

  constructor(readonly text: string) {}

  get over(): boolean {
    return this.#at >= this.text.length;
  }

  space(): void {
    while (/\s/.test(this.text[this.#at] ?? '')) this.#at += 1;
  }

  value(): unknown {
    this.space();
    if (this.over || this.#depth > DEEPEST) return NOTHING;
    const first = this.text[this.#at]!;
    if (first === '{') return this.#nested(() => this.#object());
    if (first === '[') return this.#nested(() => this.#list());
    if (first === '"') return this.#string();
    return this.#word();
  }

  #nested<T>(read: () => T): T {
    this.#depth += 1;
    this.#at += 1;
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #object(): object {
    const found: Record<string, unknown> = {};
    for (;;) {
      this.space();
      if (this.over) return found;
      if (this.#takes('}')) return found;
      if (this.#takes(',')) continue;
      this.space();
      if (this.over || this.text[this.#at] !== '"') {
        if (this.over) return found;
        throw new SyntaxError('a member has no name');
      }
      const whole = this.#closed();
      const name = this.#string();
      this.space();
      if (!whole || !this.#takes(':')) return found;
      const value = this.value();
      // A name like `__proto__` is a member like any other.
      if (value !== NOTHING) {
        Object.defineProperty(found, name, { value, configurable: true, enumerable: true, writable: true });
      }
    }
  }

  #list(): unknown[] {
    const found: unknown[] = [];
    for (;;) {
      this.space();
      if (this.over || this.#takes(']')) return found;
      if (this.#takes(',')) continue;
      const value = this.value();
      if (value === NOTHING) return found;
      found.push(value);
    }
  }

  #takes(mark: string): boolean {
    if (this.text[this.#at] !== mark) return false;
    this.#at += 1;
    return true;
  }

  /** Where the text that begins here ends; -1 where it does not. */
  #end(): number {
    for (let at = this.#at + 1; at < this.text.length; at += 1) {
      if (this.text[at] === '\\') at += 1;
      else if (this.text[at] === '"') return at;
    }
    return -1;
  }

  #closed(): boolean {
    return this.#end() >= 0;
  }

  #string(): string {
    const end = this.#end();
    const start = this.#at;
    if (end >= 0) {
      this.#at = end + 1;
      return JSON.parse(this.text.slice(start, end + 1)) as string;
    }
    this.#at = this.text.length;
    // An escape that has only begun is left out.
    const inside = this.text.slice(start).replace(/\\(?:u[0-9a-fA-F]{0,3})?$/, (cut, at, all: string) => {
      const before = /\\*$/.exec(all.slice(0, at as number))![0].length;
      return before % 2 === 0 ? '' : (cut as string);
    });
    return JSON.parse(`${inside}"`) as string;
  }

  #word(): unknown {
    const found = /[^\s,\]}]*/y;
    found.lastIndex = this.#at;
    const word = found.exec(this.text)![0];
    this.#at += word.length;
    for (const [name, value] of [['true', true], ['false', false], ['null', null]] as const) {
      if (word === name) return value;
      if (word !== '' && this.over && name.startsWith(word)) return NOTHING;
    }
    // A number may have been cut behind its sign, its point or its exponent.
    const number = this.over ? word.replace(/(?:[eE][+-]?|\.)$/, '').replace(/^-$/, '') : word;
    if (number === '' && this.over) return NOTHING;
    return JSON.parse(number) as number;
  }
}
