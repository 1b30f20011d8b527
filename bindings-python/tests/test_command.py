"""The command `threadline`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List

import pytest
from threadline.__main__ import main
from threadline.testing import MockServer

pytest_plugins = ["threadline.testing.pytest_plugin"]


@pytest.fixture
def server(threadline_mock: MockServer, monkeypatch: Any) -> MockServer:
    for name, value in threadline_mock.environment().items():
        monkeypatch.setenv(name, value)
    return threadline_mock


def api(*arguments: str) -> int:
    return main(["api", *arguments])


def test_one_reply_is_printed_whole(server: MockServer, capsys: Any) -> None:
    assert api("models", "retrieve", "--arg", "model=m") == 0
    assert json.loads(capsys.readouterr().out)["object"] == "model"
    assert server.requests[0].path == "/v1/models/m"


def test_lists_and_streams_come_line_by_line(server: MockServer, capsys: Any) -> None:
    assert api("files", "list", "--limit", "3") == 0
    assert len([json.loads(line) for line in capsys.readouterr().out.splitlines()]) == 3
    messages = 'messages=[{"role":"user","content":"hi"}]'
    assert api("chat.completions", "create", "--arg", "model=m", "--arg", messages, "--arg", "stream=true", "--limit", "2") == 0
    assert [json.loads(line)["object"] for line in capsys.readouterr().out.splitlines()] == ["chat.completion.chunk"] * 2


def test_files_go_up_and_bytes_come_down(server: MockServer, tmp_path: Path, capsysbinary: Any) -> None:
    source, target = tmp_path / "a.txt", tmp_path / "b.bin"
    source.write_bytes(b"hello")
    assert api("files", "create", "--arg", f"file=@{source}", "--arg", "purpose=assistants") == 0
    assert {part["name"]: part.get("text") for part in server.requests[0].parts}["file"] == "hello"
    server.reply(base64="AAEC", times=2)
    capsysbinary.readouterr()
    assert api("files", "content", "--arg", "file_id=f") == 0
    assert capsysbinary.readouterr().out == b"\x00\x01\x02"
    assert api("files", "content", "--arg", "file_id=f", "--output", str(target)) == 0
    assert target.read_bytes() == b"\x00\x01\x02"


def test_what_is_wrong_is_told_with_what_is_there(server: MockServer, capsys: Any) -> None:
    for arguments, words in [
        (["modles", "list"], ["modles", "models"]),
        (["chat.completions", "make"], ["make", "create"]),
        (["models", "retrieve", "--arg", "model"], ["NAME=VALUE"]),
        (["models", "retrieve", "--arg", "colour=red"], ["colour"]),
    ]:
        assert api(*arguments) == 2
        told = capsys.readouterr().err
        assert all(word in told for word in words), told
    server.reply(status=404, json={"error": {"message": "no such model"}})
    assert api("models", "retrieve", "--arg", "model=m") == 1
    assert "no such model" in capsys.readouterr().err


@contextmanager
def started(*arguments: str, **environment: str) -> "Iterator[subprocess.Popen[str]]":
    command: List[str] = [sys.executable, "-m", "threadline", *arguments]
    source = str(Path(__file__).parents[1] / "python")
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": source, **environment},
        # Whoever runs the tests in the background may have it ignored, which would be inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_the_mock_server_runs_until_it_is_interrupted() -> None:
    import threadline

    with started("mock") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        client = threadline.OpenAI(base_url=url, api_key="k", network={"system_proxy": False})
        assert client.models.list().data
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130


def test_an_interrupted_engine_ends_in_order_and_says_nothing(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'a.db'}"
    with started("serve", "--listen", "127.0.0.1:0", "--store", store, RUST_LOG="warn") as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert (process.wait(30), process.stderr.read()) == (0, "")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_engine_is_served(tmp_path: Path) -> None:
    import threadline

    store = f"sqlite:{tmp_path / 'a.db'}"
    with started("serve", "--listen", "127.0.0.1:0", "--store", store, RUST_LOG="warn") as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        client = threadline.OpenAI(base_url=url, api_key="k", network={"system_proxy": False})
        made = client.beta.assistants.create(model="m")
        assert client.beta.assistants.retrieve(made.id) == made
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    with started("serve", "--colour") as process:
        assert process.wait(30) == 2 and process.stderr is not None and "threadline serve" in process.stderr.read()


def test_assistants_are_kept_in_the_commands_own_process(server: MockServer, tmp_path: Path, capsys: Any) -> None:
    store = ["--assistants", f"sqlite:{tmp_path / 'a.db'}"]
    assert api("beta.assistants", "create", "--arg", "model=m", *store) == 0
    made = json.loads(capsys.readouterr().out)
    assert api("beta.assistants", "retrieve", "--arg", f"assistant_id={made['id']}", *store) == 0
    assert json.loads(capsys.readouterr().out) == made and server.requests == []
