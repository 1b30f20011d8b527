"""A runner over decisions: looks at the state, lets the model choose among a program's own actions, does the one that it chose, and looks
again, until the model says that it is done.

Actions are functions of the program's, so the model can only choose what the program offered.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Awaitable, Callable, Dict, Iterable, List, Optional, Tuple, Union

from typing_extensions import Literal, Required, TypeAlias, TypedDict

from .. import types as t
from ._lanes import BLOCKING, WAITING, Lane, finished
from ._snapshots import Invalid, members, owned, plain
from ._tool_lifecycle import CloseStatus, ToolLifecycle, rotated_idempotency_headers
from .tool_diagnostics import Reason, Stage, ToolDiagnosticObserver, emit_tool_diagnostic

if TYPE_CHECKING:
    from .. import AsyncOpenAI, OpenAI

__all__ = [
    "AsyncDecisionActionCandidate", "AsyncDecisionCandidate", "AsyncDecisionsToolRunner", "DecisionActionCandidate", "DecisionCandidate",
    "DecisionDoneCandidate", "DecisionObservation", "DecisionsRunResult", "DecisionsRunnerParams", "DecisionsToolRunner",
    "DecisionsToolRunnerCancelledError", "DecisionsToolRunnerError",
]  # fmt: skip

#: The name of the one question that the model is asked.
_QUESTION = "next_action"
_MOST_CANDIDATES = 255

if TYPE_CHECKING:
    DecisionObservation: TypeAlias = Union[str, Iterable[Union["t.DecisionInputTextParam", "t.DecisionInputImageParam"]]]
else:
    DecisionObservation = Union[str, Iterable[Any]]


class DecisionActionCandidate(TypedDict, total=False):
    """Something that can be done, and the function that does it."""

    id: Required[str]
    description: Required[str]
    execute: Required[Callable[[], object]]
    done: Literal[False]


class AsyncDecisionActionCandidate(TypedDict, total=False):
    """Something that can be done, and the coroutine function that does it."""

    id: Required[str]
    description: Required[str]
    execute: Required[Callable[[], Awaitable[object]]]
    done: Literal[False]


class DecisionDoneCandidate(TypedDict):
    """The choice that ends the run."""

    id: str
    description: str
    done: Literal[True]


DecisionCandidate: TypeAlias = Union[DecisionActionCandidate, DecisionDoneCandidate]
AsyncDecisionCandidate: TypeAlias = Union[AsyncDecisionActionCandidate, DecisionDoneCandidate]


class DecisionsRunnerParams(TypedDict, total=False):
    """What a run sends with each request: the model, the task, and whom it is for."""

    model: Required[str]
    input: Required[str]
    safety_identifier: Optional[str]


class DecisionsRunResult(TypedDict):
    """How a run ended. ``attempted_candidate_ids`` are the actions that began, in their order; those that returned are completed."""

    status: Literal["verified", "unverified", "refused"]
    decisions: List[t.Decision]
    attempted_candidate_ids: List[str]
    completed_candidate_ids: List[str]


_Failure: TypeAlias = Literal[
    "invalid_params", "invalid_candidates", "invalid_answer", "invalid_verification", "verification_failed", "step_limit", "cancelled",
    "async_executor", "failed",
]  # fmt: skip

_TEXTS: Dict[str, str] = {
    "invalid_params": "The decision run takes only supported run options: model, input and safety_identifier, and a positive max_steps.",
    "invalid_candidates": "The candidates of a decision must be 1 to 255 with ids of their own, of which exactly one is done.",
    "invalid_answer": "The decision is incomplete, or chose none of the candidates.",
    "invalid_verification": "The verifier must return True or False.",
    "verification_failed": "The verifier did not confirm that the task is done.",
    "step_limit": "The decision run reached max_steps.",
    "cancelled": "The decision run was cancelled.",
    "async_executor": "An executor returned an awaitable: use AsyncDecisionsToolRunner.",
    "failed": "The decision run stopped before completion.",
}


class DecisionsToolRunnerError(RuntimeError):
    """A run that stopped. ``attempted_candidate_ids`` may have had effects; look at them before trying again."""

    def __init__(self, reason: _Failure, attempted: List[str], completed: List[str]) -> None:
        super().__init__(_TEXTS[reason])
        self.reason: _Failure = reason
        self.attempted_candidate_ids = tuple(attempted)
        self.completed_candidate_ids = tuple(completed)


class DecisionsToolRunnerCancelledError(asyncio.CancelledError):
    """A run whose task was cancelled, with what it had done until then."""

    def __init__(self, attempted: List[str], completed: List[str]) -> None:
        super().__init__("The decision run was cancelled.")
        self.attempted_candidate_ids = tuple(attempted)
        self.completed_candidate_ids = tuple(completed)


class _Choice:
    """A candidate as it was when it was offered."""

    def __init__(self, given: Any) -> None:
        if not isinstance(given, dict):
            raise Invalid
        held = {name: dict.__getitem__(given, name) for name in dict.keys(given)}
        self.id, self.description, self.done = held.get("id"), held.get("description"), held.get("done", False)
        self.execute: Any = held.get("execute")
        texts = isinstance(self.id, str) and self.id and isinstance(self.description, str) and self.description
        if not texts or not isinstance(self.done, bool) or set(held) - {"id", "description", "done", "execute"}:
            raise Invalid
        if self.done is ("execute" in held) or not (self.done or callable(self.execute)):
            raise Invalid


def _choices(given: Any) -> List[_Choice]:
    if not isinstance(given, list):
        raise Invalid
    offered = [_Choice(list.__getitem__(given, index)) for index in range(list.__len__(given))]
    distinct = {choice.id for choice in offered}
    if not offered or len(offered) > _MOST_CANDIDATES or len(distinct) != len(offered) or sum(choice.done for choice in offered) != 1:
        raise Invalid
    return offered


def _observation(given: Any) -> Any:
    """What is seen, as data of the run's own: a text, or parts."""
    if isinstance(given, str):
        return given
    parts = [plain(part, lenient=True) for part in given]
    if any(not isinstance(part, dict) for part in parts):
        raise Invalid
    return parts


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _complete(decision: Any) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """The wire form of a decision, and its one answer; each member is read once."""
    held = members(decision, first=("answers",))
    usage = held.get("usage")
    if not isinstance(held.get("model"), str) or not isinstance(usage, dict):
        raise Invalid
    nested = [("input_tokens_details", ("cached_tokens", "cache_write_tokens")), ("output_tokens_details", ("reasoning_tokens",))]
    counts = [usage.get(name) for name in ("input_tokens", "output_tokens", "total_tokens")]
    for name, inner in nested:
        details = usage.get(name)
        if not isinstance(details, dict):
            raise Invalid
        counts += [details.get(count) for count in inner]
    answers = held.get("answers")
    if any(type(count) is not int for count in counts) or not isinstance(answers, list) or len(answers) != 1:
        raise Invalid
    answer = answers[0]
    if not isinstance(answer, dict) or answer.get("name") != _QUESTION:
        raise Invalid
    return held, answer


def _chosen(answer: Dict[str, Any], offered: List[_Choice]) -> Optional[_Choice]:
    """The candidate of an answer; `None` where the model refused."""
    if answer.get("type") == "refusal":
        return None
    shares = answer.get("probabilities")
    if answer.get("type") != "choice" or not _number(answer.get("confidence")) or not isinstance(shares, list):
        raise Invalid
    for share in shares:
        if not isinstance(share, dict) or not isinstance(share.get("value"), (str, bool)) or not _number(share.get("probability")):
            raise Invalid
    for choice in offered:
        if isinstance(answer.get("choice"), str) and choice.id == answer["choice"]:
            return choice
    raise Invalid


class _Stop(Exception):
    def __init__(self, reason: _Failure) -> None:
        self.reason: _Failure = reason


class _Run:
    def __init__(self, lane: Lane, owner: Any, client: Any, cancelled: Any, observer: Any) -> None:
        self.lane, self.client, self.cancelled, self.observer = lane, client, cancelled, observer
        # A run keeps the functions with which it began.
        self.observe, self.candidates, self.verify = owner.observe, owner.candidates, owner.verify
        self.decisions: List[Any] = []
        self.attempted: List[str] = []
        self.completed: List[str] = []
        self.began = time.monotonic()

    def tell(self, stage: Stage, reason: Reason, since: float, call_id: Optional[str] = None, usage: Any = None) -> None:
        emit_tool_diagnostic(self.observer, "decisions", stage, reason, since, call_id=call_id, usage=usage)

    def check(self) -> None:
        if self.cancelled is not None and self.cancelled():
            raise _Stop("cancelled")

    async def outcome(self, params: Any, max_steps: Any) -> DecisionsRunResult:
        """The whole run, whose failures are all errors of the runner's."""
        reason: _Failure
        try:
            return await self.steps(params, max_steps)
        except _Stop as stop:
            reason = stop.reason
        except asyncio.CancelledError:
            raise DecisionsToolRunnerCancelledError(self.attempted, self.completed) from None
        except Exception:
            reason = "failed"
        if reason == "step_limit":
            self.tell("run", "step_limit", self.began)
        raise DecisionsToolRunnerError(reason, self.attempted, self.completed) from None

    async def seen(self) -> Any:
        self.check()
        state = _observation(await self.lane.call(self.observe, cancelled=self.cancelled))
        self.check()
        return state

    async def offered(self, state: Any) -> List[_Choice]:
        given = await self.lane.call(self.candidates, owned(state), cancelled=self.cancelled)
        try:
            return _choices(given)
        except Invalid:
            raise _Stop("invalid_candidates") from None

    async def steps(self, params: Any, max_steps: Any) -> DecisionsRunResult:
        body = _body(params)
        if type(max_steps) is not int or max_steps < 1:
            raise _Stop("invalid_params")
        headers: Any = None
        for step in range(1, max_steps + 1):
            state = await self.seen()
            offered = await self.offered(state)
            self.check()
            last = step == max_steps
            if len(offered) == 1:
                self.tell("selection", "completed", time.monotonic(), offered[0].id)
                if await self.is_done(False):
                    return self.result("unverified" if self.verify is None else "verified")
                raise _Stop("verification_failed")
            if self.decisions:
                headers = rotated_idempotency_headers(self.client, headers)
            chosen = await self.ask(body, state, offered, headers)
            if chosen is None:
                self.check()
                return self.result("refused")
            if chosen.done:
                if await self.is_done(True):
                    return self.result("unverified" if self.verify is None else "verified")
                if last:
                    raise _Stop("step_limit")
                continue
            if last:
                # The last request is for looking at what was done: an action whose effect nobody sees is not begun.
                raise _Stop("step_limit")
            self.check()
            await self.act(chosen)
        raise _Stop("step_limit")

    async def ask(self, body: Dict[str, Any], state: Any, offered: List[_Choice], headers: Any) -> Optional[_Choice]:
        began = time.monotonic()
        choices = [{"value": choice.id, "description": choice.description} for choice in offered]
        question = {"type": "choice", "name": _QUESTION, "question": _ASKED, "choices": choices}
        arguments: Dict[str, Any] = {
            **body, "input": [{"role": "user", "content": body["input"]}, {"role": "user", "content": state}], "questions": [question],
        }  # fmt: skip
        if headers is not None:
            arguments["extra_headers"] = headers
        try:
            decision = await self.lane.settle(self.client.decisions.create(**arguments), lambda: _Stop("failed"))
        except asyncio.CancelledError:
            self.tell("request", "cancelled", began)
            raise
        except Exception:
            self.tell("request", "api_failed", began)
            raise
        try:
            held, answer = _complete(decision)
            chosen = _chosen(answer, offered)
        except Invalid:
            self.tell("request", "completed", began)
            raise _Stop("invalid_answer") from None
        kept = t.Decision.construct(**held)
        self.tell("request", "completed", began, usage=kept.usage)
        self.decisions.append(kept)
        picked = None if chosen is None else chosen.id
        self.tell("selection", "refused" if chosen is None else "completed", began, picked)
        self.check()
        return chosen

    async def is_done(self, may_go_on: bool) -> bool:
        """Whether the verifier agrees, after looking again; without one nobody disagrees."""
        self.check()
        if self.verify is None:
            return True
        began = time.monotonic()
        state = await self.seen()
        agreed = await self.lane.call(self.verify, owned(state), cancelled=self.cancelled)
        if not isinstance(agreed, bool):
            raise _Stop("invalid_verification")
        self.tell("verification", "completed" if agreed else "refused", began)
        self.check()
        return agreed

    async def act(self, chosen: _Choice) -> None:
        began = time.monotonic()
        self.attempted.append(str(chosen.id))
        try:
            await self.lane.settle(
                _invoked(chosen.execute, self.cancelled), lambda: _Stop("async_executor")
            )
        except asyncio.CancelledError:
            self.tell("action", "cancelled", began, chosen.id)
            raise
        except Exception:
            stopped = self.cancelled is not None and self.cancelled()
            self.tell("action", "cancelled" if stopped else "driver_failed", began, chosen.id)
            raise
        self.completed.append(str(chosen.id))
        self.tell("action", "completed", began, chosen.id)
        self.check()

    def result(self, status: Literal["verified", "unverified", "refused"]) -> DecisionsRunResult:
        return {
            "status": status, "decisions": self.decisions,
            "attempted_candidate_ids": self.attempted, "completed_candidate_ids": self.completed,
        }  # fmt: skip


_ASKED = "Which action should be taken next?"


def _invoked(execute: Callable[..., Any], cancelled: Any) -> Any:
    from ._lanes import invoke

    try:
        return invoke(execute, cancelled=cancelled)
    except _Stop:
        # A runner within a runner: its end is a failure of this action, not the end of this run.
        raise RuntimeError("the action failed") from None


def _body(params: Any) -> Dict[str, Any]:
    if not isinstance(params, dict) or set(params) - {"model", "input", "safety_identifier"}:
        raise _Stop("invalid_params")
    known = isinstance(params.get("model"), str) and isinstance(params.get("input"), str)
    if not known or not isinstance(params.get("safety_identifier"), (str, type(None))):
        raise _Stop("invalid_params")
    return dict(params)


class _Runner:
    _lane: Lane

    def __init__(self, *, observe: Any, candidates: Any, verify: Any = None) -> None:
        self.observe, self.candidates, self.verify = observe, candidates, verify
        self._lifecycle = ToolLifecycle(type(self).__name__)

    def close(self) -> CloseStatus:
        """Lets no further run begin. What is at work goes on to its end (``draining``)."""
        return self._lifecycle.close()

    async def _run(self, client: Any, params: Any, max_steps: Any, cancelled: Any, on_diagnostic: Any) -> DecisionsRunResult:
        self._lifecycle.enter()
        try:
            return await _Run(self._lane, self, client, cancelled, on_diagnostic).outcome(params, max_steps)
        finally:
            self._lifecycle.exit()


class DecisionsToolRunner(_Runner):
    """Lets a model choose among actions until it is done.

    ``observe`` says how things are; ``candidates`` what can be done then, one of which is ``done``; ``verify`` whether it really is done.
    """

    _lane = BLOCKING

    def __init__(
        self,
        *,
        observe: Callable[[], DecisionObservation],
        candidates: Callable[[DecisionObservation], List[DecisionCandidate]],
        verify: Optional[Callable[[DecisionObservation], bool]] = None,
    ) -> None:
        super().__init__(observe=observe, candidates=candidates, verify=verify)

    def run(
        self,
        client: OpenAI,
        params: DecisionsRunnerParams,
        *,
        max_steps: int = 20,
        cancelled: Optional[Callable[[], bool]] = None,
        on_diagnostic: Optional[ToolDiagnosticObserver] = None,
    ) -> DecisionsRunResult:
        """Asks and acts until the model is done, at most ``max_steps`` times.

        Raises :class:`DecisionsToolRunnerError`, whose ``reason`` says why it stopped.
        """
        result: DecisionsRunResult = finished(self._run(client, params, max_steps, cancelled, on_diagnostic))
        return result


class AsyncDecisionsToolRunner(_Runner):
    """Lets a model choose among actions until it is done. See :class:`DecisionsToolRunner`."""

    _lane = WAITING

    def __init__(
        self,
        *,
        observe: Callable[[], Awaitable[DecisionObservation]],
        candidates: Callable[[DecisionObservation], Awaitable[List[AsyncDecisionCandidate]]],
        verify: Optional[Callable[[DecisionObservation], Awaitable[bool]]] = None,
    ) -> None:
        super().__init__(observe=observe, candidates=candidates, verify=verify)

    async def run(
        self,
        client: AsyncOpenAI,
        params: DecisionsRunnerParams,
        *,
        max_steps: int = 20,
        cancelled: Optional[Callable[[], bool]] = None,
        on_diagnostic: Optional[ToolDiagnosticObserver] = None,
    ) -> DecisionsRunResult:
        """Asks and acts until the model is done, at most ``max_steps`` times. See the other runner's."""
        return await self._run(client, params, max_steps, cancelled, on_diagnostic)
