/** Items of a response as the server must send them before anything is done because of them. */

export type Item = Record<string, any>;
export type Holds = (value: any) => boolean;

export const isItem = (value: unknown): value is Item => typeof value === 'object' && value !== null && !Array.isArray(value);
export const isText = (value: unknown): value is string => typeof value === 'string';
export const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
export const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
export const isTextOrNull = (value: unknown): boolean => value === null || isText(value);

/** Whether it is a list of which each entry is right. */
export const every = (value: unknown, holds: Holds): value is any[] => Array.isArray(value) && value.every((entry) => holds(entry));
/** Whether a member is right, or not there. */
export const optional = (item: Item, name: string, holds: Holds): boolean => item[name] === undefined || holds(item[name]);
/** Whether it is an object whose members are all there and right. */
export const has = (item: unknown, kinds: Record<string, Holds>): boolean =>
  isItem(item) && Object.entries(kinds).every(([name, holds]) => item[name] !== undefined && holds(item[name]));
export const oneOf = (...values: unknown[]): Holds => (value) => values.includes(value);
const orNothing = (value: unknown, holds: Holds): boolean => value === undefined || value === null || holds(value);

const isStatus = oneOf('in_progress', 'completed', 'incomplete');
const isPhase: Holds = (value) => orNothing(value, oneOf('commentary', 'final_answer'));

/** Members of each kind of annotation: texts, and numbers. */
const ANNOTATIONS = new Map<unknown, [string[], string[]]>([
  ['file_citation', [['file_id', 'filename'], ['index']]],
  ['file_path', [['file_id'], ['index']]],
  ['url_citation', [['title', 'url'], ['start_index', 'end_index']]],
  ['container_file_citation', [['container_id', 'file_id', 'filename'], ['start_index', 'end_index']]],
]);

function isAnnotation(value: unknown): boolean {
  const [texts, numbers] = (isItem(value) && ANNOTATIONS.get(value['type'])) || [];
  return texts !== undefined && numbers !== undefined && texts.every((name) => isText((value as Item)[name])) && numbers.every((name) => isWhole((value as Item)[name]));
}

const isShare: Holds = (value) => has(value, { token: isText, bytes: (held) => every(held, isWhole), logprob: isNumber });
const isLogprob: Holds = (value) => isShare(value) && every(value.top_logprobs, isShare);

function isOutputPart(part: unknown): boolean {
  if (!isItem(part)) return false;
  if (part['type'] === 'refusal') return isText(part['refusal']);
  if (part['type'] !== 'output_text' || !isText(part['text'])) return false;
  return every(part['annotations'], isAnnotation) && orNothing(part['logprobs'], (held) => every(held, isLogprob));
}

/** A message of the model's. */
export const isMessage = (item: Item): boolean =>
  isText(item['id']) && item['role'] === 'assistant' && isStatus(item['status']) && isPhase(item['phase']) && every(item['content'], isOutputPart);

/** A reasoning item, which may be sent back. */
export function isReasoning(item: Item): boolean {
  const texts = (type: string): Holds => (value) => every(value, (part) => has(part, { type: oneOf(type), text: isText }));
  return (
    has(item, { id: isText, summary: texts('summary_text') }) && optional(item, 'content', texts('reasoning_text')) &&
    optional(item, 'encrypted_content', isTextOrNull) && optional(item, 'status', (value) => orNothing(value, isStatus))
  );
}

/** What a conversation was compacted to. */
export const isCompaction = (item: Item): boolean => has(item, { id: isText, encrypted_content: isText });

/** Who called: the model itself, or a program of its own. */
export const isCaller: Holds = (value) =>
  orNothing(value, (held) => isItem(held) && (held['type'] === 'direct' || (held['type'] === 'program' && isText(held['caller_id']))));

/** A call of a function that says all that it must, whatever its arguments. */
export const isFunctionCall = (item: Item): boolean =>
  has(item, { name: isText, arguments: isText, call_id: isText }) && optional(item, 'id', isTextOrNull) &&
  optional(item, 'async', (value) => typeof value === 'boolean') && optional(item, 'namespace', (value) => value === item['name']) && isCaller(item['caller']);

/** The arguments of a call, or nothing where they are no JSON object. */
export function argumentsOf(text: unknown): Item | undefined {
  try {
    const value: unknown = JSON.parse(text as string);
    return isItem(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isPoint: Holds = (value) => has(value, { x: isWhole, y: isWhole });
const mayHaveKeys = (action: Item): boolean => orNothing(action['keys'], (keys) => every(keys, isText));
const isButton = oneOf('left', 'right', 'wheel', 'back', 'forward');

const ACTIONS = new Map<unknown, (action: Item) => boolean>([
  ['click', (action) => isPoint(action) && isButton(action['button']) && mayHaveKeys(action)],
  ['double_click', (action) => isPoint(action) && mayHaveKeys(action)],
  ['drag', (action) => every(action['path'], isPoint) && mayHaveKeys(action)],
  ['keypress', (action) => every(action['keys'], isText)],
  ['move', (action) => isPoint(action) && mayHaveKeys(action)],
  ['scroll', (action) => isPoint(action) && has(action, { scroll_x: isWhole, scroll_y: isWhole }) && mayHaveKeys(action)],
  ['type', (action) => isText(action['text'])],
  ['wait', () => true],
  ['screenshot', () => true],
]);

/** Something that a computer is to do. */
export const isAction: Holds = (value) => isItem(value) && ACTIONS.get(value['type'])?.(value) === true;

/** What a call asks for: a list, or as of old one action; nothing where it is not exactly one of these. */
export function actionsOf(item: Item): Item[] | undefined {
  const { actions, action } = item;
  if ((actions !== undefined && actions !== null) === (action !== undefined && action !== null)) return undefined;
  return (actions ?? [action]) as Item[];
}

/** Whether the safety checks of a call are there and readable. Calls of today may leave them out. */
export function areChecks(item: Item): boolean {
  const checks = item['pending_safety_checks'];
  if (checks === undefined) return item['action'] === undefined;
  return every(checks, (value) => has(value, { id: isText }) && optional(value, 'code', isTextOrNull) && optional(value, 'message', isTextOrNull));
}

/** A call of a computer that can be carried out. */
export const isComputerCall = (item: Item): boolean =>
  has(item, { id: isText, call_id: isText }) && item['status'] === 'completed' && areChecks(item) && actionsOf(item)?.length !== 0 && every(actionsOf(item), isAction);

/** A picture of a screen: an address, a file, or both. */
export function isScreenshot(value: unknown): value is Item {
  if (!isItem(value) || value['type'] !== 'computer_screenshot') return false;
  const sources = [value['image_url'], value['file_id']].filter((source) => source !== undefined && source !== null);
  return sources.length > 0 && sources.every((source) => isText(source) && source.trim() !== '');
}

/** Parts of what a function gives, and the members that each may have. */
const PARTS = new Map<unknown, string[]>([
  ['input_text', ['type', 'text', 'prompt_cache_breakpoint']],
  ['input_image', ['type', 'image_url', 'file_id', 'detail', 'prompt_cache_breakpoint']],
  ['input_file', ['type', 'file_data', 'file_url', 'filename', 'file_id', 'detail', 'prompt_cache_breakpoint']],
]);
const isDetail = oneOf('low', 'high', 'auto', 'original');

/** Whether this can be the output of a function. */
export const isOutput: Holds = (value) => isText(value) || every(value, isOutputBlock);

function isOutputBlock(part: unknown): boolean {
  const members = isItem(part) ? PARTS.get(part['type']) : undefined;
  if (!members || !isItem(part) || Object.keys(part).some((name) => !members.includes(name))) return false;
  const mark = part['prompt_cache_breakpoint'];
  if (!orNothing(mark, (held) => isItem(held) && held['mode'] === 'explicit' && Object.keys(held).length === 1)) return false;
  if (part['type'] === 'input_text') return isText(part['text']);
  if (!orNothing(part['detail'], isDetail) || !orNothing(part['filename'], isText)) return false;
  const sources = part['type'] === 'input_image' ? ['image_url', 'file_id'] : ['file_data', 'file_url', 'file_id'];
  const given = sources.map((name) => part[name]).filter((source) => source !== undefined && source !== null);
  return given.length > 0 && given.every(isText) && given.some((source) => source.trim() !== '');
}
