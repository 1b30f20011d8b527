"""Properties that put the texts of a reply together."""

from __future__ import annotations

from typing import Any, ClassVar, Iterable, Optional, Tuple


def _joined(parts: Optional[Iterable[Any]]) -> str:
    # Providers send null where there is nothing.
    return "".join(part.text or "" for part in parts or () if part.type == "output_text")


class ResponseText:
    """What a `Response` says."""

    @property
    def output_text(self: Any) -> str:
        """All `output_text` parts of all messages of `output`, joined; empty if there are none."""
        return "".join(_joined(item.content) for item in self.output or () if item is not None and item.type == "message")


class AgentSessionMessageText:
    """What a message of an agent's session says."""

    @property
    def output_text(self: Any) -> str:
        """All `output_text` parts of `content`, joined; empty if there are none."""
        return _joined(self.content)


class HiddenSigningSecret:
    """What shows an endpoint of webhooks shows no secret: it would end up in logs."""

    _secret: ClassVar[Tuple[str, ...]] = ("signing_secret",)
