"""What a model can ask of a browser: a function each, with its arguments."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Tuple

from ._native_items import function_arguments
from ._browser_types import BrowserError
from ._snapshots import Invalid, json_data

__all__ = ["BROWSER_MEMBERS", "DEFAULT_BROWSER_MEMBERS", "NAVIGATING", "READS", "arguments_of", "declaration"]

Schema = Dict[str, Any]
_LARGEST = 9007199254740991

_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_PLACE: Schema = {"type": "integer", "minimum": 0, "maximum": _LARGEST}


def _between(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _one_of(*values: Any) -> Schema:
    return {"type": "integer" if isinstance(values[0], int) else "string", "enum": list(values)}


def _list_of(items: Schema, **limits: Any) -> Schema:
    return {"type": "array", "items": items, **limits}


def _closed(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_TAB = _TEXT_OR_NULL
_MODIFIERS = _list_of(_one_of("Control", "Alt", "Meta", "Shift"), minItems=0, maxItems=4, description="Modifiers, each at most once.")
_GRANT: Schema = {"type": "string", "description": "The permission that the program gave: 1 to 256 bytes of UTF-8."}

#: Name, what the model is told, arguments. The first eighteen are those of every browser; the others are asked for by name.
_MEMBERS: Tuple[Tuple[str, str, Schema], ...] = (
    ("navigate", "Opens an address in a tab, or goes back, forward, or loads again (back, forward, reload).",
     _closed(url=_TEXT, tab_id=_TAB)),
    ("read_page", "Reads a page: its text and its controls with references.",
     _closed(tab_id=_TAB, filter=_one_of("all", "interactive"))),
    ("get_page_text", "Reads the text of a page.", _closed(tab_id=_TAB)),
    ("find", "Finds controls or text in a page.", _closed(query=_TEXT, tab_id=_TAB)),
    ("click", "Clicks a control by its reference.", _closed(target=_TEXT, tab_id=_TAB)),
    ("type", "Types text into a control, or where the focus is.", _closed(text=_TEXT, target=_TEXT_OR_NULL, tab_id=_TAB)),
    ("key", "Presses keys.", _closed(keys=_list_of(_TEXT), tab_id=_TAB)),
    ("scroll", "Scrolls a page.",
     _closed(direction=_one_of("up", "down", "left", "right"), amount=_PLACE, tab_id=_TAB)),
    ("select_option", "Chooses values of a control.", _closed(target=_TEXT, values=_list_of(_TEXT), tab_id=_TAB)),
    ("hover", "Points at a control.", _closed(target=_TEXT, tab_id=_TAB)),
    ("screenshot", "Takes a picture of a page.", _closed(tab_id=_TAB)),
    ("zoom", "Takes a picture of a part of a page.",
     _closed(tab_id=_TAB, region=_list_of(_PLACE, minItems=4, maxItems=4,
                                         description="Left, top, right, bottom, in pixels of the whole picture."))),
    ("new_tab", "Opens a tab.", _closed(url=_TEXT_OR_NULL)),
    ("list_tabs", "Lists the tabs.", _closed()),
    ("switch_tab", "Makes a tab the active one.", _closed(tab_id=_TEXT)),
    ("close_tab", "Closes a tab.", _closed(tab_id=_TEXT)),
    ("scroll_to", "Scrolls until a control is seen.", _closed(target=_TEXT, tab_id=_TAB)),
    ("wait_for", "Waits until a text is seen.", _closed(text=_TEXT, timeout_ms=_between(1, 30_000), tab_id=_TAB)),
    ("hover_at", "Points at a place.", _closed(tab_id=_TAB, x=_PLACE, y=_PLACE)),
    ("set_checked", "Checks a box, or takes the mark away.", _closed(tab_id=_TAB, target=_TEXT, checked={"type": "boolean"})),
    ("click_at", "Clicks at a place.",
     _closed(tab_id=_TAB, x=_PLACE, y=_PLACE, button=_one_of("left", "right", "middle"), click_count=_one_of(1, 2, 3), keys=_MODIFIERS)),
    ("drag_path", "Drags along a way.",
     _closed(tab_id=_TAB, path=_list_of(_closed(x=_PLACE, y=_PLACE), minItems=2, maxItems=100), keys=_MODIFIERS)),
    ("hold_keys", "Holds keys for a time.",
     _closed(tab_id=_TAB, keys=_list_of(_TEXT, minItems=1, maxItems=8, description="Names of keys, each at most once, at most 64 bytes."),
             duration_ms=_between(1, 3000))),
    ("read_page_scoped", "Reads a part of a page, or finds its parts.",
     _closed(tab_id=_TAB, root={**_TEXT_OR_NULL, "description": "The reference of a part, at most 256 bytes; null finds the parts."},
             depth=_between(1, 32), filter=_one_of("all", "interactive"))),
    ("read_diagnostics", "Reads what the page wrote to its console, or what it loaded.",
     _closed(tab_id=_TAB, source=_one_of("console", "network"), limit=_between(1, 100))),
    ("run_script", "Runs a script in a page, and gives its result.",
     _closed(tab_id=_TAB, source={"type": "string", "description": "The script."}, timeout_ms=_between(1, 30_000))),
    ("upload_file", "Gives a page a file that the program allowed.", _closed(grant_id=_GRANT)),
    ("download_file", "Stores a file of a page where the program allowed it.", _closed(grant_id=_GRANT)),
)  # fmt: skip

BROWSER_MEMBERS: Tuple[str, ...] = tuple(name for name, _, _ in _MEMBERS)
DEFAULT_BROWSER_MEMBERS: Tuple[str, ...] = BROWSER_MEMBERS[:18]
#: What changes nothing, and tells nothing that is not on the page.
READS = frozenset(("read_page", "get_page_text", "find", "screenshot", "zoom", "list_tabs", "wait_for", "read_page_scoped"))
#: What goes to an address.
NAVIGATING = frozenset(("navigate", "new_tab"))
_TOLD = {name: (text, schema) for name, text, schema in _MEMBERS}


def declaration(member: str) -> Dict[str, Any]:
    """The function as a tool of responses."""
    text, schema = _TOLD[member]
    return {"type": "function", "name": "browser_" + member, "strict": True, "description": text, "parameters": json_data(schema)}


def byte_size(text: str) -> int:
    """The length of a text in UTF-8; -1 for what is no Unicode."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return -1


def _is_named(text: Any, most: int) -> bool:
    return 0 < byte_size(text) <= most


def _are_distinct(values: List[Any]) -> bool:
    return len(set(values)) == len(values)


#: What a schema does not say.
_FURTHER: Dict[str, Callable[[Dict[str, Any]], bool]] = {
    "zoom": lambda given: given["region"][0] < given["region"][2] and given["region"][1] < given["region"][3],
    "wait_for": lambda given: _is_named(given["text"].strip(), 256),
    "click_at": lambda given: _are_distinct(given["keys"]),
    "drag_path": lambda given: _are_distinct(given["keys"]),
    "hold_keys": lambda given: _are_distinct(given["keys"]) and all(_is_named(key, 64) for key in given["keys"]),
    "read_page_scoped": lambda given: given["root"] is None or _is_named(given["root"], 256),
    "run_script": lambda given: byte_size(given["source"]) > 0,
    "upload_file": lambda given: _is_named(given["grant_id"], 256),
    "download_file": lambda given: _is_named(given["grant_id"], 256),
}

_KINDS: Dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _fits(value: Any, schema: Schema) -> bool:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(_KINDS[kind](value) for kind in kinds):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, list):
        counted = schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
        return counted and all(_fits(inner, schema["items"]) for inner in value)
    if isinstance(value, dict):
        properties = schema["properties"]
        return set(value) == set(properties) and all(_fits(value[name], properties[name]) for name in properties)
    if "minimum" in schema:
        return bool(schema["minimum"] <= value <= schema["maximum"])
    return True


def arguments_of(member: str, text: str) -> Dict[str, Any]:
    """The arguments of a call. Raises :class:`BrowserError`, whose text tells the model what is wrong."""
    given = function_arguments(text)
    if given is None:
        raise BrowserError("The arguments must be a JSON object.")
    schema = _TOLD[member][1]
    if set(given) != set(schema["properties"]):
        raise BrowserError("The arguments must be exactly those that the function has.")
    further = _FURTHER.get(member)
    try:
        right = _fits(given, schema) and (further is None or further(given))
    except (TypeError, Invalid):
        right = False
    if not right:
        raise BrowserError("An argument has a value that the function does not take.")
    return given
