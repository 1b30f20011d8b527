"""langchain-openai's ChatOpenAI over threadline's HTTP clients: chat, streams, tools, structured output, embeddings; sync and async."""

import asyncio

from common import MODEL_URL, async_http_client, http_client
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings


@tool
def get_weather(city: str) -> str:
    """The weather in a town."""
    return f"mild in {city}"


PLACE = {"base_url": MODEL_URL, "api_key": "any", "http_client": http_client(), "http_async_client": async_http_client()}


def over(**options):
    model = ChatOpenAI(model="rules", **PLACE, **options)
    assert model.invoke("Good day").text == "You said: Good day"
    pieces = [piece.text for piece in model.stream("Good day")]
    assert len(pieces) > 2 and "".join(pieces) == "You said: Good day", pieces
    question = [HumanMessage("What is the weather in Oslo?")]
    asked = model.bind_tools([get_weather]).invoke(question)
    (call,) = asked.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Oslo"}), call
    answer = ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
    told = model.bind_tools([get_weather]).invoke([*question, asked, answer])
    assert told.text == "get_weather says mild in Oslo.", told


async def over_async(**options):
    model = ChatOpenAI(model="rules", **PLACE, **options)
    assert (await model.ainvoke("Good day")).text == "You said: Good day"
    pieces = [piece.text async for piece in model.astream("Good day")]
    assert len(pieces) > 2 and "".join(pieces) == "You said: Good day", pieces
    many = await asyncio.gather(*[model.ainvoke(f"Number {n}") for n in range(20)])
    assert [reply.text for reply in many] == [f"You said: Number {n}" for n in range(20)]


for options in ({}, {"use_responses_api": True}):
    over(**options)
    asyncio.run(over_async(**options))
vectors = OpenAIEmbeddings(model="rules", check_embedding_ctx_length=False, **PLACE).embed_documents(["The ferry leaves at noon.", "Bread is baked on Fridays."])
assert len(vectors) == 2 and vectors[0] != vectors[1]
