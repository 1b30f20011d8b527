"""Large files, uploaded in parts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Union

from .. import _threadline as _native
from .._resource import AsyncResource, SyncResource
from .._types import Omit, omit
from ..lib._uploads import async_upload_file_chunked, upload_file_chunked

if TYPE_CHECKING:
    from .. import types as t

#: Options of a call that only the core can do.
_OF_THE_CORE = ("compute_md5", "max_concurrency", "keep_on_failure", "resume")
_File = Union["os.PathLike[str]", str, bytes, Any]


def _settings(arguments: Dict[str, Any]) -> Dict[str, Any]:
    given = {name: value for name, value in arguments.items() if name not in ("self", "on_progress") and not isinstance(value, Omit)}
    file = given["file"]
    if isinstance(file, bytes):
        for name in ("filename", "bytes"):
            if given.get(name) is None:
                raise TypeError(f"The `{name}` argument must be given for in-memory files")
    elif isinstance(file, str):
        from pathlib import Path

        given["file"] = Path(file)
    return {name: value for name, value in given.items() if value is not None}


def _one_by_one(resource: Any, arguments: Dict[str, Any], on_progress: Any) -> bool:
    """Whether parts go one after the other, by the resource's own methods: where a program sends or answers the requests itself."""
    if on_progress is not None or any(arguments.get(name) for name in _OF_THE_CORE):
        return False
    client = resource._client
    own = type(resource).__module__.startswith(__name__.partition(".")[0])
    return not own or not hasattr(type(client), "_native") or client._through() or any(name in resource.__dict__ for name in ("create", "complete"))


def _without_core(arguments: Dict[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in arguments.items() if name not in _OF_THE_CORE}


class UploadsHelpers(SyncResource):
    """Helpers of ``client.uploads``."""

    def upload_file_chunked(
        self,
        *,
        file: _File,
        mime_type: str,
        purpose: t.FilePurpose,
        filename: Optional[str] = None,
        bytes: Optional[int] = None,
        part_size: Optional[int] = None,
        md5: Union[str, Omit] = omit,
        compute_md5: bool = False,
        max_concurrency: Optional[int] = None,
        keep_on_failure: bool = False,
        expires_after: Any = None,
        resume: Optional[Dict[str, Any]] = None,
        on_progress: Optional[Callable[[Any], None]] = None,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.Upload:
        """Uploads a file in parts, several at a time, and completes the upload.

        ``resume`` is the ``unfinished`` of an exception of an earlier call with ``keep_on_failure``. ``on_progress`` is told what was done.
        """
        arguments = _settings(locals())
        if _one_by_one(self, arguments, on_progress):
            return upload_file_chunked(self, **_without_core(arguments))
        return _native.upload_chunked(self._client._native, arguments, _told(on_progress))


class AsyncUploadsHelpers(AsyncResource):
    """Helpers of ``client.uploads``."""

    async def upload_file_chunked(
        self,
        *,
        file: _File,
        mime_type: str,
        purpose: t.FilePurpose,
        filename: Optional[str] = None,
        bytes: Optional[int] = None,
        part_size: Optional[int] = None,
        md5: Union[str, Omit] = omit,
        compute_md5: bool = False,
        max_concurrency: Optional[int] = None,
        keep_on_failure: bool = False,
        expires_after: Any = None,
        resume: Optional[Dict[str, Any]] = None,
        on_progress: Optional[Callable[[Any], None]] = None,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.Upload:
        """Uploads a file in parts, several at a time, and completes the upload. See the other client's."""
        arguments = _settings(locals())
        if _one_by_one(self, arguments, on_progress):
            return await async_upload_file_chunked(self, **_without_core(arguments))
        return await _native.upload_chunked_async(self._client._native, arguments, _told(on_progress))


def _told(on_progress: Optional[Callable[[Any], None]]) -> Any:
    """What the native module tells of progress, as the program wants it."""
    if on_progress is None:
        return None
    tell = on_progress

    def told(upload_id: str, bytes_done: int, bytes_total: int, parts_done: int, parts_total: int) -> None:
        tell(
            {
                "upload_id": upload_id,
                "bytes_done": bytes_done,
                "bytes_total": bytes_total,
                "parts_done": parts_done,
                "parts_total": parts_total,
            }
        )

    return told
