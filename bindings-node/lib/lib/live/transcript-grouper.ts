/** Transcripts of a live session in, segments out; with a timer for what follows from silence. */
import { EventEmitter } from '../EventEmitter.js';
import { OpenAIError } from '../../core/error.js';
import type { ServerEvent } from '../../resources/live/live.js';
import { Turns, type CloseReason, type Fragment, type Segment, type Settings, type Update } from './turns.js';

/** How segments are told apart; times in milliseconds. */
export interface TranscriptGrouperOptions {
  /** How long after the floor's last words another may take it. Default 500. */
  minTurnSeparationMs?: number;
  /** Silence after which the assistant's segment ends. Default 2,000. */
  assistantSilenceMs?: number;
  /** How long a remark of the assistant may be that is left out. Default 1,000; 0: none is left out. */
  backchannelMaxDurationMs?: number;
  /** How long it must stay alone. Default 2,000. */
  backchannelIsolationMs?: number;
  /** Phrases that count as acknowledgments, besides the usual ones. */
  additionalAcknowledgments?: readonly string[];
}

export type TranscriptSegment = Segment;
export type TranscriptSegmentCloseReason = CloseReason;

/** A segment that is complete, and why. */
export interface TranscriptSegmentClosedEvent {
  readonly segment: TranscriptSegment;
  readonly reason: TranscriptSegmentCloseReason;
}

export type TranscriptGrouperEvents = {
  'segment.updated': (segment: TranscriptSegment) => void;
  'segment.closed': (event: TranscriptSegmentClosedEvent) => void;
};

const DEFAULTS = { minTurnSeparationMs: 500, assistantSilenceMs: 2000, backchannelMaxDurationMs: 1000, backchannelIsolationMs: 2000 };
const SPEAKERS: Record<string, Fragment['speaker'] | undefined> = { 'session.input_transcript.delta': 'user', 'session.output_transcript.delta': 'assistant' };

/** The longest wait of a timer. */
const LONGEST = 2_147_483_647;
/** Milliseconds that a fragment waits for one of the other side with the same times. */
const TOGETHER = 50;

let groupers = 0;

function settingsOf(options: TranscriptGrouperOptions): Settings {
  const settings: Record<string, unknown> = {};
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    const value = options[name as keyof typeof DEFAULTS] ?? usual;
    if (!Number.isFinite(value) || value < 0 || value > LONGEST) {
      throw new OpenAIError(`${name} must be a finite number between 0 and ${LONGEST}`);
    }
    settings[name] = value;
  }
  return { ...settings, additionalAcknowledgments: options.additionalAcknowledgments ?? [] } as Settings;
}

type Received = Fragment & { at: number };

/**
 * Makes segments of the transcripts of one live session: feed it with the session's events (`live.on('event', (event) => grouper.push(event))`).
 * It does not touch the connection. `close()` ends all segments and its timer.
 */
export class TranscriptGrouper extends EventEmitter<TranscriptGrouperEvents> {
  #turns: Turns;
  #seen = new Set<string>();
  #waiting: Received[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** A time of the transcript, and when it was here. */
  #anchor: { reached: number; at: number } | undefined;
  #started: number | undefined;
  #closed = false;
  #telling = false;
  #updates: Update[] = [];

  constructor(options: TranscriptGrouperOptions = {}) {
    super();
    this.#turns = new Turns(settingsOf(options), `segment_${groupers}`);
    groupers += 1;
  }

  /** Takes in an event; those that are no transcript, and those that have come before, are passed over. */
  push(event: ServerEvent): void {
    if (this.#closed) throw new OpenAIError('Cannot push events after closing the transcript grouper');
    if (event.type === 'session.closed') return this.#finish('session_closed');
    const speaker = SPEAKERS[event.type];
    if (!speaker) return;
    const { event_id: id, delta: text, start_ms: startMs, end_ms: endMs } = event as any;
    const isTime = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
    if (typeof id !== 'string' || !id || typeof text !== 'string' || !isTime(startMs) || !isTime(endMs) || endMs < startMs) {
      throw new OpenAIError('Invalid Live transcript delta: expected an event ID, text, and a nonnegative timed interval');
    }
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    if (!text) return;
    const updates = this.#received({ speaker, text, startMs, endMs, at: performance.now() });
    this.#schedule();
    this.#tell(updates);
  }

  /** Ends all segments. */
  close(): void {
    this.#finish('manual');
  }

  #received(one: Received): Update[] {
    const first = this.#waiting[0];
    if (first && first.startMs === one.startMs && first.endMs === one.endMs) {
      this.#waiting.push(one);
      return this.#waiting.some(({ speaker }) => speaker !== one.speaker) ? this.#flush() : [];
    }
    const updates = this.#flush();
    if (this.#turns.speaker === one.speaker) updates.push(...this.#commit([one]));
    else this.#waiting.push(one);
    return updates;
  }

  #flush(): Update[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting.length > 0 ? this.#commit(waiting) : [];
  }

  #commit(received: Received[]): Update[] {
    const updates: Update[] = [];
    const { startMs } = received[0]!;
    if (this.#started !== undefined && startMs < this.#started) {
      updates.push(...this.#turns.close(this.#now(), 'timestamp_reset'));
      this.#anchor = undefined;
    }
    this.#started = startMs;
    const reached = Math.max(this.#anchor?.reached ?? 0, ...received.map(({ endMs }) => endMs));
    this.#anchor = { reached, at: Math.max(...received.map(({ at }) => at)) };
    updates.push(...this.#turns.take(received.map(({ at, ...fragment }) => fragment)));
    return updates;
  }

  /** The time of the transcript now. */
  #now(): number {
    return this.#anchor ? this.#anchor.reached + Math.max(0, performance.now() - this.#anchor.at) : 0;
  }

  #finish(reason: 'manual' | 'session_closed'): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    const updates = [...this.#flush(), ...this.#turns.close(this.#now(), reason)];
    this.#seen.clear();
    this.#tell(updates);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const due = this.#turns.due();
    const waiting = this.#waiting[0];
    if (this.#closed || (!waiting && due === undefined)) return;
    const left = waiting ? waiting.at + TOGETHER - performance.now() : due! - this.#now();
    const ring = (): void => {
      const updates = [...this.#flush(), ...this.#turns.advance(this.#now())];
      this.#schedule();
      this.#tell(updates);
    };
    this.#timer = setTimeout(ring, Math.min(LONGEST, Math.max(0, Math.ceil(left))));
    // A program that has nothing else to do ends.
    this.#timer.unref?.();
  }

  /** Tells listeners in order; what they bring about is told after what they are told now. */
  #tell(updates: Update[]): void {
    this.#updates.push(...updates);
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let update = this.#updates.shift(); update; update = this.#updates.shift()) {
        const { segment, reason } = update;
        if (reason === undefined) this._emit('segment.updated', segment);
        else this._emit('segment.closed', { segment, reason });
      }
    } finally {
      this.#telling = false;
    }
  }
}
