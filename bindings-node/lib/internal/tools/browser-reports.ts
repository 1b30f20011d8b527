/** What a driver returns, taken over: known members only, within limits, so that nothing else of a page or a program reaches the model. */
import { isNamed, sizeOf, type MemberName } from './browser-members.js';
import { isItem, isText, isWhole, type Item } from './native-items.js';

/** Something that a driver must not return. It tells nothing of it. */
export class Invalid extends Error {}

function must<T>(holds: boolean, value: T): T {
  if (!holds) throw new Invalid();
  return value;
}

const textOf = (value: any, most = Infinity, isEmptyRight = true): string =>
  must(isText(value) && (isEmptyRight && value === '' ? true : isNamed(value, most)), value);
const countOf = (value: any): number => must(isWhole(value) && value >= 0, value);
const flagOf = (value: any): boolean => must(typeof value === 'boolean', value);
const among = (value: any, allowed: readonly string[]): string => must(isText(value) && allowed.includes(value), value);
const objectOf = (value: any): Item => must(isItem(value), value);
/** Copied before anything in it is looked at. */
const listOf = (value: any): any[] => [...must<any[]>(Array.isArray(value), value)];
const areDistinct = (values: unknown[]): boolean => new Set(values).size === values.length;

/** As much of an address as the model may see. */
function originOf(url: string): string {
  if (url === 'about:blank') return url;
  if (!URL.canParse(url)) throw new Invalid();
  const { protocol, origin } = new URL(url);
  return protocol === 'http:' || protocol === 'https:' ? origin : protocol;
}

/** The first bytes of a title, and whether there are more. */
function shownTitle(title: string): [string, boolean] {
  if (sizeOf(title) <= 1024) return [title, false];
  return [new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(title).subarray(0, 1024), { stream: true }), true];
}

function tabOf(value: unknown, isObserved: boolean): [Item, boolean] {
  const { id, title, url, active } = objectOf(value);
  const [shown, isCut] = isObserved ? shownTitle(textOf(title)) : [textOf(title), false];
  const tab = {
    id: textOf(id, isObserved ? 128 : Infinity, !isObserved), title: shown, url: textOf(originOf(textOf(url)), 2048), active: flagOf(active),
  };
  return [tab, isCut];
}

/** Changes: whether their tab may be unknown, and their further member with its values. */
const CHANGES = new Map<string, [boolean, string?, string[]?]>([
  ['tab_opened', [false]],
  ['tab_closed', [false]],
  ['tab_switched', [false]],
  ['navigation', [false]],
  ['navigation_refused', [true, 'reason', ['policy', 'unsupported']]],
  ['dialog_dismissed', [false, 'kind', ['alert', 'confirm', 'prompt', 'beforeunload', 'other']]],
  ['download', [true, 'status', ['blocked', 'started', 'completed', 'failed']]],
]);

function changeOf(value: unknown, sequence: number): Item {
  const held = objectOf(value);
  const type = among(held['type'], [...CHANGES.keys()]);
  const [mayLackTab, detail, allowed] = CHANGES.get(type)!;
  const tab = held['tab_id'];
  const made: Item = { type, sequence: must(countOf(held['sequence']) === sequence, sequence) };
  made['tab_id'] = tab === null && mayLackTab ? null : textOf(tab, 128, false);
  if (detail && allowed) made[detail] = among(held[detail], allowed);
  return made;
}

function observationOf(value: unknown): Item {
  const { version, sequence, dropped_changes, title_truncated, changes } = objectOf(value);
  const dropped = countOf(dropped_changes);
  const listed = listOf(changes);
  must(version === 1 && countOf(sequence) === dropped + listed.length, undefined);
  return {
    version: 1, sequence, dropped_changes: dropped, title_truncated: flagOf(title_truncated),
    changes: listed.map((change, at) => changeOf(change, dropped + at + 1)),
  };
}

/** Whether an observation goes on where another stopped: nothing told before may be told otherwise. */
function follows(now: Item | undefined, before: Item): boolean {
  if (!now || now['sequence'] < before['sequence'] || now['dropped_changes'] < before['dropped_changes']) return false;
  const known = new Map<number, string>(before['changes'].map((change: Item) => [change['sequence'], JSON.stringify(change)]));
  return now['changes'].every((change: Item) => (known.get(change['sequence']) ?? JSON.stringify(change)) === JSON.stringify(change));
}

/** What a driver says of its browser; `before` is what it said last. */
export function stateOf(value: unknown, before: Item | undefined): Item {
  const held = objectOf(value);
  const observation = held['observation'];
  const now = observation === undefined ? undefined : observationOf(observation);
  const earlier = before?.['observation'];
  must(!earlier || follows(now, earlier), undefined);
  const tabs = listOf(held['tabs']).map((tab) => tabOf(tab, now !== undefined));
  const isUsable = areDistinct(tabs.map(([{ id }]) => id)) && tabs.filter(([{ active }]) => active).length === Math.min(tabs.length, 1);
  must(isUsable, undefined);
  if (now) now['title_truncated'] ||= tabs.some(([, isCut]) => isCut);
  return { tabs: tabs.map(([tab]) => tab), observation: now };
}

const ROLES = ['button', 'textbox', 'combobox', 'checkbox', 'radio', 'slider', 'listbox'];
const OMISSIONS = [
  'report_limit', 'text_limit', 'target_limit', 'work_limit', 'frame_limit', 'unsupported_root', 'unsupported_control', 'remote_action', 'private', 'value', 'name_limit',
];

function optionOf(value: unknown, role: string): Item {
  const { label, value: chosen, selected } = objectOf(value);
  const made: Item = { label: textOf(label, 256, false), value: textOf(chosen, 512) };
  if (role === 'listbox' && selected !== undefined) made['selected'] = flagOf(selected);
  return made;
}

function elementOf(value: unknown): Item {
  const { ref, role: given, label, value: content, options, checked } = objectOf(value);
  const role = among(given, ROLES);
  const made: Item = { ref: textOf(ref, 256, false), role, label: textOf(label, 256, false) };
  if (content !== undefined) made['value'] = textOf(content, 512);
  if (options !== undefined) made['options'] = listOf(options).map((option) => optionOf(option, role));
  if ((role === 'checkbox' || role === 'radio') && checked !== undefined) made['checked'] = flagOf(checked);
  return made;
}

function readOf(member: MemberName, value: unknown): unknown {
  const mustReport = member === 'read_page_scoped' || member === 'read_diagnostics';
  if (!mustReport && (value === undefined || value === null)) return value;
  if (!mustReport && isText(value)) return textOf(value);
  const held = objectOf(value);
  must(held['version'] === 1, undefined);
  const omitted = listOf(held['omitted']).map((reason) => among(reason, OMISSIONS));
  const elements = listOf(held['elements']).map(elementOf);
  const mayHaveElements = member !== 'get_page_text' && member !== 'read_diagnostics';
  must(areDistinct(omitted) && (mayHaveElements || elements.length === 0), undefined);
  const made: Item = { version: 1, text: textOf(held['text']), elements, omitted };
  const refs = elements.map(({ ref }) => ref);
  if (member === 'read_page_scoped') {
    made['scopes'] = listOf(held['scopes']).map((scope) => ({ ref: textOf(objectOf(scope)['ref'], 256, false), label: textOf(scope.label, 256, false) }));
    refs.push(...made['scopes'].map(({ ref }: Item) => ref));
  }
  return must(areDistinct(refs), made);
}

const EFFECTS = new Map([['completed', ['completed']], ['refused', ['none']], ['unknown', ['unknown']], ['interrupted', ['none', 'unknown']]]);

function fileOf(value: unknown): Item {
  const held = objectOf(value);
  must(held['version'] === 1 && Object.keys(held).sort().join() === 'cleanup,effect,status,version', undefined);
  const status = among(held['status'], [...EFFECTS.keys()]);
  return {
    version: 1, status, effect: among(held['effect'], EFFECTS.get(status)!), cleanup: among(held['cleanup'], ['not_started', 'pending', 'completed']),
  };
}

/** A picture as the model takes it: an address, a file, or both. */
function pictureOf(value: unknown): Item {
  const held = objectOf(value);
  const known = ['type', 'image_url', 'file_id', 'detail', 'prompt_cache_breakpoint'];
  must(held['type'] === 'input_image' && Object.keys(held).every((name) => known.includes(name)), undefined);
  const made: Item = { type: 'input_image' };
  if (held['detail'] !== undefined) made['detail'] = held['detail'] === null ? null : among(held['detail'], ['low', 'high', 'auto', 'original']);
  for (const name of ['image_url', 'file_id']) {
    if (held[name] !== undefined) made[name] = held[name] === null ? null : must(isText(held[name]) && held[name].trim() !== '', textOf(held[name]));
  }
  must(isText(made['image_url']) || isText(made['file_id']), undefined);
  const mark = held['prompt_cache_breakpoint'];
  if (mark === undefined) return made;
  must(mark === null || (isItem(mark) && mark['mode'] === 'explicit' && Object.keys(mark).length === 1), undefined);
  return { ...made, prompt_cache_breakpoint: mark === null ? null : { mode: 'explicit' } };
}

/** What a driver gave for a member. Throws, whatever is wrong with it. */
export function resultOf(member: MemberName, value: unknown): unknown {
  switch (member) {
    case 'read_page':
    case 'get_page_text':
    case 'find':
    case 'read_page_scoped':
    case 'read_diagnostics':
      return readOf(member, value);
    case 'upload_file':
    case 'download_file':
      return fileOf(value);
    case 'screenshot':
    case 'zoom':
      return pictureOf(value);
    case 'run_script':
      return textOf(value);
    default:
      return value === undefined ? undefined : textOf(value);
  }
}
