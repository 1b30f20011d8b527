"""How the replies of a run come: as a whole, or as a stream whose calls may begin before its end."""

from __future__ import annotations

import asyncio
import time
from typing import Any, AsyncGenerator, Dict, List, Tuple

from .. import types as t
from ._run_batch import LOCAL, Batch
from ._server_items import SERVER_ITEMS
from ._snapshots import owned
from ._tool_run import Run, items_of, taken

__all__ = ["Streamed", "whole_reply"]

Item = Dict[str, Any]


async def whole_reply(run: Run, client: Any, sent: Dict[str, Any]) -> Tuple[Any, Dict[str, Any], Any, float]:
    """A reply that comes as a whole, and when it was asked for."""
    began = time.monotonic()
    try:
        response = await run.lane.settle(
            client.responses.create(**sent), lambda: run.error("The client is asynchronous: use AsyncResponsesToolRunner.")
        )
    except BaseException as error:
        run.tell("request", "cancelled" if isinstance(error, asyncio.CancelledError) else "api_failed", began)
        raise
    # What is done follows from the reply as it came: nobody is asked or told anything before it was read.
    held = taken(run, response)
    return response, held, lambda: getattr(response, "usage", None), began


def _same(observed: Item, completed: Item) -> bool:
    """Whether an item is at the end what it was before. Ids may come late, and reasoning may be encrypted anew."""
    if observed.get("type") == "function_call" and observed.get("id") is None:
        observed = {**observed, "id": completed.get("id")}
        completed = {**completed, "id": completed.get("id")}
    if observed.get("type") == "reasoning":
        texts = [held.get("encrypted_content") for held in (observed, completed)]
        if all(isinstance(text, str) for text in texts):
            completed = {**completed, "encrypted_content": texts[0]}
    return observed == completed


class Streamed:
    """A reply that is streamed."""

    def __init__(self, run: Run, client: Any, batch: Batch) -> None:
        self.run, self.client, self.batch = run, client, batch
        self.observed: Dict[int, Item] = {}
        self.may_begin = run.options.eager and not run.policy.has_server_tools and run.consumed < run.max_steps
        self.is_recorded = False
        self.is_dropped = False

    async def _events(self, sent: Dict[str, Any]) -> AsyncGenerator[Tuple[Any, Any], None]:
        manager = self.client.responses.stream(**sent)
        if self.run.lane.waits:
            async with manager as stream:
                async for event in stream:
                    yield stream, event
        else:
            with manager as stream:
                for event in stream:
                    yield stream, event

    async def reply(self, sent: Dict[str, Any]) -> Tuple[Any, Dict[str, Any]]:
        """The whole reply. Whatever has begun is done when this returns, or raises."""
        run, began = self.run, time.monotonic()
        events = self._events(sent)
        ours = False
        try:
            stream: Any = None
            try:
                async for stream, event in events:
                    ours = True
                    await self._seen(event)
                    ours = False
                if stream is None:
                    raise run.error("The reply has no events.")
                response = await run.lane.settle(
                    stream.get_final_response(), lambda: run.error("The client is asynchronous: use AsyncResponsesToolRunner.")
                )
            finally:
                await events.aclose()
                await self.batch.running.settle()
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                run.tell("request", "cancelled", began)
            elif not ours and not isinstance(error, GeneratorExit):
                run.tell("request", "api_failed", began)
            raise
        held = taken(run, response)
        run.tell("request", "completed", began, usage=getattr(response, "usage", None))
        run.check()
        await self._reconciled(held)
        return response, held

    async def _seen(self, event: Any) -> None:
        run = self.run
        kind = getattr(event, "type", None)
        item = taken(run, event.item) if kind == "response.output_item.done" else None
        index = event.output_index if item is not None else 0
        if kind in ("response.in_progress", "response.queued"):
            # The server says anew what the reply is so far: an item that is gone then was not meant.
            told = getattr(event.response, "output", None)
            self.is_dropped = self.is_dropped or (isinstance(told, list) and len(told) < len(self.observed))
        if run.options.on_event is not None:
            await run.lane.call(run.options.on_event, event)
        run.check()
        if item is None:
            return
        if type(index) is not int or index < 0 or index in self.observed:
            raise run.error("The stream has an invalid or duplicated item.")
        in_order = index == len(self.observed) and len(self.observed) == len(self.batch.items)
        self.observed[index] = item
        if not run.options.eager:
            return
        if not in_order:
            # The items must be sorted before anything follows from them.
            self.may_begin = False
        self.batch.items = [self.observed[place] for place in sorted(self.observed)]
        if not self.is_recorded or item.get("type") in SERVER_ITEMS:
            self.is_recorded = True
            await run.save("pending")
        self.batch.check(item)
        if item["type"] not in LOCAL:
            return
        if self.may_begin and await self._may_begin_now(item):
            await self.batch.execute(item, together=True)
        else:
            self.may_begin = False

    async def _may_begin_now(self, item: Item) -> bool:
        run = self.run
        if item["type"] == "mcp_approval_request":
            return False
        if run.early is not None:
            functions, computer = run.early
            if not (computer if item["type"] == "computer_call" else item["name"] in functions):
                return False
        if run.options.before_early_call is None:
            return True
        classes = {"computer_call": t.responses.ResponseComputerToolCall, "function_call": t.responses.ResponseFunctionToolCall}
        copy = classes[item["type"]].construct(**owned(item))
        answer = await run.lane.call(run.options.before_early_call, copy, cancelled=run.options.cancelled)
        if answer not in ("execute", "defer"):
            raise run.error('before_early_call must return "execute" or "defer".')
        run.check()
        return bool(answer == "execute")

    async def _reconciled(self, held: Dict[str, Any]) -> None:
        """Compares what was seen on the way with the reply at its end, which counts."""
        run, batch = self.run, self.batch
        if held.get("status") != "completed":
            raise run.error("The reply did not complete.")
        completed = items_of(run, held)
        observed: List[Item] = [self.observed[place] for place in sorted(self.observed)]
        if self.is_dropped or len(observed) != len(completed) or not all(_same(*pair) for pair in zip(observed, completed)):
            raise run.error("The completed reply differs from what was streamed.")
        batch.items = completed
        if run.options.eager:
            batch.item_ids.update(item["id"] for item in completed if item.get("id"))
            return
        if batch.has_unfinished_server_item():
            await run.save("pending")
        for item in completed:
            batch.check(item)
