"""Packages that load a module when a name of it is first asked for, and modules that make one then (PEP 562)."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, Callable, Dict, List, Tuple


def attach(package: str, root: str, names: Dict[str, str]) -> Tuple[Callable[[str], Any], Callable[[], List[str]]]:
    """`__getattr__` and `__dir__` for a package.

    `names` maps what the package offers to the module that defines it: `.module` inside the package, else below `root`.
    Modules inside the package are found by their own names. What was found once is kept in the package.
    """
    namespace = vars(sys.modules[package])

    def getattr_(name: str) -> Any:
        module = names.get(name)
        if module is not None:
            place = f"{package}{module}" if module.startswith(".") else f"{root}.{module}"
            value = getattr(import_module(place), name)
        elif name == "__all__":
            value = sorted(names)
        elif name.startswith("_"):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        else:
            below = f"{package}.{name}"
            try:
                value = import_module(below)
            except ModuleNotFoundError as error:
                if error.name != below:
                    raise
                raise AttributeError(f"module {package!r} has no attribute {name!r}") from None
        namespace[name] = value
        return value

    def dir_() -> List[str]:
        return sorted({*namespace, *names})

    return getattr_, dir_


def aliases(module: str, makers: Dict[str, Callable[[], Any]]) -> Callable[[str], Any]:
    """`__getattr__` for a module, some of whose names are made when they are first asked for."""
    namespace = vars(sys.modules[module])

    def getattr_(name: str) -> Any:
        if name not in makers:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        value = namespace[name] = makers[name]()
        return value

    return getattr_
