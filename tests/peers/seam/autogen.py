"""autogen-ext's OpenAIAssistantAgent on the engine in this process: an answer, a function that it calls by itself, file search."""

import asyncio
import tempfile

from autogen_agentchat.messages import TextMessage
from autogen_core import CancellationToken
from autogen_ext.agents.openai import OpenAIAssistantAgent
from common import async_client


async def get_weather(city: str) -> str:
    """The weather in a town."""
    return f"mild in {city}"


async def main():
    agent = OpenAIAssistantAgent(
        name="desk", description="d", client=async_client(), model="rules", instructions="Be brief.", tools=[get_weather]
    )
    stop = CancellationToken()
    reply = await agent.on_messages([TextMessage(source="user", content="Good day")], stop)
    assert reply.chat_message.content == "You said: Good day", reply
    reply = await agent.on_messages([TextMessage(source="user", content="What is the weather in Oslo?")], stop)
    assert reply.chat_message.content == "get_weather says mild in Oslo.", reply
    await agent.delete_assistant(stop)

    searcher = OpenAIAssistantAgent(
        name="clerk", description="d", client=async_client(), model="rules", instructions="Be brief.", tools=["file_search"]
    )
    with tempfile.NamedTemporaryFile("w", suffix=".md") as notes:
        notes.write("The ferry to Lunde leaves at noon.\n")
        notes.flush()
        await searcher.on_upload_for_file_search(notes.name, stop)
    reply = await searcher.on_messages([TextMessage(source="user", content="When does the ferry leave?")], stop)
    assert "leaves at noon" in reply.chat_message.content, reply
    await searcher.delete_uploaded_files(stop)
    await searcher.delete_vector_store(stop)
    await searcher.delete_assistant(stop)


asyncio.run(main())
