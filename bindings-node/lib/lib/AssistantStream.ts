/** A run of an assistant, streamed: what is told of it is put together as it comes. */
import { APIError, OpenAIError } from '../core/error.js';
import { Stream } from '../core/streaming.js';
import type { RequestOptions } from '../internal/request-options.js';
import type { AssistantStreamEvent } from '../resources/beta/assistants.js';
import type { ImageFile, Message, MessageContent, MessageDelta, Text, TextDelta } from '../resources/beta/threads/messages.js';
import type {
  Run, RunCreateParamsBase, Runs, RunSubmitToolOutputsParamsBase,
} from '../resources/beta/threads/runs/runs.js';
import type { RunStep, RunStepDelta, ToolCall, ToolCallDelta } from '../resources/beta/threads/runs/steps.js';
import type { ThreadCreateAndRunParamsBase, Threads } from '../resources/beta/threads/threads.js';
import { EventStream, type BaseEvents } from './EventStream.js';
import { accumulateDelta, accumulateItems } from './accumulate-delta.js';
import { captured, Opened } from './assistant-state.js';
import { helped } from './helpers/helped.js';

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

type Events = AsyncIterable<AssistantStreamEvent> & { controller?: AbortController };

/** Events after which a run does nothing more, or waits for the program. */
const FINAL = new Set([
  'thread.run.requires_action', 'thread.run.completed', 'thread.run.failed', 'thread.run.cancelled', 'thread.run.expired',
  'thread.run.incomplete',
]);

const NO_MESSAGE = (event: string): string =>
  event.endsWith('.delta')
    ? 'Received a delta with no existing snapshot (there should be one from message creation)'
    : 'Received thread message event with no existing snapshot';

export class AssistantStream
  extends EventStream<AssistantStreamEvents>
  implements AsyncIterable<AssistantStreamEvent>
{
  #messages = new Opened<Message>({ name: 'message', joined: 'message' }, NO_MESSAGE, false);
  #steps = new Opened<Runs.RunStep>(
    { name: 'run step', joined: 'run-step' },
    () => 'Received a RunStepDelta before creation of a snapshot',
    true,
  );
  #event: AssistantStreamEvent | undefined;
  #run: Run | undefined;
  #finalRun: Run | undefined;
  #message: Message | undefined;
  #step: Runs.RunStep | undefined;
  /** The part of the message that is being written, and its place. */
  #part: MessageContent | undefined;
  #partAt: number | undefined;
  /** The call of a tool that is being written, and its place. */
  #call: ToolCall | undefined;
  #callAt: number | undefined;

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

  static #start(open: (options: RequestOptions) => PromiseLike<Events>, options: RequestOptions | undefined): AssistantStream {
    const runner = new AssistantStream();
    runner._run(async () => {
      runner._listenForAbort(options?.signal);
      const stream = await open({ ...helped(options, 'stream'), signal: runner.controller.signal });
      return runner.#read(stream);
    });
    return runner;
  }

  /** Adds a piece to what there is: texts are joined, lists go by the `index` of their items. */
  static accumulateDelta(acc: Record<string, any>, delta: Record<string, any>): Record<string, any> {
    return accumulateDelta(acc, delta);
  }

  protected async _fromReadableStream(readableStream: ReadableStream, options?: RequestOptions): Promise<Run> {
    this._listenForAbort(options?.signal);
    return this.#read(Stream.fromReadableStream<AssistantStreamEvent>(readableStream, this.controller));
  }

  async #read(stream: Events): Promise<Run> {
    this._connected();
    for await (const event of stream) this.#take(event);
    if (this.controller.signal.aborted || stream.controller?.signal.aborted) throw this._userAbortError();
    if (!this.#finalRun) throw new Error('Final run has not been received');
    return this._addRun(this.#finalRun);
  }

  protected _addRun(run: Run): Run {
    this._emit('run', run);
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
    return this.#message;
  }

  /** The step that is being done. */
  currentRunStepSnapshot(): Runs.RunStep | undefined {
    return this.#step;
  }

  /** The steps, when the stream has ended. */
  async finalRunSteps(): Promise<Runs.RunStep[]> {
    await this.done();
    return this.#steps.all();
  }

  /** The messages, when the stream has ended. */
  async finalMessages(): Promise<Message[]> {
    await this.done();
    return this.#messages.all();
  }

  /** The run, when the stream has ended. */
  async finalRun(): Promise<Run> {
    await this.done();
    if (!this.#finalRun) throw new OpenAIError('Final run was not received.');
    return this.#finalRun;
  }

  #take(event: AssistantStreamEvent): void {
    if (this.ended) return;
    const { name, data, shown } = captured(event);
    const isMessage = name.startsWith('thread.message.');
    const isStep = name.startsWith('thread.run.step.');
    let id = '';
    if (isMessage) id = this.#messages.admit(name, data);
    if (isStep) {
      if (data.delta && Object.hasOwn(data.delta, 'id')) throw new OpenAIError('Run-step deltas must not contain an id field');
      id = this.#steps.admit(name, data);
    }
    this.#event = shown;
    this._emit('event', shown);
    if (isMessage) {
      this.#takeMessage(name, data, id);
      this.#messages.reserve(this.#messages.get(id) ?? data, id);
    } else if (isStep) {
      this.#takeStep(name, data, id);
      this.#steps.reserve(this.#steps.get(id) ?? data, id);
    } else if (name.startsWith('thread.run.')) this.#takeRun(name, data);
    else if (name === 'error') throw new APIError(undefined, data, undefined, undefined);
  }

  #takeRun(name: string, data: Run): void {
    this.#run = data;
    if (!FINAL.has(name)) return;
    this.#finalRun = data;
    this.#endCall();
  }

  #takeMessage(name: string, data: any, id: string): void {
    if (name === 'thread.message.created') {
      this.#message = data as Message;
      this.#messages.set(id, this.#message);
      this.#part = this.#partAt = undefined;
      this._emit('messageCreated', data);
    } else if (name === 'thread.message.delta') this.#takePieces(data.delta);
    else if (name !== 'thread.message.in_progress') {
      this.#messages.set(id, data);
      this.#message = data as Message;
      // The part in work is over with the message; it is told as the message has it.
      const part: MessageContent | undefined = this.#partAt === undefined ? undefined : data.content[this.#partAt];
      this.#partDone(part);
      this._emit('messageDone', data);
      this.#part = this.#partAt = this.#message = this.#messages.active = undefined;
    }
  }

  #takePieces(delta: MessageDelta): void {
    const message = this.#message!;
    const pieces = delta.content ?? [];
    for (const { index } of accumulateItems(message.content, pieces, 'content')) {
      const part = message.content[index];
      if (part?.type === 'text') this._emit('textCreated', part.text);
    }
    this._emit('messageDelta', delta, message);
    for (const piece of pieces) {
      const part = message.content[piece.index];
      if (piece.type === 'text' && piece.text) {
        if (part?.type !== 'text') throw new OpenAIError('The snapshot associated with this text delta is not text or missing');
        this._emit('textDelta', piece.text, part.text);
      }
      if (piece.index !== this.#partAt) this.#partDone(this.#part);
      this.#partAt = piece.index;
      this.#part = part;
    }
  }

  #partDone(part: MessageContent | undefined): void {
    if (part?.type === 'text') this._emit('textDone', part.text, this.#message!);
    else if (part?.type === 'image_file') this._emit('imageFileDone', part.image_file, this.#message!);
  }

  #takeStep(name: string, data: any, id: string): void {
    if (name === 'thread.run.step.delta') {
      this.#takeStepPiece(data.delta, id);
      return;
    }
    const step: Runs.RunStep = data;
    this.#steps.set(id, step);
    this.#step = step;
    if (name === 'thread.run.step.created') {
      this.#call = this.#callAt = undefined;
      this._emit('runStepCreated', step);
    } else if (name !== 'thread.run.step.in_progress') {
      this.#step = this.#steps.active = undefined;
      if (step.step_details.type === 'tool_calls') this.#endCall();
      this._emit('runStepDone', step, step);
      this.#call = this.#callAt = undefined;
    }
  }

  #takeStepPiece(delta: RunStepDelta, id: string): void {
    const step = this.#steps.get(id)!;
    if (delta) accumulateDelta(step, delta);
    this.#step = step;
    const details = delta?.step_details;
    if (details?.type === 'tool_calls' && details.tool_calls && step.step_details.type === 'tool_calls') {
      for (const piece of details.tool_calls) {
        const call = step.step_details.tool_calls[piece.index];
        if (piece.index === this.#callAt) this._emit('toolCallDelta', piece, call!);
        else {
          this.#endCall();
          this.#callAt = piece.index;
          this.#call = call;
          if (call) this._emit('toolCallCreated', call);
        }
      }
    }
    this._emit('runStepDelta', delta, step);
  }

  #endCall(): void {
    if (this.#call) this._emit('toolCallDone', this.#call);
    this.#call = this.#callAt = undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<AssistantStreamEvent> {
    return this._createIterator<AssistantStreamEvent>(
      (push) => {
        // As they are now: what they hold grows with the pieces that follow.
        const listener = (event: AssistantStreamEvent) => push(structuredClone(event));
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
