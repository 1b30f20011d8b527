// Libraries over threadline's fetch, which carries their requests: chat, stream, tools.
//
//     SEAM=threadline node libraries.mjs MODEL_URL

import assert from "node:assert/strict";
import { tool as langchainTool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, run, setTracingDisabled, tool } from "@openai/agents";
import OpenAI from "openai6";
import { z } from "zod";

const { fetch: make } = await import(process.env.SEAM);
const baseURL = process.argv[2];
const fetch = make({ baseURL, apiKey: "any", assistants: "sqlite::memory:" });
const weather = { name: "get_weather", description: "The weather in a town.", parameters: z.object({ city: z.string() }) };

const checks = {
  async "langchain: chat, stream, tools"() {
    const model = new ChatOpenAI({ model: "rules", apiKey: "any", configuration: { baseURL, fetch }, useResponsesApi: false });
    assert.equal((await model.invoke("Good day")).content, "You said: Good day");
    const pieces = [];
    for await (const piece of await model.stream("Good day")) pieces.push(piece.content);
    assert.equal(pieces.join(""), "You said: Good day");
    assert.ok(pieces.length > 1);
    const armed = model.bindTools([langchainTool(async ({ city }) => `mild in ${city}`, { ...weather, schema: weather.parameters })]);
    const { tool_calls } = await armed.invoke("What is the weather in Oslo?");
    assert.deepEqual([tool_calls[0].name, tool_calls[0].args], ["get_weather", { city: "Oslo" }]);
  },

  async "agents: an answer, a tool, a stream; by responses and by chat"() {
    setTracingDisabled(true);
    const client = new OpenAI({ baseURL, apiKey: "any", fetch });
    const getWeather = tool({ ...weather, execute: async ({ city }) => `mild in ${city}` });
    for (const Kind of [OpenAIResponsesModel, OpenAIChatCompletionsModel]) {
      const model = new Kind(client, "rules");
      const plain = new Agent({ name: "Desk", instructions: "Be brief.", model });
      assert.equal((await run(plain, "Good day")).finalOutput, "You said: Good day");
      const armed = new Agent({ name: "Desk", instructions: "Be brief.", model, tools: [getWeather] });
      assert.equal((await run(armed, "What is the weather in Oslo?")).finalOutput, "get_weather says mild in Oslo.");
      const streamed = await run(armed, "What is the weather in Rome?", { stream: true });
      const kinds = [];
      for await (const event of streamed) kinds.push(event.type);
      await streamed.completed;
      assert.ok(kinds.filter((kind) => kind === "raw_model_stream_event").length > 5, kinds.join(" "));
      assert.equal(streamed.finalOutput, "get_weather says mild in Rome.");
    }
  },
};

let [passed, failed] = [0, 0];
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n${error.stack}`);
  }
}
console.log(`libraries over the seam, Node: ${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
