/** Keeps what `load` gives: a module that every call asks for, whose path `require` would look up anew each time. */
export function once<T>(load: () => T): () => T {
  let found: { readonly value: T } | undefined;
  return () => (found ??= { value: load() }).value;
}
