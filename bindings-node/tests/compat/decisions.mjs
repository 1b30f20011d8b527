/** Runs over decisions: what is asked, which actions are taken, how they end. */
import { client, json, recorder } from './world.mjs';

const USAGE = { input_tokens: 1, output_tokens: 2, total_tokens: 3, input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 } };
const answer = (choice, more) => () => json({ id: 'd', model: 'm', usage: USAGE, answers: [{ name: 'next_action', type: 'choice', choice, confidence: 0.9, probabilities: [{ value: choice, probability: 0.9 }], ...more }] });
const refusal = () => json({ id: 'd', model: 'm', usage: USAGE, answers: [{ name: 'next_action', type: 'refusal', refusal: 'no' }] });

async function run(p, { candidates, verify, observe, params = {}, options = {}, replies = [answer('done')] }) {
  const { DecisionsToolRunner } = p.load('helpers/decisions-tool-runner');
  const { fetch, seen } = recorder(...replies);
  const log = [];
  const told = [];
  const act = (id, execute = () => undefined) => ({ id, description: `does ${id}`, execute: () => (log.push(id), execute()) });
  const registration = {
    observe: observe ?? (() => (log.push('look'), `state ${log.length}`)),
    candidates: candidates ? () => candidates(act, log) : () => [act('a'), act('b'), { id: 'done', description: 'ends', done: true }],
    ...(verify ? { verify: (state) => (log.push(['verify', state]), verify(log)) } : {}),
  };
  const runner = new DecisionsToolRunner(registration);
  const given = { onDiagnostic: ({ duration_ms, ...rest }) => told.push(rest), ...options };
  const result = await runner.run(client(p, fetch), { model: 'm', input: 'task', ...params }, given).then(
    (value) => value,
    ({ name, reason, attemptedCandidateIds, completedCandidateIds }) => ({ name, reason, attemptedCandidateIds, completedCandidateIds }),
  );
  // How the question is worded is each package's own.
  const sent = seen.map(({ url, headers, body }) => {
    const { questions, ...rest } = JSON.parse(body);
    return [url, headers['x-own'] ?? null, Boolean(headers['idempotency-key']), rest, questions.map(({ instructions, ...question }) => [typeof instructions, question])];
  });
  return JSON.parse(JSON.stringify({ result, log, told, sent, closed: runner.close() }));
}

const STORIES = {
  'two actions and the end': { replies: [answer('a'), answer('b'), answer('done')] },
  'an end that is verified': { verify: () => true, replies: [answer('a'), answer('done')] },
  'an end that is not so yet': { verify: (log) => log.filter(([word]) => word === 'verify').length > 1, replies: [answer('done'), answer('a'), answer('done')] },
  'a verification of another kind': { verify: () => 'yes' },
  'only the end': { candidates: () => [{ id: 'done', description: 'ends', done: true }], verify: () => true },
  'only an end that is not so': { candidates: () => [{ id: 'done', description: 'ends', done: true }], verify: () => false },
  'a refusal': { replies: [answer('a'), refusal] },
  'too many steps': { replies: [answer('a')], options: { maxSteps: 2 } },
  'an action that fails': { candidates: (act) => [act('a', () => { throw new Error('secret'); }), { id: 'done', description: 'ends', done: true }], replies: [answer('a')] },
  'an answer that is no choice': { replies: [answer('x')] },
  'an answer of another name': { replies: [answer('a', { name: 'other' })] },
  'no end among the choices': { candidates: (act) => [act('a'), act('b')] },
  'two of an id': { candidates: (act) => [act('a'), act('a'), { id: 'done', description: 'ends', done: true }] },
  'a choice without words': { candidates: (act) => [{ ...act('a'), description: ' ' }, { id: 'done', description: 'ends', done: true }] },
  'no choices': { candidates: () => [] },
  'pictures': { observe: () => [{ type: 'input_text', text: 'x' }, { type: 'input_image', image_url: 'data:,' }] },
  'parts of another kind': { observe: () => [{ type: 'input_file' }] },
  'params that are not known': { params: { temperature: 1 } },
  'options that are not known': { options: { more: 1 } },
  'no steps': { options: { maxSteps: 0 } },
  'an error of the server': { replies: [() => json({ error: { message: 'no' } }, { status: 400 })] },
  'options of requests': { replies: [answer('a'), answer('done')], options: { requestOptions: { headers: { 'x-own': '1', 'idempotency-key': 'k' } } }, params: { safety_identifier: 'me' } },
  'a signal that has come': { options: { signal: AbortSignal.abort() } },
};

export const programs = {
  ...Object.fromEntries(Object.entries(STORIES).map(([name, story]) => [name, (p) => run(p, story)])),
  'one run at a time, none once it is closed': async (p) => {
    const { DecisionsToolRunner } = p.load('helpers/decisions-tool-runner');
    let go;
    const runner = new DecisionsToolRunner({ observe: () => new Promise((resolve) => (go = resolve)), candidates: () => [{ id: 'done', description: 'ends', done: true }] });
    const c = client(p, recorder(answer('done')).fetch);
    const first = runner.run(c, { model: 'm', input: 'x' });
    const busy = await runner.run(c, { model: 'm', input: 'x' }).catch(({ message }) => message);
    const closing = runner.close();
    go('state');
    return [busy, closing, (await first).status, await runner.run(c, { model: 'm', input: 'x' }).catch(({ message }) => message), runner.close()];
  },
};
