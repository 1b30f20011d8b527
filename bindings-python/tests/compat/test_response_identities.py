"""Streamed responses whose items, or ids, change on the way."""

from __future__ import annotations

import json
from typing import Any, Dict, List

import httpx
import pytest

from .test_client import make

CALL: Dict[str, Any] = {"id": "fc", "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "status": "completed"}
MESSAGE: Dict[str, Any] = {
    "id": "msg", "type": "message", "role": "assistant", "status": "completed",
    "content": [{"type": "output_text", "text": "hi", "annotations": [], "logprobs": []}],
}  # fmt: skip


def whole(kind: str, output: Any = (), id_: str = "resp") -> Dict[str, Any]:
    response: Dict[str, Any] = {"id": id_, "object": "response", "created_at": 1, "model": "m", "status": kind}
    if output != ():
        response["output"] = output
    return {"type": f"response.{kind}", "response": response}


def item(kind: str, index: int, told: Any) -> Dict[str, Any]:
    return {"type": f"response.output_item.{kind}", "output_index": index, "item": told}


def streamed(*events: Dict[str, Any]) -> Any:
    text = "".join(f"data: {json.dumps({**event, 'sequence_number': number})}\n\n" for number, event in enumerate(events))
    client = make(lambda _: httpx.Response(200, headers={"content-type": "text/event-stream"}, text=text))
    seen: List[Any] = []
    with client.responses.stream(model="m", input="x") as stream:
        for event in stream:
            seen.append(event)
        return seen, stream.get_final_response()


STARTED = whole("created", [])


def test_what_the_last_event_leaves_out_is_what_was_told_in_the_order_of_the_wire() -> None:
    events, final = streamed(STARTED, item("added", 7, CALL), item("added", 3, MESSAGE), item("done", 7, CALL), item("done", 3, MESSAGE), whole("completed", None))
    assert [part.id for part in final.output] == ["msg", "fc"] and final.output_text == "hi"
    assert [part.id for part in events[-1].response.output] == ["msg", "fc"]


def test_indexes_may_be_far_apart() -> None:
    delta = {"type": "response.function_call_arguments.delta", "output_index": 1_000_000, "item_id": "fc", "delta": "{}"}
    begun = item("added", 1_000_000, {**CALL, "arguments": "", "status": "in_progress"})
    events, final = streamed(STARTED, begun, delta, item("done", 1_000_000, CALL), whole("completed", [CALL]))
    assert [event.output_index for event in events if hasattr(event, "output_index")] == [1_000_000] * 3
    assert events[2].snapshot == "{}" and final.output[0].arguments == "{}"


def test_an_item_that_is_none_is_no_item() -> None:
    events, final = streamed(STARTED, item("added", 0, None), item("added", 0, MESSAGE), item("done", 0, MESSAGE), whole("completed", [MESSAGE]))
    assert [event.type for event in events].count("response.output_item.added") == 1 and final.output_text == "hi"


def test_an_item_may_get_its_id_later() -> None:
    nameless = {name: value for name, value in CALL.items() if name != "id"}
    _, final = streamed(STARTED, item("added", 0, nameless), item("done", 0, nameless), whole("completed", [CALL]))
    assert final.output[0].id == "fc"


OTHER_ID = {**CALL, "id": "other"}


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([whole("completed", [], "other")], "Lifecycle response identity changed"),
        ([item("added", 0, CALL), item("done", 0, OTHER_ID)], "identity"),
        ([item("added", 0, CALL), item("added", 0, {**CALL, "call_id": "d"})], "Duplicate response output index 0"),
        ([item("done", 0, CALL), item("done", 1, CALL)], "conflicting output identities"),
        ([item("done", 0, CALL), whole("in_progress", [OTHER_ID])], "conflicting output identities"),
        ([item("added", 0, CALL), whole("completed", None)], "unfinished"),
        ([item("added", 0, CALL), whole("completed", [MESSAGE])], "unfinished"),
        ([item("added", 0, CALL), item("done", 0, CALL), whole("completed", [OTHER_ID])], "identity"),
        ([whole("failed", [])], "Didn't receive a `response.completed` event"),
        (
            [{"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "m", "delta": "a", "logprobs": []}],
            "output index 0 before receiving its output item",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_an_error(events: List[Any], message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        streamed(STARTED, *events)
