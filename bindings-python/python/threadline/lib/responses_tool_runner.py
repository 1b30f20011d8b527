"""A runner over responses: functions, a browser and a computer of the program's, and the tools of the server beside them.

Every reply is checked as a whole before any of its calls is carried out; a call is carried out at most once; and a ledger can record each
step, so that a program that stopped knows what it had begun.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, AsyncGenerator, Awaitable, Callable, Dict, Generator, List, Optional, Tuple, Union

from typing_extensions import Literal, TypeAlias

from ._context_budget import AsyncContextBudget, ContextBudget, ContextBudgetDecision, ContextBudgetSnapshot
from ._lanes import BLOCKING, WAITING, Lane, finished, steps
from ._parsing._responses import parse_function_tool_arguments as parse_function_tool_arguments
from ._registered_functions import AsyncRegisteredFunction, EarlyExecution, FunctionResult, RegisteredFunction, Registry
from ._tool_ledger import AsyncResponsesToolLedger, ResponsesToolCheckpoint, ResponsesToolLedger
from ._tool_lifecycle import CloseStatus, ToolLifecycle
from ._tool_run import Options, Run, ToolRunnerCancelledError, ToolRunnerError

if TYPE_CHECKING:
    from .. import AsyncOpenAI, OpenAI
    from .. import types as t
    from ..types.responses.response_create_params import ResponseCreateParamsNonStreaming
    from ..types.responses.response_input_param import ComputerCallOutput, FunctionCallOutput
    from ..types.responses.response_output_item import McpApprovalRequest
    from .browser import AsyncBrowserToolset, BrowserToolset
    from .computer import AsyncComputerToolset, ComputerActionInput, ComputerToolset
    from .tool_diagnostics import ToolDiagnosticObserver

    ToolOutput: TypeAlias = Union[FunctionCallOutput, ComputerCallOutput]
    _EarlyCall: TypeAlias = Union[t.responses.ResponseFunctionToolCall, t.responses.ResponseComputerToolCall]
else:
    ToolOutput = Dict[str, Any]

__all__ = [
    "AsyncContextBudget", "AsyncRegisteredFunction", "AsyncResponsesToolLedger", "AsyncResponsesToolRunner", "ContextBudget",
    "ContextBudgetDecision", "ContextBudgetSnapshot", "EarlyExecution", "FunctionResult", "RegisteredFunction", "ResponsesRunnerTurn",
    "ResponsesToolCheckpoint", "ResponsesToolLedger", "ResponsesToolRunner", "ToolRunnerCancelledError", "ToolRunnerError",
]  # fmt: skip


@dataclass(frozen=True)
class ResponsesRunnerTurn:
    """A reply, before its calls are carried out. ``attempted_call_ids`` and ``completed_call_ids`` are those of the whole run until now."""

    response: t.responses.Response
    step: int
    final: bool
    tools_executed: bool
    attempted_call_ids: Tuple[str, ...]
    completed_call_ids: Tuple[str, ...]
    _supply: Callable[[List[Any]], None]
    _append: Callable[[str], None]

    def supply_outputs(self, outputs: List[FunctionCallOutput]) -> None:
        """Outputs in place of calls that have not begun, of functions registered with ``allow_output_override``. A later list replaces it.

        Raises :class:`ValueError` where one of them cannot be; then none is taken.
        """
        self._supply(outputs)

    def append_user_text(self, text: str) -> None:
        """Says something to the model, after the outputs of this turn."""
        self._append(text)


class _Runner:
    _lane: Lane

    def __init__(self, browser: Any, computer: Any, functions: Any, early_execution: Any) -> None:
        self.browser, self.computer = browser, computer
        names = [] if browser is None else browser._names
        self._registry = Registry(functions, names, computer is not None, early_execution)
        self._lifecycle = ToolLifecycle(type(self).__name__)

    def close(self) -> CloseStatus:
        """Lets no further run begin. What is at work goes on to its end (``draining``)."""
        return self._lifecycle.close()

    async def _turns(self, client: Any, params: Any, options: Dict[str, Any]) -> AsyncGenerator[ResponsesRunnerTurn, None]:
        self._lifecycle.enter()
        try:
            run = Run(self._lane, self._registry, self.browser, self.computer, client, params, Options(options))
            turns = run.turns()
            try:
                async for turn in turns:
                    yield turn
            finally:
                await turns.aclose()
        finally:
            self._lifecycle.exit()

    async def _last(self, client: Any, params: Any, options: Dict[str, Any]) -> Any:
        turns = self._turns(client, params, options)
        response: Any = None
        try:
            async for turn in turns:
                response = turn.response
        finally:
            await turns.aclose()
        return response


class ResponsesToolRunner(_Runner):
    """Asks a model and carries out what it asks for, until it answers."""

    _lane = BLOCKING

    def __init__(
        self,
        *,
        browser: Optional[BrowserToolset] = None,
        computer: Optional[ComputerToolset] = None,
        functions: Optional[List[RegisteredFunction]] = None,
        early_execution: Optional[EarlyExecution] = None,
    ) -> None:
        super().__init__(browser, computer, functions, early_execution)

    def run(
        self,
        client: OpenAI,
        params: ResponseCreateParamsNonStreaming,
        *,
        max_steps: Optional[int] = None,
        stream: bool = False,
        eager: bool = False,
        max_concurrent_calls: int = 2,
        on_event: Optional[Callable[[t.responses.ResponseStreamEvent], None]] = None,
        cancelled: Optional[Callable[[], bool]] = None,
        approve_safety_checks: Optional[Callable[[t.responses.ResponseComputerToolCall], bool]] = None,
        before_action: Optional[Callable[[ComputerActionInput], bool]] = None,
        ledger: Optional[ResponsesToolLedger] = None,
        context_budget: Optional[ContextBudget] = None,
        on_diagnostic: Optional[ToolDiagnosticObserver] = None,
        approve_mcp: Optional[Callable[[McpApprovalRequest], bool]] = None,
        before_early_call: Optional[Callable[[_EarlyCall], Literal["execute", "defer"]]] = None,
    ) -> t.responses.Response:
        """The model's answer: its last reply. At most ``max_steps`` requests (20) are sent.

        With ``stream`` replies are streamed, and ``on_event`` is told of their events; with ``eager`` calls begin while the reply comes.
        Raises :class:`ToolRunnerError` where the run stops before the answer.
        """
        options = {name: value for name, value in locals().items() if name not in ("self", "client", "params", "__class__")}
        response: t.responses.Response = finished(self._last(client, params, options))
        return response

    def iterate(
        self,
        client: OpenAI,
        params: ResponseCreateParamsNonStreaming,
        *,
        max_steps: Optional[int] = None,
        stream: bool = False,
        eager: bool = False,
        max_concurrent_calls: int = 2,
        on_event: Optional[Callable[[t.responses.ResponseStreamEvent], None]] = None,
        cancelled: Optional[Callable[[], bool]] = None,
        approve_safety_checks: Optional[Callable[[t.responses.ResponseComputerToolCall], bool]] = None,
        before_action: Optional[Callable[[ComputerActionInput], bool]] = None,
        ledger: Optional[ResponsesToolLedger] = None,
        context_budget: Optional[ContextBudget] = None,
        on_diagnostic: Optional[ToolDiagnosticObserver] = None,
        approve_mcp: Optional[Callable[[McpApprovalRequest], bool]] = None,
        before_early_call: Optional[Callable[[_EarlyCall], Literal["execute", "defer"]]] = None,
    ) -> Generator[ResponsesRunnerTurn, None, None]:
        """The replies one by one, each before its calls are carried out: going on carries them out, closing does not. See :meth:`run`."""
        options = {name: value for name, value in locals().items() if name not in ("self", "client", "params", "__class__")}
        return steps(self._turns(client, params, options))


class AsyncResponsesToolRunner(_Runner):
    """Asks a model and carries out what it asks for, until it answers. See :class:`ResponsesToolRunner`."""

    _lane = WAITING

    def __init__(
        self,
        *,
        browser: Optional[AsyncBrowserToolset] = None,
        computer: Optional[AsyncComputerToolset] = None,
        functions: Optional[List[AsyncRegisteredFunction]] = None,
        early_execution: Optional[EarlyExecution] = None,
    ) -> None:
        super().__init__(browser, computer, functions, early_execution)

    async def run(
        self,
        client: AsyncOpenAI,
        params: ResponseCreateParamsNonStreaming,
        *,
        max_steps: Optional[int] = None,
        stream: bool = False,
        eager: bool = False,
        max_concurrent_calls: int = 2,
        on_event: Optional[Callable[[t.responses.ResponseStreamEvent], Awaitable[None]]] = None,
        cancelled: Optional[Callable[[], bool]] = None,
        approve_safety_checks: Optional[Callable[[t.responses.ResponseComputerToolCall], Awaitable[bool]]] = None,
        before_action: Optional[Callable[[ComputerActionInput], Awaitable[bool]]] = None,
        ledger: Optional[AsyncResponsesToolLedger] = None,
        context_budget: Optional[AsyncContextBudget] = None,
        on_diagnostic: Optional[ToolDiagnosticObserver] = None,
        approve_mcp: Optional[Callable[[McpApprovalRequest], Awaitable[bool]]] = None,
        before_early_call: Optional[Callable[[_EarlyCall], Awaitable[Literal["execute", "defer"]]]] = None,
    ) -> t.responses.Response:
        """The model's answer: its last reply. See the other runner's."""
        options = {name: value for name, value in locals().items() if name not in ("self", "client", "params", "__class__")}
        response: t.responses.Response = await self._last(client, params, options)
        return response

    def iterate(
        self,
        client: AsyncOpenAI,
        params: ResponseCreateParamsNonStreaming,
        *,
        max_steps: Optional[int] = None,
        stream: bool = False,
        eager: bool = False,
        max_concurrent_calls: int = 2,
        on_event: Optional[Callable[[t.responses.ResponseStreamEvent], Awaitable[None]]] = None,
        cancelled: Optional[Callable[[], bool]] = None,
        approve_safety_checks: Optional[Callable[[t.responses.ResponseComputerToolCall], Awaitable[bool]]] = None,
        before_action: Optional[Callable[[ComputerActionInput], Awaitable[bool]]] = None,
        ledger: Optional[AsyncResponsesToolLedger] = None,
        context_budget: Optional[AsyncContextBudget] = None,
        on_diagnostic: Optional[ToolDiagnosticObserver] = None,
        approve_mcp: Optional[Callable[[McpApprovalRequest], Awaitable[bool]]] = None,
        before_early_call: Optional[Callable[[_EarlyCall], Awaitable[Literal["execute", "defer"]]]] = None,
    ) -> AsyncGenerator[ResponsesRunnerTurn, None]:
        """The replies one by one, each before its calls are carried out. See the other runner's."""
        options = {name: value for name, value in locals().items() if name not in ("self", "client", "params", "__class__")}
        return self._turns(client, params, options)
