/** A run of an assistant, streamed and put together by the core. */
import { APIUserAbortError, OpenAIError } from '../core/error.js';
import { Stream } from '../core/streaming.js';
import { nativeModule, type NativeAccumulator } from '../internal/native.js';
import type { RequestOptions } from '../internal/request-options.js';
import type { AssistantStreamEvent } from '../resources/beta/assistants.js';
import type { ImageFile, Message, MessageDelta, Text, TextDelta } from '../resources/beta/threads/messages.js';
import type {
  Run, RunCreateParamsBase, Runs, RunSubmitToolOutputsParamsBase,
} from '../resources/beta/threads/runs/runs.js';
import type { RunStep, RunStepDelta, ToolCall, ToolCallDelta } from '../resources/beta/threads/runs/steps.js';
import type { ThreadCreateAndRunParamsBase, Threads } from '../resources/beta/threads/threads.js';
import { EventStream, type BaseEvents } from './EventStream.js';
import { accumulateDelta } from './accumulate-delta.js';

export interface AssistantStreamEvents extends BaseEvents {
  run: (run: Run) => void;
  messageCreated: (message: Message) => void;
  messageDelta: (message: MessageDelta, snapshot: Message) => void;
  messageDone: (message: Message) => void;
  runStepCreated: (runStep: RunStep) => void;
  runStepDelta: (delta: RunStepDelta, snapshot: Runs.RunStep) => void;
  runStepDone: (runStep: Runs.RunStep, snapshot: Runs.RunStep) => void;
  toolCallCreated: (toolCall: ToolCall) => void;
  toolCallDelta: (delta: ToolCallDelta, snapshot: ToolCall) => void;
  toolCallDone: (toolCall: ToolCall) => void;
  textCreated: (content: Text) => void;
  textDelta: (delta: TextDelta, snapshot: Text) => void;
  textDone: (content: Text, snapshot: Message) => void;
  imageFileDone: (content: ImageFile, snapshot: Message) => void;
  event: (event: AssistantStreamEvent) => void;
}

export type ThreadCreateAndRunParamsBaseStream = Omit<ThreadCreateAndRunParamsBase, 'stream'> & { stream?: true };

export type RunCreateParamsBaseStream = Omit<RunCreateParamsBase, 'stream'> & { stream?: true };

export type RunSubmitToolOutputsParamsStream = Omit<RunSubmitToolOutputsParamsBase, 'stream'> & { stream?: true };

/** What the core has put together. */
interface Snapshot {
  run?: Run;
  messages: Message[];
  run_steps: RunStep[];
}

type Open = () => Promise<AsyncIterable<AssistantStreamEvent>>;

/** Events after which a run does nothing more, or waits for the program. */
const FINAL = new Set([
  'thread.run.requires_action', 'thread.run.completed', 'thread.run.failed', 'thread.run.cancelled', 'thread.run.expired',
  'thread.run.incomplete',
]);

export class AssistantStream
  extends EventStream<AssistantStreamEvents>
  implements AsyncIterable<AssistantStreamEvent>
{
  #accumulator: NativeAccumulator | undefined;
  /** The snapshot after the latest event, once somebody has asked for it. */
  #snapshot: Snapshot | undefined;
  #event: AssistantStreamEvent | undefined;
  #run: Run | undefined;
  #finalRun: Run | undefined;
  #message: string | undefined;
  #step: string | undefined;
  /** The text, and the tool call, that is being written. */
  #text: Text | undefined;
  /** Whether the text has the piece already that is told of next. */
  #fresh = false;
  #call: ToolCall | undefined;

  /** A stream that was handed on with `toReadableStream`. */
  static fromReadableStream(stream: ReadableStream): AssistantStream {
    const runner = new AssistantStream();
    runner._run(() => runner._fromReadableStream(stream));
    return runner;
  }

  static createToolAssistantStream(
    runId: string,
    runs: Runs,
    params: RunSubmitToolOutputsParamsStream,
    options: RequestOptions | undefined,
  ): AssistantStream {
    return AssistantStream.#start((sent) => runs.submitToolOutputs(runId, { ...params, stream: true }, sent), options);
  }

  static createThreadAssistantStream(
    params: ThreadCreateAndRunParamsBaseStream,
    thread: Threads,
    options?: RequestOptions,
  ): AssistantStream {
    return AssistantStream.#start((sent) => thread.createAndRun({ ...params, stream: true }, sent), options);
  }

  static createAssistantStream(
    threadId: string,
    runs: Runs,
    params: RunCreateParamsBaseStream,
    options?: RequestOptions,
  ): AssistantStream {
    return AssistantStream.#start((sent) => runs.create(threadId, { ...params, stream: true }, sent), options);
  }

  static #start(
    open: (options: RequestOptions) => Promise<AsyncIterable<AssistantStreamEvent>>,
    options: RequestOptions | undefined,
  ): AssistantStream {
    const runner = new AssistantStream();
    const sent = { ...options, signal: runner.controller.signal };
    runner._run(() => runner.#read(() => open(sent), options?.signal));
    return runner;
  }

  /** Adds a piece to what there is: texts are joined, lists go by the `index` of their items. */
  static accumulateDelta(acc: Record<string, any>, delta: Record<string, any>): Record<string, any> {
    return accumulateDelta(acc, delta);
  }

  protected async _fromReadableStream(readableStream: ReadableStream, options?: RequestOptions): Promise<Run> {
    const stream = Stream.fromReadableStream<AssistantStreamEvent>(readableStream, this.controller);
    return this.#read(async () => stream, options?.signal);
  }

  async #read(open: Open, signal: AbortSignal | null | undefined): Promise<Run> {
    this._listenForAbort(signal);
    const stream = await open();
    this._connected();
    this.#accumulator = new (nativeModule().Accumulator)('assistant', undefined, true);
    for await (const event of stream) this.#take(event);
    if (this.controller.signal.aborted) throw this._userAbortError();
    if (!this.#finalRun) throw new OpenAIError('Final run has not been received');
    return this._addRun(this.#finalRun);
  }

  protected _addRun(run: Run): Run {
    return run;
  }

  /** The latest event. */
  currentEvent(): AssistantStreamEvent | undefined {
    return this.#event;
  }

  /** The run as it was last told. */
  currentRun(): Run | undefined {
    return this.#run;
  }

  /** The message that is being written. */
  currentMessageSnapshot(): Message | undefined {
    return this.#messageOf(this.#message);
  }

  /** The step that is being done. */
  currentRunStepSnapshot(): Runs.RunStep | undefined {
    return this.#stepOf(this.#step);
  }

  /** The steps, when the stream has ended. */
  async finalRunSteps(): Promise<Runs.RunStep[]> {
    await this.done();
    return this.#all().run_steps;
  }

  /** The messages, when the stream has ended. */
  async finalMessages(): Promise<Message[]> {
    await this.done();
    return this.#all().messages;
  }

  /** The run, when the stream has ended. */
  async finalRun(): Promise<Run> {
    await this.done();
    if (!this.#finalRun) throw new OpenAIError('Final run was not received.');
    return this.#finalRun;
  }

  #all(): Snapshot {
    if (!this.#accumulator) return { messages: [], run_steps: [] };
    return (this.#snapshot ??= JSON.parse(this.#accumulator.snapshot()) as Snapshot);
  }

  #messageOf(id: string | undefined): Message | undefined {
    return id === undefined ? undefined : this.#all().messages.find((message) => message.id === id);
  }

  #stepOf(id: string | undefined): RunStep | undefined {
    return id === undefined ? undefined : this.#all().run_steps.find((step) => step.id === id);
  }

  #take(event: AssistantStreamEvent): void {
    if (this.ended) return;
    this.#event = event;
    this.#snapshot = undefined;
    const { event: name, data } = event as { event: string; data: any };
    if (name.startsWith('thread.run.') && !name.startsWith('thread.run.step.')) {
      this.#run = data;
      if (FINAL.has(name)) this.#finalRun = data;
    } else if (name.startsWith('thread.message.')) this.#message = data.id;
    else if (name.startsWith('thread.run.step.')) this.#step = data.id;
    const facts = JSON.parse(this.#accumulator!.push(name, JSON.stringify(data))) as any[];
    for (const fact of inOrder(facts)) this.#tell(fact, event);
    if (FINAL.has(name)) this._emit('run', data);
  }

  /** A fact of the core's, as listeners get it. A snapshot is read only for those who look at it. */
  #tell(fact: any, event: AssistantStreamEvent): void {
    switch (fact.type) {
      case 'event':
        return this._emit('event', event);
      case 'message_created':
        return this._emit('messageCreated', fact.message);
      case 'message_delta':
        if (!this._hasListeners('messageDelta')) return;
        return this._emit('messageDelta', fact.delta, placed(this.#messageOf(fact.message_id), 'content') as Message);
      case 'message_done':
        return this._emit('messageDone', fact.message);
      case 'text_created':
        this.#text = fact.text;
        this.#fresh = true;
        return this._emit('textCreated', structuredClone(fact.text));
      case 'text_delta':
        this.#addText(fact.delta);
        return this._emit('textDelta', fact.delta, this.#text!);
      case 'text_done':
        this.#text = undefined;
        return this._emit('textDone', fact.text, this.#messageOf(this.#message)!);
      case 'image_file_done':
        return this._emit('imageFileDone', fact.image_file, this.#messageOf(this.#message)!);
      case 'run_step_created':
        return this._emit('runStepCreated', fact.run_step);
      case 'run_step_delta':
        if (!this._hasListeners('runStepDelta')) return;
        return this._emit('runStepDelta', fact.delta, placedCalls(this.#stepOf(fact.run_step_id)!));
      case 'run_step_done':
        return this._emit('runStepDone', fact.run_step, fact.run_step);
      case 'tool_call_created':
        this.#call = withIndex(fact.tool_call, event);
        return this._emit('toolCallCreated', this.#call);
      case 'tool_call_delta':
        if (this.#call) this.#call = accumulateDelta(this.#call, fact.delta) as ToolCall;
        return this._emit('toolCallDelta', fact.delta, this.#call!);
      case 'tool_call_done':
        return this.#callDone(fact.tool_call);
    }
  }

  #callDone(call: ToolCall): void {
    const index = (this.#call as { index?: number } | undefined)?.index;
    this.#call = undefined;
    this._emit('toolCallDone', index === undefined ? call : Object.assign({ index }, call));
  }

  #addText(delta: TextDelta): void {
    // `textCreated` has the first piece already.
    if (!this.#fresh) this.#text = accumulateDelta(this.#text ?? { value: '', annotations: [] }, delta) as Text;
    this.#fresh = false;
  }

  [Symbol.asyncIterator](): AsyncIterator<AssistantStreamEvent> {
    return this._createIterator<AssistantStreamEvent>(
      (push) => {
        const listener = (event: AssistantStreamEvent) => push(event);
        this.on('event', listener);
        return () => this.off('event', listener);
      },
      { onReturn: () => this.abort() },
    );
  }

  /** The events as lines of JSON, for `fromReadableStream`. */
  toReadableStream(): ReadableStream {
    const stream = new Stream(() => this[Symbol.asyncIterator](), this.controller);
    return stream.toReadableStream();
  }
}

/** A call with its place in the step, as the piece says it that began the call. */
function withIndex(call: ToolCall, event: AssistantStreamEvent): ToolCall {
  const pieces = (event.data as any)?.delta?.step_details?.tool_calls ?? [];
  const index: number | undefined = pieces.find((piece: any) => piece.id === call.id)?.index;
  return index === undefined ? call : Object.assign({ index }, call);
}

/** A message's piece is told before those of its texts. */
function inOrder(facts: any[]): any[] {
  const first = facts.findIndex(({ type }) => type === 'text_delta');
  const message = facts.findIndex(({ type }) => type === 'message_delta');
  if (first < 0 || message < first) return facts;
  return [...facts.slice(0, first), facts[message], ...facts.slice(first, message), ...facts.slice(message + 1)];
}

/** An object with a list whose items say their places, as pieces do. */
function placed(whole: any, list: string): any {
  if (!Array.isArray(whole?.[list])) return whole;
  return { ...whole, [list]: whole[list].map((item: object, index: number) => ({ index, ...item })) };
}

function placedCalls(step: RunStep): RunStep {
  return { ...step, step_details: placed(step.step_details, 'tool_calls') };
}
