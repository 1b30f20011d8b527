/** What makes a class's children and further classes available without loading them. */

type Load = () => unknown;

/** A resource's class, as the client makes it. */
type Constructor = new (client: object) => unknown;

/**
 * Gives a class accessors for its children, made and kept when they are first asked for, and for classes that its
 * namespace offers as values. Both can be assigned, so that a program can put something else in their place.
 */
export function lazy(
  owner: { readonly prototype: object },
  children: Record<string, Load>,
  values: Record<string, Load>,
): void {
  for (const [name, load] of Object.entries(children)) {
    Object.defineProperty(owner.prototype, name, {
      configurable: true,
      enumerable: true,
      get(this: { _client?: object }) {
        // A resource hands its client on; the client is its own.
        const child = new (load() as Constructor)(this._client ?? this);
        keep(this, name, child);
        return child;
      },
      set(this: object, value: unknown) {
        keep(this, name, value);
      },
    });
  }
  for (const [name, load] of Object.entries(values)) {
    Object.defineProperty(owner, name, {
      configurable: true,
      enumerable: true,
      get(this: object) {
        const value = load();
        keep(owner, name, value);
        return value;
      },
      set(this: object, value: unknown) {
        keep(this, name, value);
      },
    });
  }
}

function keep(owner: object, name: string, value: unknown): void {
  Object.defineProperty(owner, name, { configurable: true, enumerable: true, writable: true, value });
}
