"""The public interface of a package as data: modules, names, members with their types, signatures.

`describe("openai")` and `describe("threadline")` give the same shape, so that their difference is what a program could notice.
Run as a program it prints the difference.
"""

from __future__ import annotations

import fnmatch
import importlib
import inspect
import json
import pkgutil
import sys
import typing
import warnings
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set

import typing_extensions

EXCEPTIONS = Path(__file__).with_name("surface_exceptions.json")
#: Packages below the top whose classes are compared member by member.
ROOTS = ("types", "resources")
#: Names of a package that is only there for type checkers.
WEBSOCKETS = {"Subprotocol": object, "ClientExtensionFactory": object}


def modules(package: str) -> Iterator[str]:
    """All importable public modules, by their names below the package."""
    top = importlib.import_module(package)
    for info in pkgutil.walk_packages(top.__path__, f"{package}.", onerror=lambda _: None):
        name = info.name[len(package) + 1 :]
        if not any(part.startswith("_") for part in name.split(".")):
            yield name


def describe(package: str) -> Dict[str, str]:
    """Every fact as a line: a path, and what is there."""
    facts: Dict[str, str] = {}
    top = importlib.import_module(package)
    names = importlib.import_module("openai").__all__
    for name in names:
        try:
            facts[f"name {name}"] = kind(getattr(top, name))
        except (AttributeError, ImportError) as error:
            facts[f"name {name}"] = f"fails: {error}"
    for name in modules(package):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                module = importlib.import_module(f"{package}.{name}")
        except Exception:
            # Optional parts that need a package which is not installed here: an ImportError, or an error of the package's own.
            continue
        facts[f"module {name}"] = "there"
        if name.split(".")[0] not in ROOTS:
            continue
        for key, value in public(package, module):
            place = f"{name}.{key}"
            facts[place] = kind(value)
            if not inspect.isclass(value) or not defined_in(value, package, name):
                if not inspect.isclass(value) and not inspect.ismodule(value) and name.startswith("types"):
                    facts[f"{place} ="] = spelled(value, package)
                continue
            if not is_view(key):
                facts.update((f"{place}.{member}", text) for member, text in members(value, package).items())
    return facts


def public(package: str, module: Any) -> Iterator[typing.Tuple[str, Any]]:
    """Names that a module defines or offers on purpose."""
    names: Set[str] = set(getattr(module, "__all__", ()))
    for key, value in list(vars(module).items()):
        owner = getattr(value, "__module__", None)
        if not key.startswith("_") and inspect.isclass(value) and isinstance(owner, str):
            if owner == module.__name__ or (hasattr(module, "__path__") and owner.startswith(f"{package}.types")):
                names.add(key)
    for key in sorted(names):
        yield key, getattr(module, key)


def defined_in(value: Any, package: str, module: str) -> bool:
    return bool(value.__module__ == f"{package}.{module}" or f"{package}._helpers" in value.__module__)


def kind(value: Any) -> str:
    if inspect.ismodule(value):
        return "module"
    if inspect.isclass(value):
        return "params" if typing_extensions.is_typeddict(value) else "class"
    return "function" if inspect.isroutine(value) else "value"


def members(value: Any, package: str) -> Dict[str, str]:
    """Fields of a type, methods of a resource."""
    found: Dict[str, str] = {}
    if value.__module__.split(".")[1] in ("types", "_helpers"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fields = getattr(value, "__pydantic_fields__", None)
            # pydantic evaluates annotations itself; its base class defeats `get_type_hints`.
            hints = (
                {name: info.annotation for name, info in fields.items()}
                if fields is not None
                else typing_extensions.get_type_hints(value, include_extras=True, localns=WEBSOCKETS)
            )
        for name, hint in hints.items():
            if name.startswith("_") or typing.get_origin(hint) is typing.ClassVar or name.startswith("model_"):
                continue
            found[name] = field(value, name, hint, package)
    for name in dir(value):
        if name.startswith("_") or name in dir(dict) or name in found:
            continue
        raw = inspect.getattr_static(value, name)
        if inspect.isfunction(raw) and package in (raw.__module__ or "").split("."):
            found[f"{name}()"] = signature(raw)
        elif type(raw).__name__ == "cached_property" or isinstance(raw, property):
            if owned(value, name, package):
                found[f"{name}"] = "property"
    return found


def is_view(name: str) -> bool:
    """Whether a class is one that `with_raw_response` or its kin give: its members are found when they are asked for."""
    return name.endswith(("WithRawResponse", "WithStreamingResponse"))


def owned(value: Any, name: str, package: str) -> bool:
    """Whether a member is the class's own or of a base below the package's public modules."""
    owner = next(base for base in value.__mro__ if name in vars(base))
    parts = owner.__module__.split(".")
    return parts[0] == package and (parts[1] in ROOTS or parts[1] == "_helpers")


def field(owner: Any, name: str, hint: Any, package: str) -> str:
    """A field's type, its name on the wire, and whether it may be left out."""
    if typing_extensions.is_typeddict(owner):
        return spelled(hint, package)
    info = getattr(owner, "model_fields", {}).get(name)
    alias = getattr(info, "alias", None)
    left_out = " optional" if info is not None and not info.is_required() else ""
    wire = f" as {alias}" if alias and alias != name else ""
    return spelled(hint, package) + wire + left_out


def signature(function: Any) -> str:
    """Parameters with kinds and defaults, and whether a call warns."""
    if inspect.isfunction(function) and "self" not in inspect.signature(function).parameters:
        return "function"
    parts: List[str] = []
    for parameter in inspect.signature(function).parameters.values():
        default = "" if parameter.default is parameter.empty else f"={default_of(parameter.default)}"
        parts.append(f"{parameter.kind.name[0:3]} {parameter.name}{default}")
    deprecated = " deprecated" if hasattr(function, "__deprecated__") else ""
    asynchronous = "async " if inspect.iscoroutinefunction(inspect.unwrap(function)) else ""
    return f"{asynchronous}({', '.join(parts)}){deprecated}"


def default_of(value: Any) -> str:
    name = type(value).__name__
    return name if name in ("Omit", "NotGiven") else repr(value)


def spelled(hint: Any, package: str) -> str:
    """A type as text that does not depend on the package, nor on how a union is nested."""
    if hint is None or hint is type(None):
        return "None"
    origin = typing.get_origin(hint)
    if origin in (typing.Annotated, typing_extensions.Annotated):
        base, *notes = typing.get_args(hint)
        marks = [note.alias for note in notes if type(note).__name__ == "PropertyInfo"]
        return spelled(base, package) + "".join(f"@{mark}" for mark in marks if mark)
    if origin in (typing_extensions.Required, typing.Union, type(int | str), typing_extensions.Literal):
        if origin is typing_extensions.Required:
            return f"Required[{spelled(typing.get_args(hint)[0], package)}]"
        if origin is typing_extensions.Literal:
            return " | ".join(sorted(repr(value) for value in typing.get_args(hint)))
        arms: Set[str] = set()
        for arm in typing.get_args(hint):
            text = spelled(arm, package)
            arms.update(text.split(" | ") if typing.get_origin(arm) is typing_extensions.Literal else [text])
        return " | ".join(sorted(arms))
    args = typing.get_args(hint)
    if getattr(origin, "__name__", "") == "PathLike":
        return "PathLike"
    if origin is not None:
        return f"{getattr(origin, '__name__', origin)}[{', '.join(spelled(arg, package) for arg in args)}]"
    if inspect.isclass(hint):
        module = hint.__module__
        return f"{module[len(package) + 1 :]}.{hint.__qualname__}" if module.startswith(f"{package}.") else hint.__qualname__
    return str(hint).replace(f"{package}.", "")


def differences() -> Dict[str, str]:
    """What the official package has and ours lacks or says otherwise. What ours has besides is no difference."""
    official, ours = describe("openai"), describe("threadline")
    result = {}
    for place, fact in official.items():
        own = ours.get(place, "missing")
        if own != fact:
            result[place] = f"{fact} -> {own}"
    return result


def expected(place: str, exceptions: Dict[str, str]) -> typing.Optional[str]:
    """The exception that covers a place: a name with everything in it, or a pattern."""
    for key in exceptions:
        if place == key or place.startswith((f"{key}.", f"{key} ")) or fnmatch.fnmatchcase(place, key):
            return key
    return None


def main() -> None:
    exceptions = json.loads(EXCEPTIONS.read_text("utf-8"))
    unused = set(exceptions)
    found = []
    for place, text in differences().items():
        key = expected(place, exceptions)
        unused.discard(key or "")
        if key is None:
            found.append(f"{place}: {text}")
    found.extend(f"exception that covers nothing: {key}" for key in sorted(unused))
    sys.stdout.write("\n".join([*found, f"{len(found)} differences"]) + "\n")


if __name__ == "__main__":
    main()
