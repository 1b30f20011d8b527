/** Browsers of programs: what a toolset declares, what it asks before, what it tells the model of a browser. */
import { outcome } from './world.mjs';

const tab = { id: 't', title: 'T', url: 'https://a.test/x?y=1', active: true };
const call = (name, args, more) => ({ type: 'function_call', id: 'f', call_id: 'c', name: `browser_${name}`, arguments: typeof args === 'string' ? args : JSON.stringify(args), status: 'completed', ...more });

/** What failed, without the words. */
const failed = (error) => error && { chain: error.chain, name: error.name };

/** An output, with words about failures as such. */
function plain(output) {
  const [text, ...rest] = output.output;
  const told = JSON.parse(text.text);
  if (told.error !== undefined) told.error = ['gone', 'closed'].includes(told.error) ? told.error : 'words';
  return { ...output, output: [Object.keys(told).sort(), told, ...rest] };
}

async function run(p, { calls, driver = {}, options = {}, states = [{ tabs: [tab] }], confirm = true, policy = true, close, skip, words, late }) {
  const { BrowserToolset, BROWSER_MEMBERS, BrowserError } = p.load('helpers/browser');
  const log = [];
  const told = [];
  let at = 0;
  const made = { state: (context) => (log.push(['state', Object.keys(context ?? {})]), states[Math.min(at++, states.length - 1)]) };
  for (const member of BROWSER_MEMBERS) {
    if (member !== 'list_tabs') made[member] = (args, context) => void log.push([member, args, Object.keys(context)]);
  }
  for (const [name, value] of Object.entries(driver)) made[name] = typeof value === 'function' ? (args, context) => (log.push([name, args]), value(BrowserError, args, context)) : value;
  const given = {
    members: BROWSER_MEMBERS,
    confirm: (context, execution) => (log.push(['confirm', context, Object.keys(execution)]), confirm),
    urlPolicy: (context, url, execution) => (log.push(['policy', context.member, url, Object.keys(execution)]), policy),
    onDiagnostic: ({ duration_ms, ...rest }) => told.push(rest),
    ...options,
  };
  if (words) given.confirm = () => { throw new BrowserError(words); };
  if (late) {
    const controller = new AbortController();
    skip = { signal: controller.signal };
    if (late === 'confirm') given.confirm = () => (controller.abort(), true);
    if (late === 'click') made.click = () => controller.abort();
    if (late === 'failure') made.click = () => { controller.abort(); throw new Error('secret'); };
  }
  const { value, error } = await outcome(async () => {
    const set = new BrowserToolset(made, given);
    if (close) log.push(set.close());
    const outputs = [];
    for (const one of calls) outputs.push(plain(await set.execute(one, skip)));
    return outputs;
  });
  return JSON.parse(JSON.stringify({ value: value ?? null, failed: failed(error) ?? null, log, told }));
}

const IMAGE = { type: 'input_image', image_url: 'data:x', detail: 'auto' };
const READ = { version: 1, text: 'x', elements: [], omitted: [] };
const element = (more) => ({ ref: 'e1', role: 'button', label: 'OK', ...more });
const seen = (changes, more) => ({ tabs: [tab], observation: { version: 1, sequence: changes.length, dropped_changes: 0, title_truncated: false, changes, ...more } });
const opened = { type: 'tab_opened', sequence: 1, tab_id: 't' };
const find = call('find', { query: 'q', tab_id: null });
const click = call('click', { target: 'e', tab_id: null });
const found = (value) => ({ calls: [find], driver: { find: () => value } });
const given = (name, args) => ({ calls: [call(name, args)] });

const STORIES = {
  'a page to go to': given('navigate', { url: 'https://b.test/p', tab_id: null }),
  'a page that the policy refuses': { ...given('navigate', { url: 'https://b.test/p', tab_id: null }), policy: false },
  'a word of the policy that is no yes': { ...given('navigate', { url: 'https://b.test/p', tab_id: null }), policy: 1 },
  'a page that the program refuses': { ...given('navigate', { url: 'https://b.test/p', tab_id: null }), confirm: false },
  'an empty tab': given('new_tab', { url: null }),
  'tabs': given('list_tabs', {}),
  'a click': { calls: [click] },
  'a click that is refused': { calls: [click], confirm: false },
  'a click that fails': { calls: [click], driver: { click: () => { throw new Error('secret'); } } },
  'a click that fails with words for the model': { calls: [click], driver: { click: (BrowserError) => { throw new BrowserError('gone'); } } },
  'a click with a result': { calls: [click], driver: { click: () => 'clicked' } },
  'a click with another result': { calls: [click], driver: { click: () => 5 } },
  'an argument too few': given('click', { target: 'e' }),
  'an argument too many': given('click', { target: 'e', tab_id: null, x: 1 }),
  'an argument of another kind': given('click', { target: 5, tab_id: null }),
  'arguments that are a list': given('click', '[]'),
  'arguments that are no JSON': given('click', '{'),
  'a picture': { ...given('screenshot', { tab_id: null }), driver: { screenshot: () => ({ ...IMAGE, other: 1 }) } },
  'a picture of the kinds that there are': { ...given('screenshot', { tab_id: null }), driver: { screenshot: () => IMAGE } },
  'a picture that is none': { ...given('screenshot', { tab_id: null }), driver: { screenshot: () => ({ type: 'input_image' }) } },
  'a file as picture': { ...given('zoom', { tab_id: null, region: [0, 0, 5, 5] }), driver: { zoom: () => ({ type: 'input_image', file_id: 'f', detail: 'high' }) } },
  'an empty region': given('zoom', { tab_id: null, region: [5, 0, 5, 5] }),
  'a wait': { ...given('wait_for', { text: 'x', timeout_ms: 10, tab_id: 't' }) },
  'a wait for nothing': given('wait_for', { text: ' ', timeout_ms: 10, tab_id: null }),
  'a wait that is too long': given('wait_for', { text: 'x', timeout_ms: 30001, tab_id: null }),
  'keys twice': given('click_at', { tab_id: null, x: 1, y: 1, button: 'left', click_count: 1, keys: ['Alt', 'Alt'] }),
  'a click at a place': given('click_at', { tab_id: null, x: 1, y: 1, button: 'right', click_count: 2, keys: ['Alt'] }),
  'a click below zero': given('click_at', { tab_id: null, x: -1, y: 1, button: 'left', click_count: 1, keys: [] }),
  'four clicks': given('click_at', { tab_id: null, x: 1, y: 1, button: 'left', click_count: 4, keys: [] }),
  'a way': given('drag_path', { tab_id: null, path: [{ x: 1, y: 1 }, { x: 2, y: 2 }], keys: [] }),
  'a way of one place': given('drag_path', { tab_id: null, path: [{ x: 1, y: 1 }], keys: [] }),
  'a way with more': given('drag_path', { tab_id: null, path: [{ x: 1, y: 1, z: 1 }, { x: 2, y: 2 }], keys: [] }),
  'keys that are held': given('hold_keys', { tab_id: null, keys: ['A', 'B'], duration_ms: 3000 }),
  'a key without a name': given('hold_keys', { tab_id: null, keys: [''], duration_ms: 1 }),
  'a box': given('set_checked', { tab_id: null, target: 'e', checked: true }),
  'a choice': given('select_option', { target: 'e', values: ['a'], tab_id: null }),
  'a text for the focus': given('type', { text: 'x', target: null, tab_id: null }),
  'a way to scroll': given('scroll', { direction: 'down', amount: 0, tab_id: null }),
  'another way to scroll': given('scroll', { direction: 'in', amount: 0, tab_id: null }),
  'a script': { ...given('run_script', { tab_id: null, source: '1', timeout_ms: 1 }), driver: { run_script: () => 'one' } },
  'a script that gives nothing': given('run_script', { tab_id: null, source: '1', timeout_ms: 1 }),
  'an empty script': given('run_script', { tab_id: null, source: '', timeout_ms: 1 }),
  'a file that came': { ...given('download_file', { grant_id: 'g' }), driver: { download_file: () => ({ version: 1, status: 'completed', effect: 'completed', cleanup: 'completed' }) } },
  'a file that was refused': { ...given('upload_file', { grant_id: 'g' }), driver: { upload_file: () => ({ version: 1, status: 'refused', effect: 'none', cleanup: 'not_started' }) } },
  'a file that cannot be': { ...given('upload_file', { grant_id: 'g' }), driver: { upload_file: () => ({ version: 1, status: 'refused', effect: 'completed', cleanup: 'not_started' }) } },
  'a permission without a name': given('upload_file', { grant_id: '' }),
  'a text found': found('x'),
  'nothing found': found(null),
  'a report': found({ ...READ, elements: [element(), element({ ref: 'e2', role: 'checkbox', checked: true, other: 1 }), element({ ref: 'e3', role: 'listbox', options: [{ label: 'a', value: 'b', selected: true, x: 1 }] })] }),
  'a report of a selection elsewhere': found({ ...READ, elements: [element({ role: 'combobox', options: [{ label: 'a', value: 'b', selected: true }] })] }),
  'a mark where none is': found({ ...READ, elements: [element({ checked: true })] }),
  'a report with one name twice': found({ ...READ, elements: [element(), element()] }),
  'a report of another version': found({ ...READ, version: 2 }),
  'a report with another role': found({ ...READ, elements: [element({ role: 'nose' })] }),
  'a report of what was left out': found({ ...READ, omitted: ['private', 'text_limit'] }),
  'left out twice': found({ ...READ, omitted: ['private', 'private'] }),
  'left out by another name': found({ ...READ, omitted: ['lazy'] }),
  'a control without a label': found({ ...READ, elements: [element({ label: '' })] }),
  'a number': found(5),
  'a text of a page': { ...given('get_page_text', { tab_id: null }), driver: { get_page_text: () => 'x' } },
  'controls in a text': { ...given('get_page_text', { tab_id: null }), driver: { get_page_text: () => ({ ...READ, elements: [element()] }) } },
  'parts of a page': { ...given('read_page_scoped', { tab_id: null, root: null, depth: 3, filter: 'all' }), driver: { read_page_scoped: () => ({ ...READ, scopes: [{ ref: 's', label: 'S', x: 1 }] }) } },
  'parts that are missing': { ...given('read_page_scoped', { tab_id: null, root: 'r', depth: 3, filter: 'all' }), driver: { read_page_scoped: () => READ } },
  'records of a page': { ...given('read_diagnostics', { tab_id: null, source: 'console', limit: 5 }), driver: { read_diagnostics: () => READ } },
  'records as text': { ...given('read_diagnostics', { tab_id: null, source: 'console', limit: 5 }), driver: { read_diagnostics: () => 'x' } },
  'a function of nobody': given('dance', {}),
  'a call that is not completed': { calls: [{ ...click, status: 'incomplete' }] },
  'a call without a status': { calls: [call('click', { target: 'e', tab_id: null }, { status: undefined })] },
  'a closed toolset': { calls: [click], close: true },
  'a signal that has come': { calls: [click], skip: { signal: AbortSignal.abort() } },
  'a state that is none': { calls: [find], states: [5] },
  'a state without tabs': { calls: [find], states: [{}] },
  'addresses of other kinds': { states: ['about:blank', 'file:///etc/x', 'http://a:b@c.test:8080/x#y', 'data:text/html,x', 'HTTPS://A.test:443', 'about:srcdoc', 'blob:https://a.test/x', 'http://[::1]:80/'].map((url) => ({ tabs: [{ ...tab, url }] })), calls: [find, find, find, find] },
  'a tab twice': { calls: [find], states: [{ tabs: [tab, { ...tab, active: false }] }] },
  'two active tabs': { calls: [find], states: [{ tabs: [tab, { ...tab, id: 'u' }] }] },
  'no active tab': { calls: [find], states: [{ tabs: [{ ...tab, active: false }, { ...tab, id: 'u', active: false }] }] },
  'a tab without a name': { calls: [find], states: [{ tabs: [{ ...tab, id: '' }] }] },
  'no tabs': { calls: [find], states: [{ tabs: [] }] },
  'an address that is none': { calls: [find], states: [{ tabs: [{ ...tab, url: 'nothing' }] }] },
  'more of a tab': { calls: [find], states: [{ tabs: [{ ...tab, cookie: 'secret' }], other: 1 }] },
  'changes': { calls: [find], states: [seen([]), seen([opened])] },
  'changes that are told otherwise': { calls: [find], states: [seen([opened]), seen([{ ...opened, type: 'navigation' }])] },
  'changes that are gone': { calls: [find], states: [seen([opened]), seen([])] },
  'changes with a gap': { calls: [find], states: [seen([{ ...opened, sequence: 2 }])] },
  'changes before the first': { calls: [find], states: [seen([{ ...opened, sequence: 4 }], { sequence: 4, dropped_changes: 3 })] },
  'changes of all kinds': { calls: [find], states: [seen([opened, { type: 'navigation_refused', sequence: 2, tab_id: null, reason: 'policy' }, { type: 'dialog_dismissed', sequence: 3, tab_id: 't', kind: 'alert', text: 'x' }, { type: 'download', sequence: 4, tab_id: 't', status: 'blocked' }])] },
  'a change of another kind': { calls: [find], states: [seen([{ type: 'dance', sequence: 1, tab_id: 't' }])] },
  'a dialog without a tab': { calls: [find], states: [seen([{ type: 'dialog_dismissed', sequence: 1, tab_id: null, kind: 'alert' }])] },
  'a long title': { calls: [find], states: [{ ...seen([]), tabs: [{ ...tab, title: 'ä'.repeat(600) }] }] },
  'a long title without changes': { calls: [find], states: [{ tabs: [{ ...tab, title: 'ä'.repeat(600) }] }] },
  'a question that fails': { calls: [click], options: { confirm: () => { throw new Error('secret'); } } },
  'a question with words': { calls: [click], words: 'closed' },
  'a read question that fails': { calls: [find], options: { confirmReads: ['find'], confirm: () => { throw new Error('secret'); } } },
  'a policy that fails': { ...given('navigate', { url: 'https://b.test/p', tab_id: null }), options: { urlPolicy: () => { throw new Error('secret'); } } },
  'a state that fails': { calls: [find], driver: { state: () => { throw new Error('secret'); } } },
  'a signal that comes with the question': { calls: [click], late: 'confirm' },
  'a signal that comes with the action': { calls: [click], late: 'click' },
  'a signal that comes with a failure': { calls: [click], late: 'failure' },
  'diagnostics without leave': { ...given('read_diagnostics', { tab_id: null, source: 'console', limit: 5 }), driver: { read_diagnostics: () => READ }, confirm: false },
  'reads that are asked for': { calls: [find, click], options: { confirmReads: ['find'] } },
  'reads that are refused': { calls: [find], options: { confirmReads: ['find'] }, confirm: false },
  'reads with other arguments': { calls: [call('find', { query: 'q' })], options: { confirmReads: ['find'] } },
};

const DRIVERS = [
  [{}, {}],
  [{ state() {} }, {}],
  [{ state() {}, click() {} }, {}],
  [{ state() {}, click() {} }, { confirm() {} }],
  [{ state() {}, navigate() {} }, { confirm() {} }],
  [{ state() {}, find() {}, run_script() {} }, {}],
  [{ state() {} }, { members: ['click'] }],
  [{ state() {} }, { members: ['dance'] }],
  [{ state() {} }, { members: ['list_tabs', 'list_tabs'] }],
  [{ state() {} }, { members: [], additionalMembers: [] }],
  [{ state() {} }, { members: [] }],
  [{ state() {}, find() {}, read_page_scoped() {} }, { additionalMembers: ['read_page_scoped'] }],
  [{ state() {} }, { additionalMembers: ['run_script'] }],
  [{ state() {}, read_diagnostics() {} }, { additionalMembers: ['read_diagnostics'] }],
  [{ state() {}, click() {} }, { confirmReads: ['click'], confirm() {} }],
  [{ state() {} }, { confirmReads: ['list_tabs'] }],
  [{ state() {} }, { confirmReads: ['list_tabs'], confirm() {} }],
  [{ state() {} }, { confirmReads: ['find'], confirm() {} }],
  [{ state() {} }, { confirmReads: 'x' }],
  [{ state() {}, click: 5 }, {}],
  [{ state() {}, find() {} }, { members: ['list_tabs'] }],
];

export const programs = {
  ...Object.fromEntries(Object.entries(STORIES).map(([name, story]) => [name, (p) => run(p, story)])),
  'names of members': (p) => {
    const { BROWSER_MEMBERS, DEFAULT_BROWSER_MEMBERS } = p.load('helpers/browser');
    return [BROWSER_MEMBERS, DEFAULT_BROWSER_MEMBERS, Object.isFrozen(BROWSER_MEMBERS), Object.isFrozen(DEFAULT_BROWSER_MEMBERS)];
  },
  'declarations': (p) => {
    const { BrowserToolset, BROWSER_MEMBERS } = p.load('helpers/browser');
    const driver = Object.fromEntries(['state', ...BROWSER_MEMBERS].map((name) => [name, () => undefined]));
    const tools = new BrowserToolset(driver, { members: BROWSER_MEMBERS, confirm: () => true, urlPolicy: () => true }).tools();
    // Each package describes them in words of its own.
    return JSON.parse(JSON.stringify(tools, (key, value) => (key === 'description' && typeof value === 'string' ? value.length > 5 : value)));
  },
  'what is enabled': async (p) => {
    const { BrowserToolset } = p.load('helpers/browser');
    const seen = [];
    for (const [driver, options] of DRIVERS) seen.push(await outcome(async () => new BrowserToolset(driver, options).tools().map(({ name }) => name)).then(({ value, error }) => value ?? failed(error)));
    return seen;
  },
};
