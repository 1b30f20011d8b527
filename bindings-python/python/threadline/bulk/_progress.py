"""How far a run is: tqdm's bar where tqdm is installed, else a line now and then."""

from __future__ import annotations

import sys
import time
from typing import Any, Optional

__all__ = ["Progress"]

#: Seconds between lines.
_EVERY = 5.0


class Progress:
    """Counts results. Silent where ``shown`` is false."""

    def __init__(self, shown: bool, total: Optional[int]) -> None:
        self._total = total
        self._done = self._failed = 0
        self._shown = shown
        self._told = time.monotonic()
        self._bar: Any = None
        if shown:
            try:
                from tqdm.auto import tqdm  # type: ignore[import-untyped, unused-ignore]
            except ImportError:
                return
            self._bar = tqdm(total=total, unit="req")

    def step(self, ok: bool) -> None:
        """One more is done."""
        self._done += 1
        self._failed += not ok
        if self._bar is not None:
            self._bar.update()
            if not ok:
                self._bar.set_postfix(failed=self._failed)
        elif self._shown and time.monotonic() - self._told > _EVERY:
            self._tell()

    def say(self, what: str) -> None:
        """What is being waited for."""
        if self._bar is not None:
            self._bar.set_description(what)
        elif self._shown:
            print(what, file=sys.stderr)

    def _tell(self) -> None:
        self._told = time.monotonic()
        total = "" if self._total is None else f" of {self._total}"
        failed = f", {self._failed} failed" if self._failed else ""
        print(f"{self._done}{total} requests{failed}", file=sys.stderr)

    def close(self) -> None:
        """Leaves the bar, or the last line, as it is."""
        if self._bar is not None:
            self._bar.close()
        elif self._shown:
            self._tell()
