"""One reply of a run: its items checked as a whole, its calls carried out in their order."""

from __future__ import annotations

import asyncio
import contextvars
import time
from typing import Any, Dict, List, Optional, Tuple

from .. import types as t
from . import _native_items as native
from ._lanes import finished, invoke
from ._replayed_history import checked_output
from ._server_items import SERVER_ITEMS, McpError, approval_policy, is_finished, server_item_fits
from ._snapshots import Invalid, json_data, owned, plain, wire

__all__ = ["Batch"]

Item = Dict[str, Any]
LOCAL = ("function_call", "computer_call", "mcp_approval_request")


def call_id_of(item: Item) -> str:
    """What a local call is known by."""
    return str(item["id"] if item["type"] == "mcp_approval_request" else item["call_id"])


class _Running:
    """Calls that run together, within a limit, and are taken up in their order."""

    def __init__(self, batch: Any, limit: int) -> None:
        self.batch, self.limit = batch, limit
        self.begun: List[Tuple[Item, Any]] = []
        self.pool: Any = None

    async def begin(self, item: Item) -> None:
        while len([1 for _, work in self.begun if not work.done()]) >= self.limit:
            await self._wait(any_=True)
        work = self.batch.function_output(item)
        if self.batch.run.lane.waits:
            self.begun.append((item, asyncio.ensure_future(work)))
            return
        if self.pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self.pool = ThreadPoolExecutor(self.limit, thread_name_prefix="threadline-tool")
        context = contextvars.copy_context()
        self.begun.append((item, self.pool.submit(context.run, finished, work)))

    async def _wait(self, any_: bool) -> None:
        pending = [work for _, work in self.begun if not work.done()]
        if not pending:
            return
        if self.batch.run.lane.waits:
            await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED if any_ else asyncio.ALL_COMPLETED)
            return
        from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, wait

        wait(pending, return_when=FIRST_COMPLETED if any_ else ALL_COMPLETED)

    async def settle(self) -> None:
        """Waits until all are done, also where the task that waits is cancelled; then takes what they gave. The first failure is raised."""
        cancelled: Optional[BaseException] = None
        while any(not work.done() for _, work in self.begun):
            try:
                await self._wait(any_=False)
            except asyncio.CancelledError as error:
                cancelled = error
        failure: Optional[BaseException] = None
        begun, self.begun = self.begun, []
        for item, work in begun:
            try:
                self.batch.take(item, work.result())
            except asyncio.CancelledError as error:
                cancelled = cancelled or error
            except BaseException as error:
                failure = failure or error
        if self.pool is not None:
            self.pool.shutdown()
            self.pool = None
        if cancelled is not None:
            raise cancelled
        if failure is not None:
            raise failure


class Batch:
    """The items of one reply, and how far its calls have come."""

    def __init__(self, run: Any) -> None:
        self.run = run
        self.items: List[Item] = []
        self.parsed: Dict[str, Any] = {}
        self.outputs: Dict[str, Any] = {}
        self.returned: List[str] = []
        self.supplied: Dict[str, Any] = {}
        self.browser_failed = False
        self.item_ids = set(run.seen.item_ids)
        self.call_ids = set(run.seen.call_ids)
        self.grants = run.grants.copy()
        self.running = _Running(self, run.max_concurrent_calls)

    @property
    def calls(self) -> List[Item]:
        """The calls that are the program's to carry out."""
        return [item for item in self.items if item["type"] in LOCAL]

    @property
    def waiting(self) -> List[Item]:
        """Those that have not begun."""
        begun = {call_id_of(item) for item, _ in self.running.begun}
        return [item for item in self.calls if call_id_of(item) not in self.outputs and call_id_of(item) not in begun]

    @property
    def returned_outputs(self) -> List[Any]:
        return [self.outputs[call_id] for call_id in self.returned]

    # Checks.

    def check(self, item: Item) -> None:
        """Takes an item in. Raises the run's error for one because of which nothing may be done."""
        run, kind = self.run, item.get("type")
        if kind == "function_call":
            self._check_function(item)
        elif kind == "computer_call":
            if run.computer is None or not native.is_computer_call(item) or not run.policy.allows_computer():
                raise run.error("A computer call is incomplete, or was not allowed.")
        elif kind in SERVER_ITEMS:
            self._check_server_item(item)
        elif kind == "message":
            if not native.is_message(item) or item["status"] != "completed" and item.get("phase") != "commentary":
                raise run.error("A message of the reply is incomplete.")
        elif not (kind == "reasoning" and native.is_reasoning(item)) and not (kind == "compaction" and native.is_compaction(item)):
            raise run.error("The reply holds an item that the runner cannot take.")
        id_ = item.get("id")
        if id_:
            if id_ in self.item_ids:
                raise run.error("The reply repeats an item ID.")
            self.item_ids.add(id_)
        if kind in LOCAL:
            if call_id_of(item) in self.call_ids:
                raise run.error("The reply repeats a duplicate call ID.")
            self.call_ids.add(call_id_of(item))

    def _check_function(self, item: Item) -> None:
        run, name = self.run, item.get("name")
        if not native.is_function_metadata(item) or (name not in run.functions and name not in run.browser_names):
            raise run.error("A function was not registered, or its call is incomplete.")
        if item.get("status") not in (None, "completed"):
            raise run.error("Tool call did not complete.")
        if not run.policy.allows_function(name):
            raise run.error("A function was called that this request does not allow.")
        function = run.functions.get(name)
        if function is None:
            return
        callers = function.tool.get("allowed_callers")
        caller = "programmatic" if (item.get("caller") or {}).get("type") == "program" else "direct"
        if callers is not None and (not native.every(callers, native.is_text) or caller not in callers):
            raise run.error("A function was called by one who is not among its allowed_callers.")
        began = time.monotonic()
        arguments = native.function_arguments(item["arguments"])
        if arguments is not None and function.parsed_tool is not None:
            arguments = self._parsed(function, item)
        if arguments is None:
            run.tell("arguments", "invalid_input", began, item["call_id"], name)
            raise run.error("A function was called with arguments that it cannot take.")
        self.parsed[item["call_id"]] = arguments

    def _parsed(self, function: Any, item: Item) -> Any:
        from . import responses_tool_runner as public

        call = t.responses.ResponseFunctionToolCall.construct(**owned(item))
        try:
            return public.parse_function_tool_arguments(input_tools=[function.parsed_tool], function_call=call)
        except Exception:
            return None

    def _check_server_item(self, item: Item) -> None:
        run = self.run
        if not server_item_fits(item):
            raise run.error("A tool of the server did not complete.")
        if not run.policy.allows_server_item(item):
            raise run.error("The reply uses a tool of the server that this request does not allow.")
        if not item["type"].startswith("mcp_") or item["type"] == "mcp_list_tools":
            return
        policy = approval_policy(run.policy.servers[item["server_label"]], item["name"])
        try:
            if item["type"] == "mcp_call":
                self.grants.use(item, policy)
                return
            if policy == "never":
                raise McpError("An MCP approval was asked for that is not needed.")
            self.grants.ask(item)
        except McpError as error:
            raise run.error(str(error)) from None
        if run.options.approve_mcp is None:
            raise run.error("An MCP approval was asked for, and the run has no approve_mcp.")

    def has_unfinished_server_item(self) -> bool:
        return any(item.get("type") in SERVER_ITEMS and not is_finished(item) for item in self.items)

    # Carrying out.

    async def execute(self, item: Item, together: bool = False) -> None:
        """Carries out one call; those that are independent together with their neighbours."""
        run, call_id = self.run, call_id_of(item)
        function = run.functions.get(item.get("name")) if item["type"] == "function_call" else None
        if together and function is not None and function.independent and run.ledger is None:
            run.check()
            run.attempted.append(call_id)
            await self.running.begin(item)
            return
        await self.running.settle()
        run.check()
        if call_id in self.supplied:
            run.attempted.append(call_id)
            output: Any = {"type": "function_call_output", "call_id": call_id, "output": self.supplied[call_id]}
            await self.take_recorded(item, output)
            return
        run.attempted.append(call_id)
        await run.save("pending")
        stop = False
        if item["type"] == "mcp_approval_request":
            output = await self._approval(item)
        elif item["type"] == "computer_call":
            output = await self._computer(item)
        elif function is not None:
            output = await self.function_output(item)
        else:
            output, succeeded = await self._browser(item)
            stop = not succeeded and run.ledger is not None
        await self.take_recorded(item, output)
        if stop:
            raise run.error("A browser call did not succeed: look up what it has done before the run goes on.")
        run.check()

    def take(self, item: Item, output: Any) -> None:
        """A call has returned."""
        call_id = call_id_of(item)
        self.outputs[call_id] = output
        self.returned.append(call_id)
        self.run.completed.append(call_id)

    async def take_recorded(self, item: Item, output: Any) -> None:
        self.take(item, output)
        await self.run.save("pending")

    async def function_output(self, item: Item) -> Any:
        """Calls a function: its output, taken before anybody can change it."""
        run, call_id, name = self.run, item["call_id"], item["name"]
        function = run.functions[name]
        arguments = self.parsed[call_id]
        began = time.monotonic()
        try:
            value = await run.lane.settle(
                invoke(function.execute, owned(arguments), cancelled=run.options.cancelled),
                lambda: run.error("A function returned an awaitable: use AsyncRegisteredFunction."),
            )
        except BaseException as error:
            stopped = isinstance(error, asyncio.CancelledError) or run.is_cancelled()
            run.tell("action", "cancelled" if stopped else "driver_failed", began, call_id, name)
            raise
        output: Any = None
        try:
            output = checked_output(plain(value))
        except (Invalid, RecursionError):
            pass
        run.tell("action", "completed", began, call_id, name)
        if output is None:
            run.tell("output", "invalid_output", began, call_id, name)
            raise run.error("A function returned neither a text nor parts of an output.")
        return {"type": "function_call_output", "call_id": call_id, "output": wire(output)}

    async def _browser(self, item: Item) -> Tuple[Any, bool]:
        run = self.run
        call = t.responses.ResponseFunctionToolCall.construct(**owned(item))
        output, succeeded = await run.browser._perform(call, self.browser_failed, run.options.cancelled, run.options.on_diagnostic)
        self.browser_failed = self.browser_failed or not succeeded
        return output, succeeded

    async def _computer(self, item: Item) -> Any:
        run, options = self.run, self.run.options
        call = t.responses.ResponseComputerToolCall.construct(**owned(item))
        return await run.computer._execute(
            call, options.approve_safety_checks, options.before_action, options.cancelled, options.on_diagnostic
        )

    async def _approval(self, item: Item) -> Any:
        granted = await self.run.ask_approval(item)
        self.grants.answer(item["id"], granted)
        return {"type": "mcp_approval_response", "approval_request_id": item["id"], "approve": granted}

    async def execute_waiting(self) -> None:
        """Carries out all that has not begun."""
        for item in self.waiting:
            await self.execute(item)

    def supply(self, outputs: Any) -> None:
        """Outputs of the program's own. Raises :class:`ValueError`, and then takes none of them."""
        if not isinstance(outputs, list):
            raise ValueError("outputs is a list of function_call_output")
        waiting = {item["call_id"]: item for item in self.waiting if item["type"] == "function_call"}
        taken: Dict[str, Any] = {}
        for output in outputs:
            if type(output) is not dict or set(output) != {"type", "call_id", "output"} or output["type"] != "function_call_output":
                raise ValueError("an output is a function_call_output with call_id and output")
            call_id = output["call_id"]
            if not isinstance(call_id, str) or call_id not in waiting or call_id in taken:
                raise ValueError("an output is of an unknown call, or of one that is not permitted any more")
            function = self.run.functions.get(waiting[call_id]["name"])
            if function is None or not function.allow_output_override:
                raise ValueError("an output of this function is not permitted: see allow_output_override")
            try:
                taken[call_id] = checked_output(json_data(output["output"]))
            except (Invalid, RecursionError):
                raise ValueError("an output is a text, or parts of a text, pictures and files") from None
        self.supplied = taken

    def history(self) -> List[Item]:
        """What the conversation has gained."""
        called = [self.outputs[call_id_of(item)] for item in self.calls]
        return [*(wire(item) for item in self.items), *called]
