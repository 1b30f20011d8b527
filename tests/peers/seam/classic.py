"""langchain-classic's OpenAIAssistantRunnable on the engine in this process: a thread, an agent that calls a function.

Its async methods do not work with the official package either: they read a page of the async client as if it were a list.
"""

from common import client
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
