/** Names of files in forms. */

/** The last part of a path; the whole where there is none. */
export function baseName(path: string): string {
  return path.split(/[\\/]/).pop() || path;
}

/** A path below a folder, with slashes; one that leads out of it is refused. */
export function safePath(name: string): string {
  const path = name.replaceAll('\\', '/');
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path) || path.split('/').includes('..')) {
    throw new TypeError('Upload file name must be a safe relative path without parent directory segments');
  }
  return path;
}

/** The name that a value brings along: that of a file, of an address, of a stream's path. */
export function getName(value: any, { stripFilename = true }: { stripFilename?: boolean | undefined } = {}): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const address = value.url ? new URL(String(value.url), 'http://localhost').pathname : undefined;
  const found = [value.name, address, value.filename, value.path].find((one) => one);
  if (found === undefined) return undefined;
  const text = String(found);
  // An address says where something came from, and not where it is to be.
  return (stripFilename || found !== value.name ? text.split(/[\\/]/).pop() : safePath(text)) || undefined;
}
