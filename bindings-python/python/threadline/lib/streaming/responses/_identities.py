"""Which items a streamed response is made of: nothing that was told may become something else on the way.

The core puts the texts together. Here the few events that begin and end items, and those of the whole response, are looked at besides: an
item that ends as another one, or a response whose id changes, is an error; what a last event leaves out is what was told before.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, Optional

from .... import _threadline as _native

__all__ = ["CheckedAccumulator"]

_WHOLE = ("created", "queued", "in_progress", "completed", "failed", "incomplete")
_LOOKED_AT = re.compile(rb'"response\.(?:' + "|".join(_WHOLE).encode() + rb'|output_item\.(?:added|done))"')
_KINDS = {f"response.{kind}" for kind in _WHOLE}
#: Events of parts of an item, which must be there before.
_PARTS = {f"response.{kind}" for kind in ("content_part.added", "output_text.delta", "output_text.done", "function_call_arguments.delta")}
#: The core takes indexes below this.
_MOST = 10_000

Item = Dict[str, Any]


class _Told:
    """An item, at a place of the wire."""

    def __init__(self, item: Item, done: bool) -> None:
        self.item, self.done = item, done


def _same_call(one: Item, other: Item) -> bool:
    return one.get("type") == other.get("type") and one.get("call_id") is not None and one.get("call_id") == other.get("call_id")


def _is_about(one: Item, other: Item) -> bool:
    """Whether both are told of one item, whatever became of its id."""
    if one.get("type") != other.get("type"):
        return False
    return _same_call(one, other) or (one.get("id") is not None and one.get("id") == other.get("id"))


def _goes_on(before: Item, now: Item) -> bool:
    """Whether one can be the other, later: an id can come, and then it stays."""
    if before.get("type") != now.get("type") or before.get("call_id") != now.get("call_id"):
        return False
    return before.get("id") is None or before.get("id") == now.get("id")


class CheckedAccumulator:
    """The core's accumulator of responses, with the identities of their items."""

    def __init__(self, starting_after: Any) -> None:
        self._core = _native.Accumulator("response", starting_after)
        self._told: Dict[int, _Told] = {}
        self._known: Dict[int, int] = {}
        self._is_wide = False
        self._id: Any = None
        self._is_named = False
        self._output: Optional[List[Item]] = None
        #: Whether the response has come to its end as it should.
        self.is_completed = False

    def push(self, name: Any, data: bytes) -> List[str]:
        """Takes an event in: those that come of it, as texts."""
        if self._known and not self._is_wide and not _LOOKED_AT.search(data):
            return self._core.push(name, data)
        try:
            event = json.loads(data)
        except ValueError:
            return self._core.push(name, data)
        kind = event.get("type") if isinstance(event, dict) else None
        if kind in _KINDS and isinstance(event.get("response"), dict):
            return self._whole(name, data, kind, event["response"])
        index = event.get("output_index") if isinstance(event, dict) else None
        if type(index) is not int or index < 0:
            return self._core.push(name, data)
        if kind == "response.output_item.added":
            if event.get("item") is None:
                return []
            self._begun(index, event["item"])
        elif kind == "response.output_item.done" and isinstance(event.get("item"), dict):
            self._ended(index, event["item"])
        elif kind in _PARTS and index not in self._known:
            self._core.push(name, data)  # What cannot be read at all is told as such.
            raise RuntimeError(f"Received {kind} of output index {index} before receiving its output item")
        place = self._known.get(index, index)
        if place == index:
            return self._core.push(name, data)
        event["output_index"] = place
        made = [json.loads(text) for text in self._core.push(name, json.dumps(event).encode())]
        return [json.dumps({**text, "output_index": index} if text.get("output_index") == place else text) for text in made]

    def _place(self, index: int) -> None:
        if index in self._known:
            return
        self._known[index] = index if index < _MOST else max([*self._known.values(), -1]) + 1
        self._is_wide = self._is_wide or index >= _MOST

    def _begun(self, index: int, item: Item) -> None:
        told = self._told.get(index)
        if told is not None and not told.done and not _goes_on(told.item, item):
            raise RuntimeError(f"Duplicate response output index {index}: its item has not ended")
        self._place(index)
        self._told[index] = _Told(item, False)

    def _ended(self, index: int, item: Item) -> None:
        told = self._told.get(index)
        if told is not None and not told.done and not _goes_on(told.item, item):
            raise RuntimeError(f"The identity of the item at output index {index} changed before it ended")
        for place, other in self._told.items():
            if place != index and other.done and _is_about(other.item, item):
                raise RuntimeError("The stream has conflicting output identities: an item ended at two places")
        self._place(index)
        self._told[index] = _Told(item, True)

    def _whole(self, name: Any, data: bytes, kind: str, response: Item) -> List[str]:
        if self._is_named and self._id is not None and response.get("id") != self._id:
            raise RuntimeError("Lifecycle response identity changed: the events are of different responses")
        if not self._is_named:
            self._is_named, self._id = True, response.get("id")
        output = response.get("output")
        given = output if isinstance(output, list) else None
        if kind == "response.completed":
            self._output = self._final(given, "output" not in response)
            self.is_completed = True
        elif given is not None:
            self._replaced(given)
            for index in range(len(given)):
                self._place(index)
        texts = self._core.push(name, data)
        told = self._output if kind == "response.completed" else given
        if told is None:
            told = self._live()
        return [_with_output(text, kind, told) for text in texts]

    def _replaced(self, output: List[Item]) -> None:
        """Items that are told anew."""
        for told in self._told.values():
            if not told.done:
                continue
            about = [item for item in output if isinstance(item, dict) and _is_about(told.item, item)]
            if len(about) > 1 or (about and not _goes_on(told.item, about[0])):
                raise RuntimeError("The stream has conflicting output identities: an item that ended is told otherwise")
            if about:
                told.item = about[0]

    def _final(self, output: Optional[List[Item]], is_left_out: bool) -> Optional[List[Item]]:
        """The items of the completed response. Those that it leaves out are those that were told; `None` where the core knows more of them."""
        open_ = [told.item for told in self._told.values() if not told.done]
        if open_ and is_left_out:
            return None  # Some servers tell of parts alone.
        if not output:
            if open_:
                raise RuntimeError("The response was completed with unfinished output items")
            return [self._told[index].item for index in sorted(self._told)]
        for item in open_:
            if not any(isinstance(last, dict) and _goes_on(item, last) for last in output):
                raise RuntimeError("The response was completed with unfinished output items, which it does not have")
        for told in self._told.values():
            for last in output:
                if told.done and isinstance(last, dict) and _same_call(told.item, last) and not _goes_on(told.item, last):
                    raise RuntimeError("The identity of an item changed after it ended")
        return output

    def _live(self) -> List[Item]:
        """The items so far, in the order of the wire."""
        held = json.loads(self._core.snapshot()).get("output") or []
        if not self._is_wide:
            return [item for item in held if isinstance(item, dict)]
        places = [self._known[index] for index in sorted(self._known)]
        return [held[place] for place in places if place < len(held) and isinstance(held[place], dict)]

    def finish(self) -> List[str]:
        """What is still to be told at the end."""
        return self._core.finish()

    def snapshot(self) -> str:
        """The response so far."""
        text = self._core.snapshot()
        held = json.loads(text)
        output = self._output if self._output is not None else held.get("output") or []
        return text if held.get("output") == output else json.dumps({**held, "output": output})


def _with_output(text: str, kind: str, output: List[Item]) -> str:
    """An event of the whole response, with its items."""
    event = json.loads(text)
    response = event.get("response") if event.get("type") == kind else None
    if not isinstance(response, dict) or response.get("output") == output:
        return text
    return json.dumps({**event, "response": {**response, "output": output}})
