"""Packages that load a module when a name of it is first asked for, and modules that make one then (PEP 562)."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any, Callable, Dict, List, Tuple


#: What each package offers, of those that were loaded.
_offered: Dict[str, Dict[str, str]] = {}


class _Package(ModuleType):
    """A package whose modules also have the names that the official ones import from each other."""

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and value.__name__ == f"{self.__name__}.{name}" and not hasattr(value, "__path__"):
            own = value.__dict__.get("__getattr__")
            if not hasattr(own, "_relatives"):
                value.__dict__["__getattr__"] = _relatives(value.__name__, own)
        super().__setattr__(name, value)


def _relatives(module: str, own: Any) -> Callable[[str], Any]:
    def getattr_(name: str) -> Any:
        if own is not None:
            try:
                return own(name)
            except AttributeError:
                pass
        if not name.startswith("_"):
            for package in _near(module):
                if name in _offered.get(package, ()):
                    return getattr(sys.modules[package], name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    getattr_._relatives = True  # type: ignore[attr-defined]
    return getattr_


def _near(module: str) -> List[str]:
    """Packages in which a name that a module borrows may be, the nearest first."""
    places = module.split(".")[:-1]
    near = [".".join(places[:end]) for end in range(len(places), 1, -1)]
    root = near[-1]
    shared = [f"{root}.shared", f"{root}.shared_params"]
    if module.endswith(("_param", "_params")):
        shared.reverse()
    for package in shared:
        import_module(package)
    return [near[0], *shared, *near[1:], *_offered]


def attach(package: str, root: str, names: Dict[str, str]) -> Tuple[Callable[[str], Any], Callable[[], List[str]]]:
    """`__getattr__` and `__dir__` for a package.

    `names` maps what the package offers to the module that defines it: `.module` inside the package, else below `root`.
    Modules inside the package are found by their own names. What was found once is kept in the package.
    """
    module = sys.modules[package]
    namespace = vars(module)
    if package.startswith("threadline.types"):
        _offered[package] = names
        module.__class__ = _Package

    def getattr_(name: str) -> Any:
        where = names.get(name)
        if where is not None:
            place = f"{package}{where}" if where.startswith(".") else f"{root}.{where}"
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
