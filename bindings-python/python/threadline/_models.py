"""The base of all response classes: plain Python objects that carry what the server sent, with pydantic's method names.

Instances are filled by the native decoder, through ``__dict__``: a member that the server did not send is not there, one that was ``null``
is ``None``, and one that the description does not know is an attribute like any other.
"""

from __future__ import annotations

import json
import weakref
from typing import TYPE_CHECKING, Any, ClassVar, Dict, Generator, List, Mapping, Optional, Set, Tuple, TypeVar, cast

from . import _threadline as _native
from ._virtual_base import watch as _watch

__all__ = ["BaseModel", "FieldInfo"]

Self = TypeVar("Self", bound="BaseModel")
_MISSING: Any = object()


class FieldInfo:
    """What a class says of one member."""

    __slots__ = ("_annotation", "_owner", "default", "default_factory", "alias", "metadata")

    def __init__(self, annotation: Any, default: Any, alias: Optional[str], owner: Any = None) -> None:
        self._annotation = annotation
        self._owner = owner
        self.default = default
        self.default_factory: Any = None
        self.alias = alias
        self.metadata: Tuple[Any, ...] = ()

    @property
    def annotation(self) -> Any:
        """The type, looked up when it is first asked for."""
        if isinstance(self._annotation, str):
            self._annotation = _hints_of(self._owner).get(self._annotation, Any)
            if hasattr(self._annotation, "__metadata__"):
                self.metadata = tuple(self._annotation.__metadata__)
                self._annotation = self._annotation.__origin__
        return self._annotation

    def is_required(self) -> bool:
        return self.default is _MISSING and self.default_factory is None

    def get_default(self, **_: Any) -> Any:
        if self.default_factory is not None:
            return self.default_factory()
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
            given = base.__dict__.get("_given_fields", {}).get(name)
            field = FieldInfo(name, default, owner._wire_names.get(name), base)
            if given is not None:
                field.default, field.default_factory, field.alias = given
            fields[name] = field
    return fields


def _hints_of(owner: Any) -> Dict[str, Any]:
    from typing import get_type_hints

    found: Optional[Dict[str, Any]] = owner.__dict__.get("_hints_cache")
    if found is None:
        import sys
        from types import SimpleNamespace

        # A member may have the name of a type that others are annotated with, so the names of the class do not count.
        scope = dict(vars(sys.modules[owner.__module__])) if owner.__module__ in sys.modules else {}
        try:
            own = SimpleNamespace(__annotations__=dict(owner.__dict__.get("__annotations__", {})))
            found = get_type_hints(own, scope, dict(owner.__dict__.get("_scope") or {}), include_extras=True)
        except (NameError, TypeError):
            found = {}
        owner._hints_cache = found
    return found


class _AsPydantic:
    """What pydantic looks for in a value that it is to write, made when it looks."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __get__(self, instance: Any, owner: Any) -> Any:
        from ._validation import as_pydantic

        return as_pydantic(owner, self.what)


class _Signature:
    """``__signature__`` of a class, made when it is asked for."""

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is not None:
            raise AttributeError("__signature__")
        from ._validation import signature

        return signature(owner)


class _RequestId(weakref.ref):  # type: ignore[type-arg]
    """What the server called the request of one reply, for as long as the reply lives. Its ``__dict__`` holds nothing but members."""

    __slots__ = ("key", "text")

    key: int
    text: str


_request_ids: Dict[int, _RequestId] = {}


def _forget(held: Any, _pop: Any = _request_ids.pop) -> None:
    # Called before the memory of the reply can be another's.
    _pop(held.key, None)


_bound_classes: Dict[Any, Any] = {}


class BaseModel:
    """A response, or a part of one."""

    # No slot of our own: a class may derive from ours and from pydantic's, which has some.
    __slots__ = ("__dict__", "__weakref__")

    #: Attributes that the wire names otherwise.
    _wire_names: ClassVar[Dict[str, str]] = {}
    model_config: ClassVar[Dict[str, Any]] = {"extra": "allow"}
    if TYPE_CHECKING:
        model_fields: ClassVar[Dict[str, Any]]
    else:
        model_fields = __fields__ = _Fields()
        #: Of these there are none.
        model_computed_fields: ClassVar[Dict[str, Any]] = {}

    def __init__(self, **data: Any) -> None:
        """Raises what :meth:`model_validate` raises for members that are missing or of the wrong kind."""
        cls = type(self)
        if cls.__module__.startswith("threadline."):
            from ._validation import check

            check(cls, data)
        self.__dict__.update(_built(cls, data))

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not cls.__module__.startswith("threadline."):
            from ._virtual_base import adopt

            if adopt(cls, BaseModel):
                return
            from ._own_models import prepare

            prepare(cls)

    if not TYPE_CHECKING:

        @classmethod
        def __class_getitem__(cls, arguments: Any) -> Any:
            if not getattr(cls, "__parameters__", ()):
                raise TypeError(f"{cls.__name__} is not generic")
            given = arguments if isinstance(arguments, tuple) else (arguments,)
            if any(isinstance(argument, TypeVar) for argument in given):
                return super().__class_getitem__(arguments)
            made = _bound_classes.get((cls, arguments))
            if made is None:
                from ._own_models import bound

                made = _bound_classes[cls, arguments] = bound(cls, arguments)
            return made

        def __getattr__(self, name: str) -> Any:
            # A member that the server should have sent, and did not.
            if not name.startswith("_"):
                for base in type(self).__mro__:
                    if name in base.__dict__.get("__annotations__", ()):
                        return None
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def _request_id(self) -> Optional[str]:
        """What the server called the request of this reply (``x-request-id``)."""
        held = _request_ids.get(id(self))
        return None if held is None else held.text

    @_request_id.setter
    def _request_id(self, value: Optional[str]) -> None:
        if value is None:
            _request_ids.pop(id(self), None)
        else:
            held = _RequestId(self, _forget)
            held.key, held.text = id(self), value
            _request_ids[held.key] = held

    #: The decoder's name of it.
    _rid = _request_id

    @property
    def model_fields_set(self) -> Set[str]:
        """Names of the members that were sent, or given."""
        return set(type(self).model_fields).intersection(self.__dict__)

    @property
    def model_extra(self) -> Optional[Dict[str, Any]]:
        """Members that the class does not know."""
        fields = type(self).model_fields
        return {name: value for name, value in self.__dict__.items() if name not in fields}

    @property
    def __pydantic_fields_set__(self) -> Set[str]:
        return set(self.__dict__)

    __fields_set__ = __pydantic_fields_set__

    @property
    def __pydantic_extra__(self) -> Optional[Dict[str, Any]]:
        return self.model_extra

    def _members(self, unset: bool) -> Generator[Tuple[str, Any], None, None]:
        held = self.__dict__
        # The order is the class's, whatever the server's was.
        fields = type(self).model_fields
        for name, field in fields.items():
            if name in held:
                yield name, held[name]
            elif unset:
                yield name, field.get_default()
        for name, value in held.items():
            if name not in fields:
                yield name, value

    def __iter__(self) -> Generator[Tuple[str, Any], None, None]:
        return self._members(True)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BaseModel) or type(self) is not type(other):
            return NotImplemented
        if self.__dict__ == other.__dict__:
            return True
        # A member that was left out is as good as its default.
        return dict(self._members(True)) == dict(other._members(True))

    __hash__ = None  # type: ignore[assignment]

    #: Members whose values are secret, and are not shown.
    _secret: ClassVar[Tuple[str, ...]] = ()

    def _shown(self) -> List[Tuple[str, Any]]:
        return [(name, value) for name, value in self._members(True) if name not in self._secret]

    def __repr__(self) -> str:
        members = ", ".join(f"{name}={value!r}" for name, value in self._shown())
        return f"{type(self).__name__}({members})"

    __str__ = __repr__

    def __repr_args__(self) -> Any:
        import sys

        pydantic = sys.modules.get("pydantic")
        theirs = None if pydantic is None else getattr(pydantic, "BaseModel", None)
        if theirs is None or theirs.__repr_args__.__module__.startswith("pydantic"):
            return self._shown()
        # A program that shows models in a way of its own, such as members in their alphabetic order, shows ours so as well.
        from ._validation import Shown

        return theirs.__repr_args__(Shown(self._shown()))

    def __rich_repr__(self) -> Any:
        return self.__repr_args__()

    def __repr_name__(self) -> str:
        return type(self).__name__

    def __getstate__(self) -> Tuple[Dict[str, Any], Optional[str]]:
        return self.__dict__, self._request_id

    def __setstate__(self, state: Tuple[Dict[str, Any], Optional[str]]) -> None:
        members, request_id = state
        self.__dict__.update(members)
        if request_id is not None:
            self._request_id = request_id

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
        from ._dump import Dump

        dump = Dump(mode == "json", bool(by_alias), exclude_unset, exclude_defaults, exclude_none)
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
        from ._validation import check

        check(cls, obj)
        made = cls.__new__(cls)
        made.__dict__.update(_built(cls, obj))
        return made

    @classmethod
    def model_validate_json(cls: type[Self], json_data: Any, **_: Any) -> Self:
        """An instance from JSON text."""
        try:
            data = json.loads(json_data)
        except ValueError as error:
            from ._validation import unreadable

            raise unreadable(cls, json_data, error) from None
        return cls.model_validate(data)

    @classmethod
    def model_construct(cls: type[Self], _fields_set: Optional[Set[str]] = None, /, **values: Any) -> Self:
        """An instance from members, without checks."""
        values.pop("_fields_set", None)
        made = cls.__new__(cls)
        made.__dict__.update(_built(cls, values))
        return made

    construct = model_construct
    parse_obj = validate = model_validate
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
    def model_json_schema(cls, **options: Any) -> Dict[str, Any]:
        """The JSON schema of the class. Needs pydantic."""
        from ._validation import json_schema

        return json_schema(cls, options)

    @classmethod
    def schema(cls, **options: Any) -> Dict[str, Any]:
        """Older name of :meth:`model_json_schema`."""
        return cls.model_json_schema(**options)

    @classmethod
    def schema_json(cls, **options: Any) -> str:
        """:meth:`model_json_schema` as JSON text."""
        return json.dumps(cls.model_json_schema(), **options)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from ._validation import core_schema

        return core_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Dict[str, Any]:
        from ._validation import json_schema_of_members

        return json_schema_of_members(cls, handler)

    if not TYPE_CHECKING:
        __pydantic_serializer__ = _AsPydantic("serializer")
        __signature__ = _Signature()
        # What pydantic asks of the bases of a class that derives from ours and from its own.
        __class_vars__ = frozenset()
        __private_attributes__ = {}


_watch(BaseModel)


def _built(cls: Any, data: Mapping[str, Any]) -> Dict[str, Any]:
    """Members of an instance of `cls`: plain data in them becomes instances, as in a reply."""
    if not cls.__module__.startswith("threadline."):
        from ._own_models import build

        return build(cls, data)
    wires = cls._wire_names
    names = {wire: name for name, wire in wires.items()}
    # What the wire calls like an attribute of ours is not that member, where the member has come as well.
    members = {names.get(name, name): value for name, value in data.items() if wires.get(name, name) not in data or wires.get(name, name) == name}
    plain = {name: value for name, value in members.items() if isinstance(value, (dict, list)) and value}
    if plain:
        wire = cls._wire_names
        try:
            text = _native.encode({wire.get(name, name): value for name, value in plain.items()})
        except (TypeError, ValueError):
            return members
        members.update(_native.decode_as(text, cls).__dict__)
        if cls.__name__ == "CreateEmbeddingResponse":
            _keep_texts(members.get("data"), plain.get("data"))
    return members


def _keep_texts(made: Any, given: Any) -> None:
    """Vectors that a program has as texts stay what they are: only those of replies are read."""
    for item, source in zip(made if isinstance(made, list) else (), given if isinstance(given, list) else ()):
        text = source.get("embedding") if isinstance(source, dict) else None
        if isinstance(text, str):
            item.embedding = text


_LAZY = {
    **dict.fromkeys(("DISCRIMINATOR_CACHE", "EagerIterable", "construct_type"), "_construct"),
    **dict.fromkeys(
        (
            "FinalRequestOptions",
            "FinalRequestOptionsInput",
            "GenericModel",
            "SecurityOptions",
            "add_request_id",
            "build",
            "construct_type_unchecked",
            "is_basemodel",
            "is_basemodel_type",
            "set_pydantic_config",
            "validate_type",
        ),
        "_own_models",
    ),
}


def __getattr__(name: str) -> Any:
    # What programs import from the official package's module of this name.
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"threadline.{module}"), name)
    return value


def parse_list(text: Any, cls: Any) -> List[Any]:
    """The items of a JSON list as instances."""
    return [cls.model_validate(item) for item in json.loads(text)]
