"""Our models as pydantic's: what makes ``isinstance(reply, pydantic.BaseModel)`` true without pydantic among our bases.

Our classes are plain, so that the decoder can fill their instances and pydantic need not be there. Programs ask for pydantic's base all
the same. Since 2.14 pydantic does not count virtual subclasses, so its metaclass is taught about one more base, once, as soon as pydantic
is there: at once if it is loaded already, else right after its module has been executed. Every other question gets pydantic's own answer.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

__all__ = ["adopt", "watch"]

#: The module of pydantic that defines its base class, in every version.
_HOME = "pydantic.main"
#: Marks a metaclass that knows us, in its own namespace.
_MARK = "__threadline_models__"
_lock = threading.Lock()


def watch(ours: type) -> None:
    """Teaches pydantic about `ours`: now, or when it is loaded."""
    _Finder.ours = ours
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    if _HOME in sys.modules:
        # Another thread may be loading it at this moment; the import waits for that.
        from importlib import import_module

        _teach(import_module(_HOME), ours)


def _teach(module: Any, ours: type) -> None:
    theirs: Any = getattr(module, "BaseModel", None)
    if theirs is None or type(theirs) is type:
        return
    meta: Any = type(theirs)
    with _lock:
        if _MARK in meta.__dict__:
            return
        by_instance, by_class = meta.__instancecheck__, meta.__subclasscheck__

        def __instancecheck__(cls: Any, instance: Any) -> bool:
            return bool(by_instance(cls, instance)) or (cls is theirs and issubclass(type(instance), ours))

        def __subclasscheck__(cls: Any, subclass: Any) -> bool:
            return bool(by_class(cls, subclass)) or (cls is theirs and isinstance(subclass, type) and ours in subclass.__mro__)

        meta.__instancecheck__ = __instancecheck__
        meta.__subclasscheck__ = __subclasscheck__
        setattr(meta, _MARK, ours)


class _Finder:
    """Sees pydantic's module being found, and has a look at it once it has been executed. Finds nothing itself."""

    ours: type = object

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != _HOME:
            return None
        spec = self._by_others(name, path, target)
        loader: Any = getattr(spec, "loader", None)
        execute = getattr(loader, "exec_module", None)
        if execute is None:
            return spec

        def exec_module(module: Any) -> None:
            execute(module)
            _teach(module, self.ours)

        try:
            # Of this one loader: it stays what it is to all who look at it.
            loader.exec_module = exec_module
        except AttributeError:
            spec.loader = _Loader(loader, exec_module)
        return spec

    def _by_others(self, name: str, path: Any, target: Any) -> Any:
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            if isinstance(finder, _Finder) or find is None:
                continue
            spec = find(name, path, target)
            if spec is not None:
                return spec
        return None


class _Loader:
    """A loader that cannot be changed itself."""

    def __init__(self, loader: Any, exec_module: Any) -> None:
        self._loader = loader
        self.exec_module = exec_module

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


#: What a class of both kinds keeps of our base.
_KEPT = frozenset(("__dict__", "__doc__", "__init_subclass__", "__module__", "__slots__", "__weakref__", "_request_id"))


def adopt(cls: Any, ours: type) -> bool:
    """Whether a new class derives from pydantic's base as well as ours. It is pydantic's then: its methods win over those of our base,
    wherever the two stand among its bases."""
    theirs = getattr(sys.modules.get(_HOME), "BaseModel", None)
    order = cls.__mro__
    if theirs is None or theirs not in order:
        return False
    others = [base for base in order if ours not in base.__mro__ and base is not object]
    for name in ours.__dict__:
        if name in _KEPT or next(base for base in order if name in base.__dict__) is not ours:
            continue
        if isinstance(getattr(type(cls), name, None), property):
            # Asked of the class, the metaclass answers.
            continue
        holder = next((base for base in others if name in base.__dict__), None)
        if holder is not None:
            setattr(cls, name, holder.__dict__[name])
    version = tuple(int(part) for part in sys.modules["pydantic"].VERSION.split(".")[:2])
    if version < (2, 10):
        _declare_again(cls, ours)
    return True


def _declare_again(cls: Any, ours: Any) -> None:
    """Members of ours as if the class had declared them: before 2.10 pydantic would take over our own descriptions of them."""
    from ._models import _hints_of

    declared: Any = cls.__dict__.get("__annotations__")
    if declared is None:
        declared = cls.__annotations__ = {}
    for base in cls.__mro__[1:]:
        if ours in base.__mro__[1:]:
            for name, annotation in _hints_of(base).items():
                if not name.startswith("_"):
                    declared.setdefault(name, annotation)
