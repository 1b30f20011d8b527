/** Polls and uploads into stores, request by request, and with methods that the program has put in the place of the package's. */
import { client, json, outcome, recorder, told } from './world.mjs';

const states = (...names) => names.map((status) => () => json({ id: 'x', thread_id: 't', status }, { headers: { 'openai-poll-after-ms': '1' } }));

const sent = async (p, work, ...replies) => {
  const { fetch, seen } = recorder(...replies);
  const result = await outcome(() => work(client(p, fetch), p));
  return { seen: seen.filter(({ url }) => !url.startsWith('data:')), ...result };
};
const NOW = { pollIntervalMs: 1 };
const file = (p, text) => p.OpenAI.toFile(Buffer.from(text), `${text}.txt`);

export const programs = {
  'a run': (p) => sent(p, (c) => c.beta.threads.runs.createAndPoll('t', { assistant_id: 'a' }, NOW), ...states('queued', 'in_progress', 'completed')),
  'a run at the pace of the server': (p) => sent(p, (c) => c.beta.threads.runs.poll('x', { thread_id: 't' }), ...states('queued', 'cancelling', 'requires_action')),
  'a thread and its run': (p) => sent(p, (c) => c.beta.threads.createAndRunPoll({ assistant_id: 'a' }, NOW), ...states('queued', 'expired')),
  'what tools have answered': (p) => sent(p, (c) => c.beta.threads.runs.submitToolOutputsAndPoll('x', { thread_id: 't', tool_outputs: [] }, NOW), ...states('queued', 'failed')),
  'a file of a store': (p) => sent(p, (c) => c.vectorStores.files.createAndPoll('v', { file_id: 'f' }, NOW), ...states('in_progress', 'in_progress', 'completed')),
  'a file that is uploaded into a store': (p) => sent(p, async (c) => c.vectorStores.files.uploadAndPoll('v', await file(p, 'a'), NOW), ...states('in_progress', 'in_progress', 'failed')),
  'a batch of a store': (p) => sent(p, (c) => c.vectorStores.fileBatches.createAndPoll('v', { file_ids: ['f'] }, NOW), ...states('in_progress', 'completed')),
  'files that are uploaded into a store': (p) => sent(p, async (c) => c.vectorStores.fileBatches.uploadAndPoll('v', { files: [await file(p, 'a'), await file(p, 'b')], fileIds: ['z'] }, { ...NOW, maxConcurrency: 1 }), ...states('in_progress', 'in_progress', 'in_progress', 'completed')),
  'a file that is processed': (p) => sent(p, (c) => c.files.waitForProcessing('x', { pollInterval: 1 }), ...states('uploaded', 'processed')),
  'a file that takes too long': async (p) => (await sent(p, (c) => c.files.waitForProcessing('x', { pollInterval: 2, maxWait: 0 }), ...states('uploaded'))).error,
  'a poll that fails': (p) => sent(p, (c) => c.beta.threads.runs.poll('x', { thread_id: 't' }, NOW), ...states('queued'), () => json({ error: { message: 'gone' } }, { status: 404 })),
  'a poll that is aborted': async (p) => {
    const caller = new AbortController();
    const { error } = await sent(p, (c) => c.beta.threads.runs.poll('x', { thread_id: 't' }, { pollIntervalMs: 60_000, signal: caller.signal }), () => (setImmediate(() => caller.abort()), json({ id: 'x', status: 'queued' })));
    return error.chain;
  },
  'a method in the place of ours': async (p) => {
    const c = client(p, recorder(() => json({ id: 'real', status: 'queued' })).fetch);
    const asked = [];
    const replies = ['queued', 'completed'];
    c.beta.threads.runs.retrieve = (...args) => {
      asked.push(args.slice(0, 2));
      const data = { id: 'x', status: replies.shift() };
      return { withResponse: async () => ({ data, response: new Response() }) };
    };
    return [await c.beta.threads.runs.createAndPoll('t', { assistant_id: 'a' }, NOW), asked];
  },
  'tokens of Azure that cannot be got': async ({ AzureOpenAI }) => {
    const found = [];
    for (const azureADTokenProvider of [async () => '', async () => { throw new Error('no'); }, async () => 5]) {
      const azure = new AzureOpenAI({ endpoint: 'https://e.test', apiVersion: 'v', azureADTokenProvider, maxRetries: 0, fetch: async () => json({}) });
      found.push(await azure.chat.completions.create({ model: 'm', messages: [] }).catch(told));
    }
    return found.map(({ message, chain, cause }) => ({ message, chain, cause }));
  },
};
