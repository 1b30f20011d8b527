/** One completion of a stream, put together in place: programs hold on to its parts while they grow. */
import { ContentFilterFinishReasonError, LengthFinishReasonError, OpenAIError } from '../core/error.js';
import type { ChatCompletion, ChatCompletionCreateParams } from '../resources/chat/completions/completions.js';
import type { ChatCompletionSnapshot } from './ChatCompletionStream.js';
import { hasAutoParseableInput, isParseableResponseFormat, parseResponseFormatContent, shouldParseToolCall } from './parser.js';
import { MalformedJSON, partialParse } from './partial-json.js';

type Fields = Record<string, any>;

/** Most choices, and calls of one choice. */
const MOST = 128;
/** Texts up to this length are parsed with each piece; longer ones now and then, and when somebody looks. */
const EAGER = 1024;

/** A piece of a call: which one, and what came of its arguments. */
export interface CallPiece {
  index: number;
  text: string;
}

/** Copies members; one that is named `__proto__` is a member like any other. */
function assign(target: Fields, source: Fields): void {
  for (const [name, value] of Object.entries(source)) {
    if (name !== '__proto__') target[name] = value;
    else Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

/** What a text comes to so far. One that can be no JSON fails as it would when it is whole. */
function soFar(text: string): unknown {
  try {
    return partialParse(text);
  } catch (error) {
    if (error instanceof MalformedJSON || error instanceof SyntaxError) return parseResponseFormatContent({ type: 'json_schema' }, text);
    throw error;
  }
}

export class GrowingCompletion {
  /** Shared with the program; `undefined` before the first chunk. */
  snapshot: ChatCompletionSnapshot | undefined;
  #params: ChatCompletionCreateParams | null;
  #refusesCut: boolean;
  #most: number;
  /** Choices whose sound has ended with the time until which it is kept: such streams may leave out why they ended. */
  #heard = new Set<number>();
  /** Lengths at which texts were last parsed, by the object that has them. */
  #parsedAt = new WeakMap<object, number>();

  /** `refusesCut`: an answer that is cut short is an error, whether or not it would be parsed. */
  constructor(params: ChatCompletionCreateParams | null, refusesCut: boolean) {
    this.#params = params;
    this.#refusesCut = refusesCut;
    const n = params?.n;
    this.#most = Number.isSafeInteger(n) && n! > 0 ? Math.min(n!, MOST) : MOST;
  }

  /** Adds a chunk; gives the pieces of calls of each of its choices. */
  add(chunk: Fields): CallPiece[][] {
    const { choices, obfuscation: _, ...rest } = chunk;
    // Chunks without an id say nothing of the completion.
    if (!this.snapshot) this.snapshot = { ...rest, choices: [] } as never;
    else if (chunk['id']) assign(this.snapshot!, rest);
    const pieces: CallPiece[][] = [];
    for (const choice of choices) pieces.push(this.#choice(choice));
    return pieces;
  }

  #choice({ delta, finish_reason, index, logprobs = null, ...other }: Fields): CallPiece[] {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.#most) {
      throw new OpenAIError(`Chat completion stream contains an invalid choice index: ${index}`);
    }
    const { choices } = this.snapshot as Fields;
    const choice: Fields = (choices[index] ??= { finish_reason: finish_reason ?? null, index, message: {}, logprobs: null, ...other });
    if (logprobs) addLogprobs(choice, logprobs);
    if (finish_reason) {
      choice['finish_reason'] = finish_reason;
      if (this.#params && (this.#refusesCut || hasAutoParseableInput(this.#params))) {
        if (finish_reason === 'length') throw new LengthFinishReasonError();
        if (finish_reason === 'content_filter') throw new ContentFilterFinishReasonError();
      }
    }
    assign(choice, other);
    return delta ? this.#delta(choice, delta) : [];
  }

  #delta(choice: Fields, delta: Fields): CallPiece[] {
    const message: Fields = choice['message'];
    const { audio, content, refusal, function_call, role, tool_calls, ...rest } = delta;
    assign(message, rest);
    const isOver = (value: Fields | null | undefined): boolean =>
      value?.['expires_at'] != null && value['id'] == null && value['data'] == null && value['transcript'] == null;
    const says = [content, refusal, function_call, role, tool_calls].some((value) => value != null) || Object.keys(rest).length > 0;
    if (isOver(audio) && !says) this.#heard.add(choice['index']);
    else this.#heard.delete(choice['index']);
    if (refusal) message['refusal'] = (message['refusal'] || '') + refusal;
    if (role) message['role'] = role;
    if (audio) addAudio((message['audio'] ??= {}), audio);
    if (function_call) addFunctionCall(message, function_call);
    if (content != null) {
      message['content'] = (message['content'] || '') + content;
      const format = (this.#params as { response_format?: unknown } | null)?.response_format;
      if (!message['refusal'] && isParseableResponseFormat(format)) {
        this.#parse(message, 'parsed', message['content'], message['content'].trim() ? undefined : null);
      }
    }
    return tool_calls ? this.#calls((message['tool_calls'] ??= []), tool_calls) : [];
  }

  #calls(calls: Fields[], deltas: Fields[]): CallPiece[] {
    const pieces: CallPiece[] = [];
    for (const { index, id, type, function: fn, custom, ...rest } of deltas) {
      if (!Number.isSafeInteger(index) || index < 0 || index >= MOST) {
        throw new OpenAIError(`Chat completion stream contains an invalid tool call index: ${index}`);
      }
      const call: Fields = (calls[index] ??= {});
      assign(call, rest);
      if (id) call['id'] = id;
      if (type) call['type'] = type;
      if (custom) {
        const own = (call['custom'] ??= { name: custom.name ?? '', input: '' });
        if (custom.name) own.name = custom.name;
        if (custom.input) own.input += custom.input;
      }
      const text = fn?.arguments ?? '';
      if (fn) {
        const own = (call['function'] ??= { name: fn.name ?? '', arguments: '' });
        if (fn.name) own.name = fn.name;
        own.arguments += text;
        const parses = text && own.arguments.trim() && shouldParseToolCall(this.#params, call as never);
        if (parses) this.#parse(own, 'parsed_arguments', own.arguments);
      }
      pieces.push({ index, text });
    }
    return pieces;
  }

  /** Sets what a text comes to so far. `none`: it is blank, and this is its value. */
  #parse(holder: Fields, name: string, text: string, none?: null): void {
    const define = (how: PropertyDescriptor): void => void Object.defineProperty(holder, name, { enumerable: true, configurable: true, ...how });
    if (none === null) return define({ value: null, writable: true });
    const last = this.#parsedAt.get(holder) ?? 0;
    if (text.length > EAGER && text.length - last < Math.max(EAGER, last / 2)) {
      let value: unknown;
      let isDone = false;
      const get = (): unknown => {
        if (!isDone) value = soFar(text);
        isDone = true;
        return value;
      };
      return define({ get, set: (given: unknown) => define({ value: given, writable: true }) });
    }
    this.#parsedAt.set(holder, text.length);
    define({ value: soFar(text), writable: true });
  }

  /** The whole completion. Fails where something of it never came. */
  finish(): ChatCompletion {
    const { id, choices, created, model, system_fingerprint, ...rest } = this.snapshot as Fields;
    return {
      ...rest,
      id,
      choices: choices.map((choice: Fields) => this.#whole(choice)),
      created,
      model,
      object: 'chat.completion',
      ...(system_fingerprint ? { system_fingerprint } : {}),
    } as never;
  }

  #whole({ message, finish_reason, index, logprobs, ...rest }: Fields): Fields {
    const { content = null, function_call, tool_calls, audio, ...more } = message;
    const whole = [audio?.id, audio?.data, audio?.transcript, audio?.expires_at].every((value) => value != null);
    finish_reason ??= this.#heard.has(index) && whole ? 'stop' : null;
    if (!finish_reason) throw new OpenAIError(`missing finish_reason for choice ${index}`);
    const { role } = message;
    if (!role) throw new OpenAIError(`missing role for choice ${index}`);
    const sound = audio ? { audio } : {};
    const refusal = message.refusal ?? null;
    if (function_call) {
      const { arguments: text, name } = function_call;
      if (text == null) throw new OpenAIError(`missing function_call.arguments for choice ${index}`);
      if (!name) throw new OpenAIError(`missing function_call.name for choice ${index}`);
      return { ...rest, message: { ...sound, content, function_call: { arguments: text, name }, role, refusal }, finish_reason, index, logprobs };
    }
    if (!tool_calls) return { ...rest, message: { ...more, ...sound, content, role, refusal }, finish_reason, index, logprobs };
    const calls = tool_calls.map((call: Fields, at: number) => wholeCall(call, `choices[${index}].tool_calls[${at}]`));
    return { ...rest, index, finish_reason, logprobs, message: { ...more, ...sound, role, content, refusal, tool_calls: calls } };
  }
}

function wholeCall({ type, id, function: fn, custom, ...rest }: Fields, where: string): Fields {
  const present = <T>(value: T, name: string): T => {
    if (value == null) throw new OpenAIError(`missing ${where}.${name}`);
    return value;
  };
  present(type, 'type');
  const head = { ...rest, id: id || `call_${crypto.randomUUID()}`, type };
  if (type === 'custom') {
    const { input = '', name, ...more } = custom || {};
    return { ...head, custom: { ...more, name: present(name, 'custom.name'), input } };
  }
  const { arguments: text, name, ...more } = fn || {};
  return { ...head, function: { ...more, name: present(name, 'function.name'), arguments: present(text, 'function.arguments') } };
}

function addLogprobs(choice: Fields, { content, refusal, ...rest }: Fields): void {
  const lists = { content, refusal };
  if (!choice['logprobs']) {
    // The lists grow: they are none of the chunk's.
    const copy = (list: unknown): unknown => (list ? [...(list as unknown[])] : list);
    choice['logprobs'] = { ...(content === undefined ? {} : { content: copy(content) }), ...(refusal === undefined ? {} : { refusal: copy(refusal) }), ...rest };
    return;
  }
  assign(choice['logprobs'], rest);
  for (const [name, more] of Object.entries(lists)) if (more) (choice['logprobs'][name] ??= []).push(...more);
}

function addAudio(whole: Fields, { id, data, transcript, expires_at }: Fields): void {
  if (id != null) whole['id'] = id;
  if (data != null) whole['data'] = (whole['data'] ?? '') + data;
  if (transcript != null) whole['transcript'] = (whole['transcript'] ?? '') + transcript;
  if (expires_at != null) whole['expires_at'] = expires_at;
}

function addFunctionCall(message: Fields, piece: Fields): void {
  const whole = message['function_call'];
  // A copy: the chunk stays as it came.
  if (!whole) {
    message['function_call'] = { ...piece };
    return;
  }
  if (piece['name']) whole.name = piece['name'];
  if (piece['arguments']) whole.arguments = (whole.arguments ?? '') + piece['arguments'];
}
