"""Parts of the official package that programs use by themselves: streams and replies of their own responses, lists, aliases."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Dict, Literal, Union, cast

import httpx
import pytest
from pydantic import Field
from typing_extensions import Annotated

import openai
from openai import APIResponse, AsyncAPIResponse, AsyncStream, BaseModel, OpenAI, Stream
from openai._base_client import RAW_RESPONSE_HEADER
from openai._models import FinalRequestOptions, construct_type
from openai._utils import PropertyInfo
from openai.pagination import AsyncCursorPage, SyncCursorPage
from openai.types import Model

from .test_client import MODEL, Seen, make, make_async

OPTIONS = FinalRequestOptions.construct(method="get", url="/foo")
EVENTS = b'event: completion\ndata: {"foo":\ndata: true}\n\ndata: {"foo": "\xd0\xb8"}\n\ndata: [DONE]\n\n'


def raw(cls: Any, response: httpx.Response, **given: Any) -> Any:
    parts: Dict[str, Any] = {"client": OpenAI(api_key="k"), "stream": False, "stream_cls": None, "cast_to": str, "options": OPTIONS, **given}
    return cls(raw=response, **parts)


def test_keys_may_hold_spaces() -> None:
    seen = Seen(MODEL)
    make(seen, api_key="My API Key").models.retrieve("m")
    assert seen.requests[0].headers["authorization"] == "Bearer My API Key"


def test_a_stream_of_a_response_of_the_programs_own() -> None:
    stream: Stream[Any] = Stream(cast_to=object, client=OpenAI(api_key="k"), response=httpx.Response(200, content=EVENTS))
    assert [event for event in stream] == [{"foo": True}, {"foo": "и"}]
    again: Stream[Any] = Stream(cast_to=object, client=OpenAI(api_key="k"), response=httpx.Response(200, content=EVENTS))
    sent = list(again._iter_events())
    assert [event.event for event in sent] == ["completion", None, None]
    assert sent[0].json() == {"foo": True} and sent[2].data == "[DONE]"


def test_an_asynchronous_stream_of_a_response_of_the_programs_own() -> None:
    async def read() -> None:
        async def pieces() -> Any:
            for place in range(len(EVENTS)):
                yield EVENTS[place : place + 1]

        response = httpx.Response(200, content=pieces())
        stream: AsyncStream[Any] = AsyncStream(cast_to=object, client=openai.AsyncOpenAI(api_key="k"), response=response)
        assert [event async for event in stream] == [{"foo": True}, {"foo": "и"}]
        assert response.is_closed

    asyncio.run(read())


class Own(BaseModel):
    foo: str
    bar: int


def test_replies_of_a_response_of_the_programs_own() -> None:
    response = raw(APIResponse, httpx.Response(200, json={"foo": "hello!", "bar": 2}, headers={"x-request-id": "req"}))
    own = response.parse(to=Own)
    assert own.foo == "hello!" and own._request_id == "req"
    assert raw(APIResponse, httpx.Response(200, content=" \ttrue\r\n")).parse(to=bool) is True
    assert raw(APIResponse, httpx.Response(200, content=b"foo"), stream=True).parse(to=Stream[int])._cast_to is int

    async def read() -> Any:
        reply = raw(AsyncAPIResponse, httpx.Response(200, json={"foo": "a", "bar": 1}), client=openai.AsyncOpenAI(api_key="k"))
        return await reply.parse(to=Own)

    assert asyncio.run(read()).bar == 1


def test_lists_of_routes_without_a_method() -> None:
    seen = Seen(
        {"object": "list", "data": [MODEL, {**MODEL, "id": "n"}], "has_more": True}, {"object": "list", "data": [MODEL], "has_more": False}
    )
    page = make(seen).get_api_list("/things", model=Model, page=SyncCursorPage[Model])
    assert [type(item) for item in page] == [Model] * 3
    assert dict(seen.requests[1].url.params) == {"after": "n"}
    assert not page.get_next_page().has_next_page() if len(seen.replies) > 1 else page.has_next_page()

    async def read() -> Any:
        other = make_async(Seen({"object": "list", "data": [MODEL], "has_more": False}))
        return [item.id async for item in other.get_api_list("/things", model=Model, page=AsyncCursorPage[Model])]

    assert asyncio.run(read()) == ["m"]


def test_requests_by_their_parts_and_raw_replies_of_any_route() -> None:
    seen = Seen((200, MODEL, {"x-request-id": "req_9"}))
    client = make(seen)
    made = client.request(Model, FinalRequestOptions.construct(method="post", url="/things", json_data={"a": 1}, params={"p": "q"}))
    assert made.id == "m"
    assert json.loads(seen.requests[0].content) == {"a": 1} and seen.requests[0].url.params["p"] == "q"
    reply: Any = client.get("/things", cast_to=Model, options={"headers": {RAW_RESPONSE_HEADER: "raw"}})
    assert reply.request_id == "req_9" and reply.parse().owned_by == "o" and isinstance(reply.parse(), Model)


class First(BaseModel):
    bar: bool


class Second(BaseModel):
    foo: int


class Either(BaseModel):
    which: Union[First, None, Second]


class Tagged(BaseModel):
    kind_: Literal["a"] = Field(alias="kind")
    data: str


class Other(BaseModel):
    kind_: Literal["b"] = Field(alias="kind")
    data: int


def test_unions_are_told_apart_as_the_official_package_does() -> None:
    chosen = cast(Any, Either.construct(which={"foo": "1"})).which
    assert isinstance(chosen, Second) and chosen.foo == 1
    union = cast(Any, Annotated[Union[Tagged, Other], PropertyInfo(discriminator="kind_")])
    assert isinstance(construct_type(value={"kind": "b", "data": "no number"}, type_=union), Other)


def test_the_name_on_the_wire_goes_before_the_name_of_the_member() -> None:
    made = Tagged.model_validate({"kind": "a", "kind_": "later", "data": "x"})
    assert made.kind_ == "a" and made.to_dict()["kind"] == "a"


def test_a_member_may_be_called_cls() -> None:
    class Odd(BaseModel):
        cls: str

    assert cast(Any, construct_type(value={"cls": "foo"}, type_=Odd)).cls == "foo"


def test_a_client_over_aiohttp_needs_aiohttp() -> None:
    pytest.importorskip("httpx")
    try:
        import aiohttp  # noqa: F401
    except ImportError:
        with pytest.raises(RuntimeError, match="aiohttp"):
            openai.DefaultAioHttpClient()
    else:
        assert openai.DefaultAioHttpClient() is not None
