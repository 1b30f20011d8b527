"""Helpers that take the arguments of another method."""

from __future__ import annotations

from types import MethodType
from typing import Any, Callable, Dict, TypeVar, cast

from .._types import not_given, omit

F = TypeVar("F", bound=Callable[..., Any])


def arguments_of(method: Any, arguments: Dict[str, Any], *positional: Any) -> Dict[str, Any]:
    """`arguments` for `method`, checked by its signature: what it does not know, or misses, is a TypeError."""
    import inspect  # a large module, which the first call does without

    bound = inspect.signature(method).bind(*positional, **arguments)
    return {name: value for name, value in bound.arguments.items() if value is not omit and value is not not_given}


def takes(other: str) -> Callable[[F], F]:
    """For a method that takes, beside its own arguments, those of another method of its resource: its signature shows them all."""

    def made(method: F) -> F:
        return cast(F, _Taking(method, other))

    return made


class _Taking:
    """The method in its class, where it is the plain function."""

    def __init__(self, method: Any, other: str) -> None:
        self._method, self._other = method, other
        self.__name__, self.__qualname__, self.__doc__ = method.__name__, method.__qualname__, method.__doc__

    def __get__(self, resource: Any, owner: Any = None) -> Any:
        return self._method if resource is None else MethodType(_Signed(self._method, getattr(type(resource), self._other)), resource)


class _Signed:
    """The function, whose signature is put together when it is asked for: that takes a large module."""

    def __init__(self, method: Any, other: Any) -> None:
        self._method, self._other = method, other
        self.__name__, self.__qualname__, self.__doc__ = method.__name__, method.__qualname__, method.__doc__

    def __call__(self, *args: Any, **arguments: Any) -> Any:
        return self._method(*args, **arguments)

    @property
    def __signature__(self) -> Any:
        import inspect

        own = inspect.signature(self._method)
        named = {name: one for name, one in own.parameters.items() if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)}
        more = [one for name, one in inspect.signature(self._other).parameters.items() if name not in named]
        # In the order in which Python wants them.
        parts = sorted([*named.values(), *more], key=lambda one: (one.kind, one.default is not one.empty if one.kind != one.KEYWORD_ONLY else False))
        return own.replace(parameters=parts)
