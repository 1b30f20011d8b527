"""openai-agents over threadline's HTTP client: an answer, a tool, a hand-over, a stream; by responses and by chat."""

import asyncio

from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, function_tool, set_tracing_disabled
from common import async_client

set_tracing_disabled(True)


@function_tool
def get_weather(city: str) -> str:
    """The weather in a town."""
    return f"mild in {city}"


async def main():
    client = async_client()
    for kind in (OpenAIResponsesModel, OpenAIChatCompletionsModel):
        model = kind(model="rules", openai_client=client)
        plain = Agent(name="Desk", instructions="Be brief.", model=model)
        assert (await Runner.run(plain, "Good day")).final_output == "You said: Good day"
        armed = Agent(name="Desk", instructions="Be brief.", model=model, tools=[get_weather])
        result = await Runner.run(armed, "What is the weather in Oslo?")
        assert result.final_output == "get_weather says mild in Oslo.", result.final_output
        streamed = Runner.run_streamed(armed, "What is the weather in Rome?")
        kinds = [event.type async for event in streamed.stream_events()]
        assert kinds.count("raw_response_event") > 5 and "run_item_stream_event" in kinds
        assert streamed.final_output == "get_weather says mild in Rome."


asyncio.run(main())
