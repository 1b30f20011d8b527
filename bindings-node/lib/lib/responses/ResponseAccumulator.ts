/** A response, put together from the events of its stream. */
import { OpenAIError } from '../../core/error.js';
import type { Response, ResponseStreamEvent } from '../../resources/responses/responses.js';
import { addOutputText } from '../ResponsesParser.js';

/** Sent where nothing else is to be said. */
type KeepAlive = { type: 'keepalive'; sequence_number: number };

/** Changes an item of the output. */
type Change = (item: any, event: any, response: Response) => void;

interface Rule {
  /** The kinds of items that an event is for; with others nothing happens. */
  items: string[];
  change: Change;
}

const LIFE = new Set([
  'response.created', 'response.queued', 'response.in_progress', 'response.completed', 'response.failed', 'response.incomplete', 'response.cancelled',
]);

const add = (member: string): Change => (item, { delta }) => void (item[member] = (item[member] ?? '') + delta);
const set = (member: string): Change => (item, event) => void (item[member] = event[member]);
const status = (status: string): Change => (item) => void (item.status = status);

/** The part at a place, which must be of this kind, where one is named. */
function partOf(parts: any, at: number, kind?: string): any {
  const part = Array.isArray(parts) && Object.hasOwn(parts, at) ? parts[at] : undefined;
  if (!part) throw new OpenAIError(`missing content at index ${at}`);
  if (kind && part.type !== kind) throw new OpenAIError(`expected content to be '${kind}', got ${part.type}`);
  return part;
}

const inPart = (kind: string, change: Change): Change => (item, event, response) => {
  change(partOf(item.content, event.content_index, kind), event, response);
  if (kind === 'output_text') addOutputText(response);
};

const inSummary = (change: Change): Change => (item, event, response) => change(partOf(item.summary, event.summary_index), event, response);

/** A part of a message, or of reasoning: other kinds of parts are not theirs. */
const fits = (item: any, part: any): boolean => (item.type === 'message') !== (part.type === 'reasoning_text');

const partAdded: Change = (item, { part }, response) => {
  if (!fits(item, part)) return;
  (item.content ??= []).push(structuredClone(part));
  if (part.type === 'output_text') addOutputText(response);
};

const partDone: Change = (item, { part, content_index }, response) => {
  if (!fits(item, part)) return;
  partOf(item.content, content_index);
  item.content[content_index] = structuredClone(part);
  if (part.type === 'output_text') addOutputText(response);
};

/** Refuses a command that is neither there nor, where it is added, the next one. */
function checkCommand(list: unknown[], at: number, isNew: boolean): void {
  if (Number.isSafeInteger(at) && at >= 0 && (at < list.length || (isNew && at === list.length))) return;
  throw new OpenAIError(`missing command at index ${at}`);
}

const command = (isNew: boolean): Change => (item, { command_index, command }) => {
  checkCommand(item.action.commands, command_index, isNew);
  item.action.commands[command_index] = command;
};

/** What a command has said so far. Commands run at the same time: those before it may have said nothing yet. */
function outputOf(item: any, at: number): any {
  if (!Number.isSafeInteger(at) || at < 0 || at > 65_535) throw new OpenAIError(`missing content at index ${at}`);
  for (let each = item.output.length; each <= at; each += 1) {
    item.output.push({ stdout: '', stderr: '', outcome: { type: 'exit', exit_code: 0 } });
  }
  return item.output[at];
}

const rules = new Map<string, Rule>();
const rule = (name: string, items: string | string[], change: Change): unknown => rules.set(`response.${name}`, { items: [items].flat(), change });

rule('content_part.added', ['message', 'reasoning'], partAdded);
rule('content_part.done', ['message', 'reasoning'], partDone);
rule('output_text.delta', 'message', (item, event, response) => {
  const { content_index: at, delta } = event;
  partOf(item.content, at, 'output_text').text += delta;
  // Most pieces belong to the end of it all: then the whole text need not be made anew.
  const isLast = at === item.content.length - 1 && item === response.output.at(-1);
  if (isLast && typeof response.output_text === 'string') response.output_text += delta;
  else addOutputText(response);
});
rule('output_text.done', 'message', inPart('output_text', set('text')));
rule('output_text.annotation.added', 'message', (item, event) => {
  partOf(item.content, event.content_index, 'output_text').annotations[event.annotation_index] = structuredClone(event.annotation);
});
rule('refusal.delta', 'message', inPart('refusal', add('refusal')));
rule('refusal.done', 'message', inPart('refusal', set('refusal')));
rule('reasoning_text.delta', 'reasoning', inPart('reasoning_text', add('text')));
rule('reasoning_text.done', 'reasoning', inPart('reasoning_text', set('text')));
rule('reasoning_summary_part.added', 'reasoning', (item, { part }) => void item.summary.push(structuredClone(part)));
rule('reasoning_summary_part.done', 'reasoning', (item, { part, summary_index }) => {
  partOf(item.summary, summary_index);
  item.summary[summary_index] = structuredClone(part);
});
rule('reasoning_summary_text.delta', 'reasoning', inSummary(add('text')));
rule('reasoning_summary_text.done', 'reasoning', inSummary(set('text')));
rule('function_call_arguments.delta', 'function_call', add('arguments'));
rule('function_call_arguments.done', 'function_call', set('arguments'));
rule('custom_tool_call_input.delta', 'custom_tool_call', add('input'));
rule('custom_tool_call_input.done', 'custom_tool_call', set('input'));
rule('mcp_call_arguments.delta', 'mcp_call', add('arguments'));
rule('mcp_call_arguments.done', 'mcp_call', set('arguments'));
rule('code_interpreter_call_code.delta', 'code_interpreter_call', add('code'));
rule('code_interpreter_call_code.done', 'code_interpreter_call', set('code'));
rule('shell_call_command.added', 'shell_call', command(true));
rule('shell_call_command.done', 'shell_call', command(false));
rule('shell_call_command.delta', 'shell_call', (item, { command_index, delta }) => {
  checkCommand(item.action.commands, command_index, false);
  item.action.commands[command_index] += delta;
});
rule('shell_call_output_content.delta', 'shell_call_output', (item, { command_index, delta }) => {
  const said = outputOf(item, command_index);
  said.stdout += delta.stdout ?? '';
  said.stderr += delta.stderr ?? '';
});
rule('shell_call_output_content.done', 'shell_call_output', (item, { command_index, output }) => {
  outputOf(item, command_index);
  item.output[command_index] = structuredClone(partOf(output, 0));
});
for (const [kind, names] of Object.entries({
  code_interpreter_call: ['in_progress', 'interpreting', 'completed'],
  file_search_call: ['in_progress', 'searching', 'completed'],
  web_search_call: ['in_progress', 'searching', 'completed'],
  image_generation_call: ['in_progress', 'generating', 'completed'],
  mcp_call: ['in_progress', 'completed', 'failed'],
})) {
  for (const name of names) rule(`${kind}.${name}`, kind, status(name));
}

/** A response of an event, in a copy with its text. */
function copied(response: Response): Response {
  const copy = structuredClone(response);
  const text = Object.getOwnPropertyDescriptor(copy, 'output_text')?.value;
  if (text === undefined || text === null) addOutputText(copy);
  return copy;
}

function itemAt(response: Response, at: number): any {
  const item = Object.hasOwn(response.output, at) ? response.output[at] : undefined;
  if (!item) throw new OpenAIError(`missing output at index ${at}`);
  return item;
}

/**
 * Adds an event to what there is, and gives what there is then: pieces change `snapshot`, events with a whole response replace it. Values of
 * events are copied. Events without a place in a response, and those of the future, change nothing.
 */
export function accumulateResponse(event: ResponseStreamEvent | KeepAlive, snapshot?: Response): Response {
  const { type } = event;
  if (!snapshot) {
    if (type !== 'response.created') {
      throw new OpenAIError(`When snapshot hasn't been set yet, expected 'response.created' event, got ${type}`);
    }
    return copied(event.response);
  }
  if (LIFE.has(type)) {
    const { response } = event as { response: Response };
    if (Object.getOwnPropertyDescriptor(response, 'id')?.value !== snapshot.id) {
      throw new OpenAIError('Lifecycle response identity changed.');
    }
    return copied(response);
  }
  if (type === 'response.output_item.added') {
    snapshot.output.push(structuredClone(event.item));
    if (event.item.type === 'message') addOutputText(snapshot);
  } else if (type === 'response.output_item.done') {
    itemAt(snapshot, event.output_index);
    snapshot.output[event.output_index] = structuredClone(event.item);
    if (event.item.type === 'message') addOutputText(snapshot);
  } else {
    const found = rules.get(type);
    if (found) change(snapshot, event, found);
  }
  return snapshot;
}

function change(snapshot: Response, event: any, { items, change }: Rule): void {
  const item = itemAt(snapshot, event.output_index);
  const { item_id: id } = event;
  if (typeof id === 'string' && id !== '' && typeof item.id === 'string' && item.id !== '' && id !== item.id) {
    throw new OpenAIError(`expected item_id '${item.id}', got '${id}'`);
  }
  if (items.includes(item.type)) change(item, event, snapshot);
}
