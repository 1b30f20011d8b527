"""Responses parsed into types, streamed with events of a higher level, and waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, ClassVar, Dict, Tuple

from .. import _operations as op
from .._types import omit
from . import loose
from .checked import arguments_of
from .made import _AsyncMade, _Made
from .polling import Seconds
from .tools import AsyncRunning, Running
from .responses_socket import AsyncConnecting, AsyncPooling, Connecting, Pooling

if TYPE_CHECKING:
    from .. import types as t
    from ..lib.streaming.responses import AsyncResponseStreamManager, ResponseStreamManager


def _sending(call: Callable[..., Any]) -> Callable[..., Any]:
    """A way to make calls for which the modules of parsing are loaded when there is a list of items to look at."""

    def sent(operation: int, arguments: Dict[str, Any], *more: Any) -> Any:
        if isinstance(arguments.get("input"), (list, tuple)):
            from ..lib._parsing._sent import as_sent

            arguments["input"] = as_sent(arguments["input"])
        return call(operation, arguments, *more)

    return sent


def _prepared(params: Dict[str, Any], format_: Any, parse_as: Any = omit) -> Any:
    from ..lib import _parsing

    if "tools" in params and params["tools"] is not omit:
        params["tools"] = _parsing.response_tools(params["tools"])
    type_ = _parsing.parsed_as(parse_as, format_, params.get("input"))
    _parsing.with_text_format(params, format_)
    return _parsing.ResponseRules(type_, params.get("tools"))


def _existing(create: Any, retrieve: Any, params: Dict[str, Any]) -> Tuple[Any, Dict[str, Any], Any]:
    """The method that gives the events, its arguments, and where they begin."""
    response_id, after = params.pop("response_id", omit), params.pop("starting_after", omit)
    if response_id is omit:
        if after is not omit:
            raise ValueError("`starting_after` can only be used when `response_id` is also set")
        return create, {**arguments_of(create, params), "stream": True}, None
    # All events are needed to put the response together; those up to the number are not handed out.
    given = {**params, "response_id": response_id}
    return retrieve, {**arguments_of(retrieve, given), "stream": True}, None if after is omit else after


class _ResponsesHelpers(_Made, Connecting):
    """Helpers of ``client.responses``."""

    _resource: ClassVar[str] = "responses"
    _create = op.RESPONSES_CREATE
    _defaults = {"background": True}
    create: Any
    retrieve: Any

    def _bind(self, client: Any) -> None:
        super()._bind(client)
        self._call = _sending(self._call)

    @loose
    def parse(self, *, text_format: Any = omit, parse_as: Any = omit, **params: Any) -> t.responses.ParsedResponse[Any]:
        """A response, with the arguments of :meth:`create`, whose texts are parsed into the type ``text_format``.

        ``parse_as`` is the type where it is another than the format that is sent, and `None` where the texts are not to be parsed.
        """
        from .._response import then

        rules = _prepared(params, text_format, parse_as)
        return then(self.create(**arguments_of(self.create, params)), rules.response)

    @loose
    def stream(self, *, text_format: Any = omit, **params: Any) -> ResponseStreamManager[Any]:
        """A response, with the arguments of :meth:`create`, as a context manager of its events.

        ``response_id`` (and ``starting_after``, the number of an event) instead goes on with a response in the background.
        """
        from ..lib.streaming.responses import ResponseStream, ResponseStreamManager

        rules = _prepared(params, text_format)
        method, params, after = _existing(self.create, self.retrieve, params)

        def make(stream: Any) -> Any:
            made = ResponseStream(stream, after)
            made._rules = rules
            return made

        return ResponseStreamManager(lambda: method(**params), make)

    def poll(
        self,
        response_id: str,
        *,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.responses.Response:
        """Waits until a response in the background is done, or has failed."""
        return self._existing([response_id], locals(), "response_id")


class _AsyncResponsesHelpers(_AsyncMade, AsyncConnecting):
    """Helpers of ``client.responses``."""

    _resource: ClassVar[str] = "responses"
    _create = op.RESPONSES_CREATE
    _defaults = {"background": True}
    create: Any
    retrieve: Any

    def _bind(self, client: Any) -> None:
        super()._bind(client)
        self._call = _sending(self._call)

    @loose
    async def parse(self, *, text_format: Any = omit, parse_as: Any = omit, **params: Any) -> t.responses.ParsedResponse[Any]:
        """A response, with the arguments of :meth:`create`, whose texts are parsed. See the other client's."""
        from .._response import then

        rules = _prepared(params, text_format, parse_as)
        return then(await self.create(**arguments_of(self.create, params)), rules.response)

    @loose
    def stream(self, *, text_format: Any = omit, **params: Any) -> AsyncResponseStreamManager[Any]:
        """A response, with the arguments of :meth:`create`, as a context manager of its events. See the other client's."""
        from ..lib.streaming.responses import AsyncResponseStream, AsyncResponseStreamManager

        rules = _prepared(params, text_format)
        method, params, after = _existing(self.create, self.retrieve, params)

        def make(stream: Any) -> Any:
            made = AsyncResponseStream(stream, after)
            made._rules = rules
            return made

        return AsyncResponseStreamManager(lambda: method(**params), make)

    async def poll(
        self,
        response_id: str,
        *,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.responses.Response:
        """Waits until a response in the background is done, or has failed."""
        return await self._existing([response_id], locals(), "response_id")


class ResponsesHelpers(Running, _ResponsesHelpers, Pooling):
    """Helpers of ``client.responses``."""

    _kind = "responses"


class AsyncResponsesHelpers(AsyncRunning, _AsyncResponsesHelpers, AsyncPooling):
    """Helpers of ``client.responses``."""

    _kind = "responses"


class BetaResponsesHelpers(_ResponsesHelpers):
    """Helpers of ``client.beta.responses``."""

    _resource: ClassVar[str] = "beta.responses"
    _create = op.BETA_RESPONSES_CREATE


class AsyncBetaResponsesHelpers(_AsyncResponsesHelpers):
    """Helpers of ``client.beta.responses``."""

    _resource: ClassVar[str] = "beta.responses"
    _create = op.BETA_RESPONSES_CREATE
