"""Logging of the package, by the official names."""

from __future__ import annotations

import logging
import os
from typing import Any

logger = logging.getLogger("threadline")

SENSITIVE_HEADERS = {"api-key", "authorization", "x-amz-security-token"}

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}


def setup_logging() -> None:
    """Logs at the level that `OPENAI_LOG` names."""
    level = _LEVELS.get(os.environ.get("OPENAI_LOG", "").lower())
    if level is not None:
        logging.basicConfig(
            format="[%(asctime)s - %(name)s:%(lineno)d - %(levelname)s] %(message)s", datefmt="%Y-%m-%d %H:%M:%S"
        )
        logger.setLevel(level)
        # A level that the environment has set is no sign that the program looks for records under our name.
        logger._of_environment = level  # type: ignore[attr-defined]
        # Programs look for records under the official name too.
        logging.getLogger("openai").setLevel(level)


def get_http_method_for_logging(method: str) -> str:
    return method.upper()


class SensitiveHeadersFilter(logging.Filter):
    """Hides credentials in the headers of a record's arguments."""

    def filter(self, record: logging.LogRecord) -> bool:
        held: Any = record.args
        if isinstance(held, dict) and isinstance(held.get("headers"), dict):
            headers = dict(held["headers"])
            for name in headers:
                if str(name).lower() in SENSITIVE_HEADERS:
                    headers[name] = "<redacted>"
            record.args = {**held, "headers": headers}
        return True
