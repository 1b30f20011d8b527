"""Defaults, by the official package's names."""

from __future__ import annotations

from typing import Literal

from ._timeout import Timeout

__all__ = ["DATA_RESIDENCY", "DEFAULT_BASE_URL", "DEFAULT_MAX_RETRIES", "DEFAULT_TIMEOUT"]

DEFAULT_BASE_URL = "https://api.openai.com/v1"
DEFAULT_TIMEOUT = Timeout(600.0, connect=5.0)
DEFAULT_MAX_RETRIES = 2
MAX_RETRY_AFTER_DELAY = 120
DataResidency = Literal["global", "us", "eu", "ae", "au", "in", "jp"]
INITIAL_RETRY_DELAY = 0.5
MAX_RETRY_DELAY = 8.0
RAW_RESPONSE_HEADER = "X-Stainless-Raw-Response"
OVERRIDE_CAST_TO_HEADER = "____stainless_override_cast_to"

#: Base URLs of the regions.
DATA_RESIDENCY = {
    "global": DEFAULT_BASE_URL,
    **{region: f"https://{region}.api.openai.com/v1" for region in ("us", "eu", "ae", "au", "in", "jp")},
}


class Limits:
    """How many connections are held open: names of the official package, which the core does not need."""

    max_connections = 1000
    max_keepalive_connections = 100
    keepalive_expiry = 5.0

    def __repr__(self) -> str:
        return "Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=5.0)"


DEFAULT_CONNECTION_LIMITS = Limits()
