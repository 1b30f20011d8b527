// The official Node package, as it comes, against threadline-server.
//
//     node assistants.mjs BASE_URL...
//     SEAM=threadline node assistants.mjs MODEL_URL      over threadline's fetch, with the engine in this process
//
// Every check runs against every base URL; the last line is `N passed, N failed`.

import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";
import { VERSION } from "openai/version";

const checks = [];
const check = (name, run) => checks.push({ name, run });

const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather in a town.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};
const notes = "# Notes\n\nThe ferry to Lunde leaves at noon. Bread is baked on Fridays.\n";
const textOf = (message) => message.content.map((part) => (part.type === "text" ? part.text.value : "")).join("");
const all = async (list) => {
  const items = [];
  for await (const item of list) items.push(item);
  return items;
};
const ask = async (client, question, assistant = {}) => [
  await client.beta.assistants.create({ model: "rules", ...assistant }),
  await client.beta.threads.create({ messages: [{ role: "user", content: question }] }),
];
const refused = async (call, kind, said) => {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof kind, `${error}`);
    assert.match(error.message, said);
    return error;
  }
  assert.fail("it was let pass");
};

check("assistants are made, read, changed, listed and deleted", async (client) => {
  const { assistants } = client.beta;
  const made = await assistants.create({ model: "rules", name: "Desk", instructions: "Be brief.", tools: [weather], metadata: { k: "v" } });
  assert.match(made.id, /^asst_/);
  assert.deepEqual(await assistants.retrieve(made.id), made);
  const changed = await assistants.update(made.id, { name: null, metadata: { k: "w" } });
  assert.deepEqual([changed.name, changed.metadata, changed.instructions], [null, { k: "w" }, "Be brief."]);
  const others = [];
  for (let n = 0; n < 3; n++) others.unshift((await assistants.create({ model: "rules" })).id);
  const listed = (await all(assistants.list({ limit: 2 }))).map((assistant) => assistant.id);
  assert.deepEqual(listed.slice(0, 4), [...others, made.id]);
  for (const id of [made.id, ...others]) assert.equal((await assistants.delete(id)).deleted, true);
  await refused(() => assistants.retrieve(made.id), OpenAI.NotFoundError, /No assistant found/);
});

check("threads and messages are made, read, changed and deleted, and page both ways", async (client) => {
  const { threads } = client.beta;
  const thread = await threads.create({ metadata: { a: "b" } });
  assert.deepEqual((await threads.update(thread.id, { metadata: { a: "c" } })).metadata, { a: "c" });
  const ids = [];
  for (let n = 0; n < 12; n++) ids.push((await threads.messages.create(thread.id, { role: "user", content: `${n}` })).id);
  const listed = async (query) => (await all(threads.messages.list(thread.id, query))).map((message) => message.id);
  assert.deepEqual(await listed({ limit: 5 }), [...ids].reverse());
  assert.deepEqual(await listed({ limit: 5, order: "asc" }), ids);
  const page = await threads.messages.list(thread.id, { before: ids[7], after: ids[3], order: "asc" });
  assert.deepEqual(page.data.map((message) => message.id), ids.slice(4, 7));
  const one = await threads.messages.update(ids[0], { thread_id: thread.id, metadata: { m: "2" } });
  assert.deepEqual(await threads.messages.retrieve(ids[0], { thread_id: thread.id }), one);
  assert.equal((await threads.messages.delete(ids[0], { thread_id: thread.id })).deleted, true);
  assert.equal((await listed({})).length, 11);
  assert.equal((await threads.delete(thread.id)).deleted, true);
  await refused(() => threads.retrieve(thread.id), OpenAI.NotFoundError, /No thread found/);
});

check("a run is polled to its end", async (client) => {
  const { threads } = client.beta;
  const [assistant, thread] = await ask(client, "Good day");
  const run = await threads.runs.createAndPoll(thread.id, { assistant_id: assistant.id });
  assert.equal(run.status, "completed");
  assert.ok(run.usage.total_tokens > 0);
  const page = await threads.messages.list(thread.id);
  assert.equal(textOf(page.data[0]), "You said: Good day");
  const steps = await all(threads.runs.steps.list(run.id, { thread_id: thread.id }));
  assert.deepEqual(steps.map((step) => [step.type, step.status]), [["message_creation", "completed"]]);
  assert.deepEqual(await threads.runs.steps.retrieve(steps[0].id, { thread_id: thread.id, run_id: run.id }), steps[0]);
  const body = { assistant_id: assistant.id, thread: { messages: [{ role: "user", content: "Hello" }] } };
  assert.equal((await threads.createAndRunPoll(body)).status, "completed");
  assert.deepEqual((await all(threads.runs.list(thread.id))).map((found) => found.id), [run.id]);
});

check("functions are asked for and answered", async (client) => {
  const { threads } = client.beta;
  const [assistant, thread] = await ask(client, "What is the weather in Oslo?", { tools: [weather] });
  const run = await threads.runs.createAndPoll(thread.id, { assistant_id: assistant.id });
  assert.equal(run.status, "requires_action");
  const [call] = run.required_action.submit_tool_outputs.tool_calls;
  assert.deepEqual(call.function, { name: "get_weather", arguments: '{"city":"Oslo"}' });
  await refused(() => threads.messages.create(thread.id, { role: "user", content: "x" }), OpenAI.BadRequestError, /is active/);
  const outputs = [{ tool_call_id: call.id, output: "mild" }];
  const done = await threads.runs.submitToolOutputsAndPoll(run.id, { thread_id: thread.id, tool_outputs: outputs });
  assert.equal(done.status, "completed");
  assert.equal(textOf((await threads.messages.list(thread.id)).data[0]), "get_weather says mild.");
});

check("a run is streamed to event handlers", async (client) => {
  const { threads } = client.beta;
  const [assistant, thread] = await ask(client, "Good day");
  const seen = [];
  let text = "";
  const stream = threads.runs
    .stream(thread.id, { assistant_id: assistant.id })
    .on("event", (event) => seen.push(event.event))
    .on("textCreated", () => seen.push("text created"))
    .on("textDelta", (delta, snapshot) => {
      text += delta.value ?? "";
      assert.equal(snapshot.value, text);
    })
    .on("textDone", () => seen.push("text done"))
    .on("messageDone", () => seen.push("message done"))
    .on("runStepDone", (step) => seen.push(`step done ${step.type}`))
    .on("end", () => seen.push("end"));
  const run = await stream.finalRun();
  const [message] = await stream.finalMessages();
  const [step] = await stream.finalRunSteps();
  assert.deepEqual([run.status, step.status, text, textOf(message)], ["completed", "completed", "You said: Good day", text]);
  const once = seen.filter((name, place) => name !== seen[place - 1] && name.startsWith("thread."));
  assert.deepEqual([...new Set(once)], [
    "thread.run.created", "thread.run.queued", "thread.run.in_progress", "thread.run.step.created", "thread.run.step.in_progress",
    "thread.message.created", "thread.message.in_progress", "thread.message.delta", "thread.message.completed",
    "thread.run.step.completed", "thread.run.completed",
  ]);
  for (const word of ["text created", "text done", "message done", "step done message_creation", "end"]) {
    assert.equal(seen.filter((name) => name === word).length, 1, word);
  }
  const plain = await threads.runs.create(thread.id, { assistant_id: assistant.id, stream: true });
  assert.equal((await all(plain)).at(-1).event, "thread.run.completed");
  const both = threads.createAndRunStream({ assistant_id: assistant.id, thread: { messages: [{ role: "user", content: "x" }] } });
  assert.equal((await all(both))[0].event, "thread.created");
});

check("functions are answered in a stream", async (client) => {
  const { runs } = client.beta.threads;
  const time = { type: "function", function: { name: "get_time", parameters: { type: "object", properties: {} } } };
  const [assistant, thread] = await ask(client, "The weather in Oslo, and the time in Oslo? [together]", { tools: [weather, time] });
  const tools = [];
  const stream = runs.stream(thread.id, { assistant_id: assistant.id }).on("toolCallDone", (call) => tools.push(call.function.name));
  const run = await stream.finalRun();
  assert.equal(run.status, "requires_action");
  assert.deepEqual(tools, ["get_weather", "get_time"]);
  const outputs = run.required_action.submit_tool_outputs.tool_calls.map((call) => ({ tool_call_id: call.id, output: call.function.name }));
  const second = runs.submitToolOutputsStream(run.id, { thread_id: thread.id, tool_outputs: outputs.reverse() });
  assert.equal((await second.finalRun()).status, "completed");
  assert.equal(textOf((await second.finalMessages())[0]), "get_weather says get_weather. get_time says get_time.");
});

check("a run is cancelled", async (client) => {
  const { threads } = client.beta;
  const [assistant, thread] = await ask(client, "Think [hang]");
  const stream = await threads.runs.create(thread.id, { assistant_id: assistant.id, stream: true });
  let id;
  for await (const event of stream) {
    id ??= event.data.id;
    if (event.event === "thread.message.delta") break;
  }
  assert.match((await threads.runs.cancel(id, { thread_id: thread.id })).status, /^cancell/);
  assert.equal((await threads.runs.poll(id, { thread_id: thread.id })).status, "cancelled");
  const [newest] = (await threads.messages.list(thread.id)).data;
  assert.deepEqual([newest.status, newest.incomplete_details.reason], ["incomplete", "run_cancelled"]);
  await threads.messages.create(thread.id, { role: "user", content: "On we go" });
});

check("a provider that fails fails the run", async (client) => {
  const [assistant, thread] = await ask(client, "Now [fail=400]");
  const run = await client.beta.threads.runs.stream(thread.id, { assistant_id: assistant.id }).finalRun();
  assert.deepEqual([run.status, run.last_error.code], ["failed", "invalid_prompt"]);
});

check("silence is no event", async (client) => {
  // The server fills silence with comments, here after a twentieth of a second.
  const [assistant, thread] = await ask(client, "Good day [words=3] [pause_ms=300]", {});
  const run = await client.beta.threads.runs.stream(thread.id, { assistant_id: assistant.id }).finalRun();
  assert.equal(run.status, "completed");
});

check("files and vector stores are filled, searched, cited and deleted", async (client) => {
  const file = await client.files.create({ file: await toFile(Buffer.from(notes), "notes.md"), purpose: "assistants" });
  assert.equal(await (await client.files.content(file.id)).text(), notes);
  const store = await client.vectorStores.create({ name: "notes" });
  const added = await client.vectorStores.files.createAndPoll(store.id, { file_id: file.id });
  assert.equal(added.status, "completed");
  const sent = await client.vectorStores.files.uploadAndPoll(store.id, await toFile(Buffer.from("Bread needs yeast."), "bread.txt"));
  assert.equal(sent.status, "completed");
  const batch = await client.vectorStores.fileBatches.uploadAndPoll(store.id, { files: [await toFile(Buffer.from("The pier is long."), "a.txt")] });
  assert.deepEqual([batch.status, batch.file_counts.completed], ["completed", 1]);
  assert.equal((await client.vectorStores.retrieve(store.id)).file_counts.completed, 3);
  const hits = await all(client.vectorStores.search(store.id, { query: "When does the ferry leave?" }));
  assert.equal(hits[0].filename, "notes.md");

  const tool_resources = { file_search: { vector_store_ids: [store.id] } };
  const [assistant, thread] = await ask(client, "When does the ferry leave?", { tools: [{ type: "file_search" }], tool_resources });
  const stream = client.beta.threads.runs.stream(thread.id, { assistant_id: assistant.id });
  const [message] = await stream.finalMessages();
  const { value, annotations } = message.content[0].text;
  assert.equal(annotations[0].file_citation.file_id, file.id);
  assert.equal([...value].slice(annotations[0].start_index, annotations[0].end_index).join(""), annotations[0].text);

  assert.equal((await client.vectorStores.files.delete(sent.id, { vector_store_id: store.id })).deleted, true);
  assert.equal((await client.vectorStores.delete(store.id)).deleted, true);
  assert.equal((await client.files.delete(file.id)).deleted, true);
});

check("what is wrong is told as the original does", async (client) => {
  const error = await refused(() => client.beta.threads.retrieve("undefined"), OpenAI.BadRequestError, /begins with 'thread'/);
  assert.deepEqual([error.code, error.param, error.type], ["invalid_value", "thread_id", "invalid_request_error"]);
  assert.ok(error.requestID);
  await refused(() => client.beta.assistants.list({ limit: 101 }), OpenAI.BadRequestError, /maximum value/);
});

/** A fetch with the engine behind it, where the seam is what is asked for. */
const carried = async (baseURL) => {
  if (!process.env.SEAM) return {};
  const { fetch } = await import(process.env.SEAM);
  return { fetch: fetch({ baseURL, apiKey: "any", assistants: { store: "sqlite::memory:", files: true, profile: { api: "chat" } } }) };
};

let [passed, failed] = [0, 0];
for (const baseURL of process.argv.slice(2)) {
  const client = new OpenAI({ baseURL, apiKey: "any", timeout: 60_000, ...(await carried(baseURL)) });
  for (const { name, run } of checks) {
    try {
      await run(client);
      passed += 1;
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${name} at ${baseURL}\n${error.stack}`);
    }
  }
}
console.log(`openai ${VERSION} for Node: ${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
