"""Small things that generated code and the package share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._files import file_from_path as file_from_path
from .._types import NotGiven, Omit

__all__ = ["PropertyInfo", "deprecated", "file_from_path", "is_given"]

if TYPE_CHECKING:
    from typing_extensions import deprecated as deprecated
else:

    def deprecated(message: str, **_: Any) -> Any:
        """Marks a method: calling it warns with ``DeprecationWarning``."""

        def mark(method: Any) -> Any:
            from functools import wraps
            from warnings import warn

            @wraps(method)
            def call(*args: Any, **kwargs: Any) -> Any:
                warn(message, DeprecationWarning, stacklevel=2)
                return method(*args, **kwargs)

            call.__deprecated__ = message  # type: ignore[attr-defined]
            return call

        return mark


def is_given(value: Any) -> bool:
    """Whether an argument was given."""
    return not isinstance(value, (NotGiven, Omit))


class PropertyInfo:
    """What an alias of types says beside its arms: the member that tells them apart."""

    __slots__ = ("alias", "format", "format_template", "discriminator")

    def __init__(
        self, *, alias: Any = None, format: Any = None, format_template: Any = None, discriminator: Any = None
    ) -> None:
        self.alias = alias
        self.format = format
        self.format_template = format_template
        self.discriminator = discriminator

    def __repr__(self) -> str:
        return f"PropertyInfo(alias={self.alias!r}, discriminator={self.discriminator!r})"
