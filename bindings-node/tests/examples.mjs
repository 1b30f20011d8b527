/** The examples of pages: what stands in them as TypeScript. */
import { readFileSync } from 'node:fs';

/** Examples of a page, in their order. */
export function examples(page) {
  const text = readFileSync(page, 'utf8');
  // Those in a list are set in.
  return [...text.matchAll(/^( *)```ts\n([\s\S]*?)^\1```/gm)].map(([, indent, code]) => code.replace(new RegExp(`^${indent}`, 'gm'), ''));
}

const root = new URL('../../', import.meta.url);

/** The pages whose examples run. */
export const PAGES = ['README.md', 'bindings-node/README.md', 'docs/guide/node.md', 'docs/guide/node-testing.md'].map((name) => ({ name, url: new URL(name, root) }));
