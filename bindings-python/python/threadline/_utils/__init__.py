"""Small things that generated code and the package share."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Dict

from .._files import file_from_path as file_from_path
from .._types import NotGiven, Omit

__all__ = ["PropertyInfo", "deprecated", "file_from_path", "is_given"]

#: How warnings of areas begin; programs filter them by this.
_AREAS = {"videos": "The Sora API ends on September 24, 2026", "beta.threads": "The Assistants API is deprecated in favor of the Responses API"}


def _warning(message: str) -> str:
    area = next((area for area in _AREAS if message.startswith(f"{area}.")), None)
    return message if area is None else f"{_AREAS[area]}: {message}"


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
                warn(_warning(message), DeprecationWarning, stacklevel=2)
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


_LAZY: Dict[str, str] = {
    **dict.fromkeys(("SensitiveHeadersFilter", "setup_logging"), "_logs"),
    **dict.fromkeys(("LazyProxy",), "_proxy"),
    **dict.fromkeys(("asyncify",), "_sync"),
    **dict.fromkeys(("path_template",), "_path"),
    **dict.fromkeys(("consume_sync_iterator", "consume_async_iterator"), "_streams"),
    **dict.fromkeys(("function_has_argument", "assert_signatures_in_sync"), "_reflection"),
    **dict.fromkeys(("transform", "async_transform", "maybe_transform", "async_maybe_transform"), "_transform"),
    **dict.fromkeys(
        ("get_args", "get_origin", "is_union", "is_typeddict", "is_literal_type", "parse_date", "parse_datetime"), "_compat"
    ),
    **dict.fromkeys(
        (
            "extract_type_arg",
            "extract_type_var_from_base",
            "is_annotated_type",
            "is_iterable_type",
            "is_list_type",
            "is_required_type",
            "is_sequence_type",
            "is_type_alias_type",
            "is_union_type",
            "strip_annotated_type",
        ),
        "_typing",
    ),
    **dict.fromkeys(
        (
            "coerce_boolean",
            "coerce_float",
            "coerce_integer",
            "deepcopy_minimal",
            "extract_files",
            "flatten",
            "get_async_library",
            "get_required_header",
            "is_async_azure_client",
            "is_azure_client",
            "is_dict",
            "is_iterable",
            "is_list",
            "is_mapping",
            "is_mapping_t",
            "is_sequence",
            "is_sequence_t",
            "is_tuple",
            "is_tuple_t",
            "json_safe",
            "lru_cache",
            "maybe_coerce_boolean",
            "maybe_coerce_float",
            "maybe_coerce_integer",
            "removeprefix",
            "removesuffix",
            "required_args",
            "strip_not_given",
        ),
        "_utils",
    ),
}


def __getattr__(name: str) -> Any:
    # What programs import from the official package; nothing of ours needs it.
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
    return value
