"""What `openai<1` had: names that say what to do instead."""

from __future__ import annotations

from typing import Any

from .._exceptions import OpenAIError
from .._utils._proxy import LazyProxy

__all__ = ["REMOVED", "APIRemovedInV1", "APIRemovedInV1Proxy", "removed"]

REMOVED = frozenset(
    (
        "Edit",
        "File",
        "Audio",
        "Image",
        "Model",
        "Engine",
        "Customer",
        "FineTune",
        "Embedding",
        "Completion",
        "Deployment",
        "Moderation",
        "ErrorObject",
        "FineTuningJob",
        "ChatCompletion",
    )
)


class APIRemovedInV1(OpenAIError):
    """A name of the interface that went with `openai` 1.0."""

    def __init__(self, *, symbol: str) -> None:
        super().__init__(
            f"`{symbol}` belongs to the interface before openai 1.0, which is gone. "
            "Make a client, `client = OpenAI()`, and call its methods: `client.chat.completions.create(…)`."
        )


class APIRemovedInV1Proxy(LazyProxy[Any]):
    """Fails at every use."""

    def __init__(self, *, symbol: str) -> None:
        super().__init__()
        self._symbol = symbol

    def __load__(self) -> Any:
        raise APIRemovedInV1(symbol=self._symbol)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise APIRemovedInV1(symbol=self._symbol)


def removed(name: str) -> Any:
    """What stands for a removed name."""
    return APIRemovedInV1Proxy(symbol=name)
