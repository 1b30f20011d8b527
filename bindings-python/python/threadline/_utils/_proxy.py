"""Objects that stand for others, which are looked up at each use."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, Iterable, TypeVar, cast

__all__ = ["LazyProxy"]

T = TypeVar("T")


def _is_proxy(value: object) -> bool:
    # By its type alone: `isinstance` asks the object what it is, which a proxy asks what it stands for.
    return issubclass(type(value), LazyProxy)


class LazyProxy(Generic[T], ABC):
    """Stands for what ``__load__`` returns."""

    def __getattr__(self, attr: str) -> object:
        proxied = self.__get_proxied__()
        return proxied if _is_proxy(proxied) else getattr(proxied, attr)

    def __repr__(self) -> str:
        proxied = self.__get_proxied__()
        return type(proxied).__name__ if _is_proxy(proxied) else repr(proxied)

    def __str__(self) -> str:
        proxied = self.__get_proxied__()
        return type(proxied).__name__ if _is_proxy(proxied) else str(proxied)

    def __dir__(self) -> Iterable[str]:
        proxied = self.__get_proxied__()
        return [] if _is_proxy(proxied) else dir(proxied)

    @property
    def __class__(self) -> Any:
        try:
            proxied = self.__get_proxied__()
        except Exception:
            return type(self)
        return type(proxied) if _is_proxy(proxied) else proxied.__class__

    @__class__.setter
    def __class__(self, value: Any) -> None:
        raise AttributeError("the class of a proxy cannot be changed")

    def __get_proxied__(self) -> T:
        return self.__load__()

    def __as_proxied__(self) -> T:
        """This object, typed as what it stands for."""
        return cast(T, self)

    @abstractmethod
    def __load__(self) -> T: ...
