"""Regions that keep data: their addresses."""

from __future__ import annotations

from typing import Any

from ._constants import DATA_RESIDENCY
from ._constants import DataResidency as DataResidency
from ._exceptions import OpenAIError
from ._types import NotGiven

__all__ = ["DataResidency", "resolve_data_residency"]

_DATA_RESIDENCY_BASE_URLS = DATA_RESIDENCY


def resolve_data_residency(data_residency: Any, base_url: Any, *, provider: Any = None, websocket_base_url: Any = None) -> Any:
    """The address of a region, or the one that was given.

    Raises :class:`ValueError` if the region is not known, or the address is given as well, and :class:`OpenAIError` beside a provider.
    """
    if data_residency is None:
        return None if isinstance(base_url, NotGiven) else base_url
    for name, given in (("base_url", not isinstance(base_url, NotGiven)), ("websocket_base_url", websocket_base_url is not None)):
        if given:
            raise ValueError(f"The `data_residency` and `{name}` arguments are mutually exclusive")
    if provider is not None:
        raise OpenAIError("The `data_residency` and `provider` arguments are mutually exclusive")
    if not isinstance(data_residency, str) or data_residency not in DATA_RESIDENCY:
        raise ValueError(f"Invalid `data_residency`; expected one of {', '.join(map(repr, DATA_RESIDENCY))}")
    return DATA_RESIDENCY[data_residency]
