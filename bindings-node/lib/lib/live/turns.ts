/** Who has the floor in a live session: turns of a transcript by their times. No clock, no listeners. */

export type Speaker = 'user' | 'assistant';

/** Why a segment ended. */
export type CloseReason = 'speaker_change' | 'inactivity' | 'timestamp_reset' | 'session_closed' | 'manual';

/** What one side said without the other taking over, so far. Times are those of the transcript, in milliseconds. */
export interface Segment {
  readonly id: string;
  readonly previousId: string | null;
  readonly speaker: Speaker;
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** A segment that has grown, or ended. */
export type Update = { segment: Segment; reason?: CloseReason };

/** A piece of the transcript as it came. */
export interface Fragment {
  speaker: Speaker;
  text: string;
  startMs: number;
  endMs: number;
}

/** How segments are told apart; times in milliseconds. */
export interface Settings {
  minTurnSeparationMs: number;
  assistantSilenceMs: number;
  backchannelMaxDurationMs: number;
  backchannelIsolationMs: number;
  additionalAcknowledgments: readonly string[];
}

/** What is said while another speaks, without wanting the floor. */
const ACKNOWLEDGMENTS = ['aha', 'alright', 'gotcha', 'hm', 'hmm', 'mhm', 'mm', 'mm hmm', 'okay', 'ok', 'right', 'sure', 'uh huh', 'yeah', 'yep', 'yes'];

/** Words as they are compared: small, with single spaces, without what stands around them. */
const plain = (text: string): string =>
  text.toLowerCase().replaceAll('-', ' ').replace(/^[\s.,!?;:"'()[\]{}]+|[\s.,!?;:"'()[\]{}]+$/gu, '').split(/\s+/u).join(' ');

interface Turn extends Fragment {
  id: string;
  previousId: string | null;
  isShown: boolean;
  /** Whether it may be nothing but an acknowledgment. */
  isDroppable: boolean;
}

function add(turn: Turn, fragment: Fragment, isSpaced = false): void {
  if (isSpaced && /[\p{L}\p{N}]$/u.test(turn.text) && /^[\p{L}\p{N}]/u.test(fragment.text)) turn.text += ' ';
  turn.text += fragment.text;
  turn.endMs = Math.max(turn.endMs, fragment.endMs);
}

const segment = ({ id, previousId, speaker, text, startMs, endMs }: Turn): Segment => Object.freeze({ id, previousId, speaker, text, startMs, endMs });

/**
 * The turn that has the floor, and what the other side says meanwhile, which becomes the next turn or is dropped: a short remark of the
 * assistant into what the user says is dropped if the user goes on, or if it stays alone for long enough.
 */
export class Turns {
  #settings: Settings;
  #prefix: string;
  #phrases: Set<string>;
  /** No longer words than these are compared. */
  #longest: number;
  #floor: Turn | undefined;
  #aside: Turn | undefined;
  #count = 0;
  #lastId: string | null = null;
  /** When the assistant's last turn ended. */
  #answered: number | undefined;

  constructor(settings: Settings, prefix: string) {
    this.#settings = settings;
    this.#prefix = prefix;
    this.#phrases = new Set([...ACKNOWLEDGMENTS, ...settings.additionalAcknowledgments.map(plain).filter(Boolean)]);
    this.#longest = Math.max(...[...this.#phrases].map(({ length }) => length));
  }

  /** Who has the floor. */
  get speaker(): Speaker | undefined {
    return this.#floor?.speaker;
  }

  /** Takes fragments of one time; the floor's own come first. */
  take(fragments: Fragment[]): Update[] {
    const first = this.speaker ?? 'user';
    const ordered = [...fragments.filter(({ speaker }) => speaker === first), ...fragments.filter(({ speaker }) => speaker !== first)];
    const updates: Update[] = [];
    const { startMs } = ordered[0]!;
    for (let due = this.due(); due !== undefined && due < startMs; due = this.due()) updates.push(...this.advance(due));
    const speaks = (who: Speaker | undefined): boolean => ordered.some(({ speaker }) => speaker === who);
    if (this.#floor && !speaks(this.speaker)) updates.push(...this.advance(startMs, speaks('user')));
    for (const fragment of ordered) updates.push(...this.#say(fragment));
    return updates;
  }

  /** What follows from nothing having come until now. */
  advance(now: number, userSpeaks = false): Update[] {
    const floor = this.#floor;
    if (!floor) return [];
    const { minTurnSeparationMs, assistantSilenceMs } = this.#settings;
    if (this.#aside && now >= floor.endMs + minTurnSeparationMs && !this.#mayYetDrop(now)) {
      this.#aside = this.#kept(now);
      if (this.#aside) return this.#handOver();
    }
    if (floor.speaker === 'assistant' && !userSpeaks && now >= floor.endMs + assistantSilenceMs) return this.#end('inactivity');
    return [];
  }

  /** When `advance` has something to say next. */
  due(): number | undefined {
    const [floor, aside] = [this.#floor, this.#aside];
    if (!floor) return undefined;
    const { minTurnSeparationMs, assistantSilenceMs, backchannelIsolationMs } = this.#settings;
    if (!aside) return floor.speaker === 'assistant' ? floor.endMs + assistantSilenceMs : undefined;
    const separated = floor.endMs + minTurnSeparationMs;
    return this.#isOpen() ? Math.max(separated, aside.endMs + backchannelIsolationMs) : separated;
  }

  /** Ends what is there. */
  close(now: number, reason: CloseReason): Update[] {
    const aside = this.#kept(now);
    const updates = this.#end(reason);
    this.#aside = undefined;
    if (aside?.text) updates.push(...this.#show(aside), ...this.#ended(aside, reason));
    if (reason === 'timestamp_reset') this.#answered = undefined;
    return updates;
  }

  #say(fragment: Fragment): Update[] {
    const floor = this.#floor;
    if (!floor) return this.#show((this.#floor = this.#turn(fragment)));
    if (fragment.speaker === floor.speaker) {
      add(floor, fragment, this.#aside !== undefined);
      return this.#show(floor);
    }
    if (floor.speaker === 'assistant') {
      this.#putAside(fragment);
      return this.#handOver();
    }
    if (this.#isOvertaken()) this.#aside = undefined;
    const words = this.#wordsWith(fragment);
    if (fragment.startMs - floor.endMs < this.#settings.minTurnSeparationMs) {
      this.#putAside(fragment, words ? [...this.#phrases].some((phrase) => phrase.startsWith(words)) : false);
      return [];
    }
    if (words !== undefined && this.#phrases.has(words)) {
      this.#putAside(fragment, this.#aside !== undefined);
      return [];
    }
    this.#aside = this.#kept(undefined, fragment);
    const updates = this.#end('speaker_change');
    if (this.#aside) {
      add(this.#aside, fragment);
      this.#floor = this.#aside;
      this.#aside = undefined;
    } else this.#floor = this.#turn(fragment);
    return [...updates, ...this.#show(this.#floor)];
  }

  #turn(fragment: Fragment): Turn {
    const id = `${this.#prefix}_${this.#count++}`;
    return { ...fragment, id, previousId: null, isShown: false, isDroppable: true };
  }

  #putAside(fragment: Fragment, isDroppable?: boolean): void {
    if (this.#aside) add(this.#aside, fragment);
    else this.#aside = this.#turn(fragment);
    if (isDroppable !== undefined) this.#aside.isDroppable = isDroppable;
  }

  #handOver(): Update[] {
    const next = this.#aside;
    if (!next) return [];
    const updates = this.#end('speaker_change');
    this.#floor = next;
    this.#aside = undefined;
    return [...updates, ...this.#show(next)];
  }

  #end(reason: CloseReason): Update[] {
    const floor = this.#floor;
    this.#floor = undefined;
    return floor ? this.#ended(floor, reason) : [];
  }

  #ended(turn: Turn, reason: CloseReason): Update[] {
    if (turn.speaker === 'assistant') this.#answered = turn.endMs;
    return turn.isShown ? [{ segment: segment(turn), reason }] : [];
  }

  #show(turn: Turn): Update[] {
    if (!turn.text) return [];
    if (!turn.isShown) {
      turn.isShown = true;
      turn.previousId = this.#lastId;
      this.#lastId = turn.id;
    }
    return [{ segment: segment(turn) }];
  }

  /** Whether what is aside is a short remark of the assistant into what the user says. */
  #isBrief(): boolean {
    const [floor, aside] = [this.#floor, this.#aside];
    if (floor?.speaker !== 'user' || aside?.speaker !== 'assistant') return false;
    return aside.endMs - aside.startMs < this.#settings.backchannelMaxDurationMs;
  }

  /** Whether the user has gone on after it. */
  #isOvertaken(): boolean {
    return this.#isBrief() && this.#aside!.isDroppable && this.#floor!.endMs > this.#aside!.endMs;
  }

  /** Whether it belongs to what the assistant said just before. */
  #continuesAnswer(): boolean {
    const [floor, aside] = [this.#floor, this.#aside];
    if (!floor || !aside || this.#answered === undefined) return false;
    return aside.startMs - this.#answered < this.#settings.backchannelIsolationMs && aside.startMs <= floor.startMs;
  }

  /** Whether it is not known yet what it is. */
  #isOpen(): boolean {
    return this.#isBrief() && this.#aside!.isDroppable && !this.#isOvertaken() && !this.#continuesAnswer();
  }

  #mayYetDrop(now: number): boolean {
    return this.#isOpen() && now < this.#aside!.endMs + this.#settings.backchannelIsolationMs;
  }

  /** What was said aside, unless it was nothing but an acknowledgment. */
  #kept(now: number | undefined, next?: Fragment): Turn | undefined {
    const aside = this.#aside;
    if (!aside || !this.#isBrief()) return aside;
    if (this.#isOvertaken()) return undefined;
    if (this.#continuesAnswer()) return aside;
    const time = next ? next.startMs : now;
    const isAlone = time !== undefined && time >= aside.endMs + this.#settings.backchannelIsolationMs;
    return isAlone && aside.isDroppable ? undefined : aside;
  }

  /** The words aside with these, where they are few enough for an acknowledgment. */
  #wordsWith(fragment: Fragment): string | undefined {
    const start = this.#aside?.startMs ?? fragment.startMs;
    if (fragment.endMs - start >= this.#settings.backchannelMaxDurationMs) return undefined;
    const text = (this.#aside?.text ?? '') + fragment.text;
    const letters = text.replace(/[\s.,!?;:"'()[\]{}-]/gu, '');
    return letters.length > this.#longest ? undefined : plain(text);
  }
}
