"""Log records of calls, as the official package writes them: methods, statuses and request ids; no addresses, bodies or headers."""

from __future__ import annotations

import logging
from typing import Any

__all__ = ["enabled", "log", "logger"]

_OWN = logging.getLogger("threadline._base_client")
_THEIRS = logging.getLogger("openai._base_client")


def logger() -> logging.Logger:
    """The official package's where the program has set that one up, and not ours in another way; else ours."""
    asked = logging.getLogger("openai")
    own = logging.getLogger("threadline")
    levels = (0, asked.level, getattr(own, "_of_environment", 0))
    return _THEIRS if (asked.level or asked.handlers) and not own.handlers and own.level in levels else _OWN


def enabled() -> bool:
    """Whether anybody wants the records."""
    return logger().isEnabledFor(logging.INFO)


def log(level: str, message: str, *arguments: Any) -> None:
    """One record."""
    logger().log(getattr(logging, level.upper()), message, *arguments, stacklevel=2)
