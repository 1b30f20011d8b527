"""Defaults, by the official package's names."""

from __future__ import annotations

from typing import Literal

from ._timeout import Timeout

__all__ = ["DATA_RESIDENCY", "DEFAULT_BASE_URL", "DEFAULT_MAX_RETRIES", "DEFAULT_TIMEOUT"]

DEFAULT_BASE_URL = "https://api.openai.com/v1"
DEFAULT_TIMEOUT = Timeout(600.0, connect=5.0)
DEFAULT_MAX_RETRIES = 2
DEFAULT_CONNECTION_LIMITS = None
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
