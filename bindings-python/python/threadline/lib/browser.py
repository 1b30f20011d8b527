"""Browser use: functions with which a model works with a browser that the program brings along.

A driver does one thing each; a toolset declares the functions, checks the arguments, asks the program before anything is changed, and tells
the model no more of the browser than it must know.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Awaitable, Callable, Dict, List, Optional, Sequence, Tuple, Union

from . import _browser_reports as reports
from ._browser_members import BROWSER_MEMBERS, DEFAULT_BROWSER_MEMBERS, NAVIGATING, READS, arguments_of, declaration
from ._browser_types import (
    AsyncBrowserClickDriver, AsyncBrowserDriver, AsyncBrowserNavigationDriver, AsyncBrowserReadDriver, AsyncBrowserScreenshotDriver,
    BrowserCancelledError, BrowserClickDriver, BrowserConfirmContext, BrowserDialogDismissed, BrowserDownload, BrowserDriver, BrowserError,
    BrowserFileInput, BrowserFileOutcome, BrowserNavigationDriver, BrowserNavigationRefused, BrowserObservationV1, BrowserPoint,
    BrowserReadConfirmContext, BrowserReadDriver, BrowserReadElement, BrowserReadOption, BrowserReadScope, BrowserReadV1,
    BrowserScopedReadV1, BrowserScreenshotDriver, BrowserState, BrowserStateChange, BrowserTab, BrowserTabChange, ClickAtInput, ClickInput,
    DragPathInput, FindInput, HoldKeysInput, HoverAtInput, KeyInput, NavigateInput, NewTabInput, ReadDiagnosticsInput, ReadPageInput,
    ReadPageScopedInput, RunScriptInput, ScrollInput, SelectOptionInput, SetCheckedInput, TabInput, TypeInput, WaitForInput, ZoomInput,
)  # fmt: skip
from ._lanes import BLOCKING, WAITING, Lane, callable_flavor, finished, invoke
from ._snapshots import Invalid, members as members_of, owned
from ._tool_lifecycle import CloseStatus, ToolLifecycle
from .tool_diagnostics import Reason, Stage, ToolDiagnosticObserver, emit_tool_diagnostic

if TYPE_CHECKING:
    from .. import types as t
    from ..types.responses import ResponseFunctionToolCall
    from ..types.responses.response_input_param import FunctionCallOutput

__all__ = [
    "BROWSER_MEMBERS", "DEFAULT_BROWSER_MEMBERS", "AsyncBrowserClickDriver", "AsyncBrowserDriver", "AsyncBrowserNavigationDriver",
    "AsyncBrowserReadDriver", "AsyncBrowserScreenshotDriver", "AsyncBrowserToolset", "BrowserCancelledError", "BrowserClickDriver",
    "BrowserConfirmContext", "BrowserDialogDismissed", "BrowserDownload", "BrowserDriver", "BrowserError", "BrowserFileInput",
    "BrowserFileOutcome", "BrowserNavigationDriver", "BrowserNavigationRefused", "BrowserObservationV1", "BrowserPoint",
    "BrowserReadConfirmContext", "BrowserReadDriver", "BrowserReadElement", "BrowserReadOption", "BrowserReadScope", "BrowserReadV1",
    "BrowserScopedReadV1", "BrowserScreenshotDriver", "BrowserState", "BrowserStateChange", "BrowserTab", "BrowserTabChange",
    "BrowserToolset", "ClickAtInput", "ClickInput", "DragPathInput", "FindInput", "HoldKeysInput", "HoverAtInput", "KeyInput",
    "NavigateInput", "NewTabInput", "ReadDiagnosticsInput", "ReadPageInput", "ReadPageScopedInput", "RunScriptInput", "ScrollInput",
    "SelectOptionInput", "SetCheckedInput", "TabInput", "TypeInput", "WaitForInput", "ZoomInput",
]  # fmt: skip

_PREFIX = "browser_"
_Output = Tuple[Any, bool]


def _said(call_id: str, told: Dict[str, Any], image: Any = None) -> Any:
    content: List[Any] = [{"type": "input_text", "text": json.dumps(told, ensure_ascii=False)}]
    if image is not None:
        content.append(image)
    return {"type": "function_call_output", "call_id": call_id, "output": content}


def _listed(given: Any) -> List[str]:
    """A choice of members. Raises :class:`ValueError` for one that is none."""
    names = list(given) if isinstance(given, (list, tuple)) else [None]
    if any(not isinstance(name, str) or name not in BROWSER_MEMBERS for name in names) or len(set(names)) != len(names):
        raise ValueError("browser members must be a list of unique fixed names: see BROWSER_MEMBERS")
    return [str(name) for name in names]


class _Call:
    """One call: everything that can change while it is at work is looked up when it begins."""

    def __init__(self, toolset: Any, item: Dict[str, Any], cancelled: Any, observer: Any) -> None:
        self.toolset, self.lane, self.cancelled, self.observer = toolset, toolset._lane, cancelled, observer
        self.call_id: str = item["call_id"]
        self.item = item
        self.member: str = item["name"][len(_PREFIX) :]
        self.before: Optional[Dict[str, Any]] = None

    def tell(self, stage: Stage, reason: Reason, since: float) -> None:
        emit_tool_diagnostic(self.observer, "browser", stage, reason, since, call_id=self.call_id, member=self.member)

    def is_cancelled(self) -> bool:
        return self.cancelled is not None and bool(self.cancelled())

    def check(self) -> None:
        if self.is_cancelled():
            raise BrowserCancelledError("Browser execution was cancelled.")

    async def state(self) -> Dict[str, Any]:
        self.check()
        failure: Optional[BaseException] = None
        try:
            given = await self.lane.call(self.read_state, cancelled=self.cancelled)
            self.before = reports.taken(reports.state_of, given, self.before)
        except Exception as error:
            failure = error
        self.check()
        if failure is not None or self.before is None:
            raise RuntimeError("Browser state report failed.") from None
        return owned(self.before)

    def look_up(self, name: str) -> Any:
        try:
            return getattr(self.toolset, name)
        except Exception:
            raise RuntimeError("Browser policy lookup failed.") from None

    async def asked(self, question: Any, *arguments: Any) -> bool:
        """Whether the program says yes."""
        began = time.monotonic()
        try:
            answer = None if question is None else await self.lane.call(question, *arguments, cancelled=self.cancelled)
        except Exception:
            stopped = self.is_cancelled()
            self.tell("approval", "cancelled" if stopped else "policy_failed", began)
            if stopped:
                raise BrowserCancelledError("Browser execution was cancelled.") from None
            raise
        if self.is_cancelled():
            self.tell("approval", "cancelled", began)
            raise BrowserCancelledError("Browser execution was cancelled.")
        if answer is not True:
            self.tell("approval", "refused", began)
        return answer is True

    def context(self, arguments: Dict[str, Any]) -> Dict[str, Any]:
        state = owned(self.before)
        return {"member": self.member, "arguments": owned(arguments), "state": state, "call_id": self.call_id}

    def failed(self, text: str) -> _Output:
        return _said(self.call_id, {"ok": False, "error": text}), False

    async def run(self, skip: bool) -> _Output:
        protected = self.member in self.toolset._confirm_reads
        if skip and protected:
            return self.failed("Browser read was not approved.")
        began = time.monotonic()
        self.check()
        arguments: Optional[Dict[str, Any]] = None
        if protected:
            # Nobody looks at the browser before the program has agreed.
            try:
                arguments = arguments_of(self.member, self.item["arguments"])
            except BrowserError as error:
                self.tell("arguments", "invalid_input", began)
                return self.failed(str(error))
            context = {**self.context(arguments), "state": None, "phase": "before_read"}
            if not await self.asked(self.look_up("confirm"), context):
                return self.failed("Browser read was not approved. Do not retry it unless the user asks.")
            self.tell("approval", "completed", began)
        needs_consent = self.member not in READS and not skip
        confirm = self.look_up("confirm") if needs_consent else None
        url_policy = self.look_up("url_policy") if needs_consent and self.member in NAVIGATING else None
        try:
            self.read_state = self.toolset.driver.state
        except Exception:
            raise RuntimeError("Browser state report failed.") from None
        state = await self.state()
        if skip:
            return _said(self.call_id, {"ok": False, "state": state, "error": _SKIPPED}), False
        try:
            if arguments is None:
                arguments = self.checked(began)
            if needs_consent:
                await self.consent(arguments, confirm, url_policy)
            result, image = await self.done(arguments)
        except BrowserError as error:
            return _said(self.call_id, {"ok": False, "state": await self.state(), "error": str(error)}), False
        told: Dict[str, Any] = {"ok": True, "state": await self.state()}
        if image is None:
            told["result"] = result
        if isinstance(result, dict) and self.member in _FILES:
            told["ok"] = result["status"] == "completed"
        return _said(self.call_id, told, image), bool(told["ok"])

    def checked(self, began: float) -> Dict[str, Any]:
        try:
            return arguments_of(self.member, self.item["arguments"])
        except BrowserError:
            self.tell("arguments", "invalid_input", began)
            raise

    async def consent(self, arguments: Dict[str, Any], confirm: Any, url_policy: Any) -> None:
        began = time.monotonic()
        url = arguments.get("url")
        if self.member in NAVIGATING and url is not None and not await self.asked(url_policy, self.context(arguments), url):
            raise BrowserError("Browser navigation was not approved.")
        if not await self.asked(confirm, self.context(arguments)):
            raise BrowserError("Browser action was not approved. Do not retry it unless the user asks.")
        self.tell("approval", "completed", began)

    async def done(self, arguments: Dict[str, Any]) -> Tuple[Any, Any]:
        """Does it: what it gave, and a picture."""
        began = time.monotonic()
        self.check()
        try:
            given = None
            if self.member != "list_tabs":
                handler = getattr(self.toolset.driver, self.member)
                given = await self.lane.settle(invoke(handler, owned(arguments), cancelled=self.cancelled), _wrong_lane)
        except asyncio.CancelledError:
            self.tell("action", "cancelled", began)
            raise
        except Exception as error:
            if self.is_cancelled():
                self.tell("action", "cancelled", began)
                raise BrowserCancelledError("Browser execution was cancelled.") from None
            self.tell("action", "driver_failed", began)
            if isinstance(error, BrowserError):
                raise
            raise BrowserError("Browser action failed.") from None
        # It is the model's from here on: nobody who is asked or told something later can change it.
        kept: Any = None
        refusal: Optional[str] = None
        try:
            kept = reports.taken(_PROJECTIONS.get(self.member, _answer), self.member, given)
        except Invalid:
            refusal = _REFUSALS.get(self.member, "Browser actions must return a string or None.")
        if self.is_cancelled():
            self.tell("action", "cancelled", began)
            raise BrowserCancelledError("Browser execution was cancelled.")
        if refusal is not None:
            raise RuntimeError(refusal)
        self.tell("action", "completed", began)
        self.check()
        return (None, kept) if self.member in ("screenshot", "zoom") else (kept, None)


def _wrong_lane() -> BaseException:
    return TypeError("the driver returned an awaitable: use AsyncBrowserToolset")


def _answer(_member: str, value: Any) -> Optional[str]:
    return None if value is None else reports.script_text(value)


_SKIPPED = "Not executed: an earlier browser action in this turn failed."
_FILES = ("upload_file", "download_file")
_READ_REFUSED = "Browser read report failed."
_READING = ("read_page", "get_page_text", "find", "read_page_scoped", "read_diagnostics")
_PROJECTIONS: Dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(_READING, reports.read_report),
    **dict.fromkeys(_FILES, lambda _, value: reports.file_outcome(value)),
    "run_script": lambda _, value: reports.script_text(value),
    "screenshot": lambda _, value: reports.picture(value),
    "zoom": lambda _, value: reports.picture(value),
}
_REFUSALS: Dict[str, str] = {
    **dict.fromkeys(_READING, _READ_REFUSED),
    **dict.fromkeys(_FILES, "Browser file result failed."),
    "run_script": "Browser script result failed.",
    "screenshot": "Browser screenshot must return an input_image with at least one of image_url and file_id.",
    "zoom": "Browser zoom must return a valid input_image.",
}


class _Toolset:
    _lane: Lane

    def __init__(self, driver: Any, members: Any, additional_members: Any, confirm_reads: Any, confirm: Any, url_policy: Any) -> None:
        if members is not None and additional_members is not None:
            raise ValueError("give either members or additional_members")
        chosen = _listed(members) if members is not None else list(DEFAULT_BROWSER_MEMBERS)
        demanded = _listed(members) if members is not None else _listed(additional_members or [])
        self._selected = frozenset(chosen) | frozenset(demanded)
        self.driver, self.confirm, self.url_policy = driver, confirm, url_policy
        self._enabled = [name for name in BROWSER_MEMBERS if name in self._selected and self._implements(name, name in demanded)]
        reads = list(confirm_reads) if isinstance(confirm_reads, (list, tuple)) else [] if confirm_reads is None else [None]
        if len(set(reads)) != len(reads) or any(name not in READS or name not in self._enabled for name in reads):
            raise ValueError("confirm_reads names members that only read and are enabled, each once")
        self._confirm_reads = frozenset(str(name) for name in reads)
        if confirm is None and (reads or any(name not in READS for name in self._enabled)):
            raise ValueError("browser members that change something, and those of confirm_reads, require confirm")
        if url_policy is None and NAVIGATING.intersection(self._enabled):
            raise ValueError("browser members that go to an address require url_policy")
        self._lifecycle = ToolLifecycle(type(self).__name__)

    def _implements(self, member: str, demanded: bool) -> bool:
        if member == "list_tabs":
            return True
        method = getattr(self.driver, member, None)
        if not callable(method):
            if demanded:
                raise ValueError(f"browser member {member!r} is not implemented by the driver")
            return False
        flavor = callable_flavor(method)
        if flavor is not None and flavor is not self._lane.waits:
            right = "BrowserToolset" if self._lane.waits else "AsyncBrowserToolset"
            raise ValueError(f"browser member {member!r} is of the other kind: use {right}")
        return True

    @property
    def tools(self) -> List[t.responses.FunctionToolParam]:
        """The functions, as tools of a response."""
        declared: Any = [declaration(name) for name in self._enabled]
        return declared

    @property
    def _names(self) -> List[str]:
        return [_PREFIX + name for name in self._enabled]

    def close(self) -> CloseStatus:
        """Lets nothing further begin. What is at work goes on to its end (``draining``); the driver stays the program's."""
        return self._lifecycle.close()

    async def _perform(self, call: Any, skip: bool, cancelled: Any, observer: Any) -> _Output:
        self._lifecycle.enter()
        try:
            try:
                item = members_of(call)
            except Invalid:
                raise ValueError("a browser call can only hold what JSON can") from None
            if not isinstance(item.get("call_id"), str):
                raise RuntimeError("a browser call needs a string call_id")
            name = item.get("name")
            member = name[len(_PREFIX) :] if isinstance(name, str) and name.startswith(_PREFIX) else ""
            if member in BROWSER_MEMBERS and member not in self._selected:
                raise BrowserError("this browser tool is disabled")
            whole = item.get("type") == "function_call" and item.get("status", "completed") in ("completed", None)
            if member not in self._enabled or not whole or not isinstance(item.get("arguments"), str):
                emit_tool_diagnostic(observer, "browser", "arguments", "invalid_input", time.monotonic(), call_id=item["call_id"])
                return _said(item["call_id"], {"ok": False, "error": "Browser tool is unavailable or incomplete."}), False
            return await _Call(self, item, cancelled, observer).run(skip)
        finally:
            self._lifecycle.exit()


class BrowserToolset(_Toolset):
    """Functions with which a model works with a browser.

    ``members`` are those that it has, by default the usual ones that the driver can do; ``additional_members`` are others beside these.
    ``confirm`` is asked before anything is changed, and before each of ``confirm_reads``; ``url_policy`` before an address is opened.
    Anything but `True` is a no.
    """

    _lane = BLOCKING

    def __init__(
        self,
        driver: BrowserDriver,
        *,
        members: Optional[Sequence[str]] = None,
        additional_members: Optional[Sequence[str]] = None,
        confirm_reads: Optional[Sequence[str]] = None,
        confirm: Union[
            Callable[[BrowserConfirmContext], bool], Callable[[Union[BrowserConfirmContext, BrowserReadConfirmContext]], bool], None
        ] = None,
        url_policy: Optional[Callable[[BrowserConfirmContext, str], bool]] = None,
    ) -> None:
        super().__init__(driver, members, additional_members, confirm_reads, confirm, url_policy)

    def execute(
        self,
        call: ResponseFunctionToolCall,
        *,
        cancelled: Optional[Callable[[], bool]] = None,
        on_diagnostic: Optional[ToolDiagnosticObserver] = None,
    ) -> FunctionCallOutput:
        """Carries out one call: its output, to be sent to the model, which says as well what could not be done."""
        output: FunctionCallOutput = self._execute(call, cancelled=cancelled, on_diagnostic=on_diagnostic)[0]
        return output

    def _execute(self, call: Any, *, skip: bool = False, cancelled: Any = None, on_diagnostic: Any = None) -> _Output:
        done: _Output = finished(self._perform(call, skip, cancelled, on_diagnostic))
        return done


class AsyncBrowserToolset(_Toolset):
    """Functions with which a model works with a browser whose driver is awaited. See :class:`BrowserToolset`."""

    _lane = WAITING

    def __init__(
        self,
        driver: AsyncBrowserDriver,
        *,
        members: Optional[Sequence[str]] = None,
        additional_members: Optional[Sequence[str]] = None,
        confirm_reads: Optional[Sequence[str]] = None,
        confirm: Union[
            Callable[[BrowserConfirmContext], Awaitable[bool]],
            Callable[[Union[BrowserConfirmContext, BrowserReadConfirmContext]], Awaitable[bool]],
            None,
        ] = None,
        url_policy: Optional[Callable[[BrowserConfirmContext, str], Awaitable[bool]]] = None,
    ) -> None:
        super().__init__(driver, members, additional_members, confirm_reads, confirm, url_policy)

    async def execute(
        self,
        call: ResponseFunctionToolCall,
        *,
        cancelled: Optional[Callable[[], bool]] = None,
        on_diagnostic: Optional[ToolDiagnosticObserver] = None,
    ) -> FunctionCallOutput:
        """Carries out one call: its output, to be sent to the model."""
        output: FunctionCallOutput = (await self._execute(call, cancelled=cancelled, on_diagnostic=on_diagnostic))[0]
        return output

    async def _execute(self, call: Any, *, skip: bool = False, cancelled: Any = None, on_diagnostic: Any = None) -> _Output:
        return await self._perform(call, skip, cancelled, on_diagnostic)
