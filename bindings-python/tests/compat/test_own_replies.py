"""Replies that go back to the provider, and the body of a reply that is read piece by piece."""

from __future__ import annotations

import json
from typing import Any, Iterator, List

import httpx
import pytest
from openai._response import StreamAlreadyConsumed
from openai.types.responses import ParsedResponseFunctionToolCall
from pydantic import BaseModel

import openai

from .test_client import BASE, Seen, asynchronous, make, make_async


class Answer(BaseModel):
    answer: int


TEXT = {"type": "output_text", "text": '{"answer":4}', "annotations": []}
MESSAGE = {"type": "message", "id": "msg", "role": "assistant", "status": "completed", "content": [TEXT]}
CALL = {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": "{}"}
RESPONSE = {"id": "r", "object": "response", "created_at": 1, "model": "m", "status": "completed", "output": [MESSAGE, CALL]}


def test_what_was_parsed_is_shown_and_not_sent_back() -> None:
    seen = Seen(RESPONSE)
    client = make(seen)
    first = client.responses.parse(model="m", input="?", text_format=Answer)
    assert first.output_parsed == Answer(answer=4)
    message, call = (item.to_dict(warnings=False) for item in first.output)
    assert message["content"][0]["parsed"] == {"answer": 4}  # type: ignore[index]
    assert isinstance(first.output[1], ParsedResponseFunctionToolCall) and call.get("parsed_arguments") is None
    items: List[Any] = [*first.output, {"role": "user", "content": "more"}]
    client.responses.create(model="m", input=items)
    assert json.loads(seen.requests[1].content)["input"] == [MESSAGE, CALL, items[-1]]
    assert items[0] is first.output[0] and first.output_parsed == Answer(answer=4)


@asynchronous
async def test_nor_by_a_client_for_an_event_loop() -> None:
    seen = Seen(RESPONSE)
    client = make_async(seen)
    first = await client.responses.parse(model="m", input="?", text_format=Answer)
    await client.responses.create(model="m", input=first.output)  # type: ignore[arg-type]
    assert json.loads(seen.requests[1].content)["input"] == [MESSAGE, CALL]


def test_a_body_that_was_read_in_pieces_is_not_kept() -> None:
    class Pieces(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield from (b"a", b"bc")

    client = make(lambda request: httpx.Response(200, stream=Pieces()))
    with client.files.with_streaming_response.content("f") as reply:
        assert b"".join(reply.iter_bytes()) == b"abc"
        with pytest.raises(StreamAlreadyConsumed):
            reply.read()
    with client.files.with_streaming_response.content("f") as reply:
        assert reply.read() == b"abc" and b"".join(reply.iter_bytes()) == b"abc"


def test_a_body_that_breaks_off_raises_the_error_of_the_http_client() -> None:
    class Broken(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"part"
            raise httpx.ReadTimeout("too long")

    client = make(lambda request: httpx.Response(200, stream=Broken()))
    with client.files.with_streaming_response.content("f") as reply, pytest.raises(httpx.ReadTimeout, match="too long"):
        list(reply.iter_bytes())


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_handlers_of_runs_are_told_the_error_of_the_http_client(error: Any) -> None:
    class Broken(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"event: thread"
            raise error("gone")

    class Handler(openai.AssistantEventHandler):
        told: List[Any] = []

        def on_timeout(self) -> None:
            self.told.append("timeout")

        def on_exception(self, exception: Exception) -> None:
            self.told.append(type(exception))

    handler = Handler()
    handler.told = []
    client = make(lambda request: httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Broken()))
    with pytest.warns(DeprecationWarning, match="^The Assistants API is deprecated"):
        with client.beta.threads.runs.stream(assistant_id="a", thread_id="t", event_handler=handler) as stream:
            with pytest.raises(error, match="gone"):
                stream.until_done()
    assert handler.told == (["timeout", error] if error is httpx.ReadTimeout else [error])


def test_a_class_as_response_format_is_refused_with_the_way_out() -> None:
    with pytest.raises(TypeError, match="You tried to pass a `BaseModel` class"):
        make(Seen({})).chat.completions.create(model="m", messages=[], response_format=Answer)  # type: ignore[call-overload]


def test_subclasses_of_responses_are_no_replies_and_a_form_has_its_own_type() -> None:
    class Own(httpx.Response):
        pass

    seen = Seen({})
    client = make(seen)
    with pytest.raises(ValueError, match="Subclasses of HTTP response classes"):
        client.get("/models", cast_to=Own)
    client.post("/form", files={"file": ("a.txt", b"body")}, options={"headers": {"Content-Type": "multipart/form-data"}}, cast_to=object)
    assert seen.requests[-1].headers["content-type"].startswith("multipart/form-data; boundary=")
    assert str(seen.requests[-1].url) == f"{BASE}/form"


@pytest.mark.parametrize("told", ["inf", " +Infinity ", "NaN"])
def test_words_are_no_time_to_wait(told: str) -> None:
    replies = [httpx.Response(503, json={}, headers={"retry-after": told}), httpx.Response(200, json={"object": "list", "data": []})]
    client = make(lambda request: replies.pop(0), max_retries=1)
    assert client.models.list().data == [] and replies == []


def test_what_was_not_sent_is_not_shown_among_the_members_of_an_error() -> None:
    frames: List[Any] = ["private", b"\xff"]
    error = openai.WebSocketConnectionClosedError("closed", unsent_messages=frames)
    assert error.unsent_frames is frames and error.unsent_messages == ["private"]
    assert "private" not in repr(vars(error))
    texts = ["a"]
    assert openai.WebSocketConnectionClosedError("closed", unsent_messages=texts).unsent_messages is texts


def test_empty_texts_are_parameters_and_nothing_is_none() -> None:
    from openai._qs import stringify

    assert stringify({"empty": "", "absent": None}) == "empty="
