"""Properties that put the texts of a reply together."""

from __future__ import annotations

from typing import Any, Iterable


def _joined(parts: Iterable[Any]) -> str:
    return "".join(part.text for part in parts if part.type == "output_text")


class ResponseText:
    """What a `Response` says."""

    @property
    def output_text(self: Any) -> str:
        """All `output_text` parts of all messages of `output`, joined; empty if there are none."""
        return "".join(_joined(item.content) for item in self.output if item.type == "message")


class AgentSessionMessageText:
    """What a message of an agent's session says."""

    @property
    def output_text(self: Any) -> str:
        """All `output_text` parts of `content`, joined; empty if there are none."""
        return _joined(self.content)
