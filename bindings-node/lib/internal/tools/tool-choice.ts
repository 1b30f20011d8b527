/** What of its declared tools the model may use in a request. */
import { isItem, type Item } from './native-items.js';

/** Kinds of tools that the provider runs. */
export const OF_THE_PROVIDER: ReadonlySet<unknown> = new Set([
  'web_search', 'web_search_2025_08_26', 'web_search_preview', 'web_search_preview_2025_03_11', 'file_search', 'code_interpreter', 'image_generation', 'mcp',
]);
/** Kinds of the tool with which a model works with a computer. */
export const COMPUTERS: ReadonlySet<unknown> = new Set(['computer', 'computer_use', 'computer_use_preview']);

/** Entries of a choice: nothing where everything is allowed. */
function entries(choice: unknown): Item[] | undefined {
  if (choice === undefined || choice === null || choice === 'auto' || choice === 'required') return undefined;
  if (!isItem(choice)) return [];
  return choice['type'] === 'allowed_tools' ? (choice['tools'] ?? []) : [choice];
}

/** Whether the model could never answer, as each answer would have to be a call of the program's. */
export function forcesLocal(choice: unknown, tools: Item[]): boolean {
  if (choice === 'required') return !tools.some(({ type }) => OF_THE_PROVIDER.has(type));
  if (!isItem(choice) || (choice['type'] === 'allowed_tools' && choice['mode'] !== 'required')) return false;
  return entries(choice)!.every((entry) => !OF_THE_PROVIDER.has(entry?.['type']));
}

export const allowsFunction = (choice: unknown, name: string): boolean =>
  entries(choice)?.some((entry) => entry?.['type'] === 'function' && entry['name'] === name) ?? true;

export const allowsComputer = (choice: unknown): boolean => entries(choice)?.some((entry) => COMPUTERS.has(entry?.['type'])) ?? true;
