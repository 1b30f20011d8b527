"""Functions that programs import from inside of the official package."""

from __future__ import annotations

import io
import pathlib
from datetime import date, datetime, timezone
from typing import Annotated, Any, Dict, Generic, Iterable, Iterator, List, Literal, Optional, TypeVar, Union

import pytest
from typing_extensions import Required, TypedDict

from openai import BaseModel
from openai._files import to_httpx_files
from openai._models import construct_type, is_basemodel
from openai._qs import Querystring, stringify
from openai._streaming import SSEDecoder, Stream, extract_stream_chunk_type
from openai._utils import (
    LazyProxy,
    PropertyInfo,
    extract_files,
    extract_type_arg,
    extract_type_var_from_base,
    is_list_type,
    is_union_type,
    maybe_transform,
    parse_date,
    parse_datetime,
    path_template,
    required_args,
    strip_annotated_type,
)


class Inner(TypedDict, total=False):
    foo_bar: Annotated[str, PropertyInfo(alias="fooBar")]
    when: Annotated[Union[datetime, str], PropertyInfo(format="iso8601")]


class Outer(TypedDict, total=False):
    inner: Annotated[Inner, PropertyInfo(alias="Inner")]
    many: Required[Annotated[Iterable[Inner], PropertyInfo(alias="Many")]]
    named: Dict[str, Inner]
    content: Annotated[Union[str, pathlib.Path], PropertyInfo(format="base64")]


def test_arguments_take_the_names_of_the_wire(tmp_path: pathlib.Path) -> None:
    (tmp_path / "f").write_bytes(b"hello")
    given = {
        "inner": {"foo_bar": "x", "other": 1},
        "many": ({"foo_bar": y} for y in "ab"),
        "named": {"k": {"foo_bar": "z"}},
        "content": tmp_path / "f",
    }
    assert maybe_transform(given, Outer) == {
        "Inner": {"fooBar": "x", "other": 1},
        "Many": [{"fooBar": "a"}, {"fooBar": "b"}],
        "named": {"k": {"fooBar": "z"}},
        "content": "aGVsbG8=",
    }
    when = datetime(2023, 2, 23, 14, 16, 36, 337692, tzinfo=timezone.utc)
    assert maybe_transform({"when": when}, Inner) == {"when": "2023-02-23T14:16:36.337692+00:00"}
    assert maybe_transform({"when": "text"}, Inner) == {"when": "text"}
    assert maybe_transform(None, Inner) is None
    assert maybe_transform([{"foo_bar": "x"}], List[Inner]) == [{"fooBar": "x"}]
    assert maybe_transform("x", Union[str, Inner]) == "x"


class Own(BaseModel):
    foo: Optional[str] = None
    bar: int = 0


def test_models_among_arguments_become_what_was_set() -> None:
    assert maybe_transform(Own.construct(foo="x"), Any) == {"foo": "x"}
    assert maybe_transform(Own.construct(), Any) == {}


@pytest.mark.parametrize(
    ("value", "style", "expected"),
    [
        ({}, {}, ""),
        ({"a": {}}, {}, ""),
        ({"a": True, "b": None, "c": 1.5}, {}, "a=true&c=1.5"),
        ({"a": {"b": {"c": "d"}}}, {"nested_format": "dots"}, "a.b.c=d"),
        ({"a": {"b": "c"}}, {"nested_format": "brackets"}, "a%5Bb%5D=c"),
        ({"in": ["foo", "bar", {"x": {"y": True}}]}, {"array_format": "repeat", "nested_format": "dots"}, "in=foo&in=bar&in.x.y=true"),
        ({"in": ["foo", True, None]}, {"array_format": "comma"}, "in=foo%2Ctrue"),
        ({"in": ["foo", "bar"]}, {"array_format": "brackets"}, "in%5B%5D=foo&in%5B%5D=bar"),
        ({"in": ["foo", "bar"]}, {"array_format": "indices"}, "in%5B0%5D=foo&in%5B1%5D=bar"),
    ],
)
def test_queries(value: Any, style: Any, expected: str) -> None:
    assert stringify(value, **style) == expected
    assert Querystring(**style).stringify(value) == expected


def test_an_unknown_format_of_queries_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="Unknown array_format value: x, choose from comma, repeat"):
        stringify({"a": ["b"]}, array_format="x")  # type: ignore[arg-type]


@pytest.mark.parametrize("cut", [1, 3, 1000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_events_of_a_stream(cut: int, end: bytes) -> None:
    text = end.join([
        b"event: ping", b'data: {"foo":', b'data: true}', b"", b": comment", b"data:  two", b"id: 7", b"", b"event: empty", b"", b'data: "\xd0\xb8"', b"", b"",
    ])  # fmt: skip
    pieces: Iterator[bytes] = iter([text[at : at + cut] for at in range(0, len(text), cut)])
    events = list(SSEDecoder().iter_bytes(pieces))
    assert [(event.event, event.data) for event in events[:3]] == [("ping", '{"foo":\ntrue}'), (None, " two"), ("empty", "")]
    assert events[0].json() == {"foo": True}
    assert events[1].id == "7"
    assert events[3].json() == "и"


def test_the_type_of_a_streams_events() -> None:
    assert extract_stream_chunk_type(Stream[int]) is int

    class OwnStream(Stream[str]): ...

    assert extract_stream_chunk_type(OwnStream) is str


T = TypeVar("T")


class Base(Generic[T]): ...


class Text(Base[str]): ...


def test_types_are_taken_apart() -> None:
    assert extract_type_arg(List[str], 0) is str
    with pytest.raises(RuntimeError):
        extract_type_arg(List[str], 1)
    assert is_list_type(List[str]) and not is_list_type(Iterable[str])
    assert is_union_type(Optional[str]) and not is_union_type(str)
    assert strip_annotated_type(Required[Annotated[str, 1]]) is str
    for type_ in (Base[str], Text):
        assert extract_type_var_from_base(type_, index=0, generic_bases=(Base,)) is str


def test_functions_with_required_arguments() -> None:
    @required_args(["a", "b"], ["c"])
    def function(a: str = "", *, b: str = "", c: str = "") -> str:
        return f"{a}{b}{c}"

    assert function("1", b="2") == "12" and function(c="3") == "3"
    with pytest.raises(TypeError, match=r"Missing required arguments; Expected either \('a' and 'b'\) or \('c'\) arguments to be given"):
        function(a="1")
    with pytest.raises(TypeError, match=r"function\(\) takes 1 argument\(s\) but 2 were given"):
        function("1", "2")  # type: ignore[misc]

    @required_args(["a"])
    def one(a: Optional[str] = None) -> Optional[str]:
        return a

    assert one(None) is None
    with pytest.raises(TypeError, match="Missing required argument: 'a'"):
        one()


def test_files_are_taken_out_of_arguments() -> None:
    query = {"one": b"1", "list": [{"file": b"2", "x": 1}, {"file": b"3"}], "rest": True}
    found = extract_files(query, paths=[["one"], ["list", "<array>", "file"], ["absent"]])
    assert found == [("one", b"1"), ("list[][file]", b"2"), ("list[][file]", b"3")]
    assert query == {"list": [{"x": 1}, {}], "rest": True}
    with pytest.raises(RuntimeError, match="Expected entry at `one` to be bytes, an io.IOBase instance, PathLike or a tuple but received"):
        extract_files({"one": "text"}, paths=[["one"]])


def test_files_for_httpx(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"hello")
    stream = io.BytesIO(b"x")
    assert to_httpx_files({"f": path, "g": b"1", "h": ("n", path)}) == {"f": ("a.txt", b"hello"), "g": b"1", "h": ("n", b"hello")}
    assert to_httpx_files([("f", stream)]) == [("f", stream)]
    with pytest.raises(TypeError, match="Unexpected file type input"):
        to_httpx_files(1)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        to_httpx_files({"f": "no file"})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2012-04-23T09:15:00", datetime(2012, 4, 23, 9, 15)),
        ("2012-4-9 4:8:16.5", datetime(2012, 4, 9, 4, 8, 16, 500000)),
        ("2012-04-23T09:15:00Z", datetime(2012, 4, 23, 9, 15, tzinfo=timezone.utc)),
        ("1494012444", datetime(2017, 5, 5, 19, 27, 24, tzinfo=timezone.utc)),
        (1494012444000, datetime(2017, 5, 5, 19, 27, 24, tzinfo=timezone.utc)),
    ],
)
def test_times(text: Any, expected: datetime) -> None:
    assert parse_datetime(text) == expected


def test_days() -> None:
    assert parse_date("2012-04-23") == date(2012, 4, 23) == parse_date(1335139200)
    for wrong in ("x20120423", "2012-04-56"):
        with pytest.raises(ValueError):
            parse_date(wrong)
        with pytest.raises(ValueError):
            parse_datetime(wrong)


def test_paths() -> None:
    assert path_template("/v1/{id}/x", id="a/b c") == "/v1/a%2Fb%20c/x"
    assert path_template("/v1/{id}?q={q}", id=True, q=None) == "/v1/true?q=null"
    with pytest.raises(ValueError, match="dot-segment"):
        path_template("/v1/{id}", id="..")
    with pytest.raises(KeyError):
        path_template("/v1/{id}")


class Proxy(LazyProxy[Any]):
    def __load__(self) -> Any:
        return [1, 2]


def test_proxies() -> None:
    proxy: Any = Proxy()
    assert proxy.count(1) == 1 and repr(proxy) == "[1, 2]" and "append" in dir(proxy)
    assert isinstance(proxy, list)


class A(BaseModel):
    kind: Literal["a"]
    data: bool


class B(BaseModel):
    kind: Literal["b"]
    data: int


def test_values_as_types_without_checks() -> None:
    both = Annotated[Union[A, B], PropertyInfo(discriminator="kind")]
    assert isinstance(construct_type(value={"kind": "b", "data": "foo"}, type_=both), B)
    assert isinstance(construct_type(value={"kind": "a", "data": 100}, type_=both), A)
    assert isinstance(construct_type(value={"kind": "c", "data": True}, type_=both), A)
    assert construct_type(value="x", type_=both) == "x"
    assert construct_type(value={"k": {"kind": "a", "data": True}}, type_=Dict[str, A])["k"].data is True
    assert isinstance(construct_type(value=[{"kind": "a", "data": True}], type_=List[A])[0], A)
    assert construct_type(value="2023-01-01", type_=date) == date(2023, 1, 1)
    assert construct_type(value="never", type_=datetime) == "never"
    assert construct_type(value=1, type_=float) == 1.0 and isinstance(construct_type(value=1, type_=float), float)
    assert construct_type(value="1", type_=int) == "1"
    assert construct_type(value=None, type_=Optional[A]) is None
    assert is_basemodel(A) and not is_basemodel(str)


def test_records_are_found_by_the_official_name_after_the_environment_has_set_a_level(monkeypatch: pytest.MonkeyPatch) -> None:
    import logging

    from openai._utils._logs import setup_logging

    logger = logging.getLogger("openai")
    before = logger.level
    try:
        monkeypatch.setenv("OPENAI_LOG", "critical")
        setup_logging()
        assert logger.level == logging.CRITICAL
        logger.setLevel(logging.DEBUG)
        seen = []
        handler = logging.Handler()
        handler.emit = seen.append  # type: ignore[method-assign]
        logger.addHandler(handler)
        try:
            import httpx

            from openai import OpenAI

            http = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, json={"object": "list", "data": []})))
            OpenAI(api_key="k", http_client=http).models.list()
        finally:
            logger.removeHandler(handler)
        assert any("HTTP Re" in record.getMessage() for record in seen)
    finally:
        logger.setLevel(before)
