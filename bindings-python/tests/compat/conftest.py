"""Programs of the official package: they import ``openai``, and get ``threadline`` under that name.

With ``COMPAT_WITH=openai`` they get the official package, which must pass as well: what is tested here is what it does.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import os
import sys
from typing import Any, Iterator

import pytest


class Stand(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules of ours by the official names. A module keeps its own name and is one object under both."""

    def __init__(self) -> None:
        self.specs: dict[str, Any] = {}

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name.partition(".")[0] != "openai":
            return None
        return importlib.util.spec_from_loader(name, self)

    def create_module(self, spec: Any) -> Any:
        module = importlib.import_module("threadline" + spec.name.removeprefix("openai"))
        self.specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: Any) -> None:
        spec = next(spec for spec in self.specs.values() if spec.name == module.__name__ or spec is module.__spec__)
        module.__spec__, module.__loader__ = spec, spec.loader
        module.__package__ = module.__name__ if hasattr(module, "__path__") else module.__name__.rpartition(".")[0]


if os.environ.get("COMPAT_WITH") != "openai":
    sys.meta_path.insert(0, Stand())


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "AZURE_OPENAI_")):
            monkeypatch.delenv(name)
    yield
