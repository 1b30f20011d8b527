"""File objects as uploads, for the native module."""

from __future__ import annotations

import io
import os
import stat
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Union

__all__ = ["file_from_path", "is_async_file", "read_async_files", "read_file_object"]


#: Readers of a known length up to this many bytes are read at once, so that they can be sent again.
_SMALL = 8 * 1024 * 1024


def read_file_object(file: Any) -> Tuple[Any, Optional[str]]:
    """What a file object stands for, and its name: its content; the path of the file it stands for; its length, if it is to be read
    while it is sent; the object itself, if even that is not known."""
    name = getattr(file, "name", None)
    name = os.fsdecode(name) if isinstance(name, (str, bytes)) else None
    path = None if name is None else _whole_file(file, name)
    if path is not None:
        return path, os.path.basename(path)
    shown = None if name is None else os.path.basename(name)
    length = _length(file)
    if length is None:
        return file, shown
    if length > _SMALL and not isinstance(file, io.BytesIO):
        return length, shown
    content = file.read()
    if isinstance(content, str):
        content = content.encode()
    elif not isinstance(content, bytes):
        content = bytes(content)
    return content, shown


def _length(file: Any) -> Optional[int]:
    """How many bytes are left to read, where the object knows it."""
    if isinstance(file, io.TextIOBase):
        # Its positions are no counts of bytes, and what it holds is in memory or becomes so by decoding.
        return 0
    try:
        if not file.seekable():
            return None
        here = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(here)
    except (AttributeError, OSError, ValueError, TypeError):
        return None
    return max(end - here, 0) if isinstance(end, int) and isinstance(here, int) else None


def _whole_file(file: Any, name: str) -> Optional[str]:
    """The path of a file on disk that the object stands at the start of: it is then read while it is sent, and again for a retry."""
    try:
        if "b" not in file.mode or file.tell() != 0 or not file.readable():
            return None
        opened, named = os.fstat(file.fileno()), os.stat(name)
    except (AttributeError, OSError, ValueError, TypeError):
        return None
    if stat.S_ISREG(opened.st_mode) and os.path.samestat(opened, named):
        file.seek(0, os.SEEK_END)
        return os.path.abspath(name)
    return None


def is_async_file(value: Any) -> bool:
    """Whether `value` is a file object whose ``read`` is to be awaited."""
    from inspect import iscoroutinefunction  # a large module, which only uploads need

    return iscoroutinefunction(getattr(value, "read", None))


async def _read(value: Any) -> Any:
    if isinstance(value, tuple) and len(value) > 1 and is_async_file(value[1]):
        return (value[0], await value[1].read(), *value[2:])
    if isinstance(value, list):
        return [await _read(item) for item in value]
    if is_async_file(value):
        name = getattr(value, "name", None)
        content = await value.read()
        return (os.path.basename(name), content) if isinstance(name, str) else content
    return value


async def read_async_files(native: Any, operation: int, arguments: Dict[str, Any], mode: int, page: Any) -> Any:
    """A call whose uploads are read first, by the event loop."""
    read = {name: await _read(value) for name, value in arguments.items()}
    return await native.call_async(operation, read, mode, page)


def _content(path: Union[str, "os.PathLike[str]"]) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def file_from_path(path: Union[str, "os.PathLike[str]"]) -> Tuple[str, bytes]:
    """Name and content of a file, as uploads take them."""
    return os.path.basename(os.fspath(path)), _content(path)


def is_base64_file_input(obj: object) -> bool:
    """Whether it can be sent as base64: a file object or a path."""
    return isinstance(obj, (io.IOBase, os.PathLike))


def is_file_content(obj: object) -> bool:
    """Whether it can be the content of an upload."""
    return isinstance(obj, (bytes, tuple, io.IOBase, os.PathLike))


def assert_is_file_content(obj: object, *, key: Optional[str] = None) -> None:
    """Refuses what cannot be uploaded."""
    if not is_file_content(obj):
        place = f"Expected entry at `{key}`" if key is not None else f"Expected file input `{obj!r}`"
        raise RuntimeError(f"{place} to be bytes, an io.IOBase instance, PathLike or a tuple but received {type(obj)} instead.")


def read_file_content(file: Any) -> Any:
    """The content of a path; anything else as it is."""
    return _content(file) if isinstance(file, os.PathLike) else file


def _named(file: Any) -> Any:
    if is_file_content(file) and not isinstance(file, tuple):
        return (os.path.basename(os.fspath(file)), _content(file)) if isinstance(file, os.PathLike) else file
    if isinstance(file, tuple):
        return (file[0], read_file_content(file[1]), *file[2:])
    raise TypeError("Expected file types input to be a FileContent type or to be a tuple")


def to_httpx_files(files: Any) -> Any:
    """Uploads as httpx takes them: paths are read."""
    if files is None:
        return None
    if isinstance(files, Mapping):
        return {name: _named(file) for name, file in files.items()}
    if isinstance(files, Sequence):
        return [(name, _named(file)) for name, file in files]
    raise TypeError(f"Unexpected file type input {type(files)}, expected mapping or sequence")


async def async_to_httpx_files(files: Any) -> Any:
    """As :func:`to_httpx_files`."""
    import asyncio

    return await asyncio.to_thread(to_httpx_files, files)


async def async_read_file_content(file: Any) -> Any:
    """As :func:`read_file_content`."""
    import asyncio

    return await asyncio.to_thread(read_file_content, file)


def deepcopy_with_paths(item: Any, paths: Sequence[Sequence[str]]) -> Any:
    """A copy of the mappings and lists that lie on the paths; everything else is shared."""
    return _copied(item, [tuple(path) for path in paths])


def _copied(item: Any, paths: Any) -> Any:
    if not paths:
        return item
    if isinstance(item, Mapping):
        made = dict(item)
        for name in {path[0] for path in paths if path}:
            if name in made:
                made[name] = _copied(made[name], [path[1:] for path in paths if path and path[0] == name])
        return made
    if isinstance(item, list):
        below = [path[1:] for path in paths if path and path[0] == "<array>"]
        return [_copied(entry, below) for entry in item] if below else list(item)
    return item
