"""A run of tools over responses: asks, checks the whole reply, shows it to the program, carries its calls out, and asks again."""

from __future__ import annotations

import asyncio
import time
from typing import Any, AsyncGenerator, Dict, List, Optional, Tuple


from .._models import BaseModel
from ._context_budget import Budget
from ._lanes import Lane
from ._owned_requests import checked_params, copied_params, listed_input, with_reasoning
from ._replayed_history import History, McpError, grants_of, is_observation, light_history, strict_history
from ._run_batch import LOCAL, Batch, call_id_of
from ._server_items import COMPUTER_TOOLS, SERVER_ITEMS, SERVER_TOOLS, Grants, ToolPolicy, approval_policy
from ._snapshots import Invalid, is_left_out, json_data, members, owned, wire
from ._tool_ledger import LARGEST, check_ledger, recorded_tools, restored
from ._tool_lifecycle import rotated_idempotency_headers
from .tool_diagnostics import Reason, Stage, emit_tool_diagnostic

__all__ = ["Options", "Run", "ToolRunnerCancelledError", "ToolRunnerError"]

Item = Dict[str, Any]
_STOPPED = "Tool run stopped before completion."
_FREE = ("extra_headers", "extra_query", "timeout")
_RECORDS = ("reasoning", "text", "stream_options", "prompt")


class ToolRunnerError(RuntimeError):
    """A run that stopped. ``attempted_call_ids`` may have had their effects, of ``completed_call_ids`` the outputs are known; look at both
    before trying again."""

    def __init__(self, message: str, attempted_call_ids: List[str], completed_call_ids: List[str]) -> None:
        super().__init__(message)
        self.attempted_call_ids = tuple(attempted_call_ids)
        self.completed_call_ids = tuple(completed_call_ids)


class ToolRunnerCancelledError(asyncio.CancelledError):
    """A run whose task was cancelled, with the calls that it had begun."""

    def __init__(self, attempted_call_ids: List[str], completed_call_ids: List[str]) -> None:
        super().__init__("Tool run was cancelled.")
        self.attempted_call_ids = tuple(attempted_call_ids)
        self.completed_call_ids = tuple(completed_call_ids)


class Options:
    """What a run was begun with."""

    def __init__(self, given: Dict[str, Any]) -> None:
        self.stream, self.eager = bool(given["stream"]), bool(given["eager"])
        self.max_steps, self.max_concurrent_calls = given["max_steps"], given["max_concurrent_calls"]
        self.on_event, self.cancelled, self.on_diagnostic = given["on_event"], given["cancelled"], given["on_diagnostic"]
        self.approve_safety_checks, self.before_action = given["approve_safety_checks"], given["before_action"]
        self.approve_mcp, self.before_early_call = given["approve_mcp"], given["before_early_call"]
        self.ledger, self.context_budget = given["ledger"], given["context_budget"]
        if self.eager and not self.stream:
            raise ValueError("eager execution requires streaming: it begins before the reply is complete")
        if type(self.max_concurrent_calls) is not int or self.max_concurrent_calls < 1:
            raise ValueError("max_concurrent_calls is a whole number of at least 1")
        if self.max_steps is not None and (type(self.max_steps) is not int or not 1 <= self.max_steps <= LARGEST):
            raise ValueError("max_steps is a whole number of at least 1")


class Run:
    """One run, from its parameters on. What it was given is its own: nobody can change it on the way."""

    def __init__(self, lane: Lane, registry: Any, browser: Any, computer: Any, client: Any, params: Any, options: Options) -> None:
        self.lane, self.browser, self.computer, self.client, self.options = lane, browser, computer, client, options
        self.functions, self.early = registry.functions, registry.early
        self.browser_names = set(browser._names) if browser is not None else set()
        self.ledger, self.max_concurrent_calls = options.ledger, options.max_concurrent_calls
        if self.ledger is not None:
            check_ledger(self.ledger, lane.waits)
        given = options.context_budget
        self.budget = None if given is None else Budget(given, self.browser_names)
        self.attempted: List[str] = []
        self.completed: List[str] = []
        self.revision = self.consumed = 0
        self.max_steps: int = options.max_steps if options.max_steps is not None else 20
        self._own: List[BaseException] = []
        self.batch: Optional[Batch] = None
        self._prepare(params)

    # What is sent.

    def _prepare(self, params: Any) -> None:
        checked_params(params)
        strict = self.ledger is not None or self.budget is not None
        body = self._strict_params(params) if strict else copied_params(params)
        if self.budget is not None:
            if body.get("truncation") not in (None, "disabled") or body.get("context_management") is not None:
                raise ValueError("with context_budget the server must not shorten the input: leave out truncation and context_management")
            body["truncation"] = "disabled"
        tools = self._declared(body)
        names = set(self.functions) | self.browser_names
        self.policy = ToolPolicy(tools, names, self.computer is not None, body.get("tool_choice"))
        if self.policy.forces_local():
            raise ValueError("this tool_choice always requires a local tool, so the run could never end")
        self.body = {**body, "tools": tools, "include": with_reasoning(body.get("include"))}
        if not tools:
            del self.body["tools"]
        if body.get("input", "") is None:
            raise ValueError("`input` must be a text or a list of items")
        self.history = listed_input(body)
        self.tools_recorded = recorded_tools(tools) if self.ledger is not None else []
        self.overrides = sorted(name for name, held in self.functions.items() if held.allow_output_override)
        if self.ledger is not None and self.ledger.resume_from is not None:
            self._resume()
        try:
            self.seen: History = strict_history(self.history, self.policy) if strict else light_history(self.history)
        except (Invalid, RecursionError, TypeError, KeyError, AttributeError):
            raise ValueError("the history holds an item, or a call without its output, with which a run cannot go on") from None

    def _strict_params(self, params: Any) -> Dict[str, Any]:
        if type(params) is not dict:
            raise ValueError("with a ledger or a budget params is a plain dict")
        made: Dict[str, Any] = {}
        try:
            for name, value in params.items():
                if name == "extra_body" and self.ledger is not None:
                    made[name] = json_data(value)
                elif is_left_out(value):
                    continue
                elif name in _FREE or name == "extra_body":
                    made[name] = value
                else:
                    made[name] = json_data(_without_left_out(value) if name in _RECORDS else value)
        except (Invalid, RecursionError):
            raise ValueError("with a ledger or a budget params hold only what JSON can") from None
        return made

    def _declared(self, body: Dict[str, Any]) -> List[Item]:
        """The tools of the requests: those of the parameters, and the program's own."""
        tools: List[Item] = list(body.pop("tools", None) or [])
        labels = [tool["server_label"] for tool in tools if isinstance(tool, dict) and tool["type"] == "mcp"]
        if len(set(labels)) != len(labels) or any(not isinstance(label, str) or not label for label in labels):
            raise ValueError("MCP servers need labels, each one of its own")
        for tool in tools:
            kind = tool["type"] if isinstance(tool, dict) else None
            if kind not in SERVER_TOOLS and not (kind in COMPUTER_TOOLS and self.computer is not None):
                raise ValueError("params take only supported declared server tools: functions and browsers are the runner's")
            if kind == "image_generation" and body.get("store") is False:
                raise ValueError("image generation needs stored responses: its pictures cannot be sent back otherwise")
        own: List[Item] = [function.tool for function in self.functions.values()]
        if self.browser is not None:
            own += self.browser.tools
        if self.computer is not None and not any(tool["type"] in COMPUTER_TOOLS for tool in tools):
            own.append({"type": "computer"})
        try:
            return [*tools, *(owned(tool) if self.ledger is None and self.budget is None else json_data(tool) for tool in own)]
        except (Invalid, RecursionError):
            raise ValueError("with a ledger or a budget declarations of functions hold only what JSON can") from None

    def _resume(self) -> None:
        held = restored(self.ledger.resume_from, self.ledger.run_id, self.options.max_steps, self.tools_recorded, self.overrides)
        if not is_observation(self.history):
            raise ValueError("a run that goes on needs a nonempty new observation of the user's as its input")
        self.history = [*held["history"], *self.history]
        self.revision, self.consumed, self.max_steps = held["revision"], held["consumed_requests"], held["max_steps"]
        self.attempted, self.completed = list(held["attempted_call_ids"]), list(held["returned_call_ids"])

    # What is told.

    def error(self, message: str) -> ToolRunnerError:
        """An error of this run's own, of which the text is known to hold nothing private."""
        made = ToolRunnerError(message, self.attempted, self.completed)
        self._own.append(made)
        return made

    def tell(
        self, stage: Stage, reason: Reason, since: float, call_id: Optional[str] = None, member: Optional[str] = None, usage: Any = None
    ) -> None:
        observer = self.options.on_diagnostic
        emit_tool_diagnostic(observer, "responses", stage, reason, since, call_id=call_id, member=member, usage=usage)

    def is_cancelled(self) -> bool:
        return self.options.cancelled is not None and bool(self.options.cancelled())

    def check(self) -> None:
        if self.is_cancelled():
            raise self.error("Tool run was cancelled.")

    def outward(self, error: BaseException) -> BaseException:
        """What a failure is to the program: the run's own words, and which calls it concerns."""
        if isinstance(error, asyncio.CancelledError):
            return ToolRunnerCancelledError(self.attempted, self.completed)
        text = _STOPPED
        if any(error is own for own in self._own):
            text = str(error)
        elif self._was_cancelled():
            text = "Tool run was cancelled."
        return ToolRunnerError(text, self.attempted, self.completed)

    def _was_cancelled(self) -> bool:
        try:
            return self.is_cancelled()
        except Exception:
            return False

    async def save(self, phase: str, final: Optional[Dict[str, Any]] = None) -> None:
        """Records how things are. What follows does so only if they are recorded."""
        if self.ledger is None:
            return
        if self.revision >= LARGEST:
            raise self.error("The ledger of the run is full.")
        batch = self.batch if phase == "pending" else None
        checkpoint = {
            "version": 1, "run_id": self.ledger.run_id, "revision": self.revision + 1, "phase": phase, "max_steps": self.max_steps,
            "consumed_requests": self.consumed, "tools": self.tools_recorded, "output_override_names": self.overrides,
            "history": self.history, "attempted_call_ids": self.attempted, "returned_call_ids": self.completed,
            "pending_items": [] if batch is None else [wire(item) for item in batch.items],
            "returned_outputs": [] if batch is None else batch.returned_outputs, "final_response": final,
        }  # fmt: skip
        self.revision += 1
        await self.lane.call(self.ledger.save, owned(checkpoint))

    async def ask_approval(self, item: Item) -> bool:
        """Whether the program approves of a call of a remote tool."""
        began = time.monotonic()
        if self.options.approve_mcp is None:
            raise self.error("An MCP approval is open, and the run has no approve_mcp.")
        from ..types.responses.response_output_item import McpApprovalRequest

        copy = McpApprovalRequest.construct(**owned(item))
        try:
            granted = await self.lane.call(self.options.approve_mcp, copy, cancelled=self.options.cancelled)
        except Exception:
            self.tell("approval", "cancelled" if self._was_cancelled() else "policy_failed", began, item["id"], item["name"])
            raise
        if not isinstance(granted, bool):
            self.tell("approval", "policy_failed", began, item["id"], item["name"])
            raise self.error("approve_mcp must return True or False.")
        self.tell("approval", "completed" if granted else "refused", began, item["id"], item["name"])
        self.check()
        return granted

    # The run.

    async def turns(self) -> AsyncGenerator[Any, None]:
        """The replies, each before its calls are carried out (those that began early excepted)."""
        from .responses_tool_runner import ResponsesRunnerTurn

        failure: Optional[BaseException] = None
        try:
            await self._reauthorize()
            while True:
                response, held = await self._reply()
                batch = self.batch
                assert batch is not None
                final = not batch.calls
                if final:
                    await self._finish(held)
                elif self.consumed >= self.max_steps:
                    raise self.error("Tool run reached max_steps before completion.")
                else:
                    await self.save("pending")
                pause = _Pause(batch, self.options.eager and not final and not batch.waiting, final, self.options.eager)
                ran = bool(batch.outputs) and not batch.waiting
                try:
                    yield ResponsesRunnerTurn(
                        response, self.consumed, final, ran, tuple(self.attempted), tuple(self.completed), pause.supply, pause.append
                    )
                finally:
                    pause.open = False
                if final:
                    return
                self.check()
                await batch.execute_waiting()
                self._advance(batch, pause.texts)
                await self.save("boundary")
        except GeneratorExit:
            raise
        except asyncio.CancelledError as error:
            failure = self.outward(error)
        except Exception as error:
            failure = self.outward(error)
        raise failure from None

    def _advance(self, batch: Batch, texts: List[str]) -> None:
        said = [{"role": "user", "content": text} for text in texts]
        self.history = [*self.history, *(_without_null_id(item) for item in batch.history()), *said]
        self.seen.item_ids, self.seen.call_ids, self.grants = batch.item_ids, batch.call_ids, batch.grants
        self.batch = None
        headers = rotated_idempotency_headers(self.client, self.body.get("extra_headers"))
        if headers is not None:
            self.body["extra_headers"] = headers

    async def _finish(self, held: Dict[str, Any]) -> None:
        final = wire(held)
        if isinstance(final.get("tools"), list):
            final["tools"] = recorded_tools(final["tools"])
        await self.save("final", final)

    async def _reauthorize(self) -> None:
        """Asks anew for approvals that were granted before this run, and not used yet."""
        self.grants = Grants()
        try:
            self.grants = grants_of(self.history, self.policy)
        except McpError as error:
            raise self.error(str(error)) from None
        if self.consumed:
            if self.consumed >= self.max_steps:
                raise self.error("Tool run reached max_steps before completion.")
            headers = rotated_idempotency_headers(self.client, self.body.get("extra_headers"))
            if headers is not None:
                self.body["extra_headers"] = headers
        self.check()
        for item in self.grants.open():
            server = self.policy.servers.get(item.get("server_label", ""))
            if server is None or not self.policy.allows_server_item(item) or approval_policy(server, item["name"]) == "never":
                raise self.error("The history approves of an MCP call that this request does not allow.")
            granted = await self.ask_approval(item)
            self.grants.granted[item["id"]] = granted
            self.history = [
                {**entry, "approve": granted}
                if entry.get("type") == "mcp_approval_response" and entry.get("approval_request_id") == item["id"]
                else entry
                for entry in self.history
            ]

    async def _fitted(self) -> List[Item]:
        """What is sent of the history."""
        if self.budget is None or self.budget.fits(self.history):
            return self.history
        if self.budget.compact is None:
            raise self.error("The input exceeds its context_budget.")
        decision = await self.lane.call(self.budget.compact, self.budget.snapshot(self.history))
        self.check()
        try:
            reduced = self.budget.reduced(self.history, decision)
        except (Invalid, RecursionError):
            raise self.error("The compaction of the context_budget is not one that it may be.") from None
        if not self.budget.fits(reduced):
            raise self.error("The input exceeds its context_budget after its compaction.")
        return reduced

    async def _reply(self) -> Tuple[Any, Dict[str, Any]]:
        """One request: its reply, all of which was checked."""
        self.check()
        if self.consumed >= self.max_steps:
            raise self.error("Tool run reached max_steps before completion.")
        sent = {**self.body, "input": owned(await self._fitted())}
        self.check()
        self.consumed += 1
        self.batch = batch = Batch(self)
        # A server that runs tools by itself may have done so though its reply is lost.
        await self.save("pending" if self.policy.has_server_tools else "boundary")
        self.history = [item for item in self.history if not (isinstance(item, dict) and item.get("type") == "compaction_trigger")]
        self.check()
        client = self.client
        if self.ledger is not None or self.policy.servers:
            client = client.with_options(max_retries=0)
        from ._run_replies import Streamed, whole_reply

        if not self.options.stream:
            response, held, usage, began = await whole_reply(self, client, sent)
            self.tell("request", "completed", began, usage=usage())
            await self._checked(batch, held)
            return response, held
        return await Streamed(self, client, batch).reply(sent)

    async def _checked(self, batch: Batch, held: Dict[str, Any]) -> None:
        """Checks a reply that came as a whole."""
        if held.get("status") != "completed":
            raise self.error("The reply did not complete.")
        batch.items = items_of(self, held)
        if batch.has_unfinished_server_item():
            await self.save("pending")
        for item in batch.items:
            batch.check(item)


class _Pause:
    """What the program may still do about a reply."""

    def __init__(self, batch: Batch, is_done: bool, final: bool, eager: bool) -> None:
        self.batch, self.open, self.final = batch, True, final
        self.takes_outputs = not (is_done or (final and eager))
        self.texts: List[str] = []

    def supply(self, outputs: Any) -> None:
        if not self.open or not self.takes_outputs:
            raise ValueError("this turn cannot accept outputs: its calls have been carried out, or it is over")
        self.batch.supply(outputs)

    def append(self, text: Any) -> None:
        if not self.open or self.final or not isinstance(text, str) or not text.strip():
            raise ValueError("user text is a nonempty text, given while the turn waits and is not the last")
        self.texts.append(text)


def items_of(run: Run, held: Dict[str, Any]) -> List[Item]:
    """The output of a reply."""
    output = held.get("output")
    if not isinstance(output, list) or any(not isinstance(item, dict) for item in output):
        raise run.error("The reply has no output that can be read.")
    return [_without_null_id(item) for item in output]


def taken(run: Run, model: Any) -> Dict[str, Any]:
    """A reply, or a part of one, as it is now."""
    if not isinstance(model, BaseModel):
        raise run.error("The client returned no reply that can be read.")
    try:
        return members(model, first=("output",))
    except (Invalid, RecursionError):
        raise run.error("The reply holds what JSON cannot.") from None


def _without_null_id(item: Item) -> Item:
    if item.get("type") == "function_call" and "id" in item and item["id"] is None:
        return {name: value for name, value in item.items() if name != "id"}
    return item


def _without_left_out(value: Any) -> Any:
    if type(value) is not dict:
        return value
    return {name: inner for name, inner in value.items() if not is_left_out(inner)}



