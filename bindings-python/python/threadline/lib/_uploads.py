"""A large file uploaded part by part, by a resource's own methods: `create`, `parts.create`, `complete`.

The core uploads several parts at a time and takes up what was broken off. These functions are for clients whose requests a program sends
or answers itself, which expects one after the other, and for programs that give them to a resource of their own.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple, Union

from .._types import Omit, omit

if TYPE_CHECKING:
    from .. import types as t

__all__ = ["async_upload_file_chunked", "upload_file_chunked"]

_File = Union["os.PathLike[str]", str, bytes]


def _checked(file: Any, filename: Optional[str], size: Optional[int]) -> None:
    """Raises :class:`TypeError` if the file is bytes, of which nothing tells name and size, and the call does not either."""
    if isinstance(file, bytes):
        for name, value in (("filename", filename), ("bytes", size)):
            if value is None:
                raise TypeError(f"The `{name}` argument must be given for in-memory files")


def _part_size(given: Optional[int]) -> int:
    from ..resources.uploads import uploads

    return int(getattr(uploads, "DEFAULT_PART_SIZE")) if given is None else given


def _tell(part: Any, upload: Any) -> None:
    from ..resources.uploads import uploads

    getattr(uploads, "log").info("Uploaded part %s for upload %s", part.id, upload.id)


def _asked(names: Tuple[Any, ...], options: Dict[str, Any]) -> Dict[str, Any]:
    size, name, mime_type, purpose = names
    return {"bytes": size, "filename": name, "mime_type": mime_type, "purpose": purpose, **options}


def upload_file_chunked(
    self: Any,
    *,
    file: _File,
    mime_type: str,
    purpose: t.FilePurpose,
    filename: Optional[str] = None,
    bytes: Optional[int] = None,
    part_size: Optional[int] = None,
    md5: Union[str, Omit] = omit,
    **options: Any,
) -> t.Upload:
    """Uploads a file in parts, one after the other, and completes the upload.

    ``part_size`` is in bytes, 64 MiB unless given. Bytes need ``filename`` and ``bytes``, their number. ``options`` go along with the
    request that creates the upload.
    """
    _checked(file, filename, bytes)
    if isinstance(file, (str, os.PathLike)):
        file = Path(file)
        filename, bytes = filename or file.name, file.stat().st_size if bytes is None else bytes
    upload = self.create(**_asked((bytes, filename, mime_type, purpose), options))
    size = _part_size(part_size)
    done: List[str] = []
    with io.FileIO(str(file)) if isinstance(file, Path) else io.BytesIO(file) as source:
        while data := source.read(size):
            part = self.parts.create(upload_id=upload.id, data=data)
            _tell(part, upload)
            done.append(part.id)
    finished: t.Upload = self.complete(upload_id=upload.id, part_ids=done, md5=md5)
    return finished


async def async_upload_file_chunked(
    self: Any,
    *,
    file: _File,
    mime_type: str,
    purpose: t.FilePurpose,
    filename: Optional[str] = None,
    bytes: Optional[int] = None,
    part_size: Optional[int] = None,
    md5: Union[str, Omit] = omit,
    **options: Any,
) -> t.Upload:
    """As :func:`upload_file_chunked`. The file is read on threads."""
    import anyio

    _checked(file, filename, bytes)
    if isinstance(file, (str, os.PathLike)):
        path = anyio.Path(os.fspath(file))
        filename, bytes = filename or path.name, (await path.stat()).st_size if bytes is None else bytes
        source: Any = await path.open("rb")
    else:
        source = anyio.wrap_file(io.BytesIO(file))
    async with source:
        upload = await self.create(**_asked((bytes, filename, mime_type, purpose), options))
        size = _part_size(part_size)
        done: List[str] = []
        while data := await source.read(size):
            part = await self.parts.create(upload_id=upload.id, data=data)
            _tell(part, upload)
            done.append(part.id)
    finished: t.Upload = await self.complete(upload_id=upload.id, part_ids=done, md5=md5)
    return finished
