"""How many calls may be under way: fewer after a refusal, more again while all goes well."""

from __future__ import annotations

import time
from typing import Any, Optional

__all__ = ["Pace"]

#: The wait after a refusal that names none, in seconds; it doubles with each refusal in a row.
_WAIT = 1.0
_LONGEST = 60.0


class Pace:
    """What is learned from refusals. What the headers of replies say is learned below, by the client's own limits."""

    def __init__(self, concurrency: int) -> None:
        if concurrency < 1:
            raise ValueError(f"`concurrency` is at least 1, not {concurrency}")
        self._most = float(concurrency)
        self._now = float(concurrency)
        self._until = 0.0
        self._refused = 0

    @property
    def limit(self) -> int:
        """Calls that may be under way now."""
        return max(int(self._now), 1)

    def pause(self) -> float:
        """Seconds for which nothing may be sent."""
        return max(self._until - time.monotonic(), 0.0)

    def succeeded(self) -> None:
        """A call went well."""
        self._refused = 0
        self._now = min(self._now + 1 / self._now, self._most)

    def refused(self, retry_after: Optional[float]) -> None:
        """The provider has asked to wait."""
        if self.pause() == 0.0:
            # The calls that were under way together are one refusal.
            self._now = max(self._now / 2, 1.0)
            self._refused += 1
        wait = retry_after if retry_after is not None else min(_WAIT * 2 ** (self._refused - 1), _LONGEST)
        self._until = max(self._until, time.monotonic() + wait)


def asks_to_wait(error: Any) -> bool:
    """Whether the call failed for now only: too many requests, not a quota that is used up."""
    if getattr(error, "kind", None) != "rate_limit":
        return False
    return getattr(error, "code", None) not in ("insufficient_quota", "billing_hard_limit_reached")
