"""Chunks put together by the program."""

from __future__ import annotations

from openai.lib.streaming._deltas import accumulate_delta
from openai.lib.streaming.chat import ChatCompletionStreamState

from .test_client import chunk
from .test_parsing import ANSWER, Location


def test_chunks_are_put_together() -> None:
    from openai.types.chat import ChatCompletionChunk

    state = ChatCompletionStreamState(response_format=Location)
    last = chunk("")
    last["choices"][0]["finish_reason"] = "stop"
    kinds = []
    for piece in (chunk(ANSWER[:5]), chunk(ANSWER[5:]), last):
        kinds += [event.type for event in state.handle_chunk(ChatCompletionChunk.model_validate(piece))]
    assert kinds.count("chunk") == 3 and kinds.count("content.done") == 1
    final = state.get_final_completion()
    assert final.choices[0].message.content == ANSWER
    assert final.choices[0].message.parsed == Location(city="Bern", units="c")


def test_deltas_add_up() -> None:
    held = {"index": 0, "type": "a", "text": "x", "number": 1, "inner": {"t": "1"}, "list": [{"index": 0, "s": "a"}], "none": None}
    added = accumulate_delta(held, {"index": 0, "type": "a", "text": "y", "number": 2, "inner": {"t": "2"}, "list": [{"index": 0, "s": "b"}, {"index": 1, "s": "c"}], "none": 5})
    assert added == {
        "index": 0, "type": "a", "text": "xy", "number": 3, "inner": {"t": "12"},
        "list": [{"index": 0, "s": "ab"}, {"index": 1, "s": "c"}], "none": 5,
    }  # fmt: skip
