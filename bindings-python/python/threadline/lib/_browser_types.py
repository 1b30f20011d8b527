"""What a browser tells, and what it is asked to do, as types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Protocol, Union
from abc import abstractmethod

from typing_extensions import Literal, NotRequired, TypeAlias, TypedDict

if TYPE_CHECKING:
    from ..types.responses.response_input_image_content_param import ResponseInputImageContentParam

ReadRole: TypeAlias = Literal["button", "textbox", "combobox", "checkbox", "radio", "slider", "listbox"]
ReadOmission: TypeAlias = Literal[
    "report_limit", "text_limit", "target_limit", "work_limit", "frame_limit", "unsupported_root", "unsupported_control", "remote_action",
    "private", "value", "name_limit",
]  # fmt: skip
Modifier: TypeAlias = Literal["Control", "Alt", "Meta", "Shift"]


class BrowserTab(TypedDict):
    """A tab. The model is told no more of its address than the origin."""

    id: str
    title: str
    url: str
    active: bool


class BrowserTabChange(TypedDict):
    """A tab came, went, was chosen, or shows another page."""

    type: Literal["tab_opened", "tab_closed", "tab_switched", "navigation"]
    sequence: int
    tab_id: str


class BrowserNavigationRefused(TypedDict):
    """The driver did not go to a page."""

    type: Literal["navigation_refused"]
    sequence: int
    tab_id: Optional[str]
    reason: Literal["policy", "unsupported"]


class BrowserDialogDismissed(TypedDict):
    """The driver closed a dialog."""

    type: Literal["dialog_dismissed"]
    sequence: int
    tab_id: str
    kind: Literal["alert", "confirm", "prompt", "beforeunload", "other"]


class BrowserDownload(TypedDict):
    """A download, and what became of it."""

    type: Literal["download"]
    sequence: int
    tab_id: Optional[str]
    status: Literal["blocked", "started", "completed", "failed"]


BrowserStateChange: TypeAlias = Union[BrowserTabChange, BrowserNavigationRefused, BrowserDialogDismissed, BrowserDownload]


class BrowserObservationV1(TypedDict):
    """What has happened since the driver began: the last ``changes`` without a gap, after ``dropped_changes`` older ones."""

    version: Literal[1]
    sequence: int
    dropped_changes: int
    title_truncated: bool
    changes: List[BrowserStateChange]


class BrowserState(TypedDict):
    """The tabs of a browser."""

    tabs: List[BrowserTab]
    observation: NotRequired[BrowserObservationV1]


class BrowserReadOption(TypedDict):
    """A choice of a control."""

    label: str
    value: str
    selected: NotRequired[bool]


class BrowserReadElement(TypedDict):
    """A control that actions can name by its ``ref``."""

    ref: str
    role: ReadRole
    label: str
    value: NotRequired[str]
    options: NotRequired[List[BrowserReadOption]]
    checked: NotRequired[bool]


class BrowserReadV1(TypedDict):
    """What was read of a page: its text, its controls, and what was left out."""

    version: Literal[1]
    text: str
    elements: List[BrowserReadElement]
    omitted: List[ReadOmission]


class BrowserReadScope(TypedDict):
    """A part of a page that can be read by itself. It is no control."""

    ref: str
    label: str


class BrowserScopedReadV1(BrowserReadV1):
    """What was read of a part of a page, and the parts that it has."""

    scopes: List[BrowserReadScope]


class _FileOutcome(TypedDict):
    version: Literal[1]
    cleanup: Literal["not_started", "pending", "completed"]


class _FileCompleted(_FileOutcome):
    status: Literal["completed"]
    effect: Literal["completed"]


class _FileRefused(_FileOutcome):
    status: Literal["refused"]
    effect: Literal["none"]


class _FileUnknown(_FileOutcome):
    status: Literal["unknown"]
    effect: Literal["unknown"]


class _FileInterrupted(_FileOutcome):
    status: Literal["interrupted"]
    effect: Literal["none", "unknown"]


BrowserFileOutcome: TypeAlias = Union[_FileCompleted, _FileRefused, _FileUnknown, _FileInterrupted]


class BrowserFileInput(TypedDict):
    """A file that the program allowed, by the name of the permission."""

    grant_id: str


class TabInput(TypedDict):
    """A tab; `None` is the active one."""

    tab_id: Optional[str]


class ZoomInput(TabInput):
    """A part of the page's picture: left, top, right, bottom in its pixels."""

    region: List[int]


class NavigateInput(TabInput):
    """A page to go to, or ``back``, ``forward``, ``reload``."""

    url: str


class ReadPageInput(TabInput):
    """What to read of a page."""

    filter: Literal["all", "interactive"]


class ReadPageScopedInput(ReadPageInput):
    """Which part of a page to read, and how deep; a ``root`` of `None` finds the parts."""

    root: Optional[str]
    depth: int


class ReadDiagnosticsInput(TabInput):
    """The page's own records to read."""

    source: Literal["console", "network"]
    limit: int


class RunScriptInput(TabInput):
    """A script to run in the page."""

    source: str
    timeout_ms: int


class FindInput(TabInput):
    """What to look for."""

    query: str


class ClickInput(TabInput):
    """A control, by its reference."""

    target: str


class BrowserPoint(TypedDict):
    """A place in the page's picture."""

    x: int
    y: int


class HoverAtInput(TabInput):
    """A place to point at."""

    x: int
    y: int


class ClickAtInput(HoverAtInput):
    """A place to click at, and how."""

    button: Literal["left", "right", "middle"]
    click_count: Literal[1, 2, 3]
    keys: List[Modifier]


class SetCheckedInput(ClickInput):
    """A box, and whether it is to be checked."""

    checked: bool


class DragPathInput(TabInput):
    """A way to drag along."""

    path: List[BrowserPoint]
    keys: List[Modifier]


class KeyInput(TabInput):
    """Keys to press."""

    keys: List[str]


class HoldKeysInput(KeyInput):
    """Keys to hold, and for how many milliseconds."""

    duration_ms: int


class TypeInput(TabInput):
    """A text to type; a ``target`` of `None` is what has the focus."""

    text: str
    target: Optional[str]


class ScrollInput(TabInput):
    """How far to scroll, and where to."""

    direction: Literal["up", "down", "left", "right"]
    amount: int


class WaitForInput(TabInput):
    """A text to wait for, and how many milliseconds."""

    text: str
    timeout_ms: int


class SelectOptionInput(ClickInput):
    """Choices of a control."""

    values: List[str]


class NewTabInput(TypedDict):
    """The page of a new tab."""

    url: Optional[str]


class BrowserConfirmContext(TypedDict):
    """An action that waits for consent: exactly these arguments. The state is what was seen before, and may change until it is done."""

    member: str
    arguments: Dict[str, object]
    state: BrowserState
    call_id: str


class BrowserReadConfirmContext(TypedDict):
    """A read that waits for consent, before anything was looked at."""

    member: str
    arguments: Dict[str, object]
    state: None
    call_id: str
    phase: Literal["before_read"]


class BrowserDriver(Protocol):
    """A browser of the program's. Beside ``state`` it has a method for each member that it can do."""

    @abstractmethod
    def state(self) -> BrowserState: ...


class AsyncBrowserDriver(Protocol):
    """A browser of the program's whose methods are awaited."""

    @abstractmethod
    async def state(self) -> BrowserState: ...


class BrowserReadDriver(BrowserDriver, Protocol):
    """A browser whose pages can be read."""

    @abstractmethod
    def read_page(self, action: ReadPageInput) -> Union[str, BrowserReadV1, None]: ...


class AsyncBrowserReadDriver(AsyncBrowserDriver, Protocol):
    """A browser whose pages can be read, awaited."""

    @abstractmethod
    async def read_page(self, action: ReadPageInput) -> Union[str, BrowserReadV1, None]: ...


class BrowserNavigationDriver(BrowserDriver, Protocol):
    """A browser that goes to pages."""

    @abstractmethod
    def navigate(self, action: NavigateInput) -> None: ...


class AsyncBrowserNavigationDriver(AsyncBrowserDriver, Protocol):
    """A browser that goes to pages, awaited."""

    @abstractmethod
    async def navigate(self, action: NavigateInput) -> None: ...


class BrowserClickDriver(BrowserDriver, Protocol):
    """A browser that clicks."""

    @abstractmethod
    def click(self, action: ClickInput) -> None: ...


class AsyncBrowserClickDriver(AsyncBrowserDriver, Protocol):
    """A browser that clicks, awaited."""

    @abstractmethod
    async def click(self, action: ClickInput) -> None: ...


class BrowserScreenshotDriver(BrowserDriver, Protocol):
    """A browser that takes pictures."""

    @abstractmethod
    def screenshot(self, action: TabInput) -> ResponseInputImageContentParam: ...


class AsyncBrowserScreenshotDriver(AsyncBrowserDriver, Protocol):
    """A browser that takes pictures, awaited."""

    @abstractmethod
    async def screenshot(self, action: TabInput) -> ResponseInputImageContentParam: ...


class BrowserError(Exception):
    """A refusal or failure whose text the model may read."""


class BrowserCancelledError(RuntimeError):
    """A call that was cancelled before it had an output."""


AnyDriver: TypeAlias = Any
