"""What streams of chats hold parsed while more is to come."""

from __future__ import annotations

import json
from typing import Any, List

import openai
import pytest
from openai.types.chat import ParsedChatCompletion
from pydantic import BaseModel

from .test_client import make
from .test_streamed_parsing import answering


class Place(BaseModel):
    city: str
    near: List[str]


def chunks(*deltas: Any, reason: str) -> Any:
    ends = [None] * (len(deltas) - 1) + [reason]
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    bodies = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]} for delta, end in zip(deltas, ends)]
    return answering(b"".join(b"data: %s\n\n" % json.dumps(body).encode() for body in bodies) + b"data: [DONE]\n\n", "text/event-stream")


TEXT = chunks({"role": "assistant", "content": ""}, {"content": '{"city": "Bern", "ne'}, {"content": 'ar": ["Thun", "Bi'}, {"content": 'el"]}'}, {}, reason="stop")
SO_FAR: List[Any] = [None, {"city": "Bern"}, {"city": "Bern", "near": ["Thun"]}, {"city": "Bern", "near": ["Thun", "Biel"]}]
WHOLE = Place(city="Bern", near=["Thun", "Biel"])


def test_answers() -> None:
    texts: List[Any] = []
    snapshots: List[Any] = []
    with make(TEXT) as client, client.chat.completions.stream(model="m", messages=[], response_format=Place) as stream:
        for event in stream:
            if event.type == "content.delta":
                texts.append(event.parsed)
            elif event.type == "chunk":
                assert isinstance(event.snapshot, ParsedChatCompletion)
                snapshots.append(event.snapshot.choices[0].message.parsed)
                current = stream.current_completion_snapshot.choices[0].message
                assert current.parsed == snapshots[-1]
        assert stream.get_final_completion().choices[0].message.parsed == WHOLE
    assert texts == SO_FAR and snapshots == [*SO_FAR, WHOLE]


@pytest.mark.parametrize("options", [{}, {"response_format": {"type": "json_object"}}])
def test_answers_of_no_type(options: Any) -> None:
    with make(TEXT) as client, client.chat.completions.stream(model="m", messages=[], **options) as stream:
        for event in stream:
            if event.type == "content.delta":
                assert event.parsed is None
            elif event.type == "chunk":
                assert event.snapshot.choices[0].message.parsed is None


def arguments(text: str, **more: Any) -> Any:
    return {"tool_calls": [{"index": 0, "function": {"arguments": text, **more.pop("function", {})}, **more}]}


CALL = chunks(
    {"role": "assistant", **arguments("", id="t", type="function", function={"name": "Place"})},
    arguments('{"city": "Bern", "near": ['), arguments('"Thun", "Biel"]}'), {}, reason="tool_calls",
)  # fmt: skip
LOOSE = {"type": "function", "function": {"name": "Other", "strict": True, "parameters": {}}}


@pytest.mark.parametrize("strict", [True, False])
def test_arguments(strict: bool) -> None:
    tools = [openai.pydantic_function_tool(Place)] if strict else [LOOSE, {"type": "function", "function": {"name": "Place", "parameters": {}}}]
    deltas: List[Any] = []
    snapshots: List[Any] = []
    with make(CALL) as client, client.chat.completions.stream(model="m", messages=[], tools=tools) as stream:
        for event in stream:
            if event.type == "tool_calls.function.arguments.delta":
                deltas.append(event.parsed_arguments)
            elif event.type == "chunk":
                snapshots.append(event.snapshot.choices[0].message.tool_calls[0].function.parsed_arguments)
    so_far: List[Any] = [{"city": "Bern", "near": []}, {"city": "Bern", "near": ["Thun", "Biel"]}]
    if strict:
        assert deltas[-2:] == so_far and snapshots[-3:] == [*so_far, WHOLE]
    else:
        assert not any(deltas) and not any(snapshots)
