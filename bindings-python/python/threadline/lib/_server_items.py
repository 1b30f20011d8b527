"""Tools that the server runs itself: which of them a request declares, which of their items may be taken, and what was approved."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Set

from ._native_items import every, has, is_number, is_text, is_text_or_null, optional

__all__ = ["SERVER_TOOLS", "Grants", "McpError", "ToolPolicy", "approval_policy", "server_item_fits"]

Item = Dict[str, Any]

_WEB = ("web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11")
#: Types of items, and the types of the tools that they come from.
SERVER_ITEMS: Dict[str, Any] = {
    "web_search_call": _WEB,
    "file_search_call": ("file_search",),
    "code_interpreter_call": ("code_interpreter",),
    "image_generation_call": ("image_generation",),
    "mcp_call": ("mcp",),
    "mcp_list_tools": ("mcp",),
    "mcp_approval_request": ("mcp",),
}
SERVER_TOOLS = frozenset(kind for kinds in SERVER_ITEMS.values() for kind in kinds)
COMPUTER_TOOLS = ("computer", "computer_use", "computer_use_preview")


class McpError(Exception):
    """Approvals that do not add up. Its text says what, and nothing of the calls."""


def _is_source(value: Any) -> bool:
    return has(value, type=lambda kind: kind == "url", url=is_text)


def _is_search(action: Any) -> bool:
    if not isinstance(action, dict):
        return False
    if action.get("type") == "search":
        return (
            optional(action, "query", is_text)
            and optional(action, "queries", lambda held: every(held, is_text))
            and optional(action, "sources", lambda held: every(held, _is_source))
        )
    if action.get("type") == "open_page":
        return optional(action, "url", is_text_or_null)
    return action.get("type") in ("find_in_page", "find") and has(action, pattern=is_text, url=is_text)


def _is_attribute(value: Any) -> bool:
    return isinstance(value, (str, bool)) or is_number(value)


def _is_found(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    attributes = value.get("attributes")
    fitting = attributes is None or (isinstance(attributes, dict) and all(_is_attribute(held) for held in attributes.values()))
    named = all(optional(value, name, is_text) for name in ("file_id", "filename", "text"))
    return fitting and named and optional(value, "score", is_number)


def _is_printed(value: Any) -> bool:
    return has(value, type=lambda kind: kind == "logs", logs=is_text) or has(value, type=lambda kind: kind == "image", url=is_text)


def _is_listed_tool(value: Any) -> bool:
    named = has(value, name=is_text, input_schema=lambda schema: schema is not None)
    return named and optional(value, "description", is_text_or_null)


_IMAGE = ("action", "background", "output_format", "quality", "revised_prompt", "size")
_FITS: Dict[str, Callable[[Item], bool]] = {
    "web_search_call": lambda item: _is_search(item.get("action")),
    "file_search_call": lambda item: every(item.get("queries"), is_text)
    and (item.get("results") is None or every(item["results"], _is_found)),
    "code_interpreter_call": lambda item: has(
        item, container_id=is_text, code=is_text_or_null, outputs=lambda held: held is None or every(held, _is_printed)
    ),
    "image_generation_call": lambda item: has(item, result=is_text_or_null)
    and all(optional(item, name, is_text_or_null) for name in _IMAGE),
    "mcp_call": lambda item: has(item, name=is_text, server_label=is_text, arguments=is_text)
    and optional(item, "output", is_text_or_null)
    and optional(item, "approval_request_id", is_text_or_null),
    "mcp_list_tools": lambda item: is_text(item.get("server_label")) and every(item.get("tools"), _is_listed_tool),
    "mcp_approval_request": lambda item: has(item, name=is_text, server_label=is_text, arguments=is_text),
}


def is_finished(item: Item) -> bool:
    """Whether the server is done with an item. Those of MCP need not say so."""
    if item["type"].startswith("mcp_"):
        return item.get("status", "completed") == "completed" and item.get("error") is None
    return item.get("status") == "completed"


def server_item_fits(item: Item) -> bool:
    """Whether an item is one that is whole, and can be sent back."""
    return is_text(item.get("id")) and is_finished(item) and _FITS[item["type"]](item)


def _named(filter_: Any, name: str) -> Optional[bool]:
    """Whether a filter of tools has a name; `None` where only the server can tell."""
    if isinstance(filter_, list):
        return name in filter_
    if not isinstance(filter_, dict):
        return False
    if isinstance(filter_.get("tool_names"), list):
        return name in filter_["tool_names"]
    return None if filter_.get("read_only") is not None else True


def approval_policy(declaration: Any, name: str) -> Optional[str]:
    """Whether calls of a tool must be approved: ``always``, ``never``, or `None` where the server decides by what it knows of the tool."""
    policy = declaration.get("require_approval")
    if policy is None or policy == "always":
        return "always"
    if policy == "never":
        return "never"
    if not isinstance(policy, dict):
        return "always"
    never = _named(policy["never"], name) if policy.get("never") is not None else False
    always = _named(policy["always"], name) if policy.get("always") is not None else False
    if never:
        return "never"
    if always:
        return "always"
    if never is None or always is None:
        return None
    return "always" if policy.get("never") is not None else "never"


class Grants:
    """Approvals in a conversation: what was asked for, what was granted, what was used. Each can be used once."""

    def __init__(self) -> None:
        self.asked: Dict[str, Item] = {}
        self.granted: Dict[str, bool] = {}
        self.used: Set[str] = set()

    def ask(self, item: Item) -> None:
        if item["id"] in self.asked:
            raise McpError("An MCP approval was asked for twice under one ID.")
        self.asked[item["id"]] = item

    def answer(self, id_: Any, granted: Any) -> None:
        if not isinstance(id_, str) or id_ not in self.asked or id_ in self.granted or not isinstance(granted, bool):
            raise McpError("An MCP approval answers no question, or one that was answered.")
        self.granted[id_] = granted

    def use(self, call: Item, policy: Optional[str]) -> None:
        """A call was made. Raises :class:`McpError` where nothing allowed it."""
        id_ = call.get("approval_request_id")
        if id_ is None:
            if policy == "always":
                raise McpError("An MCP call was made without the approval that it needs.")
            return
        asked = self.asked.get(id_)
        same = asked is not None and all(asked.get(name) == call.get(name) for name in ("server_label", "name", "arguments"))
        if not same or self.granted.get(id_) is not True or id_ in self.used:
            raise McpError("An MCP call does not fit its approval, or uses it again.")
        self.used.add(id_)

    def open(self) -> List[Item]:
        """What is granted and was not used."""
        return [item for id_, item in self.asked.items() if self.granted.get(id_) is True and id_ not in self.used]

    def copy(self) -> Grants:
        made = Grants()
        made.asked, made.granted, made.used = dict(self.asked), dict(self.granted), set(self.used)
        return made


class ToolPolicy:
    """What a request declares, and what of it the model may use."""

    def __init__(self, declared: List[Item], functions: Set[str], has_computer: bool, choice: Any) -> None:
        self.declared, self.functions, self.has_computer, self.choice = declared, functions, has_computer, choice
        self.servers = {tool["server_label"]: tool for tool in declared if tool["type"] == "mcp"}
        self.has_server_tools = any(tool["type"] in SERVER_TOOLS for tool in declared)

    def _chosen(self, matches: Callable[[Item], bool]) -> bool:
        choice = self.choice
        if choice in (None, "auto", "required"):
            return True
        if not isinstance(choice, dict):
            return False
        listed = choice.get("tools") if choice.get("type") == "allowed_tools" else [choice]
        return any(isinstance(entry, dict) and matches(entry) for entry in listed or [])

    def allows_function(self, name: str) -> bool:
        return self._chosen(lambda entry: entry.get("type") == "function" and entry.get("name") == name)

    def allows_computer(self) -> bool:
        return self._chosen(lambda entry: entry.get("type") in COMPUTER_TOOLS)

    def forces_local(self) -> bool:
        """Whether the model could never answer, as each answer would have to be a call of the program's."""
        choice = self.choice
        if choice == "required":
            return not self.has_server_tools
        if not isinstance(choice, dict):
            return False
        listed = [choice]
        if choice.get("type") == "allowed_tools":
            if choice.get("mode") != "required":
                return False
            listed = choice.get("tools") or []
        return not any(isinstance(entry, dict) and entry.get("type") in SERVER_TOOLS for entry in listed)

    def allows_server_item(self, item: Item) -> bool:
        """Whether an item comes from a tool that was declared, and may be used in this request."""
        kinds = SERVER_ITEMS[item["type"]]
        if kinds == ("mcp",):
            return self._allows_mcp(item)
        tools = [tool for tool in self.declared if tool["type"] in kinds]
        if item["type"] == "code_interpreter_call":
            tools = [tool for tool in tools if tool.get("container") == item["container_id"] or not isinstance(tool.get("container"), str)]
        return bool(tools) and self._chosen(lambda entry: entry.get("type") in kinds)

    def _allows_mcp(self, item: Item) -> bool:
        server = self.servers.get(item["server_label"])
        if server is None:
            return False
        if item["type"] == "mcp_list_tools":
            return True
        allowed = server.get("allowed_tools")
        if allowed is not None and _named(allowed, item["name"]) is False:
            return False
        return self._chosen(
            lambda entry: entry.get("type") == "mcp"
            and entry.get("server_label") == item["server_label"]
            and entry.get("name") in (None, item["name"])
        )
