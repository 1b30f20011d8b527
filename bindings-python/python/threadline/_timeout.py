"""Time limits as an object with parts."""

from __future__ import annotations

from typing import Any, Optional, Tuple

__all__ = ["Timeout", "seconds_of", "connect_seconds_of"]

_UNSET: Any = object()
_PARTS = ("connect", "read", "write", "pool")


class Timeout(Tuple[Optional[float], Optional[float], Optional[float], Optional[float]]):
    """Limits in seconds: ``Timeout(60)``, ``Timeout(60, connect=5)``. ``None`` is no limit.

    An object with these attributes that comes from elsewhere (``httpx.Timeout``) does as well. As a tuple of the four it is what clients of
    httpx take for one of theirs.
    """

    __slots__ = ()

    def __new__(
        cls,
        timeout: Any = _UNSET,
        *,
        connect: Any = _UNSET,
        read: Any = _UNSET,
        write: Any = _UNSET,
        pool: Any = _UNSET,
    ) -> "Timeout":
        if hasattr(timeout, "read") and hasattr(timeout, "connect"):
            base = (timeout.connect, timeout.read, timeout.write, timeout.pool)
        elif isinstance(timeout, tuple):
            base = (tuple(timeout) + (None,) * 4)[:4]
        elif timeout is _UNSET:
            if _UNSET in (connect, read, write, pool):
                raise ValueError("Timeout needs a default, or all of connect, read, write and pool")
            base = (None,) * 4
        else:
            base = (timeout,) * 4
        given = (connect, read, write, pool)
        return super().__new__(cls, (b if g is _UNSET else g for g, b in zip(given, base)))

    def __getnewargs__(self) -> Any:
        return (tuple(self),)

    @property
    def connect(self) -> Optional[float]:
        return self[0]

    @property
    def read(self) -> Optional[float]:
        return self[1]

    @property
    def write(self) -> Optional[float]:
        return self[2]

    @property
    def pool(self) -> Optional[float]:
        return self[3]

    def as_dict(self) -> dict[str, Optional[float]]:
        return dict(zip(_PARTS, self))

    def __eq__(self, other: object) -> bool:
        return all(hasattr(other, name) and getattr(self, name) == getattr(other, name) for name in _PARTS)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return "Timeout({})".format(", ".join(f"{name}={getattr(self, name)}" for name in _PARTS))


def seconds_of(timeout: Any) -> Optional[float]:
    """The limit of a whole call: the number, or the longest part of an object; ``None`` is no limit."""
    if timeout is None or isinstance(timeout, (int, float)):
        return timeout
    read = getattr(timeout, "read", None)
    return None if read is None else float(read)


def connect_seconds_of(timeout: Any) -> Optional[float]:
    """The limit of connecting that an object of limits names."""
    connect = getattr(timeout, "connect", None)
    return None if connect is None else float(connect)
