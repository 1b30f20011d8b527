"""Translations as they are spoken: sessions that are finished in due form."""

from __future__ import annotations

import json
import queue
from typing import Any, List

import httpx2
import pytest
import websockets.sync.client

from openai import OpenAI, OpenAIError
from openai.lib.realtime_translation import TranslationSession

DELTA = {"type": "session.output_transcript.delta", "event_id": "e", "delta": "hello"}
CLOSED = {"type": "session.closed", "event_id": "e"}


class Socket:
    def __init__(self) -> None:
        self.sent: List[Any] = []
        self.closed = 0
        self.waiting: "queue.Queue[Any]" = queue.Queue()

    def send(self, data: Any) -> None:
        self.sent.append(json.loads(data)["type"])
        if self.sent[-1] == "session.close":
            self.waiting.put(DELTA)
            self.waiting.put(CLOSED)

    def recv(self, timeout: Any = None, decode: bool = False) -> bytes:
        return json.dumps(self.waiting.get(timeout=30)).encode()

    def close(self, **given: Any) -> None:
        self.closed += 1


@pytest.fixture
def socket(monkeypatch: pytest.MonkeyPatch) -> Any:
    made, calls = Socket(), []

    def connect(url: str, **given: Any) -> Socket:
        calls.append(url)
        return made

    monkeypatch.setattr(websockets.sync.client, "connect", connect)
    made.calls = calls  # type: ignore[attr-defined]
    return made


def session(**options: Any) -> Any:
    client = OpenAI(api_key="k", base_url="https://host.example/v1")
    return TranslationSession(client.realtime.translations, **{"model": "m", **options})


def test_a_session_is_read_to_its_end(socket: Any) -> None:
    with session() as translation:
        translation.send({"type": "session.close"})
        translation.send({"type": "session.close"})
        with pytest.raises(OpenAIError, match="input is closed"):
            translation.send({"type": "session.update", "session": {}})
        assert translation.recv().delta == "hello"
        assert translation.recv(timeout=30).type == "session.closed"
        translation.close()
    assert socket.sent == ["session.close"] and socket.closed == 1
    assert socket.calls == ["wss://host.example/v1/realtime/translations?model=m"]


def test_what_it_does_not_have_is_refused_before_anything_is_opened(socket: Any) -> None:
    with pytest.raises(ValueError, match="model is required"):
        session(model="").enter()
    with pytest.raises(ValueError, match="intent"):
        session(extra_query={"intent": "transcription"}).enter()
    once = session()
    with once:
        pass
    with pytest.raises(RuntimeError, match="entered once"):
        once.enter()
    assert len(socket.calls) == 1


def test_the_query_of_the_base_address_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: List[str] = []

    def connect(url: str, **given: Any) -> Any:
        calls.append(url)
        raise OSError("enough")

    monkeypatch.setattr(websockets.sync.client, "connect", connect)
    client = OpenAI(api_key="k", base_url="https://a.example/v1?tenant=t&route=http", websocket_base_url="wss://b.example/v1?route=own")
    query = httpx2.QueryParams([("more", "1"), ("more", "2")])
    with pytest.raises(OSError, match="enough"):
        TranslationSession(client.realtime.translations, model="m", extra_query=query).__enter__()  # type: ignore[arg-type]
    address, _, sent = calls[0].partition("?")
    assert address == "wss://b.example/v1/realtime/translations"
    assert sorted(sent.split("&")) == ["model=m", "more=1", "more=2", "route=own", "tenant=t"]
