/** Names of classes that bundlers may give another one; programs, logs and servers (`User-Agent`) know classes by their names. */
export function named(classes: Record<string, object>): void {
  for (const [name, Class] of Object.entries(classes)) Object.defineProperty(Class, 'name', { value: name, configurable: true });
}
