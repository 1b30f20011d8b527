"""semantic-kernel's OpenAIAssistantAgent on the engine in this process: an answer, a plugin's function, a streamed answer."""

import asyncio

from common import async_client
from semantic_kernel.agents import AssistantAgentThread, OpenAIAssistantAgent
from semantic_kernel.functions import kernel_function


class Desk:
    @kernel_function(name="get_weather", description="The weather in a town.")
    def get_weather(self, city: str) -> str:
        return f"mild in {city}"


async def main():
    client = async_client()
    definition = await client.beta.assistants.create(model="rules", name="desk", instructions="Be brief.")
    agent = OpenAIAssistantAgent(client=client, definition=definition, plugins=[Desk()])
    thread = AssistantAgentThread(client=client)
    reply = await agent.get_response(messages="Good day", thread=thread)
    assert str(reply.message) == "You said: Good day", reply
    reply = await agent.get_response(messages="What is the weather in Oslo?", thread=reply.thread)
    assert "mild in Oslo" in str(reply.message), reply
    text = ""
    async for piece in agent.invoke_stream(messages="Good night", thread=reply.thread):
        text += str(piece.message)
    assert text == "You said: Good night", text
    await reply.thread.delete()
    await client.beta.assistants.delete(definition.id)


asyncio.run(main())
