"""What is checked, and what stays as it came: replies of strict clients, texts of vectors, names of events, schemas of classes."""

from __future__ import annotations

import json
import warnings
from datetime import datetime, timezone
from typing import Annotated, Any, Dict, List, Optional, Set, Union

import httpx
import pytest
from pydantic import BaseModel
from typing_extensions import TypedDict

import openai
from openai import APIResponseValidationError
from openai._models import construct_type
from openai._types import Base64FileInput
from openai._utils import PropertyInfo, maybe_transform
from openai.lib._pydantic import to_strict_json_schema
from openai.types import CreateEmbeddingResponse

from .test_client import BASE, asynchronous

FILE: Dict[str, Any] = {"id": "file-1", "object": "file", "bytes": 3, "created_at": 1, "filename": "a.txt", "purpose": "batch", "status": "processed"}
BATCH: Dict[str, Any] = {
    "id": "vsfb_1",
    "object": "vector_store.file_batch",
    "created_at": 1,
    "status": "completed",
    "vector_store_id": "vs_1",
    "file_counts": {"cancelled": 0, "completed": 1, "failed": 0, "in_progress": 0, "total": 1},
}


def strict(data: Any, is_strict: bool = True) -> openai.OpenAI:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=data))
    return openai.OpenAI(api_key="k", base_url=BASE, http_client=httpx.Client(transport=transport), _strict_response_validation=is_strict)


@pytest.mark.parametrize("change", [{"bytes": "many"}, {"object": "folder"}, {"filename": None}])
def test_a_strict_client_refuses_a_reply_of_a_method_that_does_not_fit(change: Dict[str, Any]) -> None:
    data = {**FILE, **change}
    with pytest.raises(APIResponseValidationError) as caught:
        strict(data).files.retrieve("file-1")
    assert caught.value.body == data and caught.value.status_code == 200
    assert strict(data, False).files.retrieve("file-1").id == "file-1"
    assert strict(FILE).files.retrieve("file-1").to_dict() == FILE


@asynchronous
async def test_so_does_one_for_an_event_loop() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={**FILE, "status": 7}))
    async with openai.AsyncOpenAI(
        api_key="k", base_url=BASE, http_client=httpx.AsyncClient(transport=transport), _strict_response_validation=True
    ) as client:
        with pytest.raises(APIResponseValidationError):
            await client.files.retrieve("file-1")


@pytest.mark.parametrize("word", ["vector_store.file_batch", "vector_store.files_batch"])
def test_both_words_for_batches_of_files_are_taken(word: str) -> None:
    batch = strict({**BATCH, "object": word}).vector_stores.file_batches.retrieve("vsfb_1", vector_store_id="vs_1")
    assert batch.to_dict() == {**BATCH, "object": word}
    with pytest.raises(APIResponseValidationError):
        strict({**BATCH, "object": "vector_store"}).vector_stores.file_batches.retrieve("vsfb_1", vector_store_id="vs_1")


def test_what_a_class_says_is_in_its_schema() -> None:
    class Inner(BaseModel):
        word: str

    class Answer(BaseModel):
        counts: Dict[str, int]
        names: Set[str]
        anything: Any
        inner: Inner
        note: Optional[str] = None

    schema = to_strict_json_schema(Answer)
    members = schema["properties"]
    assert schema["additionalProperties"] is False and schema["required"] == ["counts", "names", "anything", "inner", "note"]
    assert members["counts"]["additionalProperties"] == {"type": "integer"} and members["names"]["uniqueItems"] is True
    assert "default" not in members["note"] and schema["$defs"]["Inner"]["additionalProperties"] is False


def test_a_reference_that_leads_out_of_a_schema_is_refused() -> None:
    class Answer(BaseModel):
        model_config = {"json_schema_extra": {"$ref": "https://example.com/schema.json"}}
        word: str

    with pytest.raises(ValueError, match="https://example.com/schema.json"):
        to_strict_json_schema(Answer)


def test_a_vector_that_is_a_text_stays_one() -> None:
    data = [{"object": "embedding", "index": 0, "embedding": "AAAAPg=="}, {"object": "embedding", "index": 1, "embedding": [1.0]}]
    made: Any = construct_type(type_=CreateEmbeddingResponse, value={"object": "list", "model": "m", "data": data})
    assert [item.embedding for item in made.data] == ["AAAAPg==", [1.0]]


def test_what_the_wire_calls_as_an_attribute_does_not_hide_a_member() -> None:
    from openai.resources.responses.responses import ResponsesConnection

    item = {"type": "function_call", "id": "fc", "call_id": "c", "name": "n", "arguments": '{"async_": 1}', "async": True, "async_": "other"}
    event: Any = object.__new__(ResponsesConnection).parse_event(
        json.dumps({"type": "response.output_item.done", "sequence_number": 1, "output_index": 0, "item": item})
    )
    assert event.item.async_ is True and event.item.arguments == '{"async_": 1}'


class When(TypedDict, total=False):
    days: Annotated[Optional[List[datetime]], PropertyInfo(format="iso8601")]
    file: Annotated[Union[str, Base64FileInput], PropertyInfo(format="base64")]
    plain: List[int]


def test_arguments_as_the_wire_has_them() -> None:
    numbers = [1, 2]
    made = maybe_transform({"days": [datetime(2026, 1, 2, tzinfo=timezone.utc)], "file": "YQ==", "plain": numbers}, When)
    assert made == {"days": ["2026-01-02T00:00:00+00:00"], "file": "YQ==", "plain": [1, 2]} and made["plain"] is numbers


def test_members_of_another_type_are_told_of() -> None:
    class Shown(openai.BaseModel):
        word: str

    with pytest.warns(UserWarning, match="serializer"):
        assert maybe_transform(Shown.construct(word=True), object) == {"word": True}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert maybe_transform(Shown.construct(word="a"), object) == {"word": "a"}
