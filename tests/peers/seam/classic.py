"""langchain-classic's OpenAIAssistantRunnable on the engine in this process: a thread, an agent that calls a function, async."""

import asyncio

from common import async_client, client
from langchain_classic.agents import AgentExecutor
from langchain_classic.agents.openai_assistant import OpenAIAssistantRunnable
from langchain_core.tools import tool


@tool
def get_weather(city: str) -> str:
    """The weather in a town."""
    return f"mild in {city}"


official = client()
plain = OpenAIAssistantRunnable.create_assistant(name="desk", instructions="Be brief.", tools=[], model="rules", client=official)
(message,) = plain.invoke({"content": "Good day"})
assert message.content[0].text.value == "You said: Good day", message
(message,) = plain.invoke({"content": "Good night", "thread_id": message.thread_id})
assert message.content[0].text.value == "You said: Good night", message

agent = OpenAIAssistantRunnable.create_assistant(
    name="desk", instructions="Be brief.", tools=[get_weather], model="rules", as_agent=True, client=official
)
out = AgentExecutor(agent=agent, tools=[get_weather]).invoke({"content": "What is the weather in Oslo?"})
assert out["output"] == "get_weather says mild in Oslo.", out


async def main():
    other = await OpenAIAssistantRunnable.acreate_assistant(
        name="desk", instructions="Be brief.", tools=[], model="rules", async_client=async_client()
    )
    (message,) = await other.ainvoke({"content": "Good day"})
    assert message.content[0].text.value == "You said: Good day", message


asyncio.run(main())
