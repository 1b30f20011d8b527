"""llama-index-agent-openai's OpenAIAssistantAgent: an answer, and a function that it calls by itself."""

from llama_index.agent.openai import OpenAIAssistantAgent
from llama_index.core.tools import FunctionTool


def get_weather(city: str) -> str:
    """The weather in a town."""
    return f"mild in {city}"


agent = OpenAIAssistantAgent.from_new(
    name="desk", instructions="Be brief.", model="rules", tools=[FunctionTool.from_defaults(get_weather)],
    run_retrieve_sleep_time=0.05,
)
assert str(agent.chat("Good day")) == "You said: Good day"
reply = agent.chat("What is the weather in Oslo?")
assert "mild in Oslo" in str(reply), reply
assert [message.role.value for message in agent.chat_history].count("user") == 2
