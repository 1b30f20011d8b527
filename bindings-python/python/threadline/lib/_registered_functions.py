"""Functions of a program, as a runner of responses calls them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Awaitable, Callable, Dict, List, Optional, Union

from typing_extensions import TypeAlias, TypedDict

from ._snapshots import is_left_out, plain
from ._tools import ResponsesPydanticFunctionTool

if TYPE_CHECKING:
    from .. import types as t

    FunctionResult: TypeAlias = Union[str, "t.responses.ResponseFunctionCallOutputItemListParam"]
else:
    FunctionResult = Union[str, List[Any]]

__all__ = ["AsyncRegisteredFunction", "EarlyExecution", "FunctionResult", "RegisteredFunction", "Registry"]


class EarlyExecution(TypedDict, total=False):
    """Which tools may begin while the reply is still being streamed. The first call of any other waits, with all that follow it, until
    the whole reply was looked at."""

    functions: List[str]
    computer: bool


def _typed(tool: Any, execute: Any) -> None:
    if not isinstance(tool, ResponsesPydanticFunctionTool):
        raise ValueError("from_tool takes a tool with a Pydantic model: make it with pydantic_responses_function_tool")
    if not callable(execute):
        raise ValueError("a registered function needs an executor")


@dataclass(frozen=True)
class RegisteredFunction:
    """A tool and the function that does it. With ``allow_output_override`` the program may give an output of its own in its place; those
    that are ``independent`` of each other may run together."""

    tool: t.responses.FunctionToolParam
    execute: Callable[[Dict[str, object]], FunctionResult]
    allow_output_override: bool = False
    independent: bool = False
    _parsed_tool: Optional[t.responses.FunctionToolParam] = None

    @classmethod
    def from_tool(
        cls,
        tool: Any,
        *,
        execute: Callable[[Any], FunctionResult],
        allow_output_override: bool = False,
        independent: bool = False,
    ) -> RegisteredFunction:
        """A function of a Pydantic model, of :func:`pydantic_responses_function_tool`."""
        _typed(tool, execute)
        return cls(dict(tool), execute, allow_output_override, independent, tool)  # type: ignore[arg-type]


@dataclass(frozen=True)
class AsyncRegisteredFunction:
    """A tool and the coroutine function that does it. See :class:`RegisteredFunction`."""

    tool: t.responses.FunctionToolParam
    execute: Callable[[Dict[str, object]], Awaitable[FunctionResult]]
    allow_output_override: bool = False
    independent: bool = False
    _parsed_tool: Optional[t.responses.FunctionToolParam] = None

    @classmethod
    def from_tool(
        cls,
        tool: Any,
        *,
        execute: Callable[[Any], Awaitable[FunctionResult]],
        allow_output_override: bool = False,
        independent: bool = False,
    ) -> AsyncRegisteredFunction:
        """A function of a Pydantic model, of :func:`pydantic_responses_function_tool`."""
        _typed(tool, execute)
        return cls(dict(tool), execute, allow_output_override, independent, tool)  # type: ignore[arg-type]


class _Function:
    """A registration as it was when the runner was made."""

    def __init__(self, given: Any) -> None:
        execute = getattr(given, "execute", None)
        tool = getattr(given, "tool", None)
        if not callable(execute) or not isinstance(tool, dict):
            raise ValueError("a runner takes registered functions: every tool needs its executor")
        if not isinstance(given.allow_output_override, bool) or not isinstance(given.independent, bool):
            raise ValueError("allow_output_override and independent are boolean")
        self.execute, self.parsed_tool = execute, given._parsed_tool
        self.allow_output_override, self.independent = given.allow_output_override, given.independent
        self.tool: Dict[str, Any] = plain({name: value for name, value in tool.items() if not is_left_out(value)}, lenient=True)
        self.name: str = tool["name"]


class Registry:
    """The functions of a runner, by name, with what of them may begin early."""

    def __init__(self, functions: Any, browser_names: List[str], has_computer: bool, early: Any) -> None:
        registered = [_Function(given) for given in functions or []]
        self.functions = {function.name: function for function in registered}
        if len(self.functions) != len(registered) or set(self.functions).intersection(browser_names):
            raise ValueError("the names of a runner's functions must be unique, also beside those of its browser")
        self.early = None if early is None else _early(early, {*self.functions, *browser_names}, has_computer)


def _early(given: Any, names: Any, has_computer: bool) -> Any:
    if not isinstance(given, dict) or set(given) - {"functions", "computer"}:
        raise ValueError("early_execution takes functions and computer")
    listed, computer = given.get("functions", []), given.get("computer", False)
    if not isinstance(listed, list) or any(not isinstance(name, str) or name not in names for name in listed):
        raise ValueError("early_execution: functions is a list of registered names")
    if len(set(listed)) != len(listed) or not isinstance(computer, bool) or (computer and not has_computer):
        raise ValueError("early_execution: each function is named once, and computer is True only for a runner that has one")
    return frozenset(listed), computer



