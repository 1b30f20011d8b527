/** After the compiler: makes `dist/` the package. Each module gets an ESM face over the one compiled program, and its types. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');

/** Every file below a folder with this ending. */
function* files(folder, ending) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path, ending);
    else if (name.endsWith(ending)) yield path;
  }
}

const known = new Map();

/** Names that a compiled module exports. */
function names(path) {
  if (known.has(path)) return known.get(path);
  const found = new Set();
  known.set(path, found);
  const text = readFileSync(path, 'utf8');
  for (const [, name] of text.matchAll(/^exports\.([A-Za-z_$][\w$]*) = /gm)) found.add(name);
  for (const [, name] of text.matchAll(/Object\.defineProperty\(exports, "([^"]+)", \{ enumerable/g)) found.add(name);
  for (const [, name] of text.matchAll(/__exportStar\(require\("([^"]+)"\), exports\)/g)) {
    const target = resolve(dirname(path), name);
    const file = [`${target}.js`, join(target, 'index.js'), target].find((file) => file.endsWith('.js') && existsSync(file));
    if (file) for (const inner of names(file)) if (inner !== 'default') found.add(inner);
  }
  found.delete('__esModule');
  return found;
}

/** Bundlers that write ESM leave no `require` for what Node comes with; it is got without one then. */
const BUILT_IN = `const __builtIn = (load, name) => {
  try {
    return load();
  } catch (error) {
    const found = process.getBuiltinModule?.(name);
    if (found === undefined) throw error;
    return found;
  }
};`;

/** Modules by their full names: Rollup and its kin look for `.mjs` first, and would take the faces, which need the modules, for them. */
const inFull = (text, path) =>
  text.replace(/\brequire\(["'](\.[^"']*)["']\)/g, (all, name) => {
    const target = resolve(dirname(path), name);
    const ending = ['', '.js', '/index.js'].find((ending) => `${target}${ending}`.endsWith('.js') && existsSync(`${target}${ending}`));
    return ending === undefined ? all : `require("${name.replace(/\/$/, '')}${ending}")`;
  });

for (const path of files(dist, '.js')) {
  const text = readFileSync(path, 'utf8');
  const full = inFull(text, path);
  if (full !== text) writeFileSync(path, full);
}

for (const path of files(dist, '.js')) {
  if (path.startsWith(join(dist, 'bin'))) continue;
  const compiled = readFileSync(path, 'utf8');
  if (!compiled.includes(BUILT_IN) && /require\(["']node:/.test(compiled)) {
    const found = compiled.replace(/require\(["'](node:[a-z_/]+)["']\)/g, '__builtIn(() => require("$1"), "$1")');
    writeFileSync(path, found.replace('"use strict";\n', `"use strict";\n${BUILT_IN}\n`));
  }
  const base = path.slice(0, -3);
  const file = `./${base.split('/').pop()}.js`;
  const exported = [...names(path)].sort();
  const named = exported.filter((name) => name !== 'default');
  // What the default is depends on who reads it: Node has all that the module exports, some bundlers what it calls its default.
  let code = `import * as all from '${file}';\nconst cjs = all.default?.__esModule ? all.default : all;\n`;
  // By names of their own here: bundlers put faces and modules side by side, and would rename classes of the same name.
  for (const name of named) code += `const $${name} = cjs.${name};\n`;
  if (named.length > 0) code += `export { ${named.map((name) => `$${name} as ${name}`).join(', ')} };\n`;
  if (exported.includes('default')) code += 'export default cjs.default;\n';
  if (exported.length === 0) code = 'export {};\n';
  writeFileSync(`${base}.mjs`, code);
  let types = `export * from '${file}';\n`;
  if (exported.includes('default')) {
    const name = /^exports\.default = (?:\w+\.)?(\w+);/m.exec(readFileSync(path, 'utf8'))?.[1] ?? 'OpenAI';
    types += `export { ${name} as default } from '${file}';\n`;
  }
  writeFileSync(`${base}.d.mts`, types);
}

// `require('threadline')` is the class itself, as with the official package, and has everything else as members: it is extended, asked for
// what the class has, and instances are its own.
const index = join(dist, 'index.js');
const mark = 'Object.defineProperty(exports, "__esModule", { value: true });';
// By another name than `module`: readers of types would take the function for all that the module is.
const construct = 'Reflect.construct(exports.default, args, new.target || exports.default)';
const callable = `const own = module;\nexports = own.exports = function (...args) { return ${construct}; };\n${mark}`;
const heir = 'Object.setPrototypeOf(exports, exports.default);\nexports.prototype = exports.default.prototype;\n';
const text = readFileSync(index, 'utf8');
if (!text.includes('own.exports = function')) writeFileSync(index, text.replace(mark, callable) + heir);

const { scripts, devDependencies, ...manifest } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
copyFileSync(join(root, 'README.md'), join(dist, 'README.md'));
// Names of all methods, for the command.
copyFileSync(join(root, 'tests', 'generated', 'methods.json'), join(dist, 'methods.json'));
for (const name of ['LICENSE-MIT', 'LICENSE-APACHE']) copyFileSync(join(root, '..', name), join(dist, name));
const cli = join(root, 'bin', 'cli.js');
if (existsSync(cli)) {
  mkdirSync(join(dist, 'bin'), { recursive: true });
  copyFileSync(cli, join(dist, 'bin', 'cli.js'));
}
console.error(`${relative(process.cwd(), dist)} is the package`);
