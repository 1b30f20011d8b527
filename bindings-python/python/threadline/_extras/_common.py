"""A library that stands in the package's namespace before it is imported."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .._exceptions import OpenAIError
from .._utils._proxy import LazyProxy

__all__ = ["Library", "MissingDependencyError"]


class MissingDependencyError(OpenAIError):
    """A library is needed that is not installed."""


class Library(LazyProxy[Any]):
    """A library by its name."""

    _name: str

    def __init__(self, name: str) -> None:
        self._name = name

    def __load__(self) -> Any:
        try:
            return import_module(self._name)
        except ImportError as error:
            raise MissingDependencyError(f"missing `{self._name}`: this needs it, so `pip install {self._name}`") from error
