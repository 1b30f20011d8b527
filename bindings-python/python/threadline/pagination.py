"""Pages of lists, by the official package's names."""

from __future__ import annotations

from typing import Any, AsyncIterator, Awaitable, Callable, Dict, Generator, Generic, Iterator, List, Optional, TypeVar

from ._models import BaseModel

__all__ = [
    "AsyncConversationCursorPage",
    "AsyncCursorPage",
    "AsyncNextCursorPage",
    "AsyncPage",
    "AsyncPaginator",
    "AsyncTokenPage",
    "SyncConversationCursorPage",
    "SyncCursorPage",
    "SyncNextCursorPage",
    "SyncPage",
    "SyncTokenPage",
]

T = TypeVar("T")
P = TypeVar("P")


class PageInfo:
    """How to ask for the next page: the parameter and its value."""

    def __init__(self, params: Dict[str, Any]) -> None:
        self.params = params
        self.url = None
        self.json = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PageInfo) and self.params == other.params

    def __repr__(self) -> str:
        return f"PageInfo(params={self.params})"


class _Page(BaseModel, Generic[T]):
    __slots__ = ("_link",)

    _link: Any
    data: List[T]
    object: Optional[str] = None

    def _get_page_items(self) -> List[T]:
        return self.data or []

    def next_page_info(self) -> Optional[PageInfo]:
        """How to ask for the next page; ``None`` on the last one."""
        cursor = self._link.cursor()
        return None if cursor is None else PageInfo({cursor[0]: cursor[1]})

    def has_next_page(self) -> bool:
        """Whether there is a page behind this one."""
        return bool(self._get_page_items()) and self._link.cursor() is not None


class _SyncPage(_Page[T]):
    __slots__ = ()

    def get_next_page(self: Any) -> Any:
        """The next page.

        Raises :class:`RuntimeError` on the last one: ask :meth:`has_next_page` first.
        """
        page = self._link.fetch()
        if page is None:
            raise RuntimeError("No next page expected; please check `.has_next_page()` before calling `.get_next_page()`.")
        return page

    def iter_pages(self: Any) -> Iterator[Any]:
        """This page and all behind it."""
        page = self
        while page is not None:
            yield page
            if not page.has_next_page():
                return
            page = page._link.fetch()

    def __iter__(self) -> Iterator[T]:  # type: ignore[override]
        for page in self.iter_pages():
            yield from page._get_page_items()


class _AsyncPage(_Page[T]):
    __slots__ = ()

    async def get_next_page(self: Any) -> Any:
        """The next page.

        Raises :class:`RuntimeError` on the last one: ask :meth:`has_next_page` first.
        """
        pending = self._link.fetch_async()
        page = None if pending is None else await pending
        if page is None:
            raise RuntimeError("No next page expected; please check `.has_next_page()` before calling `.get_next_page()`.")
        return page

    async def iter_pages(self: Any) -> AsyncIterator[Any]:
        """This page and all behind it."""
        page = self
        while page is not None:
            yield page
            if not page.has_next_page():
                return
            page = await page._link.fetch_async()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.iter_pages():
            for item in page._get_page_items():
                yield item


class SyncPage(_SyncPage[T]):
    """A list that comes in one page."""

    __slots__ = ()


class AsyncPage(_AsyncPage[T]):
    """A list that comes in one page."""

    __slots__ = ()


class SyncCursorPage(_SyncPage[T]):
    """A page whose last item says where the next one starts."""

    __slots__ = ()
    has_more: Optional[bool] = None


class AsyncCursorPage(_AsyncPage[T]):
    """A page whose last item says where the next one starts."""

    __slots__ = ()
    has_more: Optional[bool] = None


class SyncConversationCursorPage(_SyncPage[T]):
    """A page that names its last item."""

    __slots__ = ()
    has_more: Optional[bool] = None
    last_id: Optional[str] = None


class AsyncConversationCursorPage(_AsyncPage[T]):
    """A page that names its last item."""

    __slots__ = ()
    has_more: Optional[bool] = None
    last_id: Optional[str] = None


class SyncTokenPage(_SyncPage[T]):
    """A page with a token for the next one."""

    __slots__ = ()
    has_more: Optional[bool] = None
    next_page: Optional[str] = None


class AsyncTokenPage(_AsyncPage[T]):
    """A page with a token for the next one."""

    __slots__ = ()
    has_more: Optional[bool] = None
    next_page: Optional[str] = None


class SyncNextCursorPage(_SyncPage[T]):
    """A page that says where the next one starts."""

    __slots__ = ()
    has_more: Optional[bool] = None
    next: Optional[str] = None


class AsyncNextCursorPage(_AsyncPage[T]):
    """A page that says where the next one starts."""

    __slots__ = ()
    has_more: Optional[bool] = None
    next: Optional[str] = None


class AsyncPaginator(Generic[T, P]):
    """A list to be read: awaited it gives its first page, iterated all its items."""

    def __init__(self, start: Callable[[], Awaitable[Any]]) -> None:
        self._start = start

    def __await__(self) -> Generator[Any, None, P]:
        return self._start().__await__()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for item in await self._start():
            yield item


def make_page(page: Any, items: List[Any], others: Dict[str, Any], link: Any) -> Any:
    """A page of this class, for the native module."""
    page = getattr(page, "__origin__", page)
    made = page.__new__(page)
    members = made.__dict__
    members["data"] = items
    members.update(others)
    made._link = link
    return made
