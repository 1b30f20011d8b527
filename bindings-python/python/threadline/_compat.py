"""Models through one set of functions, whatever made them: ours, or pydantic's."""

from __future__ import annotations

from functools import cached_property as cached_property
from typing import Any, Dict, TypeVar

from ._models import BaseModel
from ._utils._compat import (
    get_args as get_args,
)
from ._utils._compat import (
    get_origin as get_origin,
)
from ._utils._compat import (
    is_literal_type as is_literal_type,
)
from ._utils._compat import (
    is_typeddict as is_typeddict,
)
from ._utils._compat import (
    is_union as is_union,
)
from ._utils._compat import (
    parse_date as parse_date,
)
from ._utils._compat import (
    parse_datetime as parse_datetime,
)

#: The package works with pydantic 2, where it meets pydantic at all.
PYDANTIC_V1 = False
PYDANTIC_V2 = True
GenericModel = BaseModel
ConfigDict = dict

M = TypeVar("M")


def parse_obj(model: Any, value: object) -> Any:
    return model.model_validate(value)


def field_is_required(field: Any) -> bool:
    return bool(field.is_required())


def field_get_default(field: Any) -> Any:
    value = field.get_default()
    # pydantic says so of a field that has none.
    return None if repr(value) == "PydanticUndefined" else value


def field_outer_type(field: Any) -> Any:
    return field.annotation


def get_model_config(model: Any) -> Any:
    return model.model_config


def get_model_fields(model: Any) -> Dict[str, Any]:
    fields: Dict[str, Any] = model.model_fields
    return fields


def model_copy(model: M, *, deep: bool = False) -> M:
    copied: M = model.model_copy(deep=deep)  # type: ignore[attr-defined]
    return copied


def model_json(model: Any, *, indent: "int | None" = None) -> str:
    return str(model.model_dump_json(indent=indent))


def model_dump(
    model: Any,
    *,
    exclude: Any = None,
    exclude_unset: bool = False,
    exclude_defaults: bool = False,
    warnings: bool = True,
    mode: str = "python",
    by_alias: "bool | None" = None,
) -> Dict[str, Any]:
    dumped: Dict[str, Any] = model.model_dump(
        mode=mode,
        exclude=exclude,
        exclude_unset=exclude_unset,
        exclude_defaults=exclude_defaults,
        warnings=warnings,
        by_alias=by_alias,
    )
    return dumped


def model_parse(model: Any, data: Any) -> Any:
    return model.model_validate(data)


def model_parse_json(model: Any, data: "str | bytes") -> Any:
    return model.model_validate_json(data)


def model_json_schema(model: Any) -> Dict[str, Any]:
    schema: Dict[str, Any] = model.model_json_schema()
    return schema
