"""Types and markers of arguments, by their official names."""

from __future__ import annotations

from os import PathLike
from typing import IO, TYPE_CHECKING, Any, Callable, Dict, List, Literal, Mapping, Optional, Protocol, Sequence, Set, SupportsIndex, Tuple, Type, TypeVar, Union

if TYPE_CHECKING:
    from ._timeout import Timeout as Timeout

__all__ = [
    "NOT_GIVEN",
    "Body",
    "FileContent",
    "FileTypes",
    "Headers",
    "HttpxFileTypes",
    "NoneType",
    "NotGiven",
    "Omit",
    "Query",
    "RequestOptions",
    "SequenceNotStr",
    "Timeout",
    "not_given",
    "omit",
]


class NotGiven:
    """Says that an argument was not given, where ``None`` means something else (``timeout=None``: no limit)."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "NOT_GIVEN"

    def __reduce__(self) -> Tuple[Any, ...]:
        return (NotGiven, ())


class Omit:
    """Leaves an argument out of the request; in ``extra_headers``, takes away a header that is sent by default."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "omit"

    def __reduce__(self) -> Tuple[Any, ...]:
        return (Omit, ())


not_given = NotGiven()
NOT_GIVEN = not_given
omit = Omit()

NoneType: Type[None] = type(None)

Headers = Mapping[str, Union[str, Omit]]
Query = Mapping[str, object]
Body = object
AnyMapping = Mapping[str, object]
Base64FileInput = Union[IO[bytes], PathLike[str]]
FileContent = Union[IO[bytes], bytes, PathLike[str]]
FileTypes = Union[
    FileContent,
    Tuple[Optional[str], FileContent],
    Tuple[Optional[str], FileContent, Optional[str]],
    Tuple[Optional[str], FileContent, Optional[str], Mapping[str, str]],
]
HttpxFileTypes = FileTypes
HttpxFileContent = Union[IO[bytes], bytes]
RequestFiles = Union[Mapping[str, FileTypes], Sequence[Tuple[str, FileTypes]]]
HttpxRequestFiles = RequestFiles

T_co = TypeVar("T_co", covariant=True)
ModelT = TypeVar("ModelT", bound=Any)
ResponseT = TypeVar("ResponseT")

if TYPE_CHECKING:
    from typing import overload
    from typing import Iterator

    class SequenceNotStr(Protocol[T_co]):
        """A list or a tuple, but not a text, which is a sequence of texts too."""

        @overload
        def __getitem__(self, index: SupportsIndex, /) -> T_co: ...
        @overload
        def __getitem__(self, index: slice, /) -> Sequence[T_co]: ...
        def __contains__(self, value: object, /) -> bool: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[T_co]: ...
        def index(self, value: Any, start: int = 0, stop: int = ..., /) -> int: ...
        def count(self, value: Any, /) -> int: ...
        def __reversed__(self) -> Iterator[T_co]: ...

else:
    SequenceNotStr = Sequence

RequestOptions = Dict[str, Any]
PostParser = Callable[[Any], Any]
StrList = List[str]


ArrayFormat = Literal["comma", "repeat", "indices", "brackets"]
NestedFormat = Literal["dots", "brackets"]
BinaryTypes = Union[bytes, bytearray, IO[bytes], Any]
AsyncBinaryTypes = BinaryTypes
ProxiesDict = Dict[str, Any]
StrBytesIntFloat = Union[str, bytes, int, float]
IncEx = Union[Set[int], Set[str], Mapping[int, Any], Mapping[str, Any]]
HeadersLike = Mapping[str, Any]
_T = TypeVar("_T")
Omittable = Union[_T, Omit]
_GenericAlias = type(List[int])
HttpxSendArgs = Dict[str, Any]


class ModelBuilderProtocol(Protocol):
    """A class of replies that makes its instances itself."""

    @classmethod
    def build(cls, *, response: Any, data: object) -> Any: ...


class HeadersLikeProtocol(Protocol):
    """Headers."""

    def get(self, key: str, /) -> Optional[str]: ...


class InheritsGeneric(Protocol):
    """A class with arguments."""

    __orig_bases__: Tuple[Any, ...]


def __getattr__(name: str) -> Any:
    # The official package has httpx's classes here.
    if name == "Timeout":
        from ._timeout import Timeout

        return Timeout
    if name == "URL":
        from ._http import URL

        return URL
    if name in ("Transport", "ProxiesTypes", "AsyncTransport", "BaseTransport", "AsyncBaseTransport", "Response"):
        return Any
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
