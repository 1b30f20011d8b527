"""Files on their way into vector stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Sequence, Union

from .. import _operations as op
from .. import _threadline as _native
from .._types import FileTypes, Omit, SequenceNotStr, omit
from .polling import AsyncPolling, Polling, Seconds, how, rest

if TYPE_CHECKING:
    from .. import types as t

_FILES, _BATCHES = "vector_stores.files", "vector_stores.file_batches"
_Attributes = Union[Dict[str, Union[str, float, bool]], None, Omit]


def _uploaded(kind: str, arguments: Dict[str, Any], resource: str, store: str) -> Dict[str, Any]:
    return {**how(resource, arguments, ids=[store]), "upload": kind}


def _given(arguments: Dict[str, Any], *without: str) -> Dict[str, Any]:
    return {name: value for name, value in rest(arguments, *without).items() if not isinstance(value, Omit)}


class FilesHelpers(Polling):
    """Helpers of ``client.vector_stores.files``."""

    def create_and_poll(
        self,
        file_id: str,
        *,
        vector_store_id: str,
        attributes: _Attributes = omit,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        chunking_strategy: Any = omit,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.vector_stores.VectorStoreFile:
        """Attaches an uploaded file and waits until it is indexed, or is not."""
        told = how(_FILES, locals(), op.VECTOR_STORES_FILES_CREATE, [vector_store_id, file_id])
        return self._poll(told, rest(locals(), "told"))

    def poll(
        self,
        file_id: str,
        *,
        vector_store_id: str,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.vector_stores.VectorStoreFile:
        """Waits until a file is indexed, or is not."""
        return self._poll(how(_FILES, locals(), ids=[vector_store_id, file_id]), rest(locals(), "file_id", "vector_store_id"))

    def upload(
        self,
        *,
        vector_store_id: str,
        file: FileTypes,
        chunking_strategy: Any = omit,
        attributes: _Attributes = omit,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.vector_stores.VectorStoreFile:
        """Uploads a file and attaches it; the provider indexes it in the background."""
        return _native.upload_store_file(self._client._native, vector_store_id, _given(locals(), "vector_store_id"))

    def upload_and_poll(
        self,
        *,
        vector_store_id: str,
        file: FileTypes,
        attributes: _Attributes = omit,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        chunking_strategy: Any = omit,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.vector_stores.VectorStoreFile:
        """Uploads a file, attaches it, and waits until it is indexed, or is not."""
        return self._poll(_uploaded("file", locals(), _FILES, vector_store_id), _given(locals(), "vector_store_id"))


class AsyncFilesHelpers(AsyncPolling):
    """Helpers of ``client.vector_stores.files``."""

    async def create_and_poll(
        self,
        file_id: str,
        *,
        vector_store_id: str,
        attributes: _Attributes = omit,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        chunking_strategy: Any = omit,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.vector_stores.VectorStoreFile:
        """Attaches an uploaded file and waits until it is indexed, or is not."""
        told = how(_FILES, locals(), op.VECTOR_STORES_FILES_CREATE, [vector_store_id, file_id])
        return await self._poll(told, rest(locals(), "told"))

    async def poll(
        self,
        file_id: str,
        *,
        vector_store_id: str,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.vector_stores.VectorStoreFile:
        """Waits until a file is indexed, or is not."""
        told = how(_FILES, locals(), ids=[vector_store_id, file_id])
        return await self._poll(told, rest(locals(), "told", "file_id", "vector_store_id"))

    async def upload(
        self,
        *,
        vector_store_id: str,
        file: FileTypes,
        chunking_strategy: Any = omit,
        attributes: _Attributes = omit,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.vector_stores.VectorStoreFile:
        """Uploads a file and attaches it; the provider indexes it in the background."""
        return await _native.upload_store_file_async(
            self._client._native, vector_store_id, _given(locals(), "vector_store_id")
        )

    async def upload_and_poll(
        self,
        *,
        vector_store_id: str,
        file: FileTypes,
        attributes: _Attributes = omit,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        chunking_strategy: Any = omit,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.vector_stores.VectorStoreFile:
        """Uploads a file, attaches it, and waits until it is indexed, or is not."""
        return await self._poll(_uploaded("file", locals(), _FILES, vector_store_id), _given(locals(), "vector_store_id"))


class FileBatchesHelpers(Polling):
    """Helpers of ``client.vector_stores.file_batches``."""

    def create_and_poll(
        self,
        vector_store_id: str,
        *,
        attributes: _Attributes = omit,
        chunking_strategy: Any = omit,
        file_ids: Union[SequenceNotStr[str], Omit] = omit,
        files: Any = omit,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.vector_stores.VectorStoreFileBatch:
        """Attaches uploaded files and waits until none of them is in progress."""
        return self._poll(how(_BATCHES, locals(), op.VECTOR_STORES_FILE_BATCHES_CREATE), rest(locals()))

    def poll(
        self,
        batch_id: str,
        *,
        vector_store_id: str,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.vector_stores.VectorStoreFileBatch:
        """Waits until no file of a batch is in progress."""
        return self._poll(how(_BATCHES, locals(), ids=[vector_store_id, batch_id]), rest(locals(), "batch_id", "vector_store_id"))

    def upload_and_poll(
        self,
        vector_store_id: str,
        *,
        files: Sequence[FileTypes],
        max_concurrency: int = 5,
        file_ids: SequenceNotStr[str] = (),
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        chunking_strategy: Any = omit,
        attributes: _Attributes = omit,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.vector_stores.VectorStoreFileBatch:
        """Uploads files side by side, attaches them in the order given, and waits until none of them is in progress."""
        told = _uploaded("batch", locals(), _BATCHES, vector_store_id)
        return self._poll(told, {**_given(locals(), "told", "vector_store_id"), "file_ids": list(file_ids)})


class AsyncFileBatchesHelpers(AsyncPolling):
    """Helpers of ``client.vector_stores.file_batches``."""

    async def create_and_poll(
        self,
        vector_store_id: str,
        *,
        attributes: _Attributes = omit,
        chunking_strategy: Any = omit,
        file_ids: Union[SequenceNotStr[str], Omit] = omit,
        files: Any = omit,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.vector_stores.VectorStoreFileBatch:
        """Attaches uploaded files and waits until none of them is in progress."""
        return await self._poll(how(_BATCHES, locals(), op.VECTOR_STORES_FILE_BATCHES_CREATE), rest(locals()))

    async def poll(
        self,
        batch_id: str,
        *,
        vector_store_id: str,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.vector_stores.VectorStoreFileBatch:
        """Waits until no file of a batch is in progress."""
        told = how(_BATCHES, locals(), ids=[vector_store_id, batch_id])
        return await self._poll(told, rest(locals(), "told", "batch_id", "vector_store_id"))

    async def upload_and_poll(
        self,
        vector_store_id: str,
        *,
        files: Sequence[FileTypes],
        max_concurrency: int = 5,
        file_ids: SequenceNotStr[str] = (),
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        chunking_strategy: Any = omit,
        attributes: _Attributes = omit,
        extra_headers: Any = None,
        timeout: Any = omit,
    ) -> t.vector_stores.VectorStoreFileBatch:
        """Uploads files side by side, attaches them in the order given, and waits until none of them is in progress."""
        told = _uploaded("batch", locals(), _BATCHES, vector_store_id)
        return await self._poll(told, {**_given(locals(), "told", "vector_store_id"), "file_ids": list(file_ids)})
