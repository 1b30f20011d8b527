"""The driver of the call protocol (tests/README.md) over the public interface: `driver.py` with the blocking client, `driver.py --async`."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import hashlib
import inspect
import io
import json
import os
import sys
import tempfile
import threading
import unittest.mock
from pathlib import Path
from typing import Any, Dict, List, Optional, Set, Tuple

import scripted
import spoken
import threadline
from threadline import BaseModel

#: What the library would read from the environment; only clients that are to read it get to see it.
AMBIENT = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(("OPENAI_", "AZURE_OPENAI_"))}
LINE = {"id", "client", "resource", "method", "args", "options", "max_items", "max_events", "cancel_after_s"}
OPTIONS = {
    "api_key", "admin_api_key", "organization", "project", "base_url", "timeout_s", "first_event_timeout_s", "idle_timeout_s",
    "hedge_after_s", "max_retries", "headers", "query", "idempotency_key", "body", "max_items", "max_events",
}  # fmt: skip


class Usage(Exception):
    """A line that cannot become a call."""


class Clients:
    """Clients by configuration."""

    def __init__(self) -> None:
        self._made: Dict[Tuple[bool, str], Any] = {}
        self._lock = threading.Lock()

    def of(self, config: Dict[str, Any], asynchronous: bool) -> Any:
        key = (asynchronous, json.dumps(config, sort_keys=True))
        with self._lock:
            if key not in self._made:
                self._made[key] = make_client(dict(config), asynchronous)
            return self._made[key]


def make_client(config: Dict[str, Any], asynchronous: bool) -> Any:
    from_env = config.pop("from_env", False)
    config.pop("observe", None)
    renamed = {"timeout_s": "timeout", "headers": "default_headers", "query": "default_query"}
    plain = ("api_key", "admin_api_key", "organization", "project", "webhook_secret", "base_url", "max_retries", "proxy")
    given: Dict[str, Any] = {name: config.pop(name) for name in plain if name in config}
    given.update({python: config.pop(name) for name, python in renamed.items() if name in config})
    network = {name.removesuffix("_s"): config.pop(name) for name in list(config) if name in NETWORK}
    network["system_proxy"] = from_env
    if (assistants := config.pop("assistants", None)) is not None:
        network["assistants"] = assistants if isinstance(assistants, str) else json.dumps(assistants)
    usage = config.pop("usage", None)
    if usage:
        network["usage"] = usage if usage is True else json.dumps(usage)
    if (tokens := config.pop("tokens", None)) is not None:
        provider = scripted.async_tokens(tokens) if asynchronous else scripted.tokens(tokens)
        if given.get("api_key"):
            network["token_provider"] = provider
        else:
            given["api_key"] = provider
    if (identity := config.pop("workload_identity", None)) is not None:
        given["workload_identity"] = scripted.identity(identity, asynchronous)
    azure = config.pop("azure", None)
    if config:
        raise Usage(f"`client` has unknown members: {', '.join(config)}")
    if azure is not None:
        return make_azure(dict(azure), given, network, asynchronous)
    os.environ.update(AMBIENT if from_env else {})
    try:
        return (threadline.AsyncOpenAI if asynchronous else threadline.OpenAI)(network=network, **given)
    finally:
        for name in AMBIENT:
            os.environ.pop(name, None)


NETWORK = {
    "connect_timeout_s", "hedge_after_s", "idle_timeout_s", "first_event_timeout_s", "ca_file", "client_cert_file", "client_key_file", "no_proxy",
    "resolve", "http_version", "tcp_user_timeout_s", "limits", "retry_budget", "cassette", "observe_content",
}  # fmt: skip


def make_azure(azure: Dict[str, Any], given: Dict[str, Any], network: Dict[str, Any], asynchronous: bool) -> Any:
    from_env = azure.pop("from_env", False)
    names = {"endpoint": "azure_endpoint", "deployment": "azure_deployment", "api_version": "api_version", "ad_token": "azure_ad_token", "v1": "v1"}
    given.update({names[name]: value for name, value in azure.items()})
    if callable(given.get("api_key")):
        given["azure_ad_token_provider"] = given.pop("api_key")
    os.environ.update(AMBIENT if from_env else {})
    try:
        return (threadline.AsyncAzureOpenAI if asynchronous else threadline.AzureOpenAI)(network=network, **given)
    finally:
        for name in AMBIENT:
            os.environ.pop(name, None)


class Call:
    """One line, read."""

    def __init__(self, line: Dict[str, Any]) -> None:
        if unknown := set(line) - LINE:
            raise Usage(f"the line has unknown members: {', '.join(sorted(unknown))}")
        self.config = line.get("client") or {}
        self.resource, self.method = line["resource"], line["method"]
        self.args = {name: host_value(value) for name, value in (line.get("args") or {}).items()}
        self.options = dict(line.get("options") or {})
        if unknown := set(self.options) - OPTIONS:
            raise Usage(f"unknown options: {', '.join(sorted(unknown))}")
        self.max_items = first(line.get("max_items"), self.options.get("max_items"), sys.maxsize)
        self.max_events = first(line.get("max_events"), self.options.get("max_events"), sys.maxsize)
        self.cancel_after = line.get("cancel_after_s")
        self.name = f"{self.resource}.{self.method}"
        self.events: List[Any] = []
        self.stop_after = first(self.args.pop("stop_after", None), sys.maxsize)
        if self.args.pop("stream_to", None) not in (None, "callback", "async_callback", "channel"):
            raise Usage("the argument `stream_to` has another value")
        self.now = self.args.pop("now", None) if self.resource == "webhooks" else None
        if self.resource == "webhooks" and isinstance(self.args.get("payload"), dict):
            self.args["payload"] = base64.b64decode(self.args["payload"]["$base64"])
        if self.args.pop("on_update", None) == "record":
            self.args["on_update"] = lambda state: self.events.append(plain(state))
            self.recorded = True
        if isinstance(self.args.get("tools"), list) and self.method in ("parse", "run_tools"):
            self.args["tools"] = [scripted.as_tool(tool, self.resource) for tool in self.args["tools"]]
        if self.method == "upload_file_chunked":
            self.prepare_chunked()

    def prepare_chunked(self) -> None:
        """The file of an upload in parts, from where it is said to come; and where its progress goes."""
        file, source = self.args.get("file"), self.args.pop("source", "bytes")
        name, content = file if isinstance(file, tuple) else (None, file)
        if source == "path" and isinstance(content, bytes):
            folder = Path(tempfile.mkdtemp())
            path = folder / (name or "upload")
            path.write_bytes(content)
            content = path
        elif source in ("reader", "unsized_reader") and isinstance(content, bytes):
            content = io.BytesIO(content) if source == "reader" else scripted.Unsized(content)
        elif isinstance(content, bytes):
            name = name or "upload"
        self.args["file"] = content if name is None else (name, content)
        if self.args.pop("on_progress", None) == "record":
            self.args["on_progress"] = self.events.append
            self.recorded = True

    recorded = False
    asynchronous = False

    def client(self, clients: Clients, asynchronous: bool) -> Any:
        """The client with the options of the call."""
        client = clients.of(self.config, asynchronous)
        names = {"idle_timeout_s": "idle_timeout", "first_event_timeout_s": "first_event_timeout", "hedge_after_s": "hedge_after"}
        changes = {name: self.options[name] for name in SHARED if name in self.options}
        changes.update({python: self.options[name] for name, python in names.items() if name in self.options})
        if self.config.get("observe"):
            changes["observe"] = True
        return client.with_options(**changes) if changes else client

    def extras(self) -> Dict[str, Any]:
        """The options of the call that its method takes."""
        extras: Dict[str, Any] = {}
        headers = dict(self.options.get("headers") or {})
        if "idempotency_key" in self.options:
            headers["Idempotency-Key"] = self.options["idempotency_key"]
        if headers:
            extras["extra_headers"] = {name: threadline.omit if value is None else value for name, value in headers.items()}
        for name in ("query", "body"):
            if self.options.get(name):
                extras[f"extra_{name}"] = self.options[name]
        if "timeout_s" in self.options:
            extras["timeout"] = self.options["timeout_s"]
        return extras

    def arguments(self, asynchronous: bool) -> Dict[str, Any]:
        """All arguments of the method."""
        arguments = {**self.args, **self.extras()}
        if self.name in RUN_STREAMS:
            base = threadline.AsyncAssistantEventHandler if asynchronous else threadline.AssistantEventHandler
            handler = scripted.recorder(base, plain, self.events, asynchronous)
            handler.recorded = self.events
            arguments["event_handler"] = handler
        return arguments

    def find(self, client: Any) -> Any:
        """The method, and the view of its resource that returns replies."""
        owner = client
        try:
            for name in self.resource.split("."):
                owner = getattr(owner, name)
            return owner, getattr(owner, self.method)
        except AttributeError:
            raise Usage(f"there is no method `{self.resource}.{self.method}`") from None


RUN_STREAMS = {
    "beta.threads.runs.stream", "beta.threads.runs.create_and_stream", "beta.threads.runs.submit_tool_outputs_stream",
    "beta.threads.create_and_run_stream",
}  # fmt: skip
CLOCK = threading.Lock()
SHARED = ("api_key", "admin_api_key", "organization", "project", "base_url", "max_retries")


def first(*values: Optional[int]) -> int:
    return next(value for value in values if value is not None)


def host_value(value: Any) -> Any:
    """An argument as a program would write it."""
    if isinstance(value, list):
        return [host_value(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$file"}:
        return upload(value["$file"])
    if set(value) == {"$type"}:
        return scripted.model(value["$type"])
    return {name: host_value(item) for name, item in value.items()}


def upload(file: Dict[str, Any]) -> Any:
    if "path" in file:
        content: Any = Path(file["path"])
    elif "text" in file:
        content = file["text"].encode()
    else:
        content = base64.b64decode(file["base64"])
    if "filename" not in file and "content_type" not in file:
        return content
    name = file.get("filename") or (content.name if isinstance(content, Path) else None)
    return (name, content, file["content_type"]) if "content_type" in file else (name, content)


def plain(value: Any) -> Any:
    """A result as JSON data, from its typed form."""
    if isinstance(value, BaseModel):
        return value.to_dict(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value


def described(error: BaseException) -> Dict[str, Any]:
    """The record of an exception."""
    if isinstance(error, threadline.InvalidWebhookSignatureError):
        return {**EMPTY, "kind": "webhook_signature", "message": str(error)}
    kind = getattr(error, "kind", None) or KINDS.get(type(error), "usage")
    record = {**EMPTY, "kind": kind, "message": getattr(error, "detail", "") or str(error)}
    for name in ("type", "code", "param", "request_id", "status", "attempts", "retryable", "partial", "unfinished", "azure"):
        record[name] = getattr(error, name, EMPTY[name])
    record["retry_after_s"] = getattr(error, "retry_after", None)
    record["completion"] = plain(getattr(error, "completion", None))
    record["transcript"] = plain(getattr(error, "transcript", None))
    if (close := getattr(error, "close", None)) is not None:
        record["code"], record["close"] = None, {"code": close[0], "reason": close[1]}
    return record


KINDS = {
    threadline.LengthFinishReasonError: "length_finish", threadline.ContentFilterFinishReasonError: "content_filter_finish",
    scripted.Sealed: "authentication",
}  # fmt: skip
EMPTY: Dict[str, Any] = {
    "kind": None, "status": None, "type": None, "code": None, "param": None, "message": "", "request_id": None, "attempts": 0,
    "retry_after_s": None, "retryable": False, "partial": None, "unfinished": None, "azure": None, "close": None, "completion": None,
    "transcript": None,
}  # fmt: skip


def wants_reply(method: Any) -> bool:
    """Whether only the reply itself tells the id of the request: the value is no instance."""
    return str(inspect.signature(method).return_annotation) in ("None", "str") or "list[" in str(inspect.signature(method).return_annotation).lower()


def is_binary(method: Any) -> bool:
    return "HttpxBinaryResponseContent" in str(inspect.signature(method).return_annotation)


class Digest:
    """What a binary result is answered with."""

    def __init__(self) -> None:
        self._hash, self._length = hashlib.sha256(), 0

    def add(self, piece: bytes) -> None:
        self._hash.update(piece)
        self._length += len(piece)

    def value(self) -> Dict[str, Any]:
        return {"$bytes": {"sha256": self._hash.hexdigest(), "len": self._length}}


def blocking(call: Call, clients: Clients) -> Dict[str, Any]:
    client = call.client(clients, False)
    owner, method = call.find(client)
    speak = spoken.is_spoken(call)
    answer = spoken.finished(speak(call, method, described, plain)) if speak else ended(call, perform(call, owner, method))
    return observed(call, clients, client, False, answer)


def observed(call: Call, clients: Clients, client: Any, asynchronous: bool, answer: Dict[str, Any]) -> Dict[str, Any]:
    if call.config.get("observe"):
        answer["observed"] = client.observed()
    if call.config.get("usage"):
        answer["usage"] = clients.of(call.config, asynchronous).usage()
    return answer


def at_time(now: Any) -> Any:
    """Sets Python's clock, where the line says what time it is."""
    return contextlib.nullcontext() if now is None else unittest.mock.patch("time.time", lambda: float(now))


def ended(call: Call, answer: Dict[str, Any]) -> Dict[str, Any]:
    """The answer, with what a callback was told."""
    if not call.recorded:
        return answer
    return {"events": call.events, "value": answer.get("value"), "error": answer.get("error")}


def perform(call: Call, owner: Any, method: Any) -> Dict[str, Any]:
    arguments = call.arguments(False)
    try:
        if call.resource == "webhooks" and call.method in ("unwrap", "verify_signature"):
            with CLOCK, at_time(call.now):
                return {"value": plain(method(**arguments)), "request_id": None}
        if is_binary(method):
            return download(owner, call, arguments)
        if wants_reply(method):
            reply = getattr(owner.with_raw_response, call.method)(**arguments)
            return {"value": plain(reply.parse()), "request_id": reply.request_id}
        result = method(**arguments)
    except Exception as error:
        return {"error": described(error)}
    if isinstance(result, threadline.Stream):
        return read_events(result, call)
    if hasattr(result, "iter_pages"):
        return read_pages(result, call)
    if hasattr(result, "__enter__"):
        return scripted.read_stream(result, call, described, plain)
    return {"value": plain(result), "request_id": getattr(result, "_request_id", None)}


def download(owner: Any, call: Call, arguments: Dict[str, Any]) -> Dict[str, Any]:
    digest = Digest()
    with getattr(owner.with_streaming_response, call.method)(**arguments) as reply:
        for piece in reply.iter_bytes():
            digest.add(piece)
        return {"value": digest.value(), "request_id": reply.request_id}


def read_events(stream: Any, call: Call) -> Dict[str, Any]:
    events: List[Any] = []
    try:
        with stream:
            for event in stream:
                events.append(plain(event))
                if len(events) >= call.max_events:
                    break
    except Exception as error:
        return {"events": events, "error": described(error)}
    return {"events": events, "error": None}


def read_pages(page: Any, call: Call) -> Dict[str, Any]:
    pages, items = 0, []  # type: Tuple[int, List[Any]]
    try:
        for page in page.iter_pages():
            pages += 1
            items.extend(plain(item) for item in page.data[: call.max_items - len(items)])
            if len(items) >= call.max_items:
                break
    except Exception as error:
        return {"pages": pages, "items": items, "error": described(error)}
    return {"pages": pages, "items": items}


async def looping(call: Call, clients: Clients) -> Dict[str, Any]:
    client = call.client(clients, True)
    owner, method = call.find(client)
    call.asynchronous = True
    speak = spoken.is_spoken(call)
    work = speak(call, method, described, plain) if speak else perform_async(call, owner, method)
    if call.cancel_after is None:
        answer = await work if speak else ended(call, await work)
    else:
        try:
            answer = await asyncio.wait_for(work, call.cancel_after)
        except asyncio.TimeoutError:
            answer = {"cancelled": True}
            if call.config.get("observe"):
                return await observed_soon(client, answer)
    return observed(call, clients, client, True, answer)


async def observed_soon(client: Any, answer: Dict[str, Any]) -> Dict[str, Any]:
    """The record of a call that was cancelled is made when its threads have let go of it, which nobody waits for."""
    for _ in range(200):
        if records := client.observed():
            return {**answer, "observed": records}
        await asyncio.sleep(0.01)
    return {**answer, "observed": []}


async def perform_async(call: Call, owner: Any, method: Any) -> Dict[str, Any]:
    arguments = call.arguments(True)
    try:
        if call.resource == "webhooks" and call.method in ("unwrap", "verify_signature"):
            with CLOCK, at_time(call.now):
                return {"value": plain(method(**arguments)), "request_id": None}
        if is_binary(method):
            return await download_async(owner, call, arguments)
        if wants_reply(method):
            reply = await getattr(owner.with_raw_response, call.method)(**arguments)
            return {"value": plain(reply.parse()), "request_id": reply.request_id}
        result = method(**arguments)
        if inspect.isawaitable(result):
            result = await result
    except Exception as error:
        return {"error": described(error)}
    if isinstance(result, threadline.AsyncStream):
        return await read_events_async(result, call)
    if hasattr(result, "iter_pages"):
        return await read_pages_async(result, call)
    if hasattr(result, "__aenter__"):
        return await scripted.read_stream_async(result, call, described, plain)
    return {"value": plain(result), "request_id": getattr(result, "_request_id", None)}


async def download_async(owner: Any, call: Call, arguments: Dict[str, Any]) -> Dict[str, Any]:
    digest = Digest()
    async with getattr(owner.with_streaming_response, call.method)(**arguments) as reply:
        async for piece in reply.iter_bytes():
            digest.add(piece)
        return {"value": digest.value(), "request_id": reply.request_id}


async def read_events_async(stream: Any, call: Call) -> Dict[str, Any]:
    events: List[Any] = []
    try:
        async with stream:
            async for event in stream:
                events.append(plain(event))
                if len(events) >= call.max_events:
                    break
    except Exception as error:
        return {"events": events, "error": described(error)}
    return {"events": events, "error": None}


async def read_pages_async(page: Any, call: Call) -> Dict[str, Any]:
    pages, items = 0, []  # type: Tuple[int, List[Any]]
    try:
        async for page in page.iter_pages():
            pages += 1
            items.extend(plain(item) for item in page.data[: call.max_items - len(items)])
            if len(items) >= call.max_items:
                break
    except Exception as error:
        return {"pages": pages, "items": items, "error": described(error)}
    return {"pages": pages, "items": items}


class Program:
    """Lines in, lines out."""

    def __init__(self) -> None:
        self._clients = Clients()
        self._lock = threading.Lock()
        self._tasks: Set[Any] = set()

    def write(self, ident: Any, answer: Dict[str, Any]) -> None:
        text = json.dumps({"id": ident, **answer}, ensure_ascii=False) + "\n"
        with self._lock:
            sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
            sys.stdout.buffer.flush()

    def read(self, line: bytes) -> Tuple[Any, Any]:
        """The id and the call of a line; or its id and an answer."""
        ident = None
        try:
            value = json.loads(line)
            if not isinstance(value, dict):
                raise Usage("a line must be an object")
            ident = value.get("id")
            return ident, Call(value)
        except (ValueError, KeyError, TypeError, Usage) as error:
            return ident, usage(f"malformed line: {error}")

    def thread(self, ident: Any, call: Call) -> None:
        try:
            answer = asyncio.run(looping(call, self._clients)) if call.cancel_after is not None else blocking(call, self._clients)
        except Exception as error:
            answer = usage(error)
        self.write(ident, answer)

    def run(self) -> None:
        threads = []
        for line in sys.stdin.buffer:
            if not line.strip():
                continue
            ident, call = self.read(line)
            if isinstance(call, dict):
                self.write(ident, call)
                continue
            thread = threading.Thread(target=self.thread, args=(ident, call))
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join()

    async def task(self, ident: Any, call: Call) -> None:
        try:
            answer = await looping(call, self._clients)
        except Exception as error:
            answer = usage(error)
        self.write(ident, answer)

    async def run_async(self) -> None:
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
            if not line.strip():
                continue
            ident, call = self.read(line)
            if isinstance(call, dict):
                self.write(ident, call)
                continue
            task = loop.create_task(self.task(ident, call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self._tasks:
            await asyncio.wait(self._tasks)


def usage(error: Any) -> Dict[str, Any]:
    if isinstance(error, threadline.OpenAIError):
        return {"error": described(error)}
    return {"error": {**EMPTY, "kind": "usage", "message": str(error)}}


if __name__ == "__main__":
    if "--async" in sys.argv:
        asyncio.run(Program().run_async())
    else:
        Program().run()
