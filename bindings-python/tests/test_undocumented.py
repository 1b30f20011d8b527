"""`client.get`, `client.post` and their kin."""

from __future__ import annotations

import asyncio
from typing import Any, Dict, List

import httpx
import pydantic
import pytest
import threadline
from conftest import Mock
from threadline.types import Model

MODEL = {"id": "m", "object": "model", "created": 1, "owned_by": "me"}


class Gadget(pydantic.BaseModel):
    id: str
    size: int = 0


def test_replies_become_what_is_asked_for(mock: Mock) -> None:
    mock.script(*[{"json": MODEL, "headers": {"x-request-id": "req_1"}} for _ in range(7)], {"json": [{"id": "a"}, {"id": "b"}]})
    client = mock.client()
    model = client.get("/gadgets", cast_to=Model)
    assert isinstance(model, Model) and model.owned_by == "me" and model._request_id == "req_1"
    assert client.get("gadgets", cast_to=Gadget) == Gadget(id="m")
    assert client.get("/gadgets", cast_to=object) == MODEL == client.get("/gadgets", cast_to=Dict[str, Any])
    assert '"owned_by"' in client.get("/gadgets", cast_to=str)
    response = client.get("/gadgets", cast_to=httpx.Response)
    assert isinstance(response, httpx.Response) and response.json() == MODEL and response.headers["x-request-id"] == "req_1"
    assert client.get("/gadgets", cast_to=type(None)) is None
    assert client.get("/gadgets", cast_to=List[Gadget]) == [Gadget(id="a"), Gadget(id="b")]
    assert {seen["path"] for seen in mock.requests()} == {"/v1/gadgets"}


def test_all_methods_send_what_they_are_given(mock: Mock) -> None:
    mock.script({"json": {}, "times": "always"})
    client = mock.client()
    client.get("/g?a=1", cast_to=object, options={"params": {"b": ["x", "y"]}, "headers": {"X-Own": "v"}})
    client.post("/g", cast_to=object, body={"path": "p", "self": 1, "timeout": 2})
    client.put("/g/1", cast_to=object, body=Gadget(id="i"), options={"extra_json": {"k": True}})
    client.patch("/g/1", cast_to=object, body=[1, 2])
    client.delete("/g/1", cast_to=object)
    client.post("/g", cast_to=object, content=b"\x00raw", options={"headers": {"Content-Type": "application/x-own"}})
    client.post("/g", cast_to=object, body={"k": "v"}, files={"file": ("a.txt", b"hello")})
    client.post("/g", cast_to=object, options={"idempotency_key": "once"})
    get, post, put, patch, delete, raw, form, bare = mock.requests()
    assert (get["target"], dict(get["headers"])["x-own"]) == ("/v1/g?a=1&b[]=x&b[]=y".replace("[]", "%5B%5D"), "v")
    assert post["body"]["json"] == {"path": "p", "self": 1, "timeout": 2}
    assert (put["verb"], put["body"]["json"]) == ("PUT", {"id": "i", "size": 0, "k": True})
    assert (patch["verb"], patch["body"]["json"], dict(patch["headers"])["content-type"]) == ("PATCH", [1, 2], "application/json")
    assert (delete["verb"], delete["body"]["length"]) == ("DELETE", 0)
    assert dict(raw["headers"])["content-type"] == "application/x-own" and raw["body"]["length"] == 4
    assert [(part["name"], part["text"]) for part in form["body"]["parts"]] == [("k", "v"), ("file", "hello")]
    assert dict(bare["headers"])["idempotency-key"] == "once"


def test_errors_and_retries_are_as_of_every_method(mock: Mock) -> None:
    mock.script({"status": 500, "headers": {"retry-after-ms": "1"}}, {"json": {"a": 1}}, {"status": 404, "json": {"error": {"message": "no"}}})
    client = mock.client()
    assert client.post("/g", cast_to=object, body={}) == {"a": 1}
    with pytest.raises(threadline.NotFoundError):
        client.get("/g", cast_to=object)
    with pytest.raises(TypeError, match="colour"):
        client.get("/g", cast_to=object, options={"colour": 1})
    with pytest.raises(threadline.OpenAIError, match=r"`\.\.`"):
        client.get("/../g", cast_to=object)


def test_streams_of_events(mock: Mock) -> None:
    mock.script({"sse": [{"id": "a", "size": 1}, {"id": "b", "size": 2}, "[DONE]"]}, {"sse": [{"id": "c", "size": 3}]})
    client = mock.client()
    stream = client.post("/g", cast_to=object, body={"stream": True}, stream=True, stream_cls=threadline.Stream[Gadget])
    assert isinstance(stream, threadline.Stream) and list(stream) == [Gadget(id="a", size=1), Gadget(id="b", size=2)]
    assert list(client.get("/g", cast_to=object, stream=True)) == [{"id": "c", "size": 3}]


def test_the_async_client_has_them_too(mock: Mock) -> None:
    mock.script({"json": MODEL}, {"sse": [{"id": "a", "size": 1}, "[DONE]"]}, *[{"json": {}} for _ in range(3)])

    async def run() -> None:
        client = mock.async_client()
        assert (await client.get("/g", cast_to=Model)).id == "m"
        stream = await client.post("/g", cast_to=Gadget, body={}, stream=True)
        assert [event async for event in stream] == [Gadget(id="a", size=1)]
        await client.put("/g", cast_to=object, body={})
        await client.patch("/g", cast_to=object, body={})
        await client.delete("/g", cast_to=object)

    asyncio.run(run())
    assert [seen["verb"] for seen in mock.requests()] == ["GET", "POST", "PUT", "PATCH", "DELETE"]


def test_a_whole_url_is_taken_and_no_key_goes_elsewhere(mock: Mock) -> None:
    mock.script({"json": {"a": 1}})
    client = mock.client()
    assert client.get(f"{mock.origin}/other?x=1", cast_to=object) == {"a": 1}
    assert mock.requests()[0]["target"] == "/other?x=1"
    with pytest.raises(threadline.OpenAIError, match="another origin"):
        client.get("http://127.0.0.1:1/g", cast_to=object)


def test_the_module_s_client_is_azure_s_where_the_environment_has_azure_s_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    import threadline

    for name in ("OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("AZURE_OPENAI_API_KEY", "k"), ("OPENAI_API_VERSION", "2024-02-01"), ("AZURE_OPENAI_ENDPOINT", "https://azure.test")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(threadline, "api_type", None)
    monkeypatch.setattr(threadline, "api_key", None)
    monkeypatch.setattr(threadline, "base_url", None)
    threadline._reset_client()
    try:
        assert isinstance(threadline.models._client, threadline.AzureOpenAI)
        assert threadline.api_type == "azure"
        threadline._reset_client()
        threadline.api_type = None
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        with pytest.raises(threadline.OpenAIError, match="Ambiguous"):
            threadline.models.list()
    finally:
        threadline._reset_client()
