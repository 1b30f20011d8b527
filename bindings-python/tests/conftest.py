"""The mock server (tests/mock/README.md) for the package's tests: one process, a server of its own for each test."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from typing import Any, Dict, Iterator, List

import pytest
import threadline

#: They put our package in the place of the official one, which other tests import: they have a process of their own (test_compat.py).
collect_ignore = [] if "COMPAT_WITH" in os.environ else ["compat"]

for name in [name for name in os.environ if name.startswith(("OPENAI_", "AZURE_OPENAI_"))]:
    del os.environ[name]


def ask(url: str, body: Any = None, method: str = "POST") -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"content-type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request) as reply:
        text = reply.read()
    return json.loads(text) if text else None


class Mock:
    """One mock server."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.base_url = origin + "/v1"

    def script(self, *replies: Any) -> None:
        ask(f"{self.origin}/__mock/script", list(replies))

    def log(self, wait: str = "") -> Dict[str, Any]:
        return ask(f"{self.origin}/__mock/log?{wait}", method="GET")

    def requests(self) -> List[Dict[str, Any]]:
        return self.log()["requests"]

    def open(self, gate: str) -> None:
        ask(f"{self.origin}/__mock/open", {"gate": gate})

    def client(self, **options: Any) -> threadline.OpenAI:
        return threadline.OpenAI(**{"api_key": "test-key", "base_url": self.base_url, "network": {"system_proxy": False}, **options})

    def async_client(self, **options: Any) -> threadline.AsyncOpenAI:
        settings = {"api_key": "test-key", "base_url": self.base_url, "network": {"system_proxy": False}, **options}
        return threadline.AsyncOpenAI(**settings)


@pytest.fixture(scope="session")
def mock_process() -> Iterator[str]:
    program = os.environ.get("THREADLINE_MOCK")
    assert program, "THREADLINE_MOCK names the program of the mock server; `cargo xtask test python` sets it"
    process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip().removesuffix("/v1")
    process.terminate()
    process.wait()
    process.stdout.close()


@pytest.fixture
def mock(mock_process: str) -> Iterator[Mock]:
    origin = ask(f"{mock_process}/__mock/servers")["url"].removesuffix("/v1")
    yield Mock(origin)
    ask(f"{mock_process}/__mock/servers?port={origin.rsplit(':', 1)[1]}", method="DELETE")
