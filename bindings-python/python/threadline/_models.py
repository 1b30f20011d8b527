"""The base of all response classes: plain Python objects that carry what the server sent, with pydantic's method names.

Instances are filled by the native decoder, through ``__dict__``: a member that the server did not send is not there, one that was ``null``
is ``None``, and one that the description does not know is an attribute like any other.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Dict, Generator, List, Mapping, Optional, Set, Tuple, TypeVar, cast

from . import _threadline as _native

__all__ = ["BaseModel", "FieldInfo", "construct_type"]

Self = TypeVar("Self", bound="BaseModel")
_MISSING: Any = object()


class FieldInfo:
    """What a class says of one member."""

    __slots__ = ("annotation", "default", "alias")

    def __init__(self, annotation: Any, default: Any, alias: Optional[str]) -> None:
        self.annotation = annotation
        self.default = default
        self.alias = alias

    def is_required(self) -> bool:
        return self.default is _MISSING

    def get_default(self, **_: Any) -> Any:
        return None if self.default is _MISSING else self.default

    def __repr__(self) -> str:
        return f"FieldInfo(annotation={self.annotation!r}, required={self.is_required()})"


class _Fields:
    """``model_fields``: made when it is first asked for, one for each class."""

    def __get__(self, instance: Any, owner: Any) -> Dict[str, FieldInfo]:
        found = owner.__dict__.get("_fields_cache")
        if found is None:
            found = _fields_of(owner)
            owner._fields_cache = found
        return cast(Dict[str, FieldInfo], found)


def _fields_of(owner: Any) -> Dict[str, FieldInfo]:
    import inspect

    fields: Dict[str, FieldInfo] = {}
    for base in reversed(owner.__mro__):
        if not issubclass(base, BaseModel) or base is BaseModel:
            continue
        for name, annotation in inspect.get_annotations(base).items():
            if name.startswith("_") or "ClassVar" in str(annotation):
                continue
            # A subclass may make a member required again.
            default = base.__dict__.get(name, _MISSING)
            fields[name] = FieldInfo(annotation, default, owner._wire_names.get(name))
    return fields


class BaseModel:
    """A response, or a part of one."""

    __slots__ = ("__dict__", "__weakref__", "_rid")

    #: Attributes that the wire names otherwise.
    _wire_names: ClassVar[Dict[str, str]] = {}
    model_config: ClassVar[Dict[str, Any]] = {"extra": "allow"}
    if TYPE_CHECKING:
        model_fields: ClassVar[Dict[str, Any]]
        _rid: Optional[str]
    else:
        model_fields = _Fields()

    def __init__(self, **data: Any) -> None:
        self.__dict__.update(_built(type(self), data))

    @property
    def _request_id(self) -> Optional[str]:
        """What the server called the request of this reply (``x-request-id``)."""
        return getattr(self, "_rid", None)

    @_request_id.setter
    def _request_id(self, value: Optional[str]) -> None:
        self._rid = value

    @property
    def model_fields_set(self) -> Set[str]:
        """Names of the members that were sent, or given."""
        return set(self.__dict__)

    @property
    def model_extra(self) -> Optional[Dict[str, Any]]:
        """Members that the class does not know."""
        fields = type(self).model_fields
        return {name: value for name, value in self.__dict__.items() if name not in fields}

    def _members(self, unset: bool) -> Generator[Tuple[str, Any], None, None]:
        held = self.__dict__
        if not unset:
            yield from held.items()
            return
        fields = type(self).model_fields
        for name, field in fields.items():
            if name in held:
                yield name, held[name]
            elif not field.is_required():
                yield name, field.default
        for name, value in held.items():
            if name not in fields:
                yield name, value

    def __iter__(self) -> Generator[Tuple[str, Any], None, None]:
        return self._members(True)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BaseModel) or type(self) is not type(other):
            return NotImplemented
        return self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        members = ", ".join(f"{name}={value!r}" for name, value in self._members(True))
        return f"{type(self).__name__}({members})"

    __str__ = __repr__

    def __getstate__(self) -> Tuple[Dict[str, Any], Optional[str]]:
        return self.__dict__, self._request_id

    def __setstate__(self, state: Tuple[Dict[str, Any], Optional[str]]) -> None:
        members, request_id = state
        self.__dict__.update(members)
        if request_id is not None:
            self._rid = request_id

    def model_dump(
        self,
        *,
        mode: str = "python",
        include: Any = None,
        exclude: Any = None,
        context: Any = None,
        by_alias: Optional[bool] = None,
        exclude_unset: bool = False,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        exclude_computed_fields: bool = False,
        round_trip: bool = False,
        warnings: Any = True,
        fallback: Any = None,
        serialize_as_any: bool = False,
    ) -> Dict[str, Any]:
        """Members as plain data; with ``exclude_unset`` only those that were sent."""
        dump = _Dump(mode == "json", bool(by_alias), exclude_unset, exclude_defaults, exclude_none)
        return dump.model(self, include, exclude)

    def model_dump_json(self, *, indent: Optional[int] = None, ensure_ascii: bool = False, **options: Any) -> str:
        """As :meth:`model_dump`, as JSON text."""
        data = self.model_dump(mode="json", **options)
        separators = None if indent else (",", ":")
        return json.dumps(data, indent=indent, ensure_ascii=ensure_ascii, separators=separators)

    def to_dict(
        self,
        *,
        mode: str = "python",
        use_api_names: bool = True,
        exclude_unset: bool = True,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        warnings: bool = True,
    ) -> Dict[str, object]:
        """What was sent, as plain data under the API's names."""
        return self.model_dump(
            mode=mode,
            by_alias=use_api_names,
            exclude_unset=exclude_unset,
            exclude_defaults=exclude_defaults,
            exclude_none=exclude_none,
        )

    def to_json(
        self,
        *,
        indent: Optional[int] = 2,
        use_api_names: bool = True,
        exclude_unset: bool = True,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        warnings: bool = True,
    ) -> str:
        """What was sent, as JSON text under the API's names."""
        return self.model_dump_json(
            indent=indent,
            by_alias=use_api_names,
            exclude_unset=exclude_unset,
            exclude_defaults=exclude_defaults,
            exclude_none=exclude_none,
        )

    def dict(self, **options: Any) -> Dict[str, Any]:
        """Older name of :meth:`model_dump`."""
        return self.model_dump(**options)

    def json(self, **options: Any) -> str:
        """Older name of :meth:`model_dump_json`."""
        return self.model_dump_json(**options)

    @classmethod
    def model_validate(cls: type[Self], obj: Any, **_: Any) -> Self:
        """An instance from plain data, or from another instance. Nothing is refused that is an object."""
        if isinstance(obj, cls):
            return obj
        if isinstance(obj, BaseModel):
            obj = obj.__dict__
        if not isinstance(obj, Mapping):
            raise ValueError(f"{cls.__name__} is made of an object, not of {type(obj).__name__}")
        made = cls.__new__(cls)
        made.__dict__.update(_built(cls, obj))
        return made

    @classmethod
    def model_validate_json(cls: type[Self], json_data: Any, **_: Any) -> Self:
        """An instance from JSON text."""
        made = _native.decode_as(bytes(json_data) if isinstance(json_data, bytearray) else json_data, cls)
        if not isinstance(made, cls):
            raise ValueError(f"{cls.__name__} is made of an object")
        return made

    @classmethod
    def model_construct(cls: type[Self], _fields_set: Optional[Set[str]] = None, **values: Any) -> Self:
        """An instance from members."""
        return cls.model_validate(values)

    construct = model_construct
    parse_obj = model_validate
    parse_raw = model_validate_json

    def model_copy(self: Self, *, update: Optional[Mapping[str, Any]] = None, deep: bool = False) -> Self:
        """A copy, with some members replaced."""
        import copy

        made = copy.deepcopy(self) if deep else copy.copy(self)
        if update:
            made.__dict__.update(update)
        return made

    def copy(self: Self, *, update: Optional[Mapping[str, Any]] = None, deep: bool = False, **_: Any) -> Self:
        """Older name of :meth:`model_copy`."""
        return self.model_copy(update=update, deep=deep)

    def __copy__(self: Self) -> Self:
        made = type(self).__new__(type(self))
        made.__setstate__((dict(self.__dict__), self._request_id))
        return made

    @classmethod
    def model_rebuild(cls, **_: Any) -> None:
        """Nothing is built."""

    @classmethod
    def model_json_schema(cls, **_: Any) -> Dict[str, Any]:
        """A schema that takes any object: replies are read leniently."""
        return {"title": cls.__name__, "type": "object", "additionalProperties": True}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        def validate(value: Any) -> Any:
            return cls.model_validate(value)

        def serialize(value: Any, info: Any) -> Any:
            return value.model_dump(
                mode=info.mode,
                by_alias=bool(info.by_alias),
                exclude_unset=info.exclude_unset,
                exclude_defaults=info.exclude_defaults,
                exclude_none=info.exclude_none,
            )

        return core_schema.no_info_plain_validator_function(
            validate,
            serialization=core_schema.plain_serializer_function_ser_schema(serialize, info_arg=True),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Dict[str, Any]:
        return cls.model_json_schema()


class _Dump:
    """One walk over an instance."""

    __slots__ = ("as_json", "wire", "sent_only", "no_defaults", "no_none")

    def __init__(self, as_json: bool, wire: bool, sent_only: bool, no_defaults: bool, no_none: bool) -> None:
        self.as_json = as_json
        self.wire = wire
        self.sent_only = sent_only
        self.no_defaults = no_defaults
        self.no_none = no_none

    def model(self, model: BaseModel, include: Any = None, exclude: Any = None) -> Dict[str, Any]:
        names = type(model)._wire_names if self.wire else {}
        fields = type(model).model_fields if self.no_defaults else {}
        dumped: Dict[str, Any] = {}
        for name, value in model._members(not self.sent_only):
            inner_include, inner_exclude = None, None
            if include is not None:
                if name not in include:
                    continue
                inner_include = include[name] if isinstance(include, Mapping) and include[name] is not True else None
            if exclude is not None and name in exclude:
                inner_exclude = exclude[name] if isinstance(exclude, Mapping) else True
                if inner_exclude is True or inner_exclude is ...:
                    continue
            if value is None and self.no_none:
                continue
            if name in fields and not fields[name].is_required() and fields[name].default == value:
                continue
            if isinstance(value, BaseModel):
                dumped[names.get(name, name)] = self.model(value, inner_include, inner_exclude)
            else:
                dumped[names.get(name, name)] = self.value(value)
        return dumped

    def value(self, value: Any) -> Any:
        if isinstance(value, (str, int, float, bool)) or value is None:
            return value
        if isinstance(value, BaseModel):
            return self.model(value)
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value] if self.as_json or isinstance(value, list) else tuple(
                self.value(item) for item in value
            )
        if hasattr(value, "model_dump"):
            return value.model_dump(mode="json" if self.as_json else "python")
        if self.as_json:
            if hasattr(value, "isoformat"):
                return value.isoformat().replace("+00:00", "Z")
            if hasattr(value, "tolist"):
                return value.tolist()
        return value


def _built(cls: Any, data: Mapping[str, Any]) -> Dict[str, Any]:
    """Members of an instance of `cls`: plain data in them becomes instances, as in a reply."""
    names = {wire: name for name, wire in cls._wire_names.items()}
    members = {names.get(name, name): value for name, value in data.items()}
    plain = {name: value for name, value in members.items() if isinstance(value, (dict, list)) and value}
    if plain:
        wire = cls._wire_names
        try:
            text = _native.encode({wire.get(name, name): value for name, value in plain.items()})
        except (TypeError, ValueError):
            return members
        members.update(_native.decode_as(text, cls).__dict__)
    return members


def construct_type(*, value: Any, type_: Any, metadata: Any = None) -> Any:
    """`value` as an instance of `type_`, where that is a class of ours; else as it is."""
    if isinstance(type_, type) and issubclass(type_, BaseModel) and isinstance(value, Mapping):
        return type_.model_validate(value)
    return value


def parse_list(text: Any, cls: Any) -> List[Any]:
    """The items of a JSON list as instances."""
    return [cls.model_validate(item) for item in json.loads(text)]
