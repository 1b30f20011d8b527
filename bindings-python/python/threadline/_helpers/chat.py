"""Chat completions parsed into types, and streamed with events of a higher level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict

from .._resource import AsyncResource, SyncResource
from .._types import omit
from . import loose
from .checked import arguments_of
from .tools import AsyncRunning, Running

if TYPE_CHECKING:
    from .. import types as t
    from ..lib.streaming.chat import AsyncChatCompletionStreamManager, ChatCompletionStreamManager


def _named(params: Dict[str, Any], method: str) -> Dict[str, Any]:
    """The arguments, with the header that tells the provider by which helper a request was made."""
    return {**params, "extra_headers": {"X-Stainless-Helper-Method": f"chat.completions.{method}", **(params.get("extra_headers") or {})}}


def _prepared(create: Any, params: Any, format_: Any) -> Any:
    from ..lib import _parsing

    if "tools" in params and params["tools"] is not omit:
        params["tools"] = _parsing.tool_list(params["tools"])
    if format_ is not omit:
        params["response_format"] = _parsing.response_format(format_)
    return _parsing.ChatRules(format_, params.get("tools")), arguments_of(create, params)


def _checked(call: Callable[..., Any]) -> Callable[..., Any]:
    """A resource's way to make calls, which tells those who give `create` a class what takes one."""

    def checked(operation: int, arguments: Dict[str, Any], *more: Any) -> Any:
        if isinstance(arguments.get("response_format"), type):
            name = arguments["response_format"].__name__
            raise TypeError(
                f"You tried to pass a `BaseModel` class ({name}) as `response_format` of `chat.completions.create`, which takes a dict; "
                "`chat.completions.parse` takes classes"
            )
        return call(operation, arguments, *more)

    return checked


class ChatCompletionsHelpers(Running, SyncResource):
    """Helpers of ``client.chat.completions``."""

    _kind = "chat"
    create: Any

    def _bind(self, client: Any) -> None:
        super()._bind(client)
        self._call = _checked(self._call)

    @loose
    def parse(self, *, response_format: Any = omit, **params: Any) -> t.chat.ParsedChatCompletion[Any]:
        """A completion, with the arguments of :meth:`create`, whose answers are parsed into the type ``response_format``.

        Raises :class:`threadline.LengthFinishReasonError` and :class:`threadline.ContentFilterFinishReasonError` where an answer was cut off.
        """
        from .._response import then
        from ..lib._parsing import check_tools

        rules, params = _prepared(self.create, params, response_format)
        check_tools(params.get("tools"))
        return then(self.create(**_named(params, "parse")), rules.completion)

    @loose
    def stream(self, *, response_format: Any = omit, **params: Any) -> ChatCompletionStreamManager[Any]:
        """A completion, with the arguments of :meth:`create`, as a context manager of its events."""
        from ..lib.streaming.chat import ChatCompletionStream, ChatCompletionStreamManager

        rules, params = _prepared(self.create, params, response_format)

        def make(stream: Any) -> Any:
            made = ChatCompletionStream(stream)
            made._rules = rules
            return made

        return ChatCompletionStreamManager(lambda: self.create(**{**_named(params, "stream"), "stream": True}), make)


class AsyncChatCompletionsHelpers(AsyncRunning, AsyncResource):
    """Helpers of ``client.chat.completions``."""

    _kind = "chat"
    create: Any

    def _bind(self, client: Any) -> None:
        super()._bind(client)
        self._call = _checked(self._call)

    @loose
    async def parse(self, *, response_format: Any = omit, **params: Any) -> t.chat.ParsedChatCompletion[Any]:
        """A completion, with the arguments of :meth:`create`, whose answers are parsed. See the other client's."""
        from .._response import then
        from ..lib._parsing import check_tools

        rules, params = _prepared(self.create, params, response_format)
        check_tools(params.get("tools"))
        return then(await self.create(**_named(params, "parse")), rules.completion)

    @loose
    def stream(self, *, response_format: Any = omit, **params: Any) -> AsyncChatCompletionStreamManager[Any]:
        """A completion, with the arguments of :meth:`create`, as a context manager of its events."""
        from ..lib.streaming.chat import AsyncChatCompletionStream, AsyncChatCompletionStreamManager

        rules, params = _prepared(self.create, params, response_format)

        def make(stream: Any) -> Any:
            made = AsyncChatCompletionStream(stream)
            made._rules = rules
            return made

        return AsyncChatCompletionStreamManager(lambda: self.create(**{**_named(params, "stream"), "stream": True}), make)


class CompletionsHelpers(SyncResource):
    """Helpers of ``client.completions``."""

    create: Any

    @loose
    def stream(self, **params: Any) -> Any:
        """A completion, with the arguments of :meth:`create`, as a context manager of its events."""
        from ..lib.streaming.completions import CompletionStream, CompletionStreamManager

        params = arguments_of(self.create, params)
        return CompletionStreamManager(lambda: self.create(**{**params, "stream": True}), CompletionStream)


class AsyncCompletionsHelpers(AsyncResource):
    """Helpers of ``client.completions``."""

    create: Any

    @loose
    def stream(self, **params: Any) -> Any:
        """A completion, with the arguments of :meth:`create`, as a context manager of its events."""
        from ..lib.streaming.completions import AsyncCompletionStream, AsyncCompletionStreamManager

        params = arguments_of(self.create, params)
        return AsyncCompletionStreamManager(lambda: self.create(**{**params, "stream": True}), AsyncCompletionStream)
