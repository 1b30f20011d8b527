"""Webhooks' signatures, uploads part by part, and other functions that programs of the official package reach for."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any, List

import httpx
import pytest

from openai import InvalidWebhookSignatureError
from openai._types import omit
from openai.lib._parsing import _embeddings
from openai.lib._webhooks import webhook_signature_matches
from openai.resources.audio import transcriptions
from openai.types.audio import TranscriptionVerbose
from openai.types.webhooks import WebhookEndpointWithSecret

from .test_client import make, make_async


def signed(key: bytes, at: int, payload: str = "{}") -> Any:
    signature = base64.b64encode(hmac.new(key, f"wh.{at}.{payload}".encode(), hashlib.sha256).digest()).decode()
    return {"webhook-id": "wh", "webhook-timestamp": str(at), "webhook-signature": f"v1,AAAA {signature}"}


@pytest.mark.parametrize("secret,key", [("plain-secret", b"plain-secret"), ("whsec_c2VjcmV0", b"secret")])
def test_one_signature_of_several_is_enough(secret: str, key: bytes) -> None:
    headers = signed(key, int(time.time()))
    assert webhook_signature_matches("{}", headers, secret=secret, tolerance=300)
    assert not webhook_signature_matches("{ }", headers, secret=secret, tolerance=300)
    make(lambda request: httpx.Response(500)).webhooks.verify_signature(b"{}", headers, secret=secret)


def test_broken_secrets_and_signatures_are_told_as_what_they_are() -> None:
    client = make(lambda request: httpx.Response(500))
    headers = signed(b"secret", int(time.time()))
    with pytest.raises(ValueError):
        client.webhooks.verify_signature("{}", headers, secret="whsec_a")
    with pytest.raises(TypeError, match="non-ASCII"):
        client.webhooks.verify_signature("{}", {**headers, "webhook-signature": "v1,é"}, secret="whsec_c2VjcmV0")
    with pytest.raises(InvalidWebhookSignatureError, match="Invalid webhook timestamp format"):
        client.webhooks.verify_signature("{}", {**headers, "webhook-timestamp": "soon"}, secret="whsec_c2VjcmV0")


def test_an_endpoint_does_not_show_its_secret() -> None:
    endpoint = WebhookEndpointWithSecret.construct(id="we", signing_secret="whsec_hidden")
    assert "hidden" not in repr(endpoint) and "we" in repr(endpoint)
    assert endpoint.to_dict()["signing_secret"] == "whsec_hidden"


def uploads(seen: List[httpx.Request]) -> Any:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.path.endswith("/parts"):
            return httpx.Response(200, json={"id": f"part_{len(seen)}", "object": "upload.part", "created_at": 1, "upload_id": "up"})
        return httpx.Response(200, json={"id": "up", "object": "upload", "status": "completed"})

    return answer


def test_parts_go_one_after_the_other_through_a_client_of_the_programs() -> None:
    seen: List[httpx.Request] = []
    given: Any = {"file": b"abcdefgh", "filename": "a.bin", "bytes": 8, "mime_type": "text/plain", "purpose": "assistants", "part_size": 3}
    done = make(uploads(seen)).uploads.upload_file_chunked(**given)
    assert done.status == "completed"
    assert json.loads(seen[0].read()) == {"bytes": 8, "filename": "a.bin", "mime_type": "text/plain", "purpose": "assistants"}
    assert [b"abc" in seen[1].read(), b"def" in seen[2].read(), b"gh" in seen[3].read()] == [True, True, True]
    assert json.loads(seen[4].read()) == {"part_ids": ["part_2", "part_3", "part_4"]}
    with pytest.raises(TypeError, match="The `filename` argument must be given for in-memory files"):
        make(uploads(seen)).uploads.upload_file_chunked(file=b"a", bytes=1, mime_type="text/plain", purpose="assistants")
    assert len(seen) == 5


def test_a_file_is_uploaded_in_parts_with_asyncio(tmp_path: Any) -> None:
    seen: List[httpx.Request] = []
    path = tmp_path / "b.bin"
    path.write_bytes(b"abcd")
    client = make_async(uploads(seen))
    done = asyncio.run(client.uploads.upload_file_chunked(file=path, mime_type="text/plain", purpose="assistants", part_size=2))
    assert done.status == "completed"
    assert json.loads(seen[0].read())["filename"] == "b.bin" and len(seen) == 4


def test_a_format_of_audio_that_is_not_known_is_told_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    choose: Any = getattr(transcriptions, "_get_response_format_type")
    assert choose("verbose_json") is TranscriptionVerbose and choose("srt") is str
    choose("of-next-year")
    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        ("openai.audio.transcriptions", "Unexpected audio response format: of-next-year")
    ]


def test_vectors_are_asked_for_as_base64_where_no_encoding_is_given() -> None:
    body: Any = {"input": "a", "encoding_format": omit}
    prepared = _embeddings.prepare_embedding_request(object(), body, encoding_format=omit)
    assert prepared.body["encoding_format"] == "base64" and body["encoding_format"] is omit  # type: ignore[index]
    assert _embeddings.prepare_embedding_request(object(), {"encoding_format": "float"}, encoding_format="float").body == {"encoding_format": "float"}
