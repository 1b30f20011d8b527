// Reads the interface of the official Node package: its modules, names, member types and signatures.
//
// `cargo xtask import --node-package FOLDER` runs it with the folder `node_modules` that holds `openai` and `typescript`
// (5.x), and the folder `api/`. It writes `api/node/types/*.json` and `api/node/resources/*.json` (docs/api-format.md).
// Names, types and defaults are taken, nothing else: no text, no code. The declarations are parsed, not run.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, posix } from 'node:path';

const LONGEST = 1800;
const [modules, api] = process.argv.slice(2);
const folder = join(modules, 'openai');
const ts = createRequire(join(folder, 'index.js'))('typescript');

/** The modules below `resources`, and elsewhere with a leading slash, parsed when first asked for. */
const parsed = new Map();

class Module {
  constructor(name) {
    this.name = name;
    const base = name.startsWith('/') ? join(folder, name.slice(1)) : join(folder, 'resources', name);
    const text = readFileSync(`${base}.d.ts`, 'utf8');
    this.source = ts.createSourceFile(`${name}.d.ts`, text, ts.ScriptTarget.Latest, true);
    /** Local name to `[module, name]`; the name `*` is the whole module. */
    this.imports = new Map();
    this.declared = new Map();
    /** Re-exports in their order: `[module, [[local, exported, isType]] | '*']`. */
    this.exports = [];
    for (const node of this.source.statements) this.read(node);
  }

  read(node) {
    if (ts.isImportDeclaration(node)) {
      const from = this.relative(node.moduleSpecifier.text);
      const clause = node.importClause;
      if (clause?.name) this.imports.set(clause.name.text, [from, 'default']);
      const bindings = clause?.namedBindings;
      if (bindings && ts.isNamespaceImport(bindings)) this.imports.set(bindings.name.text, [from, '*']);
      for (const one of (bindings && !ts.isNamespaceImport(bindings) && bindings.elements) || [])
        this.imports.set(one.name.text, [from, (one.propertyName ?? one.name).text]);
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      const names = node.exportClause?.elements.map((one) => [
        (one.propertyName ?? one.name).text,
        one.name.text,
        one.isTypeOnly || node.isTypeOnly,
      ]);
      this.exports.push([this.relative(node.moduleSpecifier.text), names ?? '*']);
    } else if (node.name && ts.isIdentifier(node.name)) {
      const list = this.declared.get(node.name.text) ?? [];
      this.declared.set(node.name.text, [...list, node]);
    }
  }

  relative(specifier) {
    if (!specifier.startsWith('.')) return `!${specifier}`;
    const here = this.name.startsWith('/') ? this.name : `/resources/${this.name}`;
    const path = posix.join(posix.dirname(here), specifier.replace(/\.js$/, ''));
    return path.startsWith('/resources/') ? path.slice('/resources/'.length) : path;
  }
}

function load(name) {
  if (!parsed.has(name)) parsed.set(name, new Module(name));
  return parsed.get(name);
}

/** Where a name of a module is defined, through re-exports. */
function resolve(from, name) {
  if (from.startsWith('!') || from.startsWith('/')) return [from, name];
  const module = load(from);
  if (module.declared.has(name)) return [from, name];
  for (const [target, names] of module.exports) {
    const one = names !== '*' && names.find(([, exported]) => exported === name);
    if (one) return resolve(target, one[0]);
  }
  for (const [target, names] of module.exports) {
    const found = names === '*' && resolve(target, name);
    if (found) return found;
  }
  return null;
}

/** A type as text in which every name of a module is `@module:Name`, `@:Name` of the same one. */
class Printer {
  constructor(module, scopes = []) {
    this.module = module;
    /** Names of the namespaces and type parameters around, innermost last. */
    this.scopes = scopes;
  }

  root(name, rest) {
    if (this.scopes.some((scope) => scope.has(name))) return [name, ...rest].join('.');
    if (this.module.declared.has(name)) return `@:${[name, ...rest].join('.')}`;
    const found = this.module.imports.get(name);
    if (!found) return [name, ...rest].join('.');
    const whole = found[1] === '*';
    const target = whole ? resolve(found[0], rest[0]) : resolve(found[0], found[1]);
    if (!target) throw new Error(`${this.module.name}: nothing is ${found[0]}.${whole ? rest[0] : found[1]}`);
    const path = [target[1], ...(whole ? rest.slice(1) : rest)].join('.');
    return target[0] === this.module.name ? `@:${path}` : `@${target[0]}:${path}`;
  }

  text(node) {
    const listed = options(node, this);
    if (listed) return listed;
    const edits = [];
    const visit = (one) => {
      const names =
        ts.isTypeReferenceNode(one) ? one.typeName
        : ts.isTypeQueryNode(one) ? one.exprName
        : ts.isExpressionWithTypeArguments(one) ? one.expression
        : null;
      if (names) {
        const [first, ...rest] = names.getText().split('.');
        edits.push([names.getStart(), names.getEnd(), this.root(first, rest)]);
      } else if (ts.isImportTypeNode(one)) {
        const from = this.module.relative(one.argument.literal.text);
        const [first, ...rest] = one.qualifier.getText().split('.');
        const [home, name] = resolve(from === '/index' ? 'index' : from, first);
        edits.push([one.getStart(), one.getEnd(), `@${home}:${[name, ...rest].join('.')}`]);
        return;
      }
      one.forEachChild((child) => child !== names && visit(child));
    };
    visit(node);
    let out = '';
    let at = node.getStart();
    const whole = this.module.source.text;
    for (const [start, end, text] of edits.sort((a, b) => a[0] - b[0])) {
      out += whole.slice(at, start) + text;
      at = end;
    }
    return plain(out + whole.slice(at, node.getEnd()));
  }

  inside(names) {
    return new Printer(this.module, [...this.scopes, new Set(names)]);
  }
}

/** On one line, without comments. */
function plain(text) {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/; \}/g, ' }')
    .trim();
}

/** The places where a list takes request options instead of its query, which are spelled out in full. */
function options(node, printer) {
  if (!node.getText().includes('[K in')) return null;
  const arms = ts.isUnionTypeNode(node) ? [...node.types] : [node];
  const query = arms.map((arm) => (ts.isParenthesizedTypeNode(arm) ? arm.type : arm));
  const both = query.find((arm) => ts.isIntersectionTypeNode(arm) && ts.isTypeReferenceNode(arm.types[0]));
  const union = query.find((arm) => ts.isUnionTypeNode(arm) && arm.getText().includes('[K in'));
  // A query that may ask for a stream is told from options by its other members.
  const kind = node.getText().includes("'stream'") ? 'ListQuery' : 'StreamQuery';
  if (both) return `@/internal/list-options:${kind}<${printer.text(both.types[0])}>`;
  if (union && arms.length > 1) return options(union, printer);
  const named = arms.filter((arm) => ts.isTypeReferenceNode(arm)).map((arm) => printer.text(arm));
  const mapped = '@/internal/list-options:ListOptions';
  return named.length ? `${[...named, mapped].join(' | ')} | null | undefined` : mapped;
}

function generics(node, printer) {
  const names = (node.typeParameters ?? []).map((one) => one.name.text);
  const inner = names.length ? printer.inside(names) : printer;
  const texts = (node.typeParameters ?? []).map((one) => {
    const bound = one.constraint ? ` extends ${inner.text(one.constraint)}` : '';
    return one.name.text + bound + (one.default ? ` = ${inner.text(one.default)}` : '');
  });
  return [texts.length ? { generics: texts.join(', ') } : {}, inner];
}

/** Declarations as `{dotted name: definition}`, in their order. */
function definitions(module) {
  const out = {};
  const add = (name, value) => {
    const old = out[name];
    if (old?.fields && value.fields) value = { ...old, fields: { ...old.fields, ...value.fields } };
    out[name] = value;
  };
  const visit = (nodes, prefix, printer) => {
    for (const node of nodes) {
      if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) {
        const name = prefix + node.name.text;
        const [head, inner] = generics(node, printer);
        if (ts.isTypeAliasDeclaration(node)) {
          add(name, { ...head, alias: inner.text(node.type) });
          continue;
        }
        const bases = (node.heritageClauses ?? []).flatMap((clause) => clause.types.map((one) => inner.text(one)));
        const fields = {};
        for (const member of node.members) {
          if (ts.isPropertySignature(member))
            fields[member.name.getText() + (member.questionToken ? '?' : '')] = inner.text(member.type);
          else if (ts.isIndexSignatureDeclaration(member))
            fields[`[${member.parameters[0].getText()}]`] = inner.text(member.type);
          else throw new Error(`${module.name}: ${name} has a member of kind ${ts.SyntaxKind[member.kind]}`);
        }
        add(name, { ...head, ...(bases.length ? { bases } : {}), fields });
      } else if (ts.isModuleDeclaration(node) && !classes(module).has(prefix + node.name.text)) {
        const body = node.body.statements ?? [node.body];
        const names = body.flatMap((one) => (one.name ? [one.name.text] : []));
        visit(body, `${prefix}${node.name.text}.`, printer.inside(names));
      }
    }
  };
  visit(module.source.statements, '', new Printer(module));
  return out;
}

const isResource = (node) => node.heritageClauses?.some((clause) => clause.types[0]?.getText() === 'APIResource');

/** Resource classes of a module by name. */
function classes(module) {
  return new Map(
    module.source.statements
      .filter((node) => ts.isClassDeclaration(node) && (isResource(node) || module.name === '/client'))
      .map((node) => [node.name.text, node]),
  );
}

function signature(node, printer) {
  const [head, inner] = generics(node, printer);
  const parameters = node.parameters.map((one) => {
    // A pattern of names is no name.
    const name = ts.isIdentifier(one.name) ? one.name.text : 'input';
    return `${name}${one.questionToken ? '?' : ''}: ${inner.text(one.type)}`;
  });
  return { ...head, parameters, returns: inner.text(node.type) };
}

/** What the namespace of a class offers: `Name`, `module:Name`, `exported=…`; a leading `+` marks values. */
function offers(module, name) {
  const out = [];
  const bodies = (module.declared.get(name) ?? []).filter(ts.isModuleDeclaration);
  for (const statement of bodies.flatMap((body) => body.body.statements)) {
    for (const one of (ts.isExportDeclaration(statement) && statement.exportClause?.elements) || []) {
      const local = (one.propertyName ?? one.name).text;
      const found = new Printer(module).root(local, []);
      const path = found.replace(/^@:?/, '');
      const leaf = path.split(':').pop();
      out.push(`${one.isTypeOnly ? '' : '+'}${leaf === one.name.text ? '' : `${one.name.text}=`}${path}`);
    }
    if (ts.isTypeAliasDeclaration(statement) && module.name === '/client') {
      const path = new Printer(module).text(statement.type).replace(/^@:?/, '');
      const leaf = path.split(':').pop();
      out.push(`${leaf === statement.name.text ? '' : `${statement.name.text}=`}${path}`);
    }
    if (ts.isImportEqualsDeclaration(statement)) {
      const [first, ...rest] = statement.moduleReference.getText().split('.');
      out.push(`+${new Printer(module).root(first, rest).replace(/^@:?/, '')}`);
    }
  }
  return out;
}

function resource(module, name, node) {
  const printer = new Printer(module);
  const below = {};
  const methods = {};
  const plainMember = (one) => !one.modifiers?.length && one.name && ts.isIdentifier(one.name);
  for (const member of node.members.filter(plainMember)) {
    if (ts.isPropertyDeclaration(member)) {
      const text = printer.text(member.type);
      if (ts.isTypeReferenceNode(member.type) && !text.startsWith('@/')) below[member.name.text] = text.replace(/^@:?/, '');
    } else if (ts.isMethodDeclaration(member) && module.name !== '/client') {
      (methods[member.name.text] ??= []).push(signature(member, printer));
    }
  }
  return { below, methods, offers: offers(module, name) };
}

function walk(dir, prefix = '') {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return walk(join(dir, entry.name), `${prefix}${entry.name}/`);
    return entry.name.endsWith('.d.ts') ? [prefix + entry.name.slice(0, -'.d.ts'.length)] : [];
  });
}

/** Sockets and their kin are written by hand. */
const readable = (module) => !/(^|\/)(ws|ws-base|internal-base|websocket-binding)$/.test(module.name);

function write(kind, groups) {
  const dir = join(api, 'node', kind);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  for (const [group, entries] of groups) {
    let [part, lines] = [1, []];
    const flush = () => {
      const name = part === 1 ? group : `${group}_${part}`;
      const body = lines.map((one, at) => one + (at + 1 < lines.length ? ',' : '')).join('\n');
      if (lines.length) writeFileSync(join(dir, `${name}.json`), `{"${kind === 'types' ? 'modules' : kind}": {\n${body}\n}}\n`);
      [part, lines] = [part + 1, []];
    };
    let count = 0;
    for (const text of entries) {
      const length = text.split('\n').length;
      if (count + length > LONGEST && lines.length) {
        flush();
        count = 0;
      }
      lines.push(text);
      count += length;
    }
    flush();
  }
}

const json = (value) => JSON.stringify(value);

/** One definition, a member a line. */
function definitionText(name, value) {
  const { fields, ...rest } = value;
  if (!fields) return `  ${json(name)}: ${json(rest)}`;
  const head = Object.keys(rest).length ? `${json(rest).slice(0, -1)}, ` : '{';
  const members = Object.entries(fields).map(([key, type]) => `    ${json(key)}: ${json(type)}`);
  return `  ${json(name)}: ${head}"fields": {${members.length ? `\n${members.join(',\n')}` : ''}}}`;
}

/** A module's definitions, in pieces short enough for a file. */
function moduleTexts(name, all) {
  const out = [];
  let piece = [];
  let count = 0;
  const flush = () => piece.length && out.push(`${json(out.length ? `${name}#${out.length + 1}` : name)}: {\n${piece.join(',\n')}}`);
  for (const [key, value] of Object.entries(all)) {
    const text = definitionText(key, value);
    const length = text.split('\n').length;
    if (count + length > LONGEST) {
      flush();
      [piece, count] = [[], 0];
    }
    piece.push(text);
    count += length;
  }
  flush();
  return out;
}

function main() {
  const types = new Map();
  const resources = new Map();
  const names = [...walk(join(folder, 'resources')).sort(), '/client'];
  for (const name of names) {
    const module = load(name);
    const group = name === '/client' ? 'client' : name.split('/')[0].replaceAll('-', '_');
    if (!readable(module)) {
      (resources.get(group) ?? resources.set(group, []).get(group)).push(`${json(name)}: {"by_hand": true}`);
      continue;
    }
    const all = name === '/client' ? {} : definitions(module);
    const own = [...classes(module)].map(([key, node]) => [key, resource(module, key, node)]);
    const others = module.source.statements
      .filter((node) => ts.isClassDeclaration(node) && !isResource(node) && name !== '/client')
      .map((node) => node.name.text);
    if (Object.keys(all).length)
      (types.get(group) ?? types.set(group, []).get(group)).push(...moduleTexts(name, all));
    if (name === '/client') {
      // What the base of the client defines.
      const own = module.source.statements.filter((node) => ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node));
      module.exports.push(['/core/client', own.map((node) => [node.name.text, node.name.text, true])]);
    }
    const exported = module.exports.map(([from, list]) => [
      from,
      list === '*' ? '*' : list.map(([local, out, type]) => (type ? '' : '+') + (local === out ? '' : `${out}=`) + local),
    ]);
    const parts = [];
    for (const [key, one] of own) {
      const methods = Object.entries(one.methods).map(([method, list]) => {
        return `    ${json(method)}: [${list.map(json).join(',\n      ')}]`;
      });
      parts.push(
        `  "class": ${json(key)}, "below": ${json(one.below)},\n  "offers": ${json(one.offers)},\n  "methods": {` +
          (methods.length ? `\n${methods.join(',\n')}` : '') + '}',
      );
    }
    if (own.length > 1) throw new Error(`${name} has two resources`);
    if (others.length) parts.push(`  "classes_by_hand": ${json(others)}`);
    if (exported.length) parts.push(`  "exports": ${json(exported)}`);
    (resources.get(group) ?? resources.set(group, []).get(group)).push(`${json(name)}: {\n${parts.join(',\n')}}`);
  }
  write('types', types);
  write('resources', resources);
}

main();
