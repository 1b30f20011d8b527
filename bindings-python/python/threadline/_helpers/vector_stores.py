"""Files on their way into vector stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional, Sequence, Union

from .. import _operations as op
from .. import _threadline as _native
from .._types import Body, FileTypes, Headers, NotGiven, Omit, Query, SequenceNotStr, Timeout, not_given, omit
from . import composed
from .polling import AsyncPolling, Polling, Seconds, how, rest

if TYPE_CHECKING:
    from .. import types as t

_FILES, _BATCHES = "vector_stores.files", "vector_stores.file_batches"


def _uploaded(kind: str, arguments: Dict[str, Any], resource: str, store: str) -> Dict[str, Any]:
    return {**how(resource, arguments, ids=[store]), "upload": kind}


def _described(attributes: Any, chunking_strategy: Any) -> Dict[str, Any]:
    return composed.given(attributes=attributes, chunking_strategy=chunking_strategy)


def _unset(arguments: Dict[str, Any]) -> List[str]:
    """Options that the core need not be told of."""
    return [name for name in ("extra_query", "extra_body") if arguments.get(name) is None]


def _is_file_pending(file: Any) -> bool:
    return bool(file.status == "in_progress")


def _is_batch_pending(batch: Any) -> bool:
    return bool(batch.file_counts.in_progress > 0)


def _given(arguments: Dict[str, Any], *without: str) -> Dict[str, Any]:
    return {name: value for name, value in rest(arguments, *without).items() if not isinstance(value, (Omit, NotGiven))}


class FilesHelpers(Polling):
    """Helpers of ``client.vector_stores.files``."""

    def create_and_poll(
        self,
        file_id: str,
        *,
        vector_store_id: str,
        attributes: Optional[Dict[str, Union[str, float, bool]]] | Omit = omit,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        chunking_strategy: t.FileChunkingStrategyParam | Omit = omit,
        extra_headers: Headers | None = None,
        extra_query: Query | None = None,
        extra_body: Body | None = None,
        timeout: float | Timeout | None | NotGiven = not_given,
    ) -> t.vector_stores.VectorStoreFile:
        """Attaches an uploaded file and waits until it is indexed, or is not."""
        composed.checked_limit(max_wait_seconds)
        if composed.is_replaced(self):
            options = composed.given(extra_headers=extra_headers, extra_query=extra_query, extra_body=extra_body, timeout=timeout)
            self.create(  # type: ignore[attr-defined]
                vector_store_id=vector_store_id, file_id=file_id, **_described(attributes, chunking_strategy), **options
            )
            waiting = composed.given(poll_interval_ms=poll_interval_ms, max_wait_seconds=max_wait_seconds)
            return self.poll(file_id, vector_store_id=vector_store_id, **waiting)
        told = how(_FILES, locals(), op.VECTOR_STORES_FILES_CREATE, [vector_store_id, file_id])
        return self._poll(told, rest(locals(), "told", *_unset(locals())))

    def poll(
        self,
        file_id: str,
        *,
        vector_store_id: str,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Headers | None = None,
        timeout: float | Timeout | None | NotGiven = not_given,
    ) -> t.vector_stores.VectorStoreFile:
        """Waits until a file is indexed, or is not."""
        if composed.is_replaced(self):
            wait = composed.Waited(f"file {file_id}", poll_interval_ms, max_wait_seconds)
            return composed.polled(self, wait, _is_file_pending, file_id, vector_store_id=vector_store_id)
        composed.checked_limit(max_wait_seconds)
        return self._poll(how(_FILES, locals(), ids=[vector_store_id, file_id]), rest(locals(), "file_id", "vector_store_id"))

    def upload(
        self,
        *,
        vector_store_id: str,
        file: FileTypes,
        chunking_strategy: t.FileChunkingStrategyParam | Omit = omit,
        attributes: Optional[Dict[str, Union[str, float, bool]]] | Omit = omit,
        extra_headers: Headers | None = None,
        timeout: float | Timeout | None | NotGiven = not_given,
    ) -> t.vector_stores.VectorStoreFile:
        """Uploads a file and attaches it; the provider indexes it in the background."""
        if composed.is_replaced(self):
            sent = self._client.files.create(file=file, purpose="assistants")
            described = _described(attributes, chunking_strategy)
            return self.create(vector_store_id=vector_store_id, file_id=sent.id, **described)  # type: ignore[attr-defined, no-any-return, unused-ignore]
        return _native.upload_store_file(self._client._native, vector_store_id, _given(locals(), "vector_store_id"))

    def upload_and_poll(
        self,
        *,
        vector_store_id: str,
        file: FileTypes,
        attributes: Optional[Dict[str, Union[str, float, bool]]] | Omit = omit,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        chunking_strategy: t.FileChunkingStrategyParam | Omit = omit,
        extra_headers: Headers | None = None,
        timeout: float | Timeout | None | NotGiven = not_given,
    ) -> t.vector_stores.VectorStoreFile:
        """Uploads a file, attaches it, and waits until it is indexed, or is not."""
        composed.checked_limit(max_wait_seconds)
        if composed.is_replaced(self):
            sent = self._client.files.create(file=file, purpose="assistants")
            waiting = composed.given(poll_interval_ms=poll_interval_ms, max_wait_seconds=max_wait_seconds)
            described = _described(attributes, chunking_strategy)
            return self.create_and_poll(vector_store_id=vector_store_id, file_id=sent.id, **described, **waiting)
        return self._poll(_uploaded("file", locals(), _FILES, vector_store_id), _given(locals(), "vector_store_id"))


class AsyncFilesHelpers(AsyncPolling):
    """Helpers of ``client.vector_stores.files``."""

    async def create_and_poll(
        self,
        file_id: str,
        *,
        vector_store_id: str,
        attributes: Optional[Dict[str, Union[str, float, bool]]] | Omit = omit,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        chunking_strategy: t.FileChunkingStrategyParam | Omit = omit,
        extra_headers: Headers | None = None,
        extra_query: Query | None = None,
        extra_body: Body | None = None,
        timeout: float | Timeout | None | NotGiven = not_given,
    ) -> t.vector_stores.VectorStoreFile:
        """Attaches an uploaded file and waits until it is indexed, or is not."""
        composed.checked_limit(max_wait_seconds)
        if composed.is_replaced(self):
            options = composed.given(extra_headers=extra_headers, extra_query=extra_query, extra_body=extra_body, timeout=timeout)
            await self.create(  # type: ignore[attr-defined]
                vector_store_id=vector_store_id, file_id=file_id, **_described(attributes, chunking_strategy), **options
            )
            waiting = composed.given(poll_interval_ms=poll_interval_ms, max_wait_seconds=max_wait_seconds)
            return await self.poll(file_id, vector_store_id=vector_store_id, **waiting)
        told = how(_FILES, locals(), op.VECTOR_STORES_FILES_CREATE, [vector_store_id, file_id])
        return await self._poll(told, rest(locals(), "told", *_unset(locals())))

    async def poll(
        self,
        file_id: str,
        *,
        vector_store_id: str,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Headers | None = None,
        timeout: float | Timeout | None | NotGiven = not_given,
    ) -> t.vector_stores.VectorStoreFile:
        """Waits until a file is indexed, or is not."""
        if composed.is_replaced(self):
            wait = composed.Waited(f"file {file_id}", poll_interval_ms, max_wait_seconds)
            return await composed.polled_async(self, wait, _is_file_pending, file_id, vector_store_id=vector_store_id)
        composed.checked_limit(max_wait_seconds)
        told = how(_FILES, locals(), ids=[vector_store_id, file_id])
        return await self._poll(told, rest(locals(), "told", "file_id", "vector_store_id"))

    async def upload(
        self,
        *,
        vector_store_id: str,
        file: FileTypes,
        chunking_strategy: t.FileChunkingStrategyParam | Omit = omit,
        attributes: Optional[Dict[str, Union[str, float, bool]]] | Omit = omit,
        extra_headers: Headers | None = None,
        timeout: float | Timeout | None | NotGiven = not_given,
    ) -> t.vector_stores.VectorStoreFile:
        """Uploads a file and attaches it; the provider indexes it in the background."""
        if composed.is_replaced(self):
            sent = await self._client.files.create(file=file, purpose="assistants")
            described = _described(attributes, chunking_strategy)
            return await self.create(vector_store_id=vector_store_id, file_id=sent.id, **described)  # type: ignore[attr-defined, no-any-return, unused-ignore]
        return await _native.upload_store_file_async(
            self._client._native, vector_store_id, _given(locals(), "vector_store_id")
        )

    async def upload_and_poll(
        self,
        *,
        vector_store_id: str,
        file: FileTypes,
        attributes: Optional[Dict[str, Union[str, float, bool]]] | Omit = omit,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        chunking_strategy: t.FileChunkingStrategyParam | Omit = omit,
        extra_headers: Headers | None = None,
        timeout: float | Timeout | None | NotGiven = not_given,
    ) -> t.vector_stores.VectorStoreFile:
        """Uploads a file, attaches it, and waits until it is indexed, or is not."""
        composed.checked_limit(max_wait_seconds)
        if composed.is_replaced(self):
            sent = await self._client.files.create(file=file, purpose="assistants")
            waiting = composed.given(poll_interval_ms=poll_interval_ms, max_wait_seconds=max_wait_seconds)
            described = _described(attributes, chunking_strategy)
            return await self.create_and_poll(vector_store_id=vector_store_id, file_id=sent.id, **described, **waiting)
        return await self._poll(_uploaded("file", locals(), _FILES, vector_store_id), _given(locals(), "vector_store_id"))


class FileBatchesHelpers(Polling):
    """Helpers of ``client.vector_stores.file_batches``."""

    def create_and_poll(
        self,
        vector_store_id: str,
        *,
        attributes: Optional[Dict[str, Union[str, float, bool]]] | Omit = omit,
        chunking_strategy: t.FileChunkingStrategyParam | Omit = omit,
        file_ids: SequenceNotStr[str] | Omit = omit,
        files: Iterable[t.vector_stores.file_batch_create_params.File] | Omit = omit,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Headers | None = None,
        extra_query: Query | None = None,
        extra_body: Body | None = None,
        timeout: float | Timeout | None | NotGiven = not_given,
    ) -> t.vector_stores.VectorStoreFileBatch:
        """Attaches uploaded files and waits until none of them is in progress."""
        if composed.is_replaced(self):
            options = composed.given(extra_headers=extra_headers, extra_query=extra_query, extra_body=extra_body, timeout=timeout)
            listed = composed.given(file_ids=file_ids, files=files)
            described = _described(attributes, chunking_strategy)
            made = self.create(vector_store_id=vector_store_id, **listed, **described, **options)  # type: ignore[attr-defined]
            waiting = composed.given(poll_interval_ms=poll_interval_ms, max_wait_seconds=max_wait_seconds)
            return self.poll(made.id, vector_store_id=vector_store_id, **waiting)
        return self._poll(how(_BATCHES, locals(), op.VECTOR_STORES_FILE_BATCHES_CREATE), rest(locals(), *_unset(locals())))

    def poll(
        self,
        batch_id: str,
        *,
        vector_store_id: str,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Headers | None = None,
        timeout: float | Timeout | None | NotGiven = not_given,
    ) -> t.vector_stores.VectorStoreFileBatch:
        """Waits until no file of a batch is in progress."""
        if composed.is_replaced(self):
            wait = composed.Waited(f"batch {batch_id}", poll_interval_ms, max_wait_seconds)
            return composed.polled(self, wait, _is_batch_pending, batch_id, vector_store_id=vector_store_id)
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
        chunking_strategy: t.FileChunkingStrategyParam | Omit = omit,
        attributes: Optional[Dict[str, Union[str, float, bool]]] | Omit = omit,
        extra_headers: Headers | None = None,
        timeout: float | Timeout | None | NotGiven = not_given,
    ) -> t.vector_stores.VectorStoreFileBatch:
        """Uploads files side by side, attaches them in the order given, and waits until none of them is in progress."""
        if composed.is_replaced(self):
            sent = composed.uploaded(self._client, files, max_concurrency)
            waiting = composed.given(poll_interval_ms=poll_interval_ms, max_wait_seconds=max_wait_seconds)
            described = _described(attributes, chunking_strategy)
            return self.create_and_poll(vector_store_id=vector_store_id, file_ids=[*file_ids, *sent], **described, **waiting)
        told = _uploaded("batch", locals(), _BATCHES, vector_store_id)
        return self._poll(told, {**_given(locals(), "told", "vector_store_id"), "file_ids": list(file_ids)})


class AsyncFileBatchesHelpers(AsyncPolling):
    """Helpers of ``client.vector_stores.file_batches``."""

    async def create_and_poll(
        self,
        vector_store_id: str,
        *,
        attributes: Optional[Dict[str, Union[str, float, bool]]] | Omit = omit,
        chunking_strategy: t.FileChunkingStrategyParam | Omit = omit,
        file_ids: SequenceNotStr[str] | Omit = omit,
        files: Iterable[t.vector_stores.file_batch_create_params.File] | Omit = omit,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Headers | None = None,
        extra_query: Query | None = None,
        extra_body: Body | None = None,
        timeout: float | Timeout | None | NotGiven = not_given,
    ) -> t.vector_stores.VectorStoreFileBatch:
        """Attaches uploaded files and waits until none of them is in progress."""
        if composed.is_replaced(self):
            options = composed.given(extra_headers=extra_headers, extra_query=extra_query, extra_body=extra_body, timeout=timeout)
            listed = composed.given(file_ids=file_ids, files=files)
            described = _described(attributes, chunking_strategy)
            made = await self.create(vector_store_id=vector_store_id, **listed, **described, **options)  # type: ignore[attr-defined]
            waiting = composed.given(poll_interval_ms=poll_interval_ms, max_wait_seconds=max_wait_seconds)
            return await self.poll(made.id, vector_store_id=vector_store_id, **waiting)
        return await self._poll(how(_BATCHES, locals(), op.VECTOR_STORES_FILE_BATCHES_CREATE), rest(locals(), *_unset(locals())))

    async def poll(
        self,
        batch_id: str,
        *,
        vector_store_id: str,
        poll_interval_ms: Seconds = omit,
        max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Headers | None = None,
        timeout: float | Timeout | None | NotGiven = not_given,
    ) -> t.vector_stores.VectorStoreFileBatch:
        """Waits until no file of a batch is in progress."""
        if composed.is_replaced(self):
            wait = composed.Waited(f"batch {batch_id}", poll_interval_ms, max_wait_seconds)
            return await composed.polled_async(self, wait, _is_batch_pending, batch_id, vector_store_id=vector_store_id)
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
        chunking_strategy: t.FileChunkingStrategyParam | Omit = omit,
        attributes: Optional[Dict[str, Union[str, float, bool]]] | Omit = omit,
        extra_headers: Headers | None = None,
        timeout: float | Timeout | None | NotGiven = not_given,
    ) -> t.vector_stores.VectorStoreFileBatch:
        """Uploads files side by side, attaches them in the order given, and waits until none of them is in progress."""
        if composed.is_replaced(self):
            sent = await composed.uploaded_async(self._client, files, max_concurrency)
            waiting = composed.given(poll_interval_ms=poll_interval_ms, max_wait_seconds=max_wait_seconds)
            described = _described(attributes, chunking_strategy)
            return await self.create_and_poll(vector_store_id=vector_store_id, file_ids=[*file_ids, *sent], **described, **waiting)
        told = _uploaded("batch", locals(), _BATCHES, vector_store_id)
        return await self._poll(told, {**_given(locals(), "told", "vector_store_id"), "file_ids": list(file_ids)})
