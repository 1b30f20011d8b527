"""The package `resources`, loaded when it is used."""

from __future__ import annotations

from typing import Any

from ._proxy import LazyProxy

__all__ = ["resources"]


class ResourcesProxy(LazyProxy[Any]):
    def __load__(self) -> Any:
        import importlib

        return importlib.import_module("threadline.resources")


resources: Any = ResourcesProxy().__as_proxied__()
