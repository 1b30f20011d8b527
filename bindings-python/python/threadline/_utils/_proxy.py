"""Objects that stand for others, which are looked up at each use."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, Iterable, TypeVar, cast

__all__ = ["LazyProxy"]

T = TypeVar("T")


class LazyProxy(Generic[T], ABC):
    """Stands for what ``__load__`` returns."""

    def __getattr__(self, attr: str) -> object:
        proxied = self.__get_proxied__()
        return proxied if isinstance(proxied, LazyProxy) else getattr(proxied, attr)

    def __repr__(self) -> str:
        proxied = self.__get_proxied__()
        return type(proxied).__name__ if isinstance(proxied, LazyProxy) else repr(proxied)

    def __str__(self) -> str:
        proxied = self.__get_proxied__()
        return type(proxied).__name__ if isinstance(proxied, LazyProxy) else str(proxied)

    def __dir__(self) -> Iterable[str]:
        proxied = self.__get_proxied__()
        return [] if isinstance(proxied, LazyProxy) else dir(proxied)

    @property
    def __class__(self) -> Any:
        try:
            proxied = self.__get_proxied__()
        except Exception:
            return type(self)
        return type(proxied) if isinstance(proxied, LazyProxy) else proxied.__class__

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
