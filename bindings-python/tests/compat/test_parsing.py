"""Structured outputs and streams with events of a higher level, and what belongs to them."""

from __future__ import annotations

import asyncio
import enum
import json
from typing import Any, List, Optional

import httpx
import pytest
from pydantic import BaseModel, Field

import openai
from openai import AsyncOpenAI, OpenAI
from openai.lib._pydantic import to_strict_json_schema
from openai.types.chat import ParsedChatCompletion, ParsedChoice, ParsedFunctionToolCall

from .test_client import make, make_async, sse


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Location(BaseModel):
    """Where it is."""

    city: str
    units: str = Field(description="c or f")
    color: Optional[Color] = None


class Query(BaseModel):
    table: str
    places: List[Location]


def completion(message: Any, finish: str = "stop") -> Any:
    return {
        "id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": finish, "logprobs": None, "message": {"role": "assistant", "refusal": None, **message}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }  # fmt: skip


def client(reply: Any, seen: Optional[List[Any]] = None, content_type: str = "application/json") -> OpenAI:
    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(json.loads(request.content))
        if isinstance(reply, bytes):
            return httpx.Response(200, content=reply, headers={"content-type": content_type})
        return httpx.Response(200, json=reply)

    return make(answer)


MESSAGES: Any = [{"role": "user", "content": "where?"}]
ANSWER = '{"city":"Bern","units":"c"}'


def test_schemas_are_strict() -> None:
    schema = to_strict_json_schema(Query)
    place = schema["$defs"]["Location"]
    assert schema["additionalProperties"] is False and place["additionalProperties"] is False
    assert schema["required"] == ["table", "places"] and place["required"] == ["city", "units", "color"]
    assert place["properties"]["units"] == {"description": "c or f", "title": "Units", "type": "string"}
    assert "default" not in place["properties"]["color"]
    tool = openai.pydantic_function_tool(Location, name="where", description="Finds it.")
    assert tool["type"] == "function" and tool["function"]["name"] == "where" and tool["function"]["description"] == "Finds it."
    assert tool["function"]["strict"] is True and tool["function"]["parameters"]["title"] == "Location"
    assert openai.pydantic_function_tool(Location)["function"]["description"] == "Where it is."


def test_answers_are_parsed() -> None:
    seen: List[Any] = []
    parsed = client(completion({"content": ANSWER}), seen).chat.completions.parse(model="m", messages=MESSAGES, response_format=Location)
    assert isinstance(parsed, ParsedChatCompletion) and isinstance(parsed.choices[0], ParsedChoice)
    assert parsed.choices[0].message.parsed == Location(city="Bern", units="c")
    sent = seen[0]["response_format"]
    assert sent["type"] == "json_schema" and sent["json_schema"]["name"] == "Location" and sent["json_schema"]["strict"] is True
    assert sent["json_schema"]["schema"]["required"] == ["city", "units", "color"]
    assert parsed.to_dict(warnings=False)["choices"][0]["message"]["content"] == ANSWER  # type: ignore[index]
    refused = client(completion({"content": None, "refusal": "no"})).chat.completions.parse(model="m", messages=MESSAGES, response_format=Location)
    assert refused.choices[0].message.parsed is None and refused.choices[0].message.refusal == "no"
    plain = client(completion({"content": "hi"})).chat.completions.parse(model="m", messages=MESSAGES)
    assert plain.choices[0].message.parsed is None and plain.choices[0].message.content == "hi"
    raw = client(completion({"content": ANSWER})).chat.completions.with_raw_response.parse(model="m", messages=MESSAGES, response_format=Location)
    assert raw.parse().choices[0].message.parsed == Location(city="Bern", units="c")


def test_calls_of_tools_are_parsed() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "Location", "arguments": ANSWER}}
    parsed = client(completion({"content": None, "tool_calls": [call]}, "tool_calls")).chat.completions.parse(
        model="m", messages=MESSAGES, tools=[openai.pydantic_function_tool(Location)]
    )
    calls = parsed.choices[0].message.tool_calls
    assert calls is not None and isinstance(calls[0], ParsedFunctionToolCall)
    assert calls[0].function.parsed_arguments == Location(city="Bern", units="c")
    with pytest.raises(ValueError, match="`f` is not strict. Only `strict` function tools can be auto-parsed"):
        client({}).chat.completions.parse(model="m", messages=MESSAGES, tools=[{"type": "function", "function": {"name": "f"}}])


def test_answers_that_were_cut_off_are_not_parsed() -> None:
    with pytest.raises(openai.LengthFinishReasonError) as cut:
        client(completion({"content": "{"}, "length")).chat.completions.parse(model="m", messages=MESSAGES, response_format=Location)
    assert cut.value.completion.usage is not None and "length limit was reached" in str(cut.value)
    with pytest.raises(openai.ContentFilterFinishReasonError):
        client(completion({"content": "{"}, "content_filter")).chat.completions.parse(model="m", messages=MESSAGES, response_format=Location)
    with pytest.raises(ValueError):
        client(completion({"content": '{"city": 1}'})).chat.completions.parse(model="m", messages=MESSAGES, response_format=Location)
    with pytest.raises(TypeError):
        client({}).chat.completions.create(model="m", messages=MESSAGES, response_format=Location)  # type: ignore[call-overload]


def chunks(*deltas: Any) -> bytes:
    made = [{"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
             "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]  # fmt: skip
    made[-1]["choices"][0]["finish_reason"] = "stop"  # type: ignore[index]
    return sse(*made)


def test_streams_of_completions() -> None:
    content = chunks({"role": "assistant", "content": ""}, {"content": ANSWER[:10]}, {"content": ANSWER[10:]}, {})
    with client(content, content_type="text/event-stream").chat.completions.stream(model="m", messages=MESSAGES, response_format=Location) as stream:
        events = list(stream)
        final = stream.get_final_completion()
    kinds = [event.type for event in events]
    assert kinds.count("chunk") == 4 and kinds.count("content.delta") == 3 and kinds.count("content.done") == 1
    deltas = [event for event in events if event.type == "content.delta"]
    assert [event.delta for event in deltas] == ["", ANSWER[:10], ANSWER[10:]] and deltas[2].snapshot == ANSWER
    done = next(event for event in events if event.type == "content.done")
    assert done.parsed == Location(city="Bern", units="c") == final.choices[0].message.parsed
    assert final.choices[0].finish_reason == "stop"
    with client(content, content_type="text/event-stream").chat.completions.stream(model="m", messages=MESSAGES) as stream:
        stream.until_done()
        assert stream.current_completion_snapshot.choices[0].message.content == ANSWER


def test_streams_of_calls_of_tools() -> None:
    def piece(**function: Any) -> Any:
        return {"tool_calls": [{"index": 0, **({"id": "1", "type": "function"} if "name" in function else {}), "function": function}]}

    content = chunks({"role": "assistant"}, piece(name="Location", arguments=""), piece(arguments=ANSWER[:9]), piece(arguments=ANSWER[9:]), {})
    with client(content, content_type="text/event-stream").chat.completions.stream(
        model="m", messages=MESSAGES, tools=[openai.pydantic_function_tool(Location)]
    ) as stream:
        events = list(stream)
    done = next(event for event in events if event.type == "tool_calls.function.arguments.done")
    assert (done.name, done.index, done.arguments) == ("Location", 0, ANSWER)
    assert done.parsed_arguments == Location(city="Bern", units="c")


def test_asynchronous_streams_of_completions() -> None:
    content = chunks({"role": "assistant", "content": "a"}, {"content": "b"}, {})

    async def read() -> None:
        client: AsyncOpenAI = make_async(lambda request: httpx.Response(200, content=content, headers={"content-type": "text/event-stream"}))
        async with client.chat.completions.stream(model="m", messages=MESSAGES) as stream:
            assert [event.delta async for event in stream if event.type == "content.delta"] == ["a", "b"]
            assert (await stream.get_final_completion()).choices[0].message.content == "ab"

    asyncio.run(read())


def response(text: str) -> Any:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"id": "r", "object": "response", "created_at": 1, "status": "completed", "model": "m", "parallel_tool_calls": True,
            "tool_choice": "auto", "tools": [], "error": None, "incomplete_details": None, "instructions": None, "metadata": {},
            "temperature": 1, "top_p": 1,
            "output": [{"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}]}  # fmt: skip


def test_responses_are_parsed() -> None:
    seen: List[Any] = []
    parsed = client(response(ANSWER), seen).responses.parse(model="m", input="x", text_format=Location)
    assert parsed.output_parsed == Location(city="Bern", units="c") and parsed.output_text == ANSWER
    assert seen[0]["text"]["format"]["name"] == "Location" and seen[0]["text"]["format"]["strict"] is True


def test_streams_of_responses() -> None:
    whole = response("ab")
    empty = {**whole, "output": [], "status": "in_progress"}
    item = {"type": "message", "id": "m", "role": "assistant", "status": "in_progress", "content": []}
    events = [
        {"type": "response.created", "response": empty},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", "item_id": "m", "output_index": 0, "content_index": 0, "part": {"type": "output_text", "text": "", "annotations": []}},
        {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "a"},
        {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "b"},
        {"type": "response.output_text.done", "item_id": "m", "output_index": 0, "content_index": 0, "text": "ab"},
        {"type": "response.completed", "response": whole},
    ]
    content = b"".join(
        f"event: {event['type']}\ndata: {json.dumps({**event, 'sequence_number': place})}\n\n".encode() for place, event in enumerate(events)
    )
    with client(content, content_type="text/event-stream").responses.stream(model="m", input="x") as stream:
        seen = list(stream)
        final = stream.get_final_response()
    assert [event.type for event in seen] == [event["type"] for event in events]
    deltas = [event for event in seen if event.type == "response.output_text.delta"]
    assert [event.snapshot for event in deltas] == ["a", "ab"]
    assert final.output_text == "ab"


def test_signatures_stand_in_for_each_other() -> None:
    from openai._utils import assert_signatures_in_sync

    whole = OpenAI(api_key="k").chat.completions
    assert_signatures_in_sync(whole.create, whole.parse, exclude_params={"response_format", "stream"})
    assert_signatures_in_sync(whole.create, whole.stream, exclude_params={"response_format", "stream"})
