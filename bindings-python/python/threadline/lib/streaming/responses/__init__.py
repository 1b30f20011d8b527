"""Streams of responses."""

from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from ._responses import AsyncResponseStream as AsyncResponseStream
from ._responses import AsyncResponseStreamManager as AsyncResponseStreamManager
from ._responses import ResponseStream as ResponseStream
from ._responses import ResponseStreamManager as ResponseStreamManager
from ._responses import ResponseStreamState as ResponseStreamState

if _TYPE_CHECKING:
    from ._events import ResponseFunctionCallArgumentsDeltaEvent as ResponseFunctionCallArgumentsDeltaEvent
    from ._events import ResponseStreamEvent as ResponseStreamEvent
    from ._events import ResponseTextDeltaEvent as ResponseTextDeltaEvent
    from ._events import ResponseTextDoneEvent as ResponseTextDoneEvent
else:

    def __getattr__(name: str) -> _Any:
        from importlib import import_module

        # `from . import` would ask this function for the module.
        _events = import_module("._events", __name__)
        if name not in _events.__all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(_events, name)
