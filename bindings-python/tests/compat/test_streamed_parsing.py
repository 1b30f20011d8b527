"""What streams of responses hold parsed, replies of audio by their format, and what deliveries of webhooks say of themselves."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from openai import InvalidWebhookSignatureError
from openai.lib.streaming._deltas import accumulate_delta
from openai.lib.streaming.responses import ResponseStreamEvent, ResponseTextDoneEvent
from openai.types.audio import Transcription, TranscriptionDiarized, TranscriptionVerbose, TranslationVerbose
from openai.types.responses import ParsedResponse

from .test_client import chunk, make, make_async


class Place(BaseModel):
    city: str


def message(content: Any, **more: Any) -> Any:
    return {"id": "msg", "type": "message", "role": "assistant", "status": "completed", "content": content, **more}


def response(*output: Any) -> Any:
    return {"id": "resp", "object": "response", "created_at": 1, "model": "m", "status": "completed", "parallel_tool_calls": False,
            "tool_choice": "auto", "tools": [], "output": list(output)}


def streamed(text: str, **more: Any) -> bytes:
    part: Any = {"type": "output_text", "text": text, "annotations": []}
    place = {"item_id": "msg", "output_index": 0, "content_index": 0}
    events = [
        {"type": "response.created", "response": {**response(), "status": "in_progress"}},
        {"type": "response.output_item.added", "output_index": 0, "item": message([], **more)},
        {"type": "response.content_part.added", **place, "part": {**part, "text": ""}},
        {"type": "response.output_text.delta", **place, "delta": text, "logprobs": []},
        {"type": "response.output_text.done", **place, "text": text, "logprobs": []},
        {"type": "response.output_item.done", "output_index": 0, "item": message([part], **more)},
        {"type": "response.completed", "response": response(message([part], **more))},
    ]
    return b"".join(b"data: %s\n\n" % json.dumps({**event, "sequence_number": i}).encode() for i, event in enumerate(events))


def answering(body: Any, content_type: str = "application/json") -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda _request: httpx.Response(200, content=content, headers={"content-type": content_type, "x-request-id": "req"})


def test_events_of_a_response_hold_what_was_parsed() -> None:
    with make(answering(streamed('{"city": "Bern"}'), "text/event-stream")) as client:
        with client.responses.stream(model="m", input="?", text_format=Place) as stream:
            events = list(stream)
            final = stream.get_final_response()
    done = next(event for event in events if event.type == "response.output_text.done")
    assert isinstance(done, ResponseTextDoneEvent) and done.parsed == Place(city="Bern")
    completed = events[-1]
    assert completed.type == "response.completed" and isinstance(completed.response, ParsedResponse)
    assert completed.response == final and completed.response.output_parsed == Place(city="Bern")
    assert ResponseStreamEvent is not None


def test_texts_that_comment_on_the_work_are_not_parsed() -> None:
    with make(answering(streamed("Looking it up.", phase="commentary"), "text/event-stream")) as client:
        with client.responses.stream(model="m", input="?", text_format=Place) as stream:
            done = next(event for event in stream if event.type == "response.output_text.done")
    assert done.text == "Looking it up." and done.parsed is None


def test_a_message_without_content_has_none() -> None:
    with make(answering(response(message(None)))) as client:
        parsed = client.responses.parse(model="m", input="?", text_format=Place)
    assert parsed.output[0].content == [] and parsed.output_parsed is None and parsed.output_text == ""  # type: ignore[union-attr]


VERBOSE = {"text": "Hi", "duration": 1.5, "language": "english", "task": "transcribe", "words": [{"word": "Hi", "start": 0.0, "end": 1.5}],
           "segments": []}


@pytest.mark.parametrize("mode", ["value", "raw", "streaming"])
@pytest.mark.parametrize("form,expected", [("json", Transcription), ("verbose_json", TranscriptionVerbose), ("diarized_json", TranscriptionDiarized)])
def test_a_transcription_is_of_the_class_of_its_format(mode: str, form: Any, expected: Any) -> None:
    with make(answering(VERBOSE)) as client:
        audio, arguments = client.audio.transcriptions, {"file": b"sound", "model": "m", "response_format": form}
        if mode == "value":
            made = audio.create(**arguments)
            assert made._request_id == "req"
        elif mode == "raw":
            made = audio.with_raw_response.create(**arguments).parse()
        else:
            with audio.with_streaming_response.create(**arguments) as reply:
                made = reply.parse()
    assert type(made) is expected and made.text == "Hi"
    if form == "verbose_json":
        assert made.words[0].word == "Hi"


async def transcribed() -> Any:
    async with make_async(answering(VERBOSE)) as client:
        return await client.audio.transcriptions.create(file=b"sound", model="m", response_format="verbose_json")


def test_an_async_transcription_is_of_the_class_of_its_format() -> None:
    import asyncio

    assert type(asyncio.run(transcribed())) is TranscriptionVerbose


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_translation_is_of_the_class_of_its_format() -> None:
    with make(answering(VERBOSE)) as client:
        assert type(client.audio.translations.create(file=b"sound", model="m", response_format="verbose_json")) is TranslationVerbose


@pytest.mark.parametrize("missing", ["webhook-signature", "webhook-timestamp", "webhook-id"])
def test_a_delivery_says_which_header_it_lacks(missing: str) -> None:
    headers = {"webhook-signature": "v1,AAAA", "webhook-timestamp": "1", "webhook-id": "wh"}
    del headers[missing]
    with make(answering({})) as client, pytest.raises(ValueError, match=f"Could not find {missing} header"):
        client.webhooks.verify_signature("{}", headers, secret="whsec_c2VjcmV0")


def test_a_delivery_says_that_its_signature_or_time_is_wrong() -> None:
    import time

    headers = {"webhook-signature": "v1,AAAA", "webhook-timestamp": str(int(time.time())), "webhook-id": "wh"}
    with make(answering({})) as client:
        with pytest.raises(InvalidWebhookSignatureError, match="The given webhook signature does not match"):
            client.webhooks.verify_signature("{}", headers, secret="whsec_c2VjcmV0")
        with pytest.raises(InvalidWebhookSignatureError, match="Webhook timestamp is too old"):
            client.webhooks.verify_signature("{}", {**headers, "webhook-timestamp": "1"}, secret="whsec_c2VjcmV0")


def test_pieces_of_one_place_are_merged_in_the_first_list_too() -> None:
    held: Any = {"tool_calls": None}
    accumulate_delta(held, {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}, {"index": 0, "function": {"arguments": "}"}}]})
    assert held == {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}


@pytest.mark.parametrize(("reason", "error"), [("content_filter", "ContentFilterFinishReasonError"), ("length", "LengthFinishReasonError")])
def test_an_answer_that_was_cut_off_says_why_and_not_that_it_is_no_json(reason: str, error: str) -> None:
    import openai

    last = chunk("")
    last["choices"][0]["finish_reason"] = reason
    body = "".join(f"data: {json.dumps(piece)}\n\n" for piece in (chunk('{"city": "Be'), last)) + "data: [DONE]\n\n"
    client = make(lambda _: httpx.Response(200, text=body, headers={"content-type": "text/event-stream"}))
    with client.chat.completions.stream(model="m", messages=[], response_format=Place) as stream:
        with pytest.raises(getattr(openai, error)) as raised:
            stream.get_final_completion()
    assert raised.value.completion.choices[0].message.content == '{"city": "Be'
