"""What a driver returns, taken over: known members only, within limits, so that nothing else of a page or a program reaches the model."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Tuple, get_args
from urllib.parse import urlsplit

from ._browser_members import byte_size
from ._browser_types import ReadOmission, ReadRole
from ._snapshots import Invalid, _scalar

__all__ = ["file_outcome", "picture", "read_report", "script_text", "state_of"]

_LARGEST = 9007199254740991
_DEFAULT_PORTS = {"http": 80, "https": 443}


def _text(value: Any, most: Optional[int] = None, *, empty: bool = True) -> str:
    if not isinstance(value, str):
        raise Invalid
    held: str = _scalar(value)
    size = byte_size(held)
    if size < 0 or (most is not None and size > most) or not (empty or size):
        raise Invalid
    return held


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise Invalid
    return value


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise Invalid
    return value


def _among(value: Any, allowed: Tuple[str, ...]) -> str:
    held = _text(value)
    if held not in allowed:
        raise Invalid
    return held


def _entries(value: Any) -> List[Any]:
    """The entries of a list as many as it says that it has, whatever its class makes of going through it."""
    if not isinstance(value, list):
        raise Invalid
    return [list.__getitem__(value, index) for index in range(len(value))]


def _object(value: Any) -> Dict[Any, Any]:
    if not isinstance(value, dict):
        raise Invalid
    return value


def _origin(url: str) -> str:
    """As much of an address as the model may see."""
    scheme, colon, rest = url.partition(":")
    scheme = scheme.lower()
    if not colon or not scheme.replace("+", "").replace("-", "").replace(".", "").isalnum():
        raise Invalid
    if url == "about:blank":
        return url
    if scheme not in _DEFAULT_PORTS:
        return scheme + ":"
    if not rest.startswith("//"):
        raise Invalid
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Invalid from None
    if not host or "\\" in parts.netloc:
        raise Invalid
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + ("" if port in (None, _DEFAULT_PORTS[scheme]) else f":{port}")


def _shown_title(title: str) -> Tuple[str, bool]:
    raw = title.encode()
    return (title, False) if len(raw) <= 1024 else (raw[:1024].decode(errors="ignore"), True)


def _tab(value: Any, observed: bool) -> Tuple[Dict[str, Any], bool]:
    held = _object(value)
    title, cut = _text(held["title"]), False
    if observed:
        title, cut = _shown_title(title)
    tab = {
        "id": _text(held["id"], 128 if observed else None, empty=not observed), "title": title,
        "url": _text(_origin(_text(held["url"])), 2048), "active": _flag(held["active"]),
    }  # fmt: skip
    return tab, cut


_CHANGES: Dict[str, Tuple[bool, Optional[str], Tuple[str, ...]]] = {
    "tab_opened": (False, None, ()),
    "tab_closed": (False, None, ()),
    "tab_switched": (False, None, ()),
    "navigation": (False, None, ()),
    "navigation_refused": (True, "reason", ("policy", "unsupported")),
    "dialog_dismissed": (False, "kind", ("alert", "confirm", "prompt", "beforeunload", "other")),
    "download": (True, "status", ("blocked", "started", "completed", "failed")),
}


def _change(value: Any, sequence: int) -> Dict[str, Any]:
    held = _object(value)
    kind = _among(held["type"], tuple(_CHANGES))
    may_lack_tab, detail, allowed = _CHANGES[kind]
    tab = held["tab_id"]
    made: Dict[str, Any] = {"type": kind, "sequence": _count(held["sequence"])}
    made["tab_id"] = None if tab is None and may_lack_tab else _text(tab, 128, empty=False)
    if made["sequence"] != sequence:
        raise Invalid
    if detail is not None:
        made[detail] = _among(held[detail], allowed)
    return made


def _observation(value: Any) -> Dict[str, Any]:
    held = _object(value)
    sequence, dropped = _count(held["sequence"]), _count(held["dropped_changes"])
    changes = _entries(held["changes"])
    if type(held["version"]) is not int or held["version"] != 1 or sequence != dropped + len(changes):
        raise Invalid
    return {
        "version": 1, "sequence": sequence, "dropped_changes": dropped, "title_truncated": _flag(held["title_truncated"]),
        "changes": [_change(change, dropped + index) for index, change in enumerate(changes, 1)],
    }  # fmt: skip


def _follows(now: Optional[Dict[str, Any]], before: Dict[str, Any]) -> bool:
    """Whether an observation goes on where another stopped: nothing told before may be told otherwise."""
    if now is None or now["sequence"] < before["sequence"] or now["dropped_changes"] < before["dropped_changes"]:
        return False
    known = {change["sequence"]: change for change in before["changes"]}
    return all(known.get(change["sequence"], change) == change for change in now["changes"])


def state_of(value: Any, before: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    """What a driver says of its browser; ``before`` is what it said last."""
    held = _object(value)
    observed = "observation" in held
    now = _observation(held["observation"]) if observed else None
    earlier = None if before is None else before.get("observation")
    if earlier is not None and not _follows(now, earlier):
        raise Invalid
    tabs = [_tab(tab, observed) for tab in _entries(held["tabs"])]
    made: Dict[str, Any] = {"tabs": [tab for tab, _ in tabs]}
    if now is not None:
        now["title_truncated"] = now["title_truncated"] or any(cut for _, cut in tabs)
        made["observation"] = now
    return made


_ROLES = get_args(ReadRole)
_OMISSIONS = get_args(ReadOmission)
#: Roles that came with their state; those before them have none.
_STATEFUL = {"checkbox": "checked", "radio": "checked", "listbox": "selected"}


def _exact(value: Any) -> List[Any]:
    """A list, and not a class of its own that could say otherwise how long it is. Copied before anything in it is looked at."""
    if type(value) is not list:
        raise Invalid
    return list(value)


def _option(value: Any, stateful: bool) -> Dict[str, Any]:
    held = _object(value)
    made: Dict[str, Any] = {"label": _text(held["label"], 256, empty=False), "value": _text(held["value"], 512)}
    if stateful and "selected" in held:
        made["selected"] = _flag(held["selected"])
    return made


def _element(value: Any) -> Dict[str, Any]:
    held = _object(value)
    role = _among(held["role"], _ROLES)
    made: Dict[str, Any] = {"ref": _text(held["ref"], 256, empty=False), "role": role, "label": _text(held["label"], 256, empty=False)}
    if "value" in held:
        made["value"] = _text(held["value"], 512)
    if "options" in held:
        made["options"] = [_option(option, _STATEFUL.get(role) == "selected") for option in _exact(held["options"])]
    if _STATEFUL.get(role) == "checked" and "checked" in held:
        made["checked"] = _flag(held["checked"])
    return made


def _distinct(values: List[Any]) -> bool:
    return len(set(values)) == len(values)


def read_report(member: str, value: Any) -> Any:
    """What a read gave: a text, nothing, or a report."""
    must_report = member in ("read_page_scoped", "read_diagnostics")
    if value is None or isinstance(value, str):
        if must_report:
            raise Invalid
        return None if value is None else _text(value)
    held = _object(value)
    if type(held["version"]) is not int or held["version"] != 1:
        raise Invalid
    listed, omitted = _exact(held["elements"]), [_among(reason, _OMISSIONS) for reason in _exact(held["omitted"])]
    scopes = _exact(held["scopes"]) if member == "read_page_scoped" else None
    if type(held["text"]) is not str:
        raise Invalid
    text = _text(held["text"])
    elements = [_element(element) for element in listed]
    if not _distinct(omitted) or (elements and member in ("get_page_text", "read_diagnostics")):
        raise Invalid
    made: Dict[str, Any] = {"version": 1, "text": text, "elements": elements, "omitted": omitted}
    refs = [element["ref"] for element in elements]
    if scopes is not None:
        made["scopes"] = [
            {"ref": _text(_object(scope)["ref"], 256, empty=False), "label": _text(scope["label"], 256, empty=False)} for scope in scopes
        ]
        refs += [scope["ref"] for scope in made["scopes"]]
    if not _distinct(refs):
        raise Invalid
    return made


def script_text(value: Any) -> str:
    """What a script gave."""
    return _text(value)


_OUTCOMES = {"completed": ("completed",), "refused": ("none",), "unknown": ("unknown",), "interrupted": ("none", "unknown")}


def file_outcome(value: Any) -> Dict[str, Any]:
    """What became of a file."""
    held = _object(value)
    # Keys of a class of their own could be one name to us and another to whoever writes them.
    if any(type(name) is not str for name in list(held)) or set(held) != {"version", "status", "effect", "cleanup"}:
        raise Invalid
    status = _among(held["status"], tuple(_OUTCOMES))
    if type(held["version"]) is not int or held["version"] != 1:
        raise Invalid
    effect, cleanup = _among(held["effect"], _OUTCOMES[status]), _among(held["cleanup"], ("not_started", "pending", "completed"))
    return {"version": 1, "status": status, "effect": effect, "cleanup": cleanup}


def picture(value: Any) -> Dict[str, Any]:
    """A picture as the model takes it: an address, a file, or both."""
    held = _object(value)
    if set(held) - {"type", "image_url", "file_id", "detail", "prompt_cache_breakpoint"} or _text(held.get("type")) != "input_image":
        raise Invalid
    made: Dict[str, Any] = {"type": "input_image"}
    for name in ("image_url", "file_id"):
        if name in held:
            made[name] = None if held[name] is None else _text(held[name])
            if made[name] is not None and not made[name].strip():
                raise Invalid
    if made.get("image_url") is None and made.get("file_id") is None:
        raise Invalid
    if "detail" in held:
        made["detail"] = None if held["detail"] is None else _among(held["detail"], ("low", "high", "auto", "original"))
    if "prompt_cache_breakpoint" in held:
        point = held["prompt_cache_breakpoint"]
        if point is not None and (set(_object(point)) != {"mode"} or _text(point["mode"]) != "explicit"):
            raise Invalid
        made["prompt_cache_breakpoint"] = None if point is None else {"mode": "explicit"}
    return made


def taken(project: Callable[..., Any], *arguments: Any) -> Any:
    """What came from a driver, or :class:`Invalid` whatever is wrong with it."""
    try:
        return project(*arguments)
    except Exception:
        raise Invalid from None
