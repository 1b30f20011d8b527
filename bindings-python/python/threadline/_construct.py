"""Values by their annotations, leniently: what does not fit stays as it is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Dict, Iterable, Iterator, List, Mapping, Optional, TypeVar, get_args, get_origin
from weakref import WeakKeyDictionary

from ._models import BaseModel
from ._utils import PropertyInfo
from ._utils._typing import is_annotated_type, is_literal_type, is_type_alias_type, is_union

__all__ = ["DISCRIMINATOR_CACHE", "EagerIterable", "construct_type", "fits", "is_model", "members_of", "resolved"]

T = TypeVar("T")


class _Eager:
    """Marks what can be read only once, and is kept as a list."""

    @staticmethod
    def kept(value: Any) -> Any:
        return list(value) if isinstance(value, (Iterator, str)) else value


EagerIterable = Annotated[Iterable[T], _Eager()]

#: Of unions that were told apart by a member: the arm of each of its texts.
DISCRIMINATOR_CACHE: "WeakKeyDictionary[Any, Dict[Any, Any]]" = WeakKeyDictionary()


def is_model(type_: Any) -> bool:
    """Whether it is a class of models, ours or pydantic's."""
    return isinstance(type_, type) and (issubclass(type_, BaseModel) or hasattr(type_, "__pydantic_fields__"))


def resolved(type_: Any) -> Any:
    """What an alias stands for."""
    while is_type_alias_type(type_):
        type_ = type_.__value__
    return type_


def construct_type(*, value: Any, type_: Any, metadata: Any = None) -> Any:
    """`value` as `type_`, without checks: objects become instances, dates are read, all else stays as it is."""
    type_ = resolved(type_)
    notes = tuple(metadata or ())
    if is_annotated_type(type_):
        type_, *own = get_args(type_)
        notes = notes or tuple(own)
        if any(isinstance(note, _Eager) for note in notes):
            value = _Eager.kept(value)
        type_ = resolved(type_)
    origin, arguments = get_origin(type_) or type_, get_args(type_)
    if is_union(origin):
        return _of_union(value, type_, arguments, notes)
    if hasattr(origin, "__total__") and isinstance(value, Mapping):
        return _of_typed_dict(value, origin)
    if origin is dict:
        if not isinstance(value, Mapping) or len(arguments) < 2:
            return value
        return {key: construct_type(value=item, type_=arguments[1]) for key, item in value.items()}
    if is_model(origin):
        if isinstance(value, list):
            return [_instance(type_, item) if isinstance(item, Mapping) else item for item in value]
        return _instance(type_, value) if isinstance(value, Mapping) else value
    if origin is list:
        if not isinstance(value, list) or not arguments:
            return value
        return [construct_type(value=item, type_=arguments[0]) for item in value]
    if origin is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value) if float(value) == value else value
    return _of_time(value, origin)


def _of_typed_dict(value: Mapping[str, Any], class_: Any) -> Mapping[str, Any]:
    """The same, with what can be read only once as lists."""
    if not any("EagerIterable" in str(note) or is_annotated_type(note) for note in class_.__annotations__.values()):
        return value
    from typing import get_type_hints

    hints = get_type_hints(class_, include_extras=True)
    return {key: construct_type(value=item, type_=hints[key]) if key in hints else item for key, item in value.items()}


def _of_time(value: Any, wanted: Any) -> Any:
    if wanted not in (datetime, date):
        return value
    from ._utils._datetime_parse import parse_date, parse_datetime

    try:
        return parse_datetime(value) if wanted is datetime else parse_date(value)
    except Exception:
        return value


def _instance(type_: Any, value: Mapping[str, Any]) -> Any:
    construct = getattr(type_, "construct" if issubclass(get_origin(type_) or type_, BaseModel) else "model_construct")
    return construct(**{str(name): item for name, item in value.items()})


def _named(union: Any, arms: Any, tag: str) -> Dict[Any, Any]:
    try:
        found = DISCRIMINATOR_CACHE.get(union)
        if found is None:
            found = DISCRIMINATOR_CACHE[union] = _by_tag(arms, tag)
        return found
    except TypeError:  # Before Python 3.14 `A | B` cannot be held weakly.
        return _by_tag(arms, tag)


def _of_union(value: Any, union: Any, arms: Any, notes: Any) -> Any:
    for arm in arms:
        if fits(value, arm):
            return construct_type(value=value, type_=arm)
    tag = next((note.discriminator for note in notes if isinstance(note, PropertyInfo) and note.discriminator), None)
    if tag is not None and isinstance(value, Mapping):
        named = _named(union, arms, tag)
        tags = (value.get(key) for key in (tag, *_wire_names(arms, tag)))
        arm = next((named[text] for text in tags if isinstance(text, (str, int)) and text in named), None)
        if arm is not None:
            return construct_type(value=value, type_=arm)
    for arm in arms:
        if fits(value, arm, True):
            return construct_type(value=_lax(value, arm), type_=arm)
    for arm in arms:
        made = construct_type(value=value, type_=arm)
        if is_model(get_origin(arm) or arm):
            if isinstance(value, Mapping):
                return made
        elif made is not value:
            return made
    return value


def _wire_names(arms: Iterable[Any], tag: str) -> Iterator[str]:
    """What the wire calls the member that tells the arms apart."""
    for arm in arms:
        origin = get_origin(resolved(arm)) or resolved(arm)
        field = members_of(origin).get(tag) if is_model(origin) else None
        if field is not None and field.alias:
            yield field.alias


def _lax(value: Any, type_: Any) -> Any:
    """Numbers that came as texts as numbers, where a class says so."""
    origin = get_origin(resolved(type_)) or resolved(type_)
    if not is_model(origin) or not isinstance(value, Mapping):
        return value
    fields = {field.alias or name: field.annotation for name, field in members_of(origin).items()}
    return {name: _number(item, fields.get(name)) for name, item in value.items()}


def _number(value: Any, type_: Any) -> Any:
    if type_ not in (int, float) or not isinstance(value, str):
        return value
    try:
        return type_(value)
    except ValueError:
        return value


def _by_tag(arms: Iterable[Any], tag: str) -> Dict[Any, Any]:
    named: Dict[Any, Any] = {}
    for arm in arms:
        arm = resolved(arm)
        if is_annotated_type(arm):
            arm = get_args(arm)[0]
        if is_union(get_origin(arm)):
            named.update(_by_tag(get_args(arm), tag))
            continue
        origin = get_origin(arm) or arm
        if not is_model(origin):
            continue
        for name, field in members_of(origin).items():
            if tag in (name, field.alias) and is_literal_type(field.annotation):
                for text in get_args(field.annotation):
                    named[text] = arm
    return named


def members_of(class_: Any) -> Dict[str, Any]:
    """The fields of a class of models."""
    fields: Dict[str, Any] = class_.model_fields
    return fields


def fits(value: Any, type_: Any, lax: bool = False) -> bool:
    """Whether a value is what the annotation says, in all its parts; `lax` takes texts of numbers for numbers."""
    type_ = resolved(type_)
    if is_annotated_type(type_):
        return fits(value, get_args(type_)[0], lax)
    origin, arguments = get_origin(type_) or type_, get_args(type_)
    if type_ is Any or origin is object or isinstance(type_, str):
        return True
    if type_ is None or type_ is type(None):
        return value is None
    if is_union(origin):
        return any(fits(value, arm, lax) for arm in arguments)
    if is_literal_type(type_):
        return any(value == text and type(value) is type(text) for text in arguments)
    if origin in (list, List):
        return isinstance(value, list) and (not arguments or all(fits(item, arguments[0], lax) for item in value))
    if origin is dict:
        return isinstance(value, dict) and (len(arguments) < 2 or all(fits(item, arguments[1], lax) for item in value.values()))
    if is_model(origin):
        return _fits_model(value, origin, lax)
    return _fits_plain(_number(value, origin) if lax else value, origin)


def _fits_model(value: Any, class_: Any, lax: bool) -> bool:
    if isinstance(value, class_):
        return True
    if not isinstance(value, Mapping):
        return False
    for name, field in members_of(class_).items():
        wire = field.alias if field.alias is not None and field.alias in value else name
        if wire not in value:
            if field.is_required():
                return False
        elif not fits(value[wire], field.annotation, lax):
            return False
    return True


def _fits_plain(value: Any, class_: Any) -> bool:
    if class_ in (int, float):
        return isinstance(value, (int, class_)) and not isinstance(value, bool)
    if class_ in (datetime, date):
        return isinstance(value, class_) or (isinstance(value, (str, int, float)) and _of_time(value, class_) is not value)
    try:
        return isinstance(value, class_)
    except TypeError:
        return True


def field_value(value: Any, field: Any) -> Optional[Any]:
    """A member's value as its field says; `null` is the field's default."""
    if value is None:
        return field.get_default()
    return construct_type(value=value, type_=field.annotation, metadata=getattr(field, "metadata", None))
