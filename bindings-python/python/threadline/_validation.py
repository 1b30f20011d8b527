"""Checked instances, and what pydantic asks of models. pydantic is only needed where its own things are asked for."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple, get_args, get_origin

from ._construct import fits, is_model, members_of, resolved
from ._models import BaseModel
from ._utils._typing import is_annotated_type, is_literal_type, is_union

__all__ = ["as_pydantic", "check", "core_schema", "json_schema", "json_schema_of_members", "misfits", "signature", "unreadable"]

#: Of one finding: pydantic's name for it, where it is, what is there.
Finding = Tuple[str, Tuple[Any, ...], Any, Dict[str, Any]]


def check(cls: Any, data: Any) -> None:
    """Refuses data that is no object, lacks a required member, or has one of the wrong kind.

    Raises pydantic's ``ValidationError`` where pydantic is installed, else :class:`ValueError`, which it derives from.
    """
    found = list(_findings(data, cls, ()))
    if found:
        raise _error(cls, found)


def signature(cls: Any) -> Any:
    """How instances are made: a keyword for each member, and others."""
    from inspect import Parameter, Signature

    members = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=Parameter.empty if field.is_required() else field.get_default(), annotation=field.annotation)
        for name, field in members_of(cls).items()
    ]
    return Signature([*members, Parameter("extra_data", Parameter.VAR_KEYWORD, annotation=Any)], return_annotation=None)


def misfits(model: BaseModel) -> List[str]:
    """The members of a model that are not what its class says."""
    found = _of_model(dict(model.__dict__), type(model), ())
    return sorted({".".join(str(step) for step in place) for kind, place, _, _ in found if kind != "missing"})


def _findings(value: Any, type_: Any, place: Tuple[Any, ...]) -> Iterator[Finding]:
    type_ = resolved(type_)
    if is_annotated_type(type_):
        type_ = get_args(type_)[0]
    origin, arguments = get_origin(type_) or type_, get_args(type_)
    if is_union(origin):
        if not any(_agrees(value, arm) for arm in arguments):
            models = [arm for arm in arguments if is_model(get_origin(arm) or arm)]
            for arm in models or arguments[:1]:
                optional = len(arguments) == 2 and type(None) in arguments
                yield from _findings(value, arm, place if optional else (*place, getattr(arm, "__name__", str(arm))))
    elif is_model(origin) and issubclass(origin, BaseModel):
        yield from _of_model(value, origin, place)
    elif is_literal_type(type_):
        if value not in arguments:
            yield "literal_error", place, value, {"expected": _either(arguments)}
    elif origin is list:
        if not isinstance(value, (list, tuple)):
            yield "list_type", place, value, {}
        elif arguments:
            for index, item in enumerate(value):
                yield from _findings(item, arguments[0], (*place, index))
    elif origin is dict:
        if not isinstance(value, Mapping):
            yield "dict_type", place, value, {}
    else:
        yield from _plain(value, origin, place)


def _either(values: Sequence[Any]) -> str:
    *rest, last = map(repr, values)
    return f"{', '.join(rest)} or {last}" if rest else last


def _agrees(value: Any, type_: Any) -> bool:
    return fits(value, type_) or not any(True for _ in _findings(value, type_, ()))


def _of_model(value: Any, cls: Any, place: Tuple[Any, ...]) -> Iterator[Finding]:
    if isinstance(value, BaseModel):
        if not isinstance(value, cls):
            yield "model_type", place, value, {"class_name": cls.__name__}
        return
    if not isinstance(value, Mapping):
        yield "model_type", place, value, {"class_name": cls.__name__}
        return
    for name, field in members_of(cls).items():
        wire = field.alias or name
        key = wire if wire in value else name
        if key in value:
            yield from _findings(value[key], field.annotation, (*place, wire))
        elif field.is_required():
            yield "missing", (*place, wire), value, {}


def _plain(value: Any, wanted: Any, place: Tuple[Any, ...]) -> Iterator[Finding]:
    if wanted is str and not isinstance(value, str):
        yield "string_type", place, value, {}
    elif wanted is bool and not (isinstance(value, bool) or value in (0, 1, "true", "false", "True", "False")):
        yield "bool_type", place, value, {}
    elif wanted in (int, float):
        try:
            number = float(value)
        except (TypeError, ValueError):
            kind = "int" if wanted is int else "float"
            yield f"{kind}_parsing" if isinstance(value, str) else f"{kind}_type", place, value, {}
        else:
            if wanted is int and number != number // 1:
                yield "int_from_float", place, value, {}
    elif wanted in (None, type(None)) and value is not None:
        yield "none_required", place, value, {}


def _error(cls: Any, found: List[Finding]) -> ValueError:
    try:
        from pydantic_core import InitErrorDetails, ValidationError
    except ImportError:
        parts = "; ".join(f"{'.'.join(str(step) for step in place)}: {kind}" for kind, place, _, _ in found)
        return ValueError(f"{len(found)} validation errors for {cls.__name__}: {parts}")
    details = [InitErrorDetails(type=kind, loc=place, input=value, ctx=more) for kind, place, value, more in found]
    return ValidationError.from_exception_data(cls.__name__, details)


def unreadable(cls: Any, text: Any, error: ValueError) -> ValueError:
    """The error of text that is no JSON."""
    return _error(cls, [("json_invalid", (), text, {"error": str(error)})])


def core_schema(cls: Any) -> Any:
    """How pydantic is to check and write instances of the class."""
    from pydantic_core import core_schema as core

    def serialize(value: Any, info: Any) -> Any:
        if not isinstance(value, BaseModel):
            return value
        return value.model_dump(
            mode=info.mode,
            include=info.include,
            exclude=info.exclude,
            by_alias=bool(info.by_alias),
            exclude_unset=info.exclude_unset,
            exclude_defaults=info.exclude_defaults,
            exclude_none=info.exclude_none,
        )

    return core.no_info_plain_validator_function(
        cls.model_validate,
        serialization=core.plain_serializer_function_ser_schema(serialize, info_arg=True),
        metadata={"pydantic_js_functions": [cls.__get_pydantic_json_schema__]},
    )


def json_schema_of_members(cls: Any, handler: Any) -> Dict[str, Any]:
    """The JSON schema of the class, in one piece: members that are models are described in place."""
    return _schema_of_model(cls, ())


def _schema_of_model(cls: Any, outer: Tuple[Any, ...]) -> Dict[str, Any]:
    if cls in outer or len(outer) > 6:
        return {"title": cls.__name__, "type": "object", "additionalProperties": True}
    made: Dict[str, Any] = {"title": cls.__name__, "type": "object", "additionalProperties": True, "properties": {}}
    required = []
    for name, field in members_of(cls).items():
        wire = field.alias or name
        described = _schema(field.annotation, (*outer, cls))
        described.setdefault("title", wire.replace("_", " ").title())
        if field.is_required():
            required.append(wire)
        else:
            described["default"] = field.get_default()
        made["properties"][wire] = described
    if required:
        made["required"] = required
    if cls.__doc__:
        made["description"] = cls.__doc__
    return made


def _schema(type_: Any, outer: Tuple[Any, ...]) -> Dict[str, Any]:
    type_ = resolved(type_)
    if is_annotated_type(type_):
        type_ = get_args(type_)[0]
    origin, arguments = get_origin(type_) or type_, get_args(type_)
    if is_union(origin):
        return {"anyOf": [_schema(arm, outer) for arm in arguments]}
    if is_model(origin) and issubclass(origin, BaseModel):
        return _schema_of_model(origin, outer)
    if is_literal_type(type_):
        if len(arguments) == 1:
            return {"const": arguments[0], "type": "string"}
        return {"enum": list(arguments), "type": "string"}
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], outer) if arguments else {}}
    if origin is dict:
        inner = _schema(arguments[1], outer) if len(arguments) > 1 else {}
        return {"type": "object", "additionalProperties": inner or True}
    names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    if origin in names:
        return {"type": names[origin]}
    if getattr(origin, "__name__", "") == "datetime":
        return {"type": "string", "format": "date-time"}
    return {}


def json_schema(cls: Any, options: Mapping[str, Any]) -> Dict[str, Any]:
    """The JSON schema of the class."""
    return _schema_of_model(cls, ())


class Shown:
    """Members as pydantic's own way of showing a model looks them up."""

    class _Field:
        repr = True

    __pydantic_computed_fields__: Dict[str, Any] = {}
    __pydantic_extra__ = None

    def __init__(self, members: Any) -> None:
        self.__dict__.update(members)

    @property
    def __pydantic_fields__(self) -> Dict[str, Any]:
        return dict.fromkeys(self.__dict__, self._Field)


_serializers: Dict[Any, Any] = {}


def as_pydantic(owner: Any, what: str) -> Any:
    """What makes pydantic write models of ours wherever they are held, also in members of type `Any`."""
    import sys

    if "pydantic_core" not in sys.modules:
        raise AttributeError(what)
    if owner not in _serializers:
        from pydantic_core import SchemaSerializer

        _serializers[owner] = SchemaSerializer(core_schema(owner))
    return _serializers[owner]
