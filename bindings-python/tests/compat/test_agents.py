"""Functions that hosted agents call, and the results of sessions as they are created."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Dict, List, Optional

import httpx
import pydantic
import pytest

from openai import AsyncOpenAI, OpenAI
from openai.lib.beta.agents import (
    AgentSessionEventStream,
    AgentTurnResultError,
    agent_text_format,
    function_tool,
    pydantic_function_tool,
)


class Item(pydantic.BaseModel):
    sku: str


class Shop:
    def __init__(self) -> None:
        self.reserved: List[Any] = []

    def reserve(self, item: Item, quantity: int, *, product: str = "notebook") -> Dict[str, Any]:
        """Reserves an item."""
        self.reserved.append((item.sku, quantity))
        return {"receipt": "r", "product": product}


def test_a_method_is_a_tool_whose_arguments_are_checked() -> None:
    shop = Shop()
    tool = function_tool(shop.reserve)
    told = tool.definition
    assert (told["type"], told["name"], told["description"]) == ("function", "reserve", "Reserves an item.")
    assert set(told["parameters"]["properties"]) == {"item", "quantity", "product"}
    assert json.loads(tool({"item": {"sku": "a"}, "quantity": 2})) == {"receipt": "r", "product": "notebook"}
    for wrong in ({}, {"item": {}, "quantity": 1}, {"item": {"sku": "a"}, "quantity": 1, "more": 1}):
        with pytest.raises(pydantic.ValidationError):
            tool(wrong)
    assert shop.reserved == [("a", 2)]
    told["name"] = "other"
    assert tool.name == "reserve"


def test_functions_that_cannot_be_told_of_are_refused() -> None:
    def variadic(*args: str) -> None: ...

    def positional(value: str, /) -> None: ...

    def hidden(_value: str) -> None: ...

    def unannotated(value) -> None: ...  # type: ignore[no-untyped-def]

    for function in (variadic, positional, hidden, unannotated):
        with pytest.raises(TypeError):
            function_tool(function)
    with pytest.raises(TypeError, match="object JSON schema"):
        pydantic_function_tool(pydantic.RootModel[List[str]], handler=lambda value: value)


def test_what_a_function_gives_becomes_text_or_parts() -> None:
    class Arguments(pydantic.BaseModel):
        quantity: int = pydantic.Field(gt=0, alias="units")

    gives: Any = None

    @function_tool(name="lookup", description="Looks", defer_loading=True)
    async def waiting(query: Optional[str] = None) -> Any:
        return gives

    tool = pydantic_function_tool(Arguments, handler=lambda arguments: gives)
    assert tool.name == "Arguments" and waiting.definition["defer_loading"] is True
    part = {"type": "input_text", "text": "hello"}
    cases = [(None, None), ("text", "text"), (1, "1"), ({"a": [1]}, '{"a":[1]}'), ([part], [part]), ([], "[]"), (Item(sku="s"), '{"sku":"s"}')]
    for gives, expected in cases:
        assert tool({"units": 1}) == expected
        assert asyncio.run(waiting({"query": "q"})) == expected
    gives = float("nan")
    with pytest.raises(ValueError):
        tool({"units": 1})


def test_an_output_type_is_a_strict_schema() -> None:
    class Report(pydantic.BaseModel):
        summary: str
        notes: List[str] = []

    described = agent_text_format(Report)
    assert set(described) == {"type", "schema"} and described["type"] == "json_schema"
    schema: Any = described["schema"]
    assert schema["required"] == ["summary", "notes"] and schema["additionalProperties"] is False
    with pytest.raises(TypeError, match="output_type"):
        agent_text_format(str)


def turn(kind: str) -> Dict[str, Any]:
    status = "in_progress" if kind == "created" else kind
    held = {"id": "turn", "object": "agent.session.turn", "agent_id": "a", "session_id": "s", "created_at": 1, "status": status, "subagent_id": None}
    return {"type": f"agent.session.turn.{kind}", "session_id": "s", "turn_id": "turn", "turn": held}


def message(text: str, index: int, phase: str = "final_answer") -> Dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    item = {"id": f"m{index}", "turn_id": "turn", "type": "message", "role": "assistant", "phase": phase, "status": "completed", "content": content}
    return {"type": "agent.session.turn.item.done", "session_id": "s", "turn_id": "turn", "output_index": index, "item": item}


IDLE = {"type": "agent.session.idle", "session": {"id": "s", "object": "agent.session", "status": "idle", "required_actions": []}}


def transport(events: List[Dict[str, Any]]) -> httpx.MockTransport:
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    return httpx.MockTransport(lambda request: httpx.Response(200, headers={"content-type": "text/event-stream"}, text=body))


def create(events: List[Dict[str, Any]]) -> Any:
    client = OpenAI(api_key="k", base_url="https://host.example/v1", http_client=httpx.Client(transport=transport(events)))
    return client.beta.agents.sessions.create(agent={"model": "m"}, environment={"type": "none"}, input="q", stream=True)


def test_a_created_session_gives_the_result_of_its_first_turn() -> None:
    events = [turn("created"), message("b", 2), message("aside", 1, "commentary"), message("a", 0), turn("completed"), IDLE]
    with create(events) as stream:
        assert isinstance(stream, AgentSessionEventStream)
        result = stream.get_final_result()
    assert (result.output_text, result.turn_id, len(result.messages)) == ("ab", "turn", 2)
    with create(events).with_result_collection() as stream:
        assert [event.type for event in stream][-1] == "agent.session.idle"
        assert stream.get_final_result().output_text == "ab"
    with create(events) as stream:
        next(iter(stream))
        with pytest.raises(RuntimeError, match="with_result_collection"):
            stream.get_final_result()


@pytest.mark.parametrize(("ending", "reason"), [([turn("failed"), IDLE], "failed"), ([turn("cancelled"), IDLE], "cancelled"), ([], "incomplete")])
def test_a_turn_without_a_result_says_why(ending: List[Dict[str, Any]], reason: str) -> None:
    with create([turn("created"), message("a", 0), *ending]) as stream:
        with pytest.raises(AgentTurnResultError) as caught:
            stream.get_final_result()
    assert (caught.value.reason, caught.value.turn_id) == (reason, "turn")
    assert [one.output_text for one in caught.value.messages] == ["a"]


def test_it_is_the_same_for_an_event_loop() -> None:
    async def main() -> None:
        http = httpx.AsyncClient(transport=transport([turn("created"), message("a", 0), turn("completed"), IDLE]))
        client = AsyncOpenAI(api_key="k", base_url="https://host.example/v1", http_client=http)
        made = await client.beta.agents.sessions.create(agent={"model": "m"}, environment={"type": "none"}, input="q", stream=True)
        async with made as stream:
            assert (await stream.get_final_result()).output_text == "a"

    asyncio.run(main())
