"""Models that programs define themselves on our base class, and what the official package has beside its own."""

from __future__ import annotations

import copy
import sys
from typing import Any, Callable, Dict, Mapping, Optional, TypedDict, TypeVar, get_args, get_origin

from ._construct import construct_type as construct_type
from ._construct import field_value, is_model, members_of
from ._models import _MISSING, BaseModel
from ._types import NotGiven, Omit, not_given
from ._utils._typing import is_union

__all__ = [
    "FinalRequestOptions",
    "GenericModel",
    "SecurityOptions",
    "add_request_id",
    "bound",
    "build",
    "is_basemodel",
    "is_basemodel_type",
    "prepare",
    "validate_type",
]

GenericModel = BaseModel


def prepare(cls: Any) -> None:
    """Takes in what a class says of its members in pydantic's way: `name: str = Field(alias="Name")`."""
    given: Dict[str, Any] = {}
    names: Dict[str, str] = dict(cls._wire_names)
    annotations = cls.__dict__.get("__annotations__", {})
    frame = sys._getframe(2)
    # Types that a function defined beside the class.
    cls._scope = dict(frame.f_locals) if frame.f_code.co_name != "<module>" else {}
    for name in annotations:
        field = cls.__dict__.get(name)
        if type(field).__name__ != "FieldInfo" or isinstance(field, BaseModel):
            continue
        alias = getattr(field, "alias", None)
        required = field.is_required()
        default = _MISSING if required else getattr(field, "default", None)
        factory = getattr(field, "default_factory", None)
        given[name] = (default, factory, alias)
        if alias:
            names[name] = alias
        delattr(cls, name)
        if not required and factory is None:
            setattr(cls, name, default)
    cls._given_fields = given
    cls._wire_names = names


def build(cls: Any, data: Mapping[str, Any]) -> Dict[str, Any]:
    """Members of an instance, by the annotations of its class."""
    if isinstance(data, type):
        raise TypeError("`build` takes an instance's members")
    wires = {wire: name for name, wire in cls._wire_names.items()}
    fields = members_of(cls)
    others = _type_of_others(cls)
    made: Dict[str, Any] = {}
    for key, value in data.items():
        name = wires.get(key, key)
        if key not in wires and cls._wire_names.get(name, name) != key and cls._wire_names[name] in data:
            # The member has another name on the wire, and has come by that.
            continue
        if name in fields:
            made[name] = field_value(value, fields[name])
        else:
            made[name] = value if others is None else construct_type(value=value, type_=others)
    for name, field in fields.items():
        if name not in made and field.default_factory is not None:
            made[name] = field.default_factory()
    return made


def _type_of_others(cls: Any) -> Any:
    """What a class says of members that it does not name, by pydantic's `__pydantic_extra__: Dict[str, …]`."""
    for base in cls.__mro__:
        if "__pydantic_extra__" in base.__dict__.get("__annotations__", ()):
            from ._models import _hints_of

            arguments = get_args(_hints_of(base).get("__pydantic_extra__"))
            return arguments[1] if len(arguments) > 1 else None
    return None


class _Bound(type):
    """A generic class of models with its arguments: instances of the class are its instances."""

    __origin__: Any

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.__origin__) if "__origin__" in cls.__dict__ else super().__instancecheck__(instance)


def bound(cls: Any, arguments: Any) -> Any:
    """`cls[arguments]`: a subclass whose members are annotated with the arguments."""
    arguments = arguments if isinstance(arguments, tuple) else (arguments,)
    variables = dict(zip(cls.__parameters__, arguments))
    shown = ", ".join(getattr(argument, "__name__", str(argument)) for argument in arguments)
    space = {
        "__module__": cls.__module__,
        "__origin__": cls,
        "__args__": arguments,
        "__parameters__": tuple(argument for argument in arguments if isinstance(argument, TypeVar)),
        "__slots__": (),
        "__pydantic_generic_metadata__": {"origin": cls, "args": arguments, "parameters": ()},
    }
    made = _Bound(f"{cls.__name__}[{shown}]", (cls,), space)
    fields = {}
    for name, field in members_of(cls).items():
        own = copy.copy(field)
        own._annotation = _filled(field.annotation, variables)
        fields[name] = own
    made._fields_cache = fields  # type: ignore[attr-defined]
    return made


def _filled(annotation: Any, variables: Dict[Any, Any]) -> Any:
    if annotation in variables:
        return variables[annotation]
    open_ = getattr(annotation, "__parameters__", ())
    return annotation[tuple(variables.get(one, one) for one in open_)] if open_ else annotation


def is_basemodel(type_: Any) -> bool:
    """Whether it is a class of models, or a union with one."""
    if is_union(get_origin(type_)):
        return any(is_basemodel(arm) for arm in get_args(type_))
    return is_basemodel_type(type_)


def is_basemodel_type(type_: Any) -> bool:
    """Whether it is a class of models."""
    return is_model(get_origin(type_) or type_)


def construct_type_unchecked(*, value: object, type_: Any) -> Any:
    """As :func:`construct_type`."""
    return construct_type(value=value, type_=type_)


def validate_type(*, type_: Any, value: object) -> Any:
    """`value` as `type_`, checked.

    Raises :class:`ValueError` (pydantic's, where pydantic is installed) if it does not fit.
    """
    if isinstance(type_, type) and issubclass(type_, BaseModel):
        return type_.model_validate(value)
    from pydantic import TypeAdapter

    return TypeAdapter(type_).validate_python(value)


def set_pydantic_config(typ: Any, config: Any) -> None:
    """Tells pydantic how to treat a class."""
    typ.__pydantic_config__ = config


def add_request_id(obj: BaseModel, request_id: Optional[str]) -> None:
    """Notes what the server called the request of this reply."""
    obj._request_id = request_id


class SecurityOptions(TypedDict, total=False):
    """Which credentials a request carries."""

    bearer_auth: bool
    admin_api_key_auth: bool


class FinalRequestOptionsInput(TypedDict, total=False):
    """What a request may be made of."""

    method: str
    url: str
    params: Any
    headers: Any
    max_retries: int
    timeout: Any
    files: Any
    idempotency_key: str
    content: Any
    json_data: Any
    extra_json: Any
    follow_redirects: bool
    synthesize_event_and_data: bool
    stream_mode: str
    security: SecurityOptions


class FinalRequestOptions:
    """A request by its parts, as `client._build_request` takes it."""

    method: str
    url: str

    def __init__(
        self,
        *,
        method: str,
        url: str,
        params: Any = None,
        headers: Any = not_given,
        max_retries: Any = not_given,
        timeout: Any = not_given,
        files: Any = None,
        idempotency_key: Optional[str] = None,
        post_parser: Optional[Callable[[Any], Any]] = None,
        follow_redirects: Optional[bool] = None,
        security: Any = None,
        content: Any = None,
        json_data: Any = None,
        extra_json: Any = None,
        synthesize_event_and_data: Optional[bool] = None,
        stream_mode: str = "legacy",
    ) -> None:
        self.method = method
        self.url = url
        self.params: Any = {} if params is None else params
        self.headers = headers
        self.max_retries = max_retries
        self.timeout = timeout
        self.files = files
        self.idempotency_key = idempotency_key
        self.post_parser = post_parser
        self.follow_redirects = follow_redirects
        self.security = security if security is not None else {"bearer_auth": True}
        self.content = content
        self.json_data = json_data
        self.extra_json = extra_json
        self.synthesize_event_and_data = synthesize_event_and_data
        #: `events`: an event that tells of an error is an event; else it is raised.
        self.stream_mode = stream_mode

    @classmethod
    def construct(cls, _fields_set: Any = None, **values: Any) -> "FinalRequestOptions":
        """Options from their parts; those that were not given are left out."""
        given = {name: value for name, value in values.items() if not isinstance(value, (NotGiven, Omit))}
        return cls(**given)

    model_construct = construct

    def get_max_retries(self, max_retries: int) -> int:
        """The number of retries, or `max_retries` where none was given."""
        return max_retries if isinstance(self.max_retries, NotGiven) else int(self.max_retries)

    def model_copy(self, *, update: Optional[Mapping[str, Any]] = None, deep: bool = False) -> "FinalRequestOptions":
        """A copy, with some parts replaced."""
        import copy

        made = copy.deepcopy(self) if deep else copy.copy(self)
        made.__dict__.update(update or {})
        return made

    copy = model_copy

    def model_dump(self, *, exclude_unset: bool = False, exclude_none: bool = False, **_: Any) -> Dict[str, Any]:
        """The parts as plain data."""
        return {name: value for name, value in self.__dict__.items() if not (exclude_none and value is None)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FinalRequestOptions) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"FinalRequestOptions({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"
