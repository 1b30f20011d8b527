"""What the driver's lines describe and JSON cannot carry: providers of tokens, types, helpers that stream."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Callable, Dict, List

import threadline

__all__ = ["Sealed", "Unsized", "as_tool", "async_tokens", "identity", "model", "read_stream", "read_stream_async", "recorder", "tokens"]


class Token:
    """A token with what is known of its life."""

    def __init__(self, item: Dict[str, Any]) -> None:
        self.token = item["token"]
        self.expires_in = item.get("expires_in_s")
        self.refresh_in = item.get("refresh_in_s")


class Sealed(Exception):
    """What a provider raises. Calls raise it as it is; the suite's name for it is `authentication`."""


def _next(rest: List[Any]) -> Any:
    if not rest:
        raise Sealed("the list of tokens is at its end")
    item = rest.pop(0)
    if isinstance(item, dict) and "error" in item:
        raise Sealed(item["error"])
    return item


def tokens(items: List[Any]) -> Callable[[], Any]:
    """A provider that answers from a list, and fails after its end."""
    rest = list(items)

    def provide() -> Any:
        item = _next(rest)
        if isinstance(item, str):
            return item
        time.sleep(item.get("delay_s") or 0)
        return Token(item)

    return provide


def async_tokens(items: List[Any]) -> Callable[[], Any]:
    """As :func:`tokens`, to be awaited."""
    rest = list(items)

    async def provide() -> Any:
        item = _next(rest)
        if isinstance(item, str):
            return item
        await asyncio.sleep(item.get("delay_s") or 0)
        return Token(item)

    return provide


def identity(config: Dict[str, Any], asynchronous: bool) -> Dict[str, Any]:
    """A workload identity as the official package describes it."""
    from threadline import auth

    provider = dict(config["provider"])
    kind = provider.pop("type")
    made: Dict[str, Any] = {name: config[name] for name in config if name != "provider"}
    if kind == "x509":
        # As the core has it: with an endpoint of the test's own, which programs cannot give.
        return {**made, "provider": auth.Source("jwt", {"type": "x509"})}
    if kind == "text":
        text = provider["token"]
        made["provider"] = {"token_type": provider["token_type"], "get_token": lambda: text}
    elif kind == "k8s":
        made["provider"] = auth.k8s_service_account_token_provider(provider["token_file_path"])
    elif kind == "azure":
        made["provider"] = auth.azure_managed_identity_token_provider(
            resource=provider.get("resource"),
            object_id=provider.get("object_id"),
            client_id=provider.get("client_id"),
            endpoint=provider["endpoint"],
        )
    else:
        made["provider"] = auth.gcp_id_token_provider(audience=provider.get("audience"), endpoint=provider["endpoint"])
    return made


def model(description: Dict[str, Any]) -> Any:
    """A type from its schema."""
    return threadline.json_type(description["name"], description["schema"], description=description.get("description"))


def as_tool(tool: Any, resource: str) -> Any:
    """A tool of `parse` and `run_tools`: a type is the function whose arguments are of that type."""
    if not isinstance(tool, type):
        return tool
    make = threadline.pydantic_responses_function_tool if resource == "responses" else threadline.pydantic_function_tool
    return make(tool)


class Unsized:
    """A file object that can only be read."""

    def __init__(self, content: bytes) -> None:
        self._rest = content

    def read(self, count: int = -1) -> bytes:
        count = len(self._rest) if count < 0 else count
        piece, self._rest = self._rest[:count], self._rest[count:]
        return piece


def recorder(base: Any, plain: Any, events: List[Any], asynchronous: bool) -> Any:
    """A handler of events that writes all of them down."""

    def note(name: str) -> Any:
        def write(self: Any, *values: Any) -> None:
            event: Dict[str, Any] = {"type": name}
            if name.endswith("_delta"):
                event["delta"], event["snapshot"] = plain(values[0]), plain(values[1])
                if name in ("message_delta", "run_step_delta"):
                    event[name.removesuffix("_delta") + "_id"] = values[1].id
            else:
                event[name.removesuffix("_created").removesuffix("_done")] = plain(values[0])
            events.append(event)

        async def write_async(self: Any, *values: Any) -> None:
            write(self, *values)

        return write_async if asynchronous else write

    names = [
        "event", "message_created", "message_delta", "message_done", "text_created", "text_delta", "text_done", "image_file_done",
        "run_step_created", "run_step_delta", "run_step_done", "tool_call_created", "tool_call_delta", "tool_call_done",
    ]  # fmt: skip
    return type("Recorder", (base,), {f"on_{name}": note(name) for name in names})()


def _value(stream: Any, plain: Any) -> Any:
    """What a stream has come to."""
    for name in ("current_completion_snapshot", "current_response_snapshot"):
        if hasattr(type(stream), name):
            return plain(getattr(stream, name))
    value = {"run": plain(stream.current_run), "messages": plain(stream._messages()), "run_steps": plain(stream._steps())}
    thread = stream._snapshot().get("thread")
    return {**value, "thread": thread} if thread is not None else value


def read_stream(manager: Any, call: Any, described: Any, plain: Any) -> Dict[str, Any]:
    """A helper that streams: its events, and what they come to."""
    events: List[Any] = []
    limit = min(call.max_events, call.stop_after)
    try:
        with manager as stream:
            recorded = getattr(stream, "recorded", None)
            for event in stream:
                events[:] = recorded if recorded is not None else [*events, plain(event)]
                if len(events) >= limit:
                    break
            else:
                events[:] = recorded if recorded is not None else events
            ended = len(events) < limit or call.stop_after < call.max_events
            return {"events": events[:limit], "value": _value(stream, plain) if ended else None, "error": None}
    except Exception as error:
        return _failure(events, error, described)


async def read_stream_async(manager: Any, call: Any, described: Any, plain: Any) -> Dict[str, Any]:
    """As :func:`read_stream`."""
    events: List[Any] = []
    limit = min(call.max_events, call.stop_after)
    try:
        async with manager as stream:
            recorded = getattr(stream, "recorded", None)
            async for event in stream:
                events[:] = recorded if recorded is not None else [*events, plain(event)]
                if len(events) >= limit:
                    break
            else:
                events[:] = recorded if recorded is not None else events
            ended = len(events) < limit or call.stop_after < call.max_events
            return {"events": events[:limit], "value": _value(stream, plain) if ended else None, "error": None}
    except Exception as error:
        return _failure(events, error, described)


def _failure(events: List[Any], error: Exception, described: Any) -> Dict[str, Any]:
    record = described(error)
    if not events and (record["partial"] is None):
        return {"error": record}
    return {"events": events, "value": None, "error": record}
