"""Events of a streamed response, as the stream hands them out: the API's, with the text so far and the parsed value as members of their own."""

from __future__ import annotations

from typing import Generic, Optional, TypeVar, Union

from ....types.responses import ResponseCompletedEvent as ResponseCompletedEvent
from ....types.responses import ResponseFunctionCallArgumentsDeltaEvent as ResponseFunctionCallArgumentsDeltaEvent
from ....types.responses import ResponseTextDeltaEvent as ResponseTextDeltaEvent
from ....types.responses import ResponseTextDoneEvent as RawResponseTextDoneEvent
from ....types.responses.parsed_response import ParsedResponse
from ....types.responses.response_stream_event import ResponseStreamEvent as RawResponseStreamEvent

__all__ = [
    "ResponseCompletedEvent",
    "ResponseFunctionCallArgumentsDeltaEvent",
    "ResponseStreamEvent",
    "ResponseTextDeltaEvent",
    "ResponseTextDoneEvent",
]

T = TypeVar("T")


class ResponseTextDoneEvent(RawResponseTextDoneEvent, Generic[T]):
    """A whole text."""

    parsed: Optional[T] = None
    """The text as the type that was asked for; `None` where none was, or it only comments on the work."""

    __api_exclude__ = {"parsed"}


#: An event; its parameter is the type of parsed values.
ResponseStreamEvent = Union[ResponseTextDoneEvent[T], RawResponseStreamEvent, ParsedResponse[T]]
