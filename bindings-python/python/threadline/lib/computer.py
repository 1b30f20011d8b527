"""Computer use: carries out the actions that a model asks for, on a computer that the program brings along.

A driver does one action each; a toolset checks what the model sent before anything is done, asks the program where it wants to be asked,
and gives the model a picture of the screen after each call.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Awaitable, Callable, Dict, List, Optional, Protocol, Set, Union

from typing_extensions import TypeAlias

from .._models import BaseModel
from .. import types as t
from . import _native_items as native
from ._lanes import BLOCKING, WAITING, Lane, callable_flavor, finished, invoke
from ._owned_requests import checked_params, copied_params, listed_input, with_reasoning
from ._snapshots import Invalid, members, owned, wire
from ._tool_lifecycle import CloseStatus, ToolLifecycle, rotated_idempotency_headers
from .tool_diagnostics import Reason, Stage, ToolDiagnosticObserver, emit_tool_diagnostic

if TYPE_CHECKING:
    from .. import AsyncOpenAI, OpenAI
    from ..types.responses import computer_action as modern
    from ..types.responses import response_computer_tool_call as legacy
    from ..types.responses.response_create_params import ResponseCreateParamsNonStreaming
    from ..types.responses.response_input_param import ComputerCallOutput

__all__ = [
    "AsyncComputerDriver", "AsyncComputerToolset", "ComputerActionInput", "ComputerDriver", "ComputerToolset", "ComputerUseError",
    "Screenshot",
]  # fmt: skip

if TYPE_CHECKING:
    Screenshot: TypeAlias = "t.responses.ResponseComputerToolCallOutputScreenshotParam"
    ComputerActionInput: TypeAlias = Union["modern.ComputerAction", "legacy.Action"]
    _Click = Union["modern.Click", "legacy.ActionClick"]
    _DoubleClick = Union["modern.DoubleClick", "legacy.ActionDoubleClick"]
    _Drag = Union["modern.Drag", "legacy.ActionDrag"]
    _Keypress = Union["modern.Keypress", "legacy.ActionKeypress"]
    _Move = Union["modern.Move", "legacy.ActionMove"]
    _Scroll = Union["modern.Scroll", "legacy.ActionScroll"]
    _Type = Union["modern.Type", "legacy.ActionType"]
    _Wait = Union["modern.Wait", "legacy.ActionWait"]
else:
    Screenshot = ComputerActionInput = Any

_MEMBERS = ("click", "double_click", "drag", "keypress", "move", "scroll", "type", "wait", "screenshot")


class ComputerDriver(Protocol):
    """A computer. Each method does one action, and raises where it cannot; pictures have the pixels that actions count in.

    What may be done, waiting, and leaving things clean are the driver's.
    """

    def click(self, action: _Click) -> None: ...

    def double_click(self, action: _DoubleClick) -> None: ...

    def drag(self, action: _Drag) -> None: ...

    def keypress(self, action: _Keypress) -> None: ...

    def move(self, action: _Move) -> None: ...

    def scroll(self, action: _Scroll) -> None: ...

    def type(self, action: _Type) -> None: ...

    def wait(self, action: _Wait) -> None: ...

    def screenshot(self) -> Screenshot: ...


class AsyncComputerDriver(Protocol):
    """A computer whose methods are awaited. See :class:`ComputerDriver`."""

    async def click(self, action: _Click) -> None: ...

    async def double_click(self, action: _DoubleClick) -> None: ...

    async def drag(self, action: _Drag) -> None: ...

    async def keypress(self, action: _Keypress) -> None: ...

    async def move(self, action: _Move) -> None: ...

    async def scroll(self, action: _Scroll) -> None: ...

    async def type(self, action: _Type) -> None: ...

    async def wait(self, action: _Wait) -> None: ...

    async def screenshot(self) -> Screenshot: ...


class ComputerUseError(RuntimeError):
    """Computer use that stopped. ``response`` is the last reply of the model, if there was one."""

    def __init__(self, message: str, response: Optional[t.responses.Response] = None) -> None:
        super().__init__(message)
        self.response = response


def handlers_of(driver: Any, waits: bool) -> Dict[str, Callable[..., Any]]:
    """The methods of a driver.

    Raises :class:`ValueError` for one that is not there, or is of the other kind.
    """
    found: Dict[str, Callable[..., Any]] = {}
    for name in _MEMBERS:
        method = getattr(driver, name, None)
        if not callable(method):
            raise ValueError(f"the computer driver has no method {name!r}")
        flavor = callable_flavor(method)
        if flavor is not None and flavor is not waits:
            right = "ComputerToolset" if waits else "AsyncComputerToolset"
            raise ValueError(f"Computer member {name!r} has the wrong method flavor: use {right}")
        found[name] = method
    return found


def snapshot_call(call: Any) -> Dict[str, Any]:
    """A call as it is now. Raises :class:`ComputerUseError` for what is none, :class:`ValueError` for members that are no data."""
    if not isinstance(call, BaseModel):
        raise ComputerUseError("Invalid computer call: it must be a ResponseComputerToolCall")
    try:
        return members(call)
    except Invalid:
        raise ValueError("a computer call can only hold what JSON can") from None


def check_call(item: Dict[str, Any]) -> None:
    """Raises :class:`ComputerUseError` for a call that cannot be carried out as it is."""
    if item.get("type") != "computer_call" or item.get("status") != "completed":
        raise ComputerUseError("Invalid computer call: it is not completed")
    if not isinstance(item.get("id"), str) or not isinstance(item.get("call_id"), str):
        raise ComputerUseError("Invalid computer call: it needs a string id and a string call_id")
    if not native.are_checks(item):
        raise ComputerUseError("Invalid computer call: its safety checks cannot be read")
    if ("actions" in item) is ("action" in item):
        raise ComputerUseError("Invalid computer call: it needs exactly one of actions and action")
    if not native.every(native.computer_actions(item), native.is_action):
        raise ComputerUseError("Invalid computer action")


def _model(item: Dict[str, Any]) -> t.responses.ResponseComputerToolCall:
    return t.responses.ResponseComputerToolCall.construct(**owned(item))


def _action_models(item: Dict[str, Any]) -> List[Any]:
    call = _model(item)
    models, given = (list(call.actions or []), item["actions"]) if "actions" in item else ([call.action], [item.get("action")])
    for model, action in zip(models, given):
        if isinstance(action, dict):
            # What the program has put beside the action is shown as it is: JSON has no dates.
            known: Any = getattr(type(model), "model_fields")
            model.__dict__.update({name: owned(value) for name, value in action.items() if name not in known})
    return models


class _Dispatch:
    """One call: its checks, its actions, its picture."""

    def __init__(self, lane: Lane, handlers: Dict[str, Any], approve: Any, before: Any, cancelled: Any, observer: Any) -> None:
        self.lane, self.handlers, self.approve, self.before = lane, handlers, approve, before
        self.cancelled, self.observer, self.call_id = cancelled, observer, ""

    def tell(self, stage: Stage, reason: Reason, since: float, member: Optional[str] = None) -> None:
        emit_tool_diagnostic(self.observer, "computer", stage, reason, since, call_id=self.call_id, member=member)

    def is_cancelled(self) -> bool:
        return self.cancelled is not None and bool(self.cancelled())

    async def asked(self, question: Any, subject: Any, member: Optional[str], refusal: str) -> None:
        """Raises where the program does not say yes."""
        began = time.monotonic()
        try:
            answer = None if question is None else await self.lane.call(question, subject, cancelled=self.cancelled)
        except Exception:
            if self.is_cancelled():
                self.tell("approval", "cancelled", began, member)
                raise ComputerUseError("Computer use was cancelled.") from None
            self.tell("approval", "policy_failed", began, member)
            raise
        if self.is_cancelled():
            self.tell("approval", "cancelled", began, member)
            raise ComputerUseError("Computer use was cancelled.")
        if answer is not True:
            self.tell("approval", "refused", began, member)
            raise ComputerUseError(refusal)
        self.tell("approval", "completed", began, member)

    async def done(self, member: str, *arguments: Any, keep: Optional[Callable[[Any], Any]] = None) -> Any:
        """Does one thing, and takes what it gave before anybody else can change it."""
        began = time.monotonic()
        try:
            value = await self.lane.settle(
                invoke(self.handlers[member], *arguments, cancelled=self.cancelled),
                lambda: ComputerUseError("the driver returned an awaitable: use AsyncComputerToolset"),
            )
        except asyncio.CancelledError:
            self.tell("action", "cancelled", began, member)
            raise
        except Exception:
            if self.is_cancelled():
                self.tell("action", "cancelled", began, member)
                raise ComputerUseError("Computer use was cancelled.") from None
            self.tell("action", "driver_failed", began, member)
            raise
        kept = None if keep is None else keep(value)
        if self.is_cancelled():
            self.tell("action", "cancelled", began, member)
            raise ComputerUseError("Computer use was cancelled.")
        self.tell("action", "completed", began, member)
        return kept

    async def run(self, item: Dict[str, Any]) -> ComputerCallOutput:
        check_call(item)
        self.call_id = item["call_id"]
        if self.is_cancelled():
            raise ComputerUseError("Computer use was cancelled.")
        checks = item.get("pending_safety_checks") or []
        if checks:
            await self.asked(self.approve, _model(item), None, "Its safety checks require explicit approval, which was not given.")
        count = len(_action_models(item))
        for index in range(count):
            kind = native.computer_actions(item)[index]["type"]  # type: ignore[index]
            if kind == "screenshot":
                continue  # There is one picture, after all of it.
            await self.allowed(_action_models(item)[index], kind)
            await self.done(kind, _action_models(item)[index])
        await self.allowed(t.responses.computer_action.Screenshot.construct(type="screenshot"), "screenshot")
        picture = await self.done("screenshot", keep=_picture)
        if picture is None:
            self.tell("output", "invalid_output", time.monotonic(), "screenshot")
            raise ComputerUseError("The driver must return a computer_screenshot with an image_url or a file_id.")
        known = [{name: check.get(name) for name in ("id", "code", "message")} for check in checks]
        output: Any = {"type": "computer_call_output", "call_id": item["call_id"], "output": picture, "acknowledged_safety_checks": known}
        return output

    async def allowed(self, action: Any, kind: str) -> None:
        if self.is_cancelled():
            raise ComputerUseError("Computer use was cancelled.")
        if self.before is not None:
            await self.asked(self.before, action, kind, f"Computer action {kind!r} was not approved.")


def _picture(value: Any) -> Optional[Dict[str, Any]]:
    if not native.is_screenshot(value):
        return None
    return {name: value[name] for name in ("type", "image_url", "file_id", "detail") if name in value}


class _Conversation:
    """The history of a run, and who has been seen in it."""

    def __init__(self, params: Any) -> None:
        checked_params(params)
        if params.get("input", "") is None:
            raise ValueError("`input` must be a text or a list of items")
        tools = params.get("tools", [{"type": "computer"}])
        body = copied_params({**params, "tools": [{"type": "computer"}] if tools == [] else tools})
        kinds = [tool.get("type") if isinstance(tool, dict) else None for tool in body.get("tools") or [None]]
        if kinds != ["computer"]:
            raise ValueError("a computer toolset runs with the tool `computer` alone")
        self.history = listed_input(body)
        self.body = {**body, "include": with_reasoning(body.get("include"))}
        self.ids: Set[str] = set()
        self.call_ids: Set[str] = set()
        for item in self.history:
            if isinstance(item, dict):
                if isinstance(item.get("id"), str) and item["id"]:
                    self.ids.add(item["id"])
                if item.get("type") in ("computer_call", "computer_call_output") and isinstance(item.get("call_id"), str):
                    self.call_ids.add(item["call_id"])

    def release(self) -> None:
        """A choice that forces a call is for the first request: afterwards the model may answer."""
        choice = self.body.get("tool_choice")
        if choice == "required" or (isinstance(choice, dict) and choice.get("type") == "computer"):
            self.body["tool_choice"] = "auto"
        elif isinstance(choice, dict) and choice.get("mode") == "required":
            self.body["tool_choice"] = {**choice, "mode": "auto"}

    def calls(self, response: Any, last: bool) -> List[Dict[str, Any]]:
        """The calls of a reply, which is taken into the history. Everything is checked before."""

        def refuse(text: str) -> ComputerUseError:
            return ComputerUseError(text, response)

        try:
            held = members(response, first=("output",))
        except Invalid:
            raise refuse("The reply holds what JSON cannot.") from None
        output = held.get("output")
        if held.get("status") != "completed" or not isinstance(output, list):
            raise refuse("The reply is not complete.")
        calls: List[Dict[str, Any]] = []
        ids, call_ids = set(self.ids), set(self.call_ids)
        for item in output:
            kind = item.get("type") if isinstance(item, dict) else None
            if kind == "computer_call":
                try:
                    check_call(item)
                except ComputerUseError as error:
                    raise refuse(str(error)) from None
                if item["call_id"] in call_ids:
                    raise refuse("The reply has a duplicate computer call identity.")
                call_ids.add(item["call_id"])
                calls.append(item)
            elif not isinstance(kind, str) or kind not in _KNOWN or not _KNOWN[kind](item):
                raise refuse(f"The reply holds an item that computer use cannot take: {kind}.")
            if item["id"] and item["id"] in ids:
                raise refuse("The reply has a duplicate output item identity.")
            ids.add(item["id"])
        answered = any(item["type"] == "message" and item["status"] == "completed" for item in output)
        if not calls and not answered:
            raise refuse("The reply has neither an answer nor a call.")
        if calls and last:
            raise refuse("Computer use reached max_steps.")
        self.ids, self.call_ids = ids, call_ids
        self.history.extend(wire(item) for item in output)
        return calls


_KNOWN: Dict[str, Callable[[Dict[str, Any]], bool]] = {
    "message": native.is_message,
    "reasoning": native.is_reasoning,
    "compaction": native.is_compaction,
}


class _Toolset:
    _lane: Lane

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self._handlers = handlers_of(driver, self._lane.waits)
        self._lifecycle = ToolLifecycle(type(self).__name__)

    def close(self) -> CloseStatus:
        """Lets nothing further begin. What is at work goes on to its end (``draining``); the driver stays the program's."""
        return self._lifecycle.close()

    async def _execute(self, call: Any, approve: Any, before: Any, cancelled: Any, observer: Any) -> ComputerCallOutput:
        self._lifecycle.enter()
        try:
            item = snapshot_call(call)
            return await _Dispatch(self._lane, self._handlers, approve, before, cancelled, observer).run(item)
        finally:
            self._lifecycle.exit()

    async def _run(self, client: Any, params: Any, max_steps: Any, approve: Any, before: Any, cancelled: Any, observer: Any) -> Any:
        self._lifecycle.enter()
        try:
            if type(max_steps) is not int or max_steps < 1:
                raise ValueError("max_steps must be a positive integer")
            talk = _Conversation(params)
            response: Any = None
            for step in range(1, max_steps + 1):
                if cancelled is not None and cancelled():
                    raise ComputerUseError("Computer use was cancelled.", response)
                response = await self._asked(client, talk, observer)
                calls = talk.calls(response, step == max_steps)
                if not calls:
                    return response
                for item in calls:
                    try:
                        dispatch = _Dispatch(self._lane, self._handlers, approve, before, cancelled, observer)
                        talk.history.append(await dispatch.run(item))
                    except ComputerUseError as error:
                        error.response = response
                        raise
                talk.release()
                headers = rotated_idempotency_headers(client, talk.body.get("extra_headers"))
                if headers is not None:
                    talk.body["extra_headers"] = headers
            raise ComputerUseError("Computer use reached max_steps.", response)
        finally:
            self._lifecycle.exit()

    async def _asked(self, client: Any, talk: _Conversation, observer: Any) -> Any:
        began = time.monotonic()
        try:
            response = await self._lane.settle(
                client.responses.create(**{**talk.body, "input": owned(talk.history)}),
                lambda: TypeError("the client is asynchronous: use AsyncComputerToolset"),
            )
        except asyncio.CancelledError:
            emit_tool_diagnostic(observer, "computer", "request", "cancelled", began)
            raise
        except Exception:
            emit_tool_diagnostic(observer, "computer", "request", "api_failed", began)
            raise
        emit_tool_diagnostic(observer, "computer", "request", "completed", began)
        return response


class ComputerToolset(_Toolset):
    """Carries out computer calls on a driver, alone or in a whole conversation."""

    _lane = BLOCKING

    def __init__(self, driver: ComputerDriver) -> None:
        super().__init__(driver)

    def run(
        self,
        client: OpenAI,
        params: ResponseCreateParamsNonStreaming,
        *,
        max_steps: int = 20,
        approve_safety_checks: Optional[Callable[[t.responses.ResponseComputerToolCall], bool]] = None,
        before_action: Optional[Callable[[ComputerActionInput], bool]] = None,
        cancelled: Optional[Callable[[], bool]] = None,
        on_diagnostic: Optional[ToolDiagnosticObserver] = None,
    ) -> t.responses.Response:
        """Asks the model, does what it asks for, shows it the screen, until it answers: its last reply.

        Calls with safety checks are carried out only if ``approve_safety_checks`` returns `True` for them, and actions only if
        ``before_action`` does, where it is given. Raises :class:`ComputerUseError` where it stops before the answer.
        """
        response: t.responses.Response = finished(
            self._run(client, params, max_steps, approve_safety_checks, before_action, cancelled, on_diagnostic)
        )
        return response

    def execute(
        self,
        call: t.responses.ResponseComputerToolCall,
        *,
        approve_safety_checks: Optional[Callable[[t.responses.ResponseComputerToolCall], bool]] = None,
        before_action: Optional[Callable[[ComputerActionInput], bool]] = None,
        cancelled: Optional[Callable[[], bool]] = None,
        on_diagnostic: Optional[ToolDiagnosticObserver] = None,
    ) -> ComputerCallOutput:
        """Carries out one call: its output, to be sent to the model."""
        output: ComputerCallOutput = finished(self._execute(call, approve_safety_checks, before_action, cancelled, on_diagnostic))
        return output


class AsyncComputerToolset(_Toolset):
    """Carries out computer calls on a driver whose methods are awaited. See :class:`ComputerToolset`."""

    _lane = WAITING

    def __init__(self, driver: AsyncComputerDriver) -> None:
        super().__init__(driver)

    async def run(
        self,
        client: AsyncOpenAI,
        params: ResponseCreateParamsNonStreaming,
        *,
        max_steps: int = 20,
        approve_safety_checks: Optional[Callable[[t.responses.ResponseComputerToolCall], Awaitable[bool]]] = None,
        before_action: Optional[Callable[[ComputerActionInput], Awaitable[bool]]] = None,
        cancelled: Optional[Callable[[], bool]] = None,
        on_diagnostic: Optional[ToolDiagnosticObserver] = None,
    ) -> t.responses.Response:
        """Asks the model, does what it asks for, shows it the screen, until it answers. See the other toolset's."""
        response: t.responses.Response = await self._run(
            client, params, max_steps, approve_safety_checks, before_action, cancelled, on_diagnostic
        )
        return response

    async def execute(
        self,
        call: t.responses.ResponseComputerToolCall,
        *,
        approve_safety_checks: Optional[Callable[[t.responses.ResponseComputerToolCall], Awaitable[bool]]] = None,
        before_action: Optional[Callable[[ComputerActionInput], Awaitable[bool]]] = None,
        cancelled: Optional[Callable[[], bool]] = None,
        on_diagnostic: Optional[ToolDiagnosticObserver] = None,
    ) -> ComputerCallOutput:
        """Carries out one call: its output, to be sent to the model."""
        return await self._execute(call, approve_safety_checks, before_action, cancelled, on_diagnostic)
