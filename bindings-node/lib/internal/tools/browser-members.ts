/** What a model can ask of a browser: a function each, with its arguments. */
import type { FunctionTool } from '../../resources/responses/responses.js';
import { isItem, isText, isWhole, type Item } from './native-items.js';

type Schema = Item;
type Modifier = 'Control' | 'Alt' | 'Meta' | 'Shift';
interface Tab { tab_id: string | null }
interface Point { x: number; y: number }

/** Arguments by the name of the function. */
export interface BrowserArgumentsByMember {
  navigate: { url: string } & Tab;
  read_page: Tab & { filter: 'all' | 'interactive' };
  read_page_scoped: Tab & { root: string | null; depth: number; filter: 'all' | 'interactive' };
  read_diagnostics: Tab & { source: 'console' | 'network'; limit: number };
  run_script: Tab & { source: string; timeout_ms: number };
  upload_file: { grant_id: string };
  download_file: { grant_id: string };
  get_page_text: Tab;
  find: { query: string } & Tab;
  click: { target: string } & Tab;
  click_at: Tab & Point & { button: 'left' | 'right' | 'middle'; click_count: 1 | 2 | 3; keys: Modifier[] };
  drag_path: Tab & { path: Point[]; keys: Modifier[] };
  hold_keys: Tab & { keys: string[]; duration_ms: number };
  type: { text: string; target: string | null } & Tab;
  key: { keys: string[] } & Tab;
  scroll: { direction: 'up' | 'down' | 'left' | 'right'; amount: number } & Tab;
  scroll_to: { target: string } & Tab;
  wait_for: { text: string; timeout_ms: number } & Tab;
  select_option: { target: string; values: string[] } & Tab;
  hover: { target: string } & Tab;
  hover_at: Tab & Point;
  set_checked: Tab & { target: string; checked: boolean };
  screenshot: Tab;
  zoom: Tab & { region: [number, number, number, number] };
  new_tab: { url: string | null };
  list_tabs: {};
  switch_tab: { tab_id: string };
  close_tab: { tab_id: string };
}

export type MemberName = keyof BrowserArgumentsByMember;
/** Members that change nothing. */
export type ReadName =
  | 'read_page' | 'read_page_scoped' | 'read_diagnostics' | 'get_page_text' | 'find' | 'wait_for' | 'screenshot' | 'zoom' | 'list_tabs';

const between = (minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): Schema => ({ type: 'integer', minimum, maximum });
const among = (...values: unknown[]): Schema => ({ type: typeof values[0] === 'number' ? 'integer' : 'string', enum: values });
const list = (items: Schema, more: Schema = {}): Schema => ({ type: 'array', items, ...more });
const closed = (properties: Schema): Schema => ({ type: 'object', properties, required: Object.keys(properties), additionalProperties: false });

const text: Schema = { type: 'string' };
const textOrNull: Schema = { type: ['string', 'null'] };
const tab = { tab_id: textOrNull };
const place = between(0);
const filter = among('all', 'interactive');
const keys = list(among('Control', 'Alt', 'Meta', 'Shift'), { minItems: 0, maxItems: 4, description: 'Modifiers that are held, each at most once.' });
const grant: Schema = { type: 'string', description: 'The permission that the program gave: 1 to 256 bytes of UTF-8.' };
const held = list(
  { type: 'string', description: 'The name of a key: 1 to 64 bytes of UTF-8.' },
  { minItems: 1, maxItems: 8, description: 'Keys to hold, each at most once.' },
);
const root: Schema = { type: ['string', 'null'], description: 'The reference of a part, at most 256 bytes of UTF-8; null finds the parts.' };
const awaited: Schema = { type: 'string', description: 'A text that is seen: 1 to 256 bytes of UTF-8 without the space around it.' };

/** What the model is told of each, and its arguments. */
const MEMBERS: Record<MemberName, [string, Schema]> = {
  navigate: ['Opens an address in a tab.', { url: text, ...tab }],
  read_page: ['Reads a page: its text, and its controls with references.', { ...tab, filter }],
  read_page_scoped: ['Reads a part of a page by its reference, or finds its parts.', { ...tab, root, depth: between(1, 32), filter }],
  read_diagnostics: ['Reads what the page wrote to its console, or what it loaded.', { ...tab, source: among('console', 'network'), limit: between(1, 100) }],
  run_script: [
    'Runs a script in a page, and gives its result as text.',
    { ...tab, source: { type: 'string', description: 'The script; not empty.' }, timeout_ms: between(1, 30_000) },
  ],
  upload_file: ['Gives a page a file that the program allowed.', { grant_id: grant }],
  download_file: ['Stores a file of a page where the program allowed it.', { grant_id: grant }],
  get_page_text: ['Reads the text of a page.', tab],
  find: ['Finds controls or text in a page.', { query: text, ...tab }],
  click: ['Clicks a control by its reference.', { target: text, ...tab }],
  click_at: ['Clicks at a place of the page.', { ...tab, x: place, y: place, button: among('left', 'right', 'middle'), click_count: among(1, 2, 3), keys }],
  drag_path: ['Drags along a way with the left button.', { ...tab, path: list(closed({ x: place, y: place }), { minItems: 2, maxItems: 100 }), keys }],
  hold_keys: ['Holds keys for a time, at most three seconds.', { ...tab, keys: held, duration_ms: between(1, 3000) }],
  type: ['Types text into a control, or where the focus is.', { text, target: textOrNull, ...tab }],
  key: ['Presses keys together.', { keys: list(text), ...tab }],
  scroll: ['Scrolls a page.', { direction: among('up', 'down', 'left', 'right'), amount: place, ...tab }],
  scroll_to: ['Scrolls until a control is seen.', { target: text, ...tab }],
  wait_for: ['Waits until a text is seen.', { text: awaited, timeout_ms: between(1, 30_000), ...tab }],
  select_option: ['Chooses values of a control.', { target: text, values: list(text), ...tab }],
  hover: ['Points at a control.', { target: text, ...tab }],
  hover_at: ['Points at a place of the page.', { ...tab, x: place, y: place }],
  set_checked: ['Checks a box, or takes its mark away.', { ...tab, target: text, checked: { type: 'boolean' } }],
  screenshot: ['Takes a picture of a page.', tab],
  zoom: ['Takes a picture of a part of a page: left, top, right, bottom, in pixels of the whole.', { ...tab, region: list(place, { minItems: 4, maxItems: 4 }) }],
  new_tab: ['Opens a tab.', { url: textOrNull }],
  list_tabs: ['Lists the tabs.', {}],
  switch_tab: ['Makes a tab the active one.', { tab_id: text }],
  close_tab: ['Closes a tab.', { tab_id: text }],
};

/** Members that have to be asked for by name. */
const OPTIONAL = new Set<MemberName>([
  'read_page_scoped', 'read_diagnostics', 'run_script', 'upload_file', 'download_file', 'click_at', 'drag_path', 'hold_keys', 'hover_at', 'set_checked',
]);

export const MEMBER_NAMES: readonly MemberName[] = Object.freeze(Object.keys(MEMBERS) as MemberName[]);
export const USUAL_NAMES: readonly MemberName[] = Object.freeze(MEMBER_NAMES.filter((name) => !OPTIONAL.has(name)));
export const READS: ReadonlySet<MemberName> = new Set<MemberName>([
  'read_page', 'read_page_scoped', 'read_diagnostics', 'get_page_text', 'find', 'wait_for', 'screenshot', 'zoom', 'list_tabs',
]);
/** Members that the program must agree to: what changes something, and what tells more than the page shows. */
export const needsConsent = (member: MemberName): boolean => !READS.has(member) || member === 'read_diagnostics';
/** Members that go to an address. */
export const NAVIGATING: ReadonlySet<MemberName> = new Set<MemberName>(['navigate', 'new_tab']);

/** The function as a tool of responses. */
export function declaration(member: MemberName): FunctionTool {
  const [description, properties] = MEMBERS[member];
  return structuredClone({ type: 'function', name: `browser_${member}`, description, strict: true, parameters: closed(properties) }) as FunctionTool;
}

/** The length of a text in UTF-8; -1 for what is no Unicode. */
export const sizeOf = (value: string): number => (/\p{Surrogate}/u.test(value) ? -1 : Buffer.byteLength(value));
export const isNamed = (value: string, most: number): boolean => sizeOf(value) > 0 && sizeOf(value) <= most;
const areDistinct = (values: unknown[]): boolean => new Set(values).size === values.length;

/** What a schema does not say. */
const FURTHER: { [M in MemberName]?: (given: any) => boolean } = {
  zoom: ({ region }) => region[0] < region[2] && region[1] < region[3],
  wait_for: (given) => isNamed(given.text.replace(/\s+/g, ' ').trim(), 256),
  click_at: (given) => areDistinct(given.keys),
  drag_path: (given) => areDistinct(given.keys),
  hold_keys: (given) => areDistinct(given.keys) && given.keys.every((key: string) => isNamed(key, 64)),
  read_page_scoped: (given) => given.root === null || isNamed(given.root, 256),
  run_script: (given) => sizeOf(given.source) > 0,
  upload_file: (given) => isNamed(given.grant_id, 256),
  download_file: (given) => isNamed(given.grant_id, 256),
};

const KINDS: Record<string, (value: unknown) => boolean> = {
  string: isText, null: (value) => value === null, boolean: (value) => typeof value === 'boolean', integer: isWhole, array: Array.isArray, object: isItem,
};

function fits(value: any, schema: Schema): boolean {
  if (![schema['type']].flat().some((kind: string) => KINDS[kind]!(value))) return false;
  if (schema['enum'] && !schema['enum'].includes(value)) return false;
  if (Array.isArray(value)) {
    const { minItems = 0, maxItems = Infinity, items } = schema;
    return value.length >= minItems && value.length <= maxItems && value.every((inner) => fits(inner, items));
  }
  if (isItem(value)) return hasOnly(value, schema['properties']) && Object.keys(value).every((name) => fits(value[name], schema['properties'][name]));
  return typeof value !== 'number' || schema['minimum'] === undefined || (value >= schema['minimum'] && value <= schema['maximum']);
}

function hasOnly(given: Item, properties: Schema): boolean {
  const names = Object.keys(given);
  return names.length === Object.keys(properties).length && names.every((name) => Object.hasOwn(properties, name));
}

/** The arguments of a call, or what is wrong with them, in words for the model. */
export function argumentsFor(member: MemberName, source: string): { args: Item } | { wrong: string } {
  let given: unknown;
  try {
    given = JSON.parse(source);
  } catch {
    return { wrong: 'The arguments are no JSON.' };
  }
  if (!isItem(given)) return { wrong: 'The arguments must be a JSON object.' };
  const properties = MEMBERS[member][1];
  if (!hasOnly(given, properties)) return { wrong: 'The arguments must be exactly those that the function has.' };
  const right = fits(given, closed(properties)) && FURTHER[member]?.(given) !== false;
  return right ? { args: given } : { wrong: 'An argument has a value that the function does not take.' };
}
