"""For tests of programs: a server on this machine that speaks the whole API, and every fault a network can show.

.. code-block:: python

    from threadline.testing import MockServer

    with MockServer() as mock:
        mock.reply(json={"object": "list", "data": []})
        assert mock.client().models.list().data == []
        assert mock.requests[0].path == "/v1/models"

Without a script the server checks each request against the description of the API and answers with values made from it. The
fixture ``threadline_mock`` of pytest is such a server, a fresh one for each test.
"""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union
from urllib.parse import quote

from .. import _threadline as _native

__all__ = ["Connection", "MockServer", "Request"]


class Request:
    """A request that the server has seen."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        #: All that is known, as the log has it.
        self.record = dict(record)
        self.method: str = record["verb"]
        #: Path as it was sent, without the query: ``/v1/chat/completions``.
        self.path: str = record["path"]
        #: Query as it was sent.
        self.query: str = record["query"] or ""
        #: Official name of the method that sends such requests, such as ``chat.completions.create``.
        self.operation: Optional[str] = record["operation"]
        #: What breaks the description of the API.
        self.violations: List[str] = [str(found) if isinstance(found, str) else json.dumps(found) for found in record["violations"]]

    @property
    def headers(self) -> Dict[str, str]:
        """Headers by their names in lower case; several of one name are joined with commas."""
        found: Dict[str, str] = {}
        for name, value in self.record["headers"]:
            found[name] = f"{found[name]}, {value}" if name in found else value
        return found

    @property
    def json(self) -> Any:
        """The body as JSON; ``None`` where it is something else."""
        return self.record["body"].get("json")

    @property
    def text(self) -> Optional[str]:
        """The body as text, where it is text and no JSON."""
        found: Optional[str] = self.record["body"].get("text")
        return found

    @property
    def parts(self) -> List[Dict[str, Any]]:
        """The parts of form data: ``name``, ``filename``, ``content_type``, ``length``, ``sha256``, and ``json``, ``text`` or ``base64``."""
        return list(self.record["body"].get("parts") or [])

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path}>"


class Connection:
    """A connection that the server has accepted."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        #: All that is known, as the log has it.
        self.record = dict(record)
        #: Who closed it, ``"client"`` or ``"server"``; ``None`` while it is open.
        self.closed_by: Optional[str] = record["closed_by"]
        #: How many requests came over it.
        self.requests: int = record["requests"]

    def __repr__(self) -> str:
        return f"<Connection of {self.requests} requests, closed by {self.closed_by}>"


class MockServer:
    """A server for tests. It listens on this machine only, from :meth:`start`, or the beginning of a ``with`` block, to its end.

    :param port: where to listen; 0 takes a free port.
    :raises OSError: when it is started, if the port cannot be had.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._native: Any = None
        self._clients: List[Any] = []

    def start(self) -> "MockServer":
        """Begins to listen. Entering a ``with`` block does so too."""
        if self._native is None:
            self._native = _native.Mock(self._port)
        return self

    def stop(self) -> None:
        """Closes all connections and listens no more."""
        native, self._native = self._native, None
        if native is not None:
            native.stop()

    def __enter__(self) -> "MockServer":
        return self.start()

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self.stop()

    @property
    def origin(self) -> str:
        """``http://127.0.0.1:PORT``"""
        if self._native is None:
            raise RuntimeError("the server does not run: use it in a `with` block, or call `start()`")
        return str(self._native.origin)

    @property
    def base_url(self) -> str:
        """``http://127.0.0.1:PORT/v1``, to be given to clients or as ``OPENAI_BASE_URL``."""
        return f"{self.origin}/v1"

    def client(self, **options: Any) -> Any:
        """A :class:`threadline.OpenAI` of this server, with a key that it takes and no proxy. ``options`` are those of the class."""
        from .._client import OpenAI

        return OpenAI(**self._options(options))

    def async_client(self, **options: Any) -> Any:
        """A :class:`threadline.AsyncOpenAI` of this server; see :meth:`client`."""
        from .._client import AsyncOpenAI

        return AsyncOpenAI(**self._options(options))

    def _options(self, options: Dict[str, Any]) -> Dict[str, Any]:
        network = {"system_proxy": False, **options.pop("network", {})}
        return {"base_url": self.base_url, "api_key": "test-key", "network": network, **options}

    def environment(self) -> Dict[str, str]:
        """Variables of the environment by which programs find this server: for ``monkeypatch.setenv`` or a program that is started."""
        return {"OPENAI_BASE_URL": self.base_url, "OPENAI_API_KEY": "test-key", "NO_PROXY": "127.0.0.1"}

    def reply(self, **reply: Any) -> "MockServer":
        """Adds one reply to the script: ``json=…``, ``status=…``, ``headers=…``, ``sse=[…]``, ``end="reset"`` and whatever else the guide
        lists. ``for_="POST /embeddings"`` says for which requests it is.
        """
        if "for_" in reply:
            reply["for"] = reply.pop("for_")
        return self.script([reply])

    def script(self, replies: Union[Mapping[str, Any], Sequence[Mapping[str, Any]]]) -> "MockServer":
        """Adds replies to the script. Each request takes the first that is for it and not used up. Once there is a script, a request
        that finds no reply gets a 500.

        :raises ValueError: a reply is not understood; says which and why.
        """
        self._control("POST", "script", dict(replies) if isinstance(replies, Mapping) else list(replies))
        return self

    def open(self, gate: str) -> None:
        """Opens a gate that replies wait for."""
        self._control("POST", "open", {"gate": gate})

    def reset(self) -> None:
        """Forgets script, log and gates, and closes all connections."""
        self._control("POST", "reset")

    def tls(self, **settings: Any) -> str:
        """Says how TLS is spoken, which the same port does: ``certificate="expired"`` and the like, ``client_certificate``, ``alpn``.
        Returns the certificate of the authority, as PEM, for ``ca_file``.
        """
        self._control("POST", "tls", settings)
        authority: str = self._control("GET", "certificates")["authority"]
        return authority

    @property
    def requests(self) -> List[Request]:
        """All requests so far, in the order in which they came."""
        return [Request(record) for record in self.log()["requests"]]

    @property
    def connections(self) -> List[Connection]:
        """All connections so far."""
        return [Connection(record) for record in self.log()["connections"]]

    def log(self) -> Dict[str, Any]:
        """All that the server has seen, as plain data."""
        log: Dict[str, Any] = self._control("GET", "log")
        return log

    def wait_for_requests(self, count: int, limit: float = 5.0) -> List[Request]:
        """Waits until so many requests have come.

        :raises TimeoutError: they have not come within ``limit`` seconds.
        """
        log = self._wait(f"requests:{count}", limit, f"{count} requests have not come")
        return [Request(record) for record in log["requests"]]

    def wait_until_closed(self, limit: float = 5.0) -> List[Connection]:
        """Waits until no connection is open.

        :raises TimeoutError: one is still open after ``limit`` seconds.
        """
        log = self._wait("closed", limit, "connections are still open")
        return [Connection(record) for record in log["connections"]]

    def _wait(self, what: str, limit: float, late: str) -> Dict[str, Any]:
        log: Dict[str, Any] = self._control("GET", f"log?wait={quote(what)}&limit_ms={int(limit * 1000)}")
        if not log["waited"]:
            raise TimeoutError(f"{late} within {limit} s; the server has seen {len(log['requests'])} requests")
        return log

    def assert_valid(self) -> None:
        """Raises :class:`AssertionError` if a request broke the description of the API, with what is wrong in it."""
        found: List[Tuple[Request, str]] = [(request, violation) for request in self.requests for violation in request.violations]
        if found:
            raise AssertionError("\n".join(f"{request.method} {request.path}: {violation}" for request, violation in found))

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        connection = HTTPConnection(self.origin.removeprefix("http://"))
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, f"/__mock/{path}", body=data, headers={"content-type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status == 400:
            raise ValueError(answer["error"]["message"])
        if response.status != 200:
            raise RuntimeError(f"the mock server answered {response.status}: {answer}")
        return answer
