"""File objects as uploads, for the native module."""

from __future__ import annotations

import inspect
import os
import stat
from pathlib import Path
from typing import Any, Dict, Optional, Tuple, Union

__all__ = ["file_from_path", "is_async_file", "read_async_files", "read_file_object"]


def read_file_object(file: Any) -> Tuple[Union[bytes, str], Optional[str]]:
    """The content of a file object, or the path of the file it stands for; and its name."""
    name = getattr(file, "name", None)
    name = os.fsdecode(name) if isinstance(name, (str, bytes)) else None
    path = None if name is None else _whole_file(file, name)
    if path is not None:
        return path, os.path.basename(path)
    content = file.read()
    if isinstance(content, str):
        content = content.encode()
    elif not isinstance(content, bytes):
        content = bytes(content)
    return content, None if name is None else os.path.basename(name)


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
    return inspect.iscoroutinefunction(getattr(value, "read", None))


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


def file_from_path(path: Union[str, "os.PathLike[str]"]) -> Tuple[str, bytes]:
    """Name and content of a file, as uploads take them."""
    return os.path.basename(os.fspath(path)), Path(path).read_bytes()
