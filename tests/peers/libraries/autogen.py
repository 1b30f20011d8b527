"""autogen-ext's OpenAIAssistantAgent: an answer, a function that it calls by itself, a second turn in the same thread."""

import asyncio

from autogen_agentchat.messages import TextMessage
from autogen_core import CancellationToken
from autogen_ext.agents.openai import OpenAIAssistantAgent
from openai import AsyncOpenAI


async def get_weather(city: str) -> str:
    """The weather in a town."""
    return f"mild in {city}"


async def main():
    agent = OpenAIAssistantAgent(
        name="desk", description="d", client=AsyncOpenAI(), model="rules", instructions="Be brief.", tools=[get_weather]
    )
    stop = CancellationToken()
    reply = await agent.on_messages([TextMessage(source="user", content="Good day")], stop)
    assert reply.chat_message.content == "You said: Good day", reply
    reply = await agent.on_messages([TextMessage(source="user", content="What is the weather in Oslo?")], stop)
    assert reply.chat_message.content == "get_weather says mild in Oslo.", reply
    kinds = [type(message).__name__ for message in reply.inner_messages]
    assert kinds == ["ToolCallRequestEvent", "ToolCallExecutionEvent"], kinds
    await agent.delete_assistant(stop)


asyncio.run(main())
