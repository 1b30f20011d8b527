// What the official packages declare, read from their declarations: modules below `resources`, and the types of each.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folder of an installed package. */
export const folder = (name) => join(import.meta.dirname, '../../node_modules', name);

function walk(dir, prefix) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return walk(join(dir, entry.name), `${prefix}${entry.name}/`);
    return entry.name.endsWith('.d.ts') ? [prefix + entry.name.slice(0, -'.d.ts'.length)] : [];
  });
}

/** Modules below `resources` by name, each with its exported types: name and number of type parameters. */
export function declared(packageName) {
  const base = join(folder(packageName), 'resources');
  const found = new Map();
  for (const name of walk(base, '').sort()) {
    const text = readFileSync(join(base, `${name}.d.ts`), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    const types = new Map();
    for (const match of text.matchAll(/^export (?:declare )?(?:interface|type) (\w+)(<[^={]*>)?/gm)) {
      types.set(match[1], match[2] ? match[2].split(',').length : 0);
    }
    found.set(name, types);
  }
  return found;
}
