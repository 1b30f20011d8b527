"""Responses whose texts were parsed into a type of the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Generic, List, Optional, TypeVar, Union, get_args

from typing_extensions import TypeAlias

from threadline import types as t
from threadline._utils import PropertyInfo
from threadline.types.responses.response import Response
from threadline.types.responses.response_function_tool_call import ResponseFunctionToolCall
from threadline.types.responses.response_output_message import ResponseOutputMessage
from threadline.types.responses.response_output_refusal import ResponseOutputRefusal
from threadline.types.responses.response_output_text import ResponseOutputText

ContentType = TypeVar("ContentType")


class ParsedResponseOutputText(ResponseOutputText, Generic[ContentType]):
    """A text with what it was parsed into."""

    parsed: Optional[ContentType] = None
    """The text as the type that was asked for."""

    __api_exclude__ = {"parsed"}


ParsedContent: TypeAlias = Annotated[
    Union[ParsedResponseOutputText[ContentType], ResponseOutputRefusal], PropertyInfo(discriminator="type")
]


class ParsedResponseOutputMessage(ResponseOutputMessage, Generic[ContentType]):
    """A message whose texts were parsed."""

    content: List[ParsedContent[ContentType]]  # type: ignore[assignment]
    """Texts and refusals."""


class ParsedResponseFunctionToolCall(ResponseFunctionToolCall):
    """A call of a function with its arguments parsed."""

    parsed_arguments: object = None
    """The arguments as the type of the tool, or as plain data."""

    __api_exclude__ = {"parsed_arguments"}


class ParsedResponse(Response, Generic[ContentType]):
    """A response whose texts were parsed."""

    output: List[t.responses.parsed_response.ParsedResponseOutputItem[ContentType]]
    """What the model gave."""

    @property
    def output_parsed(self) -> Optional[ContentType]:
        """The first text that was parsed; `None` if there is none."""
        for item in self.output:
            parts: Any = item.content if item.type == "message" else ()
            for part in parts:
                if part.type == "output_text" and part.parsed:
                    return part.parsed
        return None


if TYPE_CHECKING:
    ParsedResponseOutputItem: TypeAlias = Union[
        ParsedResponseOutputMessage[ContentType], ParsedResponseFunctionToolCall, t.responses.ResponseOutputItem
    ]
else:

    def __getattr__(name: str) -> Any:
        # The union of all items loads their modules: only for those who ask.
        if name != "ParsedResponseOutputItem":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        parsed = {
            ResponseOutputMessage: ParsedResponseOutputMessage[ContentType],
            ResponseFunctionToolCall: ParsedResponseFunctionToolCall,
        }
        items = get_args(get_args(t.responses.ResponseOutputItem)[0])
        union = Union[tuple(parsed.get(item, item) for item in items)]
        value = globals()[name] = Annotated[union, PropertyInfo(discriminator="type")]
        return value
