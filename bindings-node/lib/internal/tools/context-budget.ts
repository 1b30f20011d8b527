/** How much of a history is sent: limits of a program's own, and results that it lets go of. */
import type { ResponsesContextBudget } from '../../helpers/responses-tool-runner.js';
import type { ResponseInputItem } from '../../resources/responses/responses.js';
import { ANSWERS, jsonData } from './ledger.js';
import { isItem, isText, type Item } from './native-items.js';

const PICTURES = new Set(['browser_screenshot', 'browser_zoom']);
const MEMBERS = new Set(['maxInputBytes', 'maxInputImages', 'keepRecentScreenshots', 'compact']);

const isLimit = (value: unknown, least: number): boolean => Number.isSafeInteger(value) && (value as number) >= least;
const bytesOf = (history: Item[]): number => Buffer.byteLength(JSON.stringify(history));

function picturesIn(item: Item): number {
  if (item['type'] === 'computer_call_output') return 1;
  const blocks: unknown = item['type'] === 'function_call_output' ? item['output'] : item['content'];
  return Array.isArray(blocks) ? blocks.filter((block) => isItem(block) && block['type'] === 'input_image').length : 0;
}
const picturesOf = (history: Item[]): number => history.reduce((sum, item) => sum + picturesIn(item), 0);

/** The limits of one run, whatever becomes of the object that it got them from. */
export class Budget {
  readonly #bytes: number;
  readonly #images: number;
  readonly #kept: number;
  readonly #compact: ResponsesContextBudget['compact'];

  constructor(given: ResponsesContextBudget, private readonly browser: ReadonlySet<string>) {
    const { maxInputBytes, maxInputImages, keepRecentScreenshots = 1, compact } = given;
    const isRight = isLimit(maxInputBytes, 0) && isLimit(maxInputImages, 0) && isLimit(keepRecentScreenshots, 1);
    if (!isRight || !['undefined', 'function'].includes(typeof compact) || Object.keys(given).some((name) => !MEMBERS.has(name))) {
      throw new TypeError('`contextBudget` takes whole numbers maxInputBytes and maxInputImages, keepRecentScreenshots of at least 1, and a function compact.');
    }
    this.#bytes = maxInputBytes;
    this.#images = maxInputImages;
    this.#kept = keepRecentScreenshots;
    this.#compact = compact;
  }

  #fits(history: Item[]): boolean {
    return bytesOf(history) <= this.#bytes && picturesOf(history) <= this.#images;
  }

  /** What is sent of a history; a text where nothing can be. */
  async fitted(history: Item[]): Promise<Item[] | string> {
    if (this.#fits(history)) return history;
    if (!this.#compact) return 'The input exceeds the `contextBudget` of the run.';
    const eligible = this.#eligible(history);
    const decision = await this.#compact({
      history: structuredClone(history) as unknown as ResponseInputItem[], eligibleCallIds: [...eligible],
      inputBytes: bytesOf(history), inputImages: picturesOf(history),
    });
    const reduced = this.#reduced(history, jsonData(decision) as unknown as Item, eligible);
    return this.#fits(reduced) ? reduced : 'The input still exceeds the `contextBudget` of the run after its compaction.';
  }

  /** Calls whose results may be left out: not the newest pictures, the newest state of the browser, and what was approved. */
  #eligible(history: Item[]): string[] {
    const outputs = new Map(history.filter(({ type }) => [...ANSWERS.values()].includes(type)).map((item) => [item['call_id'], item]));
    const pairs = history.filter(({ type, call_id }) => ANSWERS.has(type) && outputs.has(call_id)).map((call) => [call, outputs.get(call['call_id'])!] as const);
    const showsScreen = ([call, output]: readonly [Item, Item]): boolean =>
      call['type'] === 'computer_call' || (PICTURES.has(call['name']) && this.browser.has(call['name']) && picturesIn(output) > 0);
    const idOf = ([call]: readonly [Item, Item]): string => call['call_id'];
    const pinned = new Set([
      ...pairs.filter(showsScreen).map(idOf).slice(-this.#kept),
      ...pairs.filter(([{ name }]) => this.browser.has(name)).map(idOf).slice(-1),
      ...pairs.filter(([, output]) => output['acknowledged_safety_checks']?.length > 0).map(idOf),
    ]);
    return pairs.map(idOf).filter((id) => !pinned.has(id));
  }

  #reduced(history: Item[], decision: Item, eligible: string[]): Item[] {
    const { dropCallIds: dropped, summary } = isItem(decision) ? decision : ({} as Item);
    const isRight = Array.isArray(dropped) && new Set(dropped).size === dropped.length && dropped.every((id) => eligible.includes(id));
    if (!isRight || (summary !== undefined && !isText(summary)) || Object.keys(decision).some((name) => name !== 'dropCallIds' && name !== 'summary')) {
      throw new TypeError('`compact` gives dropCallIds, each of them eligible and named once, and possibly a summary.');
    }
    const gone = new Set<string>(dropped);
    const isGone = ({ type, call_id }: Item): boolean => gone.has(call_id) && (ANSWERS.has(type) || [...ANSWERS.values()].includes(type));
    const notes: Item[] = [];
    if (summary !== undefined) notes.push({ role: 'user', content: `Summary of tool results that are left out: ${summary}` });
    if (gone.size > 0) {
      const calls = history.filter((item) => isGone(item) && ANSWERS.has(item['type'])).map(({ call_id, type: kind, name }) => ({ call_id, kind, name }));
      const told = `Calls that were completed, and whose results are left out here: ${JSON.stringify(calls)}. What they did outside was not checked.`;
      notes.push({ role: 'user', content: told });
    }
    return [...notes, ...history.filter((item) => !isGone(item))];
  }
}
