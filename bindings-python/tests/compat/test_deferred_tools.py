"""Tools that are loaded when they are looked for, tools in namespaces, and answers whose format changes on the way."""

from __future__ import annotations

import json
from typing import Any, List

import httpx
import pytest
from openai import pydantic_function_tool, pydantic_responses_function_tool
from pydantic import BaseModel

from .test_client import make
from .test_tool_runners import reply, said


class Lookup(BaseModel):
    """Looks something up."""

    item: str


class Other(BaseModel):
    item: str


class Short(BaseModel):
    answer: str


class Long(Short):
    why: str


def asked_for(**call: Any) -> Any:
    seen: List[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        item = {"id": "fc", "type": "function_call", "call_id": "c", "name": "lookup", "arguments": '{"item": "a"}', "status": "completed", **call}
        return httpx.Response(200, json=reply(item))

    return make(answer), seen


@pytest.mark.parametrize("made_for", ["responses", "chats"])
def test_a_deferred_tool_is_parsed_in_the_namespace_of_its_name(made_for: str) -> None:
    client, seen = asked_for(namespace="lookup")
    tool: Any
    if made_for == "responses":
        tool = pydantic_responses_function_tool(Lookup, name="lookup", defer_loading=True)
    else:
        tool = pydantic_function_tool(Lookup, name="lookup")
        tool["function"]["defer_loading"] = True
    response = client.responses.parse(model="m", input="a?", tools=[{"type": "tool_search"}, tool])
    assert response.output[0].parsed_arguments == Lookup(item="a")
    sent = seen[0]["tools"][1]
    assert (sent["name"], sent["defer_loading"], sent["strict"]) == ("lookup", True, True) and "function" not in sent


@pytest.mark.parametrize(("namespace", "found"), [("shop", Lookup(item="a")), ("unknown", None), (None, Other(item="a"))])
def test_a_tool_is_that_of_its_namespace(namespace: Any, found: Any) -> None:
    client, seen = asked_for(namespace=namespace)
    nested = iter([pydantic_responses_function_tool(Lookup, name="lookup")])
    tools: Any = [
        pydantic_responses_function_tool(Other, name="lookup"),
        {"type": "namespace", "name": "shop", "description": "Shop", "tools": nested},
    ]
    response = client.responses.parse(model="m", input="a?", tools=tools)
    assert response.output[0].parsed_arguments == found
    assert [tool["name"] for tool in seen[0]["tools"][1]["tools"]] == ["lookup"]


def answering(text: str) -> Any:
    seen: List[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        return httpx.Response(200, json=reply(said(text)))

    return make(answer), seen


def test_an_answer_is_parsed_as_the_caller_says() -> None:
    client, seen = answering('{"answer": "yes", "why": "so"}')
    response = client.responses.parse(model="m", input="Why?", text_format=Short, parse_as=Long)
    assert response.output_parsed == Long(answer="yes", why="so")
    assert seen[0]["text"]["format"]["name"] == "Short" and "parse_as" not in seen[0]
    assert client.responses.parse(model="m", input="Why?", text_format=Short, parse_as=None).output_parsed is None


def test_a_change_of_format_in_the_input_must_be_named() -> None:
    client, seen = answering("plain")
    update: Any = {"type": "configuration_update", "text": {"format": {"type": "json_schema", "name": "Long", "schema": {"type": "object"}}}}
    reset: Any = {"type": "configuration_update", "text": {"format": {"type": "text"}}}
    with pytest.raises(TypeError, match="Pass parse_as"):
        client.responses.parse(model="m", input=[update], text_format=Short)
    with pytest.raises(TypeError, match="plain-text format update"):
        client.responses.parse(model="m", input=[update, reset], text_format=Short, parse_as=Long)
    assert seen == []
    assert client.responses.parse(model="m", input=[update, reset], text_format=Short).output_parsed is None
