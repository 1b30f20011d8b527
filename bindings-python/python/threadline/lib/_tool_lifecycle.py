"""Whether a runner may begin: one run at a time, and none once it is closed."""

from __future__ import annotations

import threading
import uuid
from typing import Any, Dict, Optional

from typing_extensions import Literal, TypedDict

from .._types import NotGiven, Omit
from ._lanes import callable_flavor as callable_flavor
from ._lanes import invoke as invoke

__all__ = ["CloseStatus", "ToolLifecycle", "callable_flavor", "invoke", "rotated_idempotency_headers"]

_KEY = "idempotency-key"


class CloseStatus(TypedDict):
    """What :meth:`close` has come to: nothing is at work any more, or what is at work goes on to its end."""

    status: Literal["closed", "draining"]


class ToolLifecycle:
    """Admits one run at a time until it is closed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._is_running = False
        self._is_closed = False

    def enter(self) -> None:
        """Begins a run. Raises :class:`RuntimeError` where one is at work, or no more may begin."""
        with self._lock:
            if self._is_closed:
                raise RuntimeError(f"{self._name} is closed: make a new one")
            if self._is_running:
                raise RuntimeError(f"{self._name} is busy: its run has not ended yet")
            self._is_running = True

    def exit(self) -> None:
        """Ends a run."""
        with self._lock:
            self._is_running = False

    def close(self) -> CloseStatus:
        """No run may begin any more."""
        with self._lock:
            self._is_closed = True
            return {"status": "draining" if self._is_running else "closed"}


def rotated_idempotency_headers(client: Any, extra: Any) -> Optional[Dict[str, Any]]:
    """The headers of a further request: where the first one had an idempotency key, this one has a key of its own.

    Without a new key the server would answer with the reply of the first request.
    """
    given = dict(extra) if extra is not None and not isinstance(extra, (Omit, NotGiven)) else {}
    key: Any = None
    # Not `default_headers`, which a subclass may make anew for each request.
    own = getattr(client, "_custom_headers", None)
    for source in (client.default_headers if own is None else own, given):
        for name, value in source.items():
            if str(name).lower() == _KEY:
                key = value
    kept = {name: value for name, value in given.items() if str(name).lower() != _KEY}
    if key is None or isinstance(key, (Omit, NotGiven)):
        return given or None
    return {**kept, "Idempotency-Key": f"threadline-{uuid.uuid4()}"}
