"""What the driver's lines say of connections over WebSockets, of tools and of agents; JSON cannot carry functions."""

from __future__ import annotations

import asyncio
import base64
import inspect
import threading
from typing import Any, Callable, Dict, List, Optional, Tuple

import threadline

__all__ = ["finished", "is_spoken"]

#: Options of connections that the library takes by the names of the package `websockets`.
SOCKET = ("ping_interval", "ping_timeout", "close_timeout", "max_size")


class Crash(Exception):
    """What a function that crashes raises: nothing that could be told."""

    def __str__(self) -> str:
        raise RuntimeError("the exception is broken")


def is_spoken(call: Any) -> Optional[Callable[..., Any]]:
    """What makes this call, where it is no ordinary one."""
    if call.method == "connect":
        return connection
    if call.name == "responses.ws_pool":
        return pool
    if call.method == "run_tools":
        return run_tools
    if call.name == "beta.agents.sessions.stream":
        return agent
    if call.name == "beta.agents.sessions.artifacts.for_result":
        return artifact
    return None


def finished(work: Any) -> Any:
    """What a coroutine comes to that waits for nothing, as with the blocking client."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("a call of the blocking client gave something to wait for")


async def _of(value: Any) -> Any:
    """The value of a method of either client."""
    return await value if inspect.isawaitable(value) else value


class _Talk:
    def __init__(self, call: Any) -> None:
        args = dict(call.args)
        self.send: List[Any] = args.pop("send", [])
        audio = args.pop("audio", None)
        self.audio = None if audio is None else base64.b64decode(audio)
        self.on: List[Any] = list(args.pop("on", []))
        self.until = args.pop("until", None)
        close = args.pop("close", {"code": 1000})
        self.close = {"code": close["code"], "reason": close.get("reason", "")}
        self.limit = call.max_events
        arguments: Dict[str, Any] = {**call.extras()}
        arguments.pop("extra_body", None)
        arguments.pop("timeout", None)
        options = {name: args.pop(name) for name in SOCKET if name in args}
        if options:
            arguments["websocket_connection_options"] = options
        reconnect = args.pop("reconnect", None)
        advice = args.pop("on_reconnecting", None)
        if reconnect is not None or advice is not None:
            arguments.update(reconnect or {})
            arguments["on_reconnecting"] = lambda event: {"abort": True} if advice == "abort" else None
        if (intent := args.pop("intent", None)) is not None:
            arguments["extra_query"] = {**(arguments.get("extra_query") or {}), "intent": intent}
        self.arguments = {**args, **arguments}


async def connection(call: Any, method: Any, described: Any, plain: Any) -> Dict[str, Any]:
    """A conversation: `tests/runner/src/helpers/realtime.rs` says what the arguments mean."""
    talk = _Talk(call)
    events: List[Any] = []
    manager = method(**talk.arguments)
    try:
        connection = await _of(manager.enter())
    except Exception as error:
        return {"error": described(error)}
    failed: Optional[Exception] = None
    try:
        await _converse(talk, connection, events, plain)
    except threadline.OpenAIError as error:
        failed = error
    if failed is not None and not _proper(failed):
        return {"events": events, "value": None, "error": described(failed)}
    if failed is None:
        try:
            code, reason = (await _closed(connection, talk.close))[:2]
            return {"events": events, "value": {"code": code, "reason": reason}, "error": None}
        except Exception as error:
            return {"events": events, "value": None, "error": described(error)}
    try:
        code, reason = (await _closed(connection, talk.close))[:2]
    except Exception as error:
        return {"events": events, "value": None, "error": described(error)}
    return {"events": events, "value": {"code": code, "reason": reason}, "error": None}


async def _closed(connection: Any, close: Dict[str, Any]) -> Tuple[Any, Any]:
    await _of(connection.close(**close))
    return connection._closed


def _proper(error: Any) -> bool:
    """Whether the connection has ended in due form, and that is all there is to say."""
    return bool(getattr(error, "ended", False))


async def _converse(talk: _Talk, connection: Any, events: List[Any], plain: Any) -> None:
    try:
        for event in talk.send:
            await _of(connection.send(event))
        if talk.audio is not None:
            await _of(connection.input_audio_buffer.append_bytes(talk.audio))
    except threadline.OpenAIError:
        # The reader hears why, and says more.
        await _listen(talk, connection, events, plain)
        raise
    await _listen(talk, connection, events, plain)


async def _listen(talk: _Talk, connection: Any, events: List[Any], plain: Any) -> None:
    while len(events) < talk.limit:
        try:
            event = plain(await _of(connection.next()))
        except threadline.APIResponseValidationError as error:
            if error.close is not None:
                raise
            event = {"type": "connection.malformed", "raw": error.body}
        events.append(event)
        kind = event.get("type") if isinstance(event, dict) else None
        for place, entry in enumerate(talk.on):
            if entry["event"] == kind:
                del talk.on[place]
                for more in entry["send"]:
                    await _of(connection.send(more))
                break
        if kind is not None and kind == talk.until:
            return


async def pool(call: Any, method: Any, described: Any, plain: Any) -> Dict[str, Any]:
    """Responses over a pool: `tests/runner/src/helpers/responses_ws.rs`."""
    args = dict(call.args)
    create, concurrent = args.pop("create"), args.pop("concurrent", False)
    extras = call.extras()
    extras.pop("extra_body", None)
    made = method(**args, **extras)
    asynchronous = inspect.iscoroutinefunction(made.create)

    async def one(params: Dict[str, Any]) -> Any:
        events: List[Any] = []
        params = {name: value for name, value in params.items() if name != "stream"}
        try:
            stream = await _of(made.create(**params))
            if asynchronous:
                async with stream:
                    async for event in stream:
                        events.append(plain(event))
                        if len(events) >= call.max_events:
                            break
            else:
                with stream:
                    for event in stream:
                        events.append(plain(event))
                        if len(events) >= call.max_events:
                            break
        except Exception as error:
            return events, described(error)
        return events, None

    if concurrent and asynchronous:
        outcomes = await asyncio.gather(*(one(params) for params in create))
    elif concurrent:
        results: List[Any] = [None] * len(create)

        def work(place: int) -> None:
            results[place] = finished(one(create[place]))

        threads = [threading.Thread(target=work, args=(place,)) for place in range(len(create))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        outcomes = results
    else:
        outcomes = [await one(params) for params in create]
    responses = [{"events": len(events), "error": error} for events, error in outcomes]
    return {
        "events": [event for events, _ in outcomes for event in events],
        "value": {"opened": made.opened, "responses": responses},
        "error": None,
    }


class _Meeting:
    """Returns when so many are there at the same time."""

    def __init__(self, count: int) -> None:
        self.count, self.waiting = count, 0
        self.barrier = threading.Barrier(count, timeout=20)
        self.all_here: Any = None

    async def meet(self) -> None:
        if self.all_here is None:
            self.all_here = asyncio.Event()
        self.waiting += 1
        if self.waiting == self.count:
            self.all_here.set()
        await asyncio.wait_for(self.all_here.wait(), 20)


def _function(script: Any, asynchronous: bool) -> Callable[..., Any]:
    """The function that a script describes: `tests/runner/src/helpers/tools.rs`."""
    meeting = _Meeting(script["$meet"]) if isinstance(script, dict) and "$meet" in script else None
    each = [_function(one, asynchronous) for one in script["$each"]] if isinstance(script, dict) and "$each" in script else None

    def value(given: Any) -> Any:
        if not isinstance(script, dict):
            return script
        if "$error" in script:
            raise RuntimeError(script["$error"])
        if "$panic" in script:
            raise Crash(script["$panic"])
        if "$echo" in script:
            return given
        return script.get("value") if "$meet" in script else script

    def plain(*args: Any, **kwargs: Any) -> Any:
        if each is not None:
            return each.pop(0)(*args, **kwargs)
        if meeting is not None:
            meeting.barrier.wait()
        return value(args[0] if args else kwargs)

    async def awaited(*args: Any, **kwargs: Any) -> Any:
        if each is not None:
            return await each.pop(0)(*args, **kwargs)
        if meeting is not None:
            await meeting.meet()
        return value(args[0] if args else kwargs)

    return awaited if asynchronous else plain


def _before(hooks: Dict[str, Any]) -> Callable[..., Any]:
    def decide(name: str, arguments: str, ident: str) -> Optional[str]:
        hook = hooks.get(name)
        if hook is None:
            return None
        if "abort" in hook:
            raise RuntimeError(hook["abort"])
        return str(hook["answer"])

    return decide


async def run_tools(call: Any, method: Any, described: Any, plain: Any) -> Dict[str, Any]:
    """A run of tools."""
    args = dict(call.args)
    asynchronous = inspect.iscoroutinefunction(method)
    args["functions"] = {name: _function(script, asynchronous) for name, script in args.pop("tools_results", {}).items()}
    hooks, record, stream = args.pop("before_call", None), args.pop("record", False), args.pop("stream", False)
    if hooks is not None:
        args["before_call"] = _before(hooks)
    events: List[Any] = []
    if record:
        args["on_message"] = events.append
    args.update(call.extras())
    if stream:
        return await _streamed(call, method, args, described, plain)
    try:
        run = await _of(method(**args))
    except Exception as error:
        return {"events": events, "value": None, "error": described(error)} if record else {"error": described(error)}
    value = {"final": plain(run.reply), "transcript": run.transcript}
    if record:
        return {"events": events, "value": value, "error": None}
    return {"value": value, "request_id": run._request_id}


async def _streamed(call: Any, method: Any, args: Any, described: Any, plain: Any) -> Dict[str, Any]:
    events: List[Any] = []
    try:
        stream = await _of(method(stream=True, **args))
        following = hasattr(stream, "__anext__")
        while len(events) < call.max_events:
            event = await anext(stream, None) if following else next(stream, None)
            if event is None:
                reply = await _of(stream.get_final_reply())
                return {"events": events, "value": {"final": plain(reply), "transcript": stream.transcript}, "error": None}
            events.append(plain(event))
        await _of(stream.close())
    except Exception as error:
        return {"events": events, "value": None, "error": described(error)}
    return {"events": events, "value": None, "error": None}


async def agent(call: Any, method: Any, described: Any, plain: Any) -> Dict[str, Any]:
    """A turn of an agent: `tests/runner/src/helpers/agents.rs`."""
    args = {**call.args, **call.extras()}
    handlers = args.pop("tool_handlers", {})
    asynchronous = call.asynchronous
    args["tool_handlers"] = {name: _function(script, asynchronous) for name, script in handlers.items()}
    failures: List[Any] = []
    if args.pop("on_tool_error", False):
        args["on_tool_error"] = lambda failure: failures.append(
            {"type": "tool_error", "name": failure.tool_name, "message": str(failure.error)}
        )
    events: List[Any] = []
    stream = method(**args).with_result_collection()
    try:
        await _of(stream.__aenter__() if asynchronous else stream.__enter__())
    except Exception as error:
        return {"error": described(error)}
    try:
        while len(events) < call.max_events:
            event = await anext(stream, None) if asynchronous else next(stream, None)
            if event is None:
                break
            events.append(plain(event))
    except Exception as error:
        return {"events": events + failures, "value": None, "error": described(error)}
    if len(events) >= call.max_events:
        await _of(stream.close())
        return {"events": events + failures, "value": None, "error": None}
    try:
        result = await _of(stream.get_final_result())
    except Exception as error:
        return {"events": events + failures, "value": None, "error": described(error)}
    value = {"turn": plain(result.turn), "messages": plain(result.messages), "output_text": result.output_text}
    return {"events": events + failures, "value": value, "error": None}


async def artifact(call: Any, method: Any, described: Any, plain: Any) -> Dict[str, Any]:
    """An artifact of a turn."""

    class Result:
        session_id, turn_id = call.args["session_id"], call.args["turn_id"]

    try:
        found = await _of(method(Result()).download(call.args["path"], to=call.args["to"]))
    except Exception as error:
        return {"error": described(error)}
    return {"value": plain(found), "request_id": None}


