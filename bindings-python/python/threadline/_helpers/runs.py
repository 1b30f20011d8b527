"""Runs of assistants: made and waited for, or streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable

from .. import _operations as op
from .._types import omit
from . import composed, loose
from .checked import arguments_of, takes
from .tools import AsyncRunning, Running
from .polling import AsyncPolling, Polling, Seconds, how, rest

if TYPE_CHECKING:
    from .. import types as t
    from ..lib.streaming import AssistantStreamManager, AsyncAssistantStreamManager

_RUNS = "beta.threads.runs"


def _is_pending(run: Any) -> bool:
    return run.status not in ("requires_action", "cancelled", "completed", "failed", "expired", "incomplete")


def _looked_for(run_id: str, thread_id: str, poll_interval_ms: Any, max_wait_seconds: Any, options: Any) -> Any:
    """What a wait made of the resource's own methods needs."""
    headers = options.pop("extra_headers", None)
    options.pop("extra_body", None)  # It is for what sends one; looking sends none.
    wait = composed.Waited(f"run {run_id}", poll_interval_ms, max_wait_seconds, headers)
    return wait, {"run_id": run_id, "thread_id": thread_id, **options}


def _streamed(asynchronous: bool, method: Any, params: Any, handler: Any) -> Any:
    from ..lib.streaming import AssistantStreamManager, AsyncAssistantStreamManager

    params = {**arguments_of(method, params), "stream": True}
    # The provider is told whether the program has a handler of its own.
    told = {"X-Stainless-Custom-Event-Handler": "true" if handler is not None else "false"}
    params["extra_headers"] = {**told, **(params.get("extra_headers") or {})}
    manager = AsyncAssistantStreamManager if asynchronous else AssistantStreamManager
    return manager(lambda: method(**params), event_handler=handler)


class RunsHelpers(Running, Polling):
    """Helpers of ``client.beta.threads.runs``."""

    _kind = "runs"
    create: Any
    submit_tool_outputs: Any

    @loose
    @takes("create")
    def create_and_poll(self, *, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit, on_update: Any = None, **run: Any) -> t.beta.threads.Run:
        """Makes a run, with the arguments of :meth:`create`, and waits until it needs nothing more from the provider."""
        run = arguments_of(self.create, run)
        return self._poll(how(_RUNS, locals(), op.BETA_THREADS_RUNS_CREATE), run)

    @loose
    def poll(
        self,
        run_id: str,
        thread_id: str,
        extra_headers: Any = None,
        extra_query: Any = None,
        extra_body: Any = None,
        timeout: Any = omit,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
    ) -> t.beta.threads.Run:
        """Waits until a run needs nothing more from the provider."""
        if composed.is_replaced(self):
            options = composed.given(extra_headers=extra_headers, extra_query=extra_query, extra_body=extra_body, timeout=timeout)
            wait, sent = _looked_for(run_id, thread_id, poll_interval_ms, max_wait_seconds, options)
            return composed.polled(self, wait, _is_pending, **sent)
        return self._poll(how(_RUNS, locals(), ids=[thread_id, run_id]), rest(locals(), "run_id", "thread_id"))

    @loose
    def submit_tool_outputs_and_poll(
        self,
        *,
        tool_outputs: Iterable[Any],
        run_id: str,
        thread_id: str,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None,
        extra_query: Any = None,
        extra_body: Any = None,
        timeout: Any = omit,
    ) -> t.beta.threads.Run:
        """Hands in what the tools gave, and waits until the run needs nothing more from the provider."""
        told = how(_RUNS, locals(), op.BETA_THREADS_RUNS_SUBMIT_TOOL_OUTPUTS, [thread_id, run_id])
        return self._poll(told, rest(locals(), "told"))

    @takes("create")
    def stream(self, *, event_handler: Any = None, **run: Any) -> AssistantStreamManager:
        """A run, with the arguments of :meth:`create`, as a context manager of the handler of its events."""
        return _streamed(False, self.create, run, event_handler)

    create_and_stream = stream

    def submit_tool_outputs_stream(self, *, event_handler: Any = None, **outputs: Any) -> AssistantStreamManager:
        """Hands in what the tools gave, and streams how the run goes on."""
        return _streamed(False, self.submit_tool_outputs, outputs, event_handler)


class AsyncRunsHelpers(AsyncRunning, AsyncPolling):
    """Helpers of ``client.beta.threads.runs``."""

    _kind = "runs"
    create: Any
    submit_tool_outputs: Any

    @loose
    @takes("create")
    async def create_and_poll(
        self, *, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit, on_update: Any = None, **run: Any
    ) -> t.beta.threads.Run:
        """Makes a run, with the arguments of :meth:`create`, and waits until it needs nothing more from the provider."""
        run = arguments_of(self.create, run)
        return await self._poll(how(_RUNS, locals(), op.BETA_THREADS_RUNS_CREATE), run)

    @loose
    async def poll(
        self,
        run_id: str,
        thread_id: str,
        extra_headers: Any = None,
        extra_query: Any = None,
        extra_body: Any = None,
        timeout: Any = omit,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
    ) -> t.beta.threads.Run:
        """Waits until a run needs nothing more from the provider."""
        if composed.is_replaced(self):
            options = composed.given(extra_headers=extra_headers, extra_query=extra_query, extra_body=extra_body, timeout=timeout)
            wait, sent = _looked_for(run_id, thread_id, poll_interval_ms, max_wait_seconds, options)
            return await composed.polled_async(self, wait, _is_pending, **sent)
        return await self._poll(how(_RUNS, locals(), ids=[thread_id, run_id]), rest(locals(), "run_id", "thread_id"))

    @loose
    async def submit_tool_outputs_and_poll(
        self,
        *,
        tool_outputs: Iterable[Any],
        run_id: str,
        thread_id: str,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None,
        extra_query: Any = None,
        extra_body: Any = None,
        timeout: Any = omit,
    ) -> t.beta.threads.Run:
        """Hands in what the tools gave, and waits until the run needs nothing more from the provider."""
        told = how(_RUNS, locals(), op.BETA_THREADS_RUNS_SUBMIT_TOOL_OUTPUTS, [thread_id, run_id])
        return await self._poll(told, rest(locals(), "told"))

    @takes("create")
    def stream(self, *, event_handler: Any = None, **run: Any) -> AsyncAssistantStreamManager:
        """A run, with the arguments of :meth:`create`, as a context manager of the handler of its events."""
        return _streamed(True, self.create, run, event_handler)

    create_and_stream = stream

    def submit_tool_outputs_stream(self, *, event_handler: Any = None, **outputs: Any) -> AsyncAssistantStreamManager:
        """Hands in what the tools gave, and streams how the run goes on."""
        return _streamed(True, self.submit_tool_outputs, outputs, event_handler)


class ThreadsHelpers(Polling):
    """Helpers of ``client.beta.threads``."""

    create_and_run: Any

    @loose
    @takes("create_and_run")
    def create_and_run_poll(
        self, *, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit, on_update: Any = None, **run: Any
    ) -> t.beta.threads.Run:
        """Makes a thread and a run, with the arguments of :meth:`create_and_run`, and waits for the run."""
        run = arguments_of(self.create_and_run, run)
        return self._poll(how(_RUNS, locals(), op.BETA_THREADS_CREATE_AND_RUN), run)

    @takes("create_and_run")
    def create_and_run_stream(self, *, event_handler: Any = None, **run: Any) -> AssistantStreamManager:
        """Makes a thread and a run, with the arguments of :meth:`create_and_run`, and streams the run."""
        return _streamed(False, self.create_and_run, run, event_handler)


class AsyncThreadsHelpers(AsyncPolling):
    """Helpers of ``client.beta.threads``."""

    create_and_run: Any

    @loose
    @takes("create_and_run")
    async def create_and_run_poll(
        self, *, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit, on_update: Any = None, **run: Any
    ) -> t.beta.threads.Run:
        """Makes a thread and a run, with the arguments of :meth:`create_and_run`, and waits for the run."""
        run = arguments_of(self.create_and_run, run)
        return await self._poll(how(_RUNS, locals(), op.BETA_THREADS_CREATE_AND_RUN), run)

    @takes("create_and_run")
    def create_and_run_stream(self, *, event_handler: Any = None, **run: Any) -> AsyncAssistantStreamManager:
        """Makes a thread and a run, with the arguments of :meth:`create_and_run`, and streams the run."""
        return _streamed(True, self.create_and_run, run, event_handler)
