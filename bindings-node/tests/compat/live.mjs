/** Segments of what is said in live sessions, by chance: who speaks when, in which pieces, and with which pauses between them. */
import { createRequire } from 'node:module';
import { outcome } from './world.mjs';

const FakeTimers = createRequire(import.meta.url)('@sinonjs/fake-timers');
const WORDS = ['Hello', ' there', 'ok', 'mm', '-hmm', 'Yeah, ', 'right.', ' and so on', '', 'uh', ' huh', 'gotcha!', 'one two three four five', 'é', '…'];

/** Numbers between 0 and 1, the same for each seed. */
function chance(seed) {
  let state = seed * 2654435761 + 1;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 2246822519) ^ Math.imul(state ^ (state >>> 13), 3266489917);
    return ((state ^= state >>> 16) >>> 0) / 2 ** 32;
  };
}

/** What listeners hear of one session; ids without the number of the grouper. */
function session({ load }, seed, options = {}) {
  const next = chance(seed);
  const below = (limit) => Math.floor(next() * limit);
  const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const heard = [];
  const told = (name) => (event) => heard.push([name, clock.now, JSON.parse(JSON.stringify(event).replace(/segment_\d+_/g, 'segment_'))]);
  try {
    const { TranscriptGrouper } = load('helpers/live');
    const grouper = new TranscriptGrouper(options);
    grouper.on('segment.updated', told('updated')).on('segment.closed', told('closed'));
    let time = 0;
    for (let count = 0; count < 40; count += 1) {
      if (below(3) > 0) time += below(below(4) ? 400 : 3000);
      if (below(30) === 0) time = Math.max(0, time - 2000);
      const type = below(2) ? 'session.input_transcript.delta' : 'session.output_transcript.delta';
      grouper.push({ type, event_id: `e${below(12) ? count : count - 1}`, delta: WORDS[below(WORDS.length)], start_ms: time, end_ms: time + below(900) });
      if (below(2)) clock.tick(below(below(5) ? 300 : 4000));
    }
    if (below(2)) grouper.push({ type: 'session.closed' });
    else grouper.close();
    grouper.close();
    return heard;
  } finally {
    clock.uninstall();
  }
}

const EVENT = { type: 'session.input_transcript.delta', event_id: 'e', delta: 'x', start_ms: 0, end_ms: 1 };

export const programs = {
  'sessions by chance': (p) => Array.from({ length: 150 }, (_, seed) => session(p, seed + 1)),
  'sessions with settings of their own': (p) =>
    [{ minTurnSeparationMs: 0 }, { assistantSilenceMs: 0 }, { backchannelMaxDurationMs: 0 }, { backchannelIsolationMs: 0 }, { additionalAcknowledgments: ['And so on', ' ', 'one two three four five'] }, { minTurnSeparationMs: 1500.5, backchannelIsolationMs: 700.25 }]
      .flatMap((options) => Array.from({ length: 30 }, (_, seed) => session(p, seed + 500, options))),
  'settings and events that are refused': async ({ load }) => {
    const { TranscriptGrouper } = load('helpers/live');
    const results = [];
    for (const options of [{ minTurnSeparationMs: -1 }, { assistantSilenceMs: NaN }, { backchannelMaxDurationMs: Infinity }, { backchannelIsolationMs: 2 ** 31 }, { minTurnSeparationMs: null }]) results.push(await outcome(() => typeof new TranscriptGrouper(options)));
    for (const change of [{ event_id: '' }, { event_id: 5 }, { delta: null }, { start_ms: -1 }, { start_ms: 0.5 }, { end_ms: -1 }, { end_ms: '1' }, { type: 'session.updated', delta: 5 }]) results.push(await outcome(() => new TranscriptGrouper().push({ ...EVENT, ...change })));
    const closed = new TranscriptGrouper();
    closed.close();
    results.push(await outcome(() => closed.push(EVENT)));
    return results;
  },
};
