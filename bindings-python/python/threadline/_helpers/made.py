"""Things that are made and waited for by the same two methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Dict

from .. import _operations as op
from .._types import omit
from .._utils import deprecated
from . import composed, loose
from .checked import arguments_of
from .polling import AsyncPolling, Polling, Seconds, how, rest

if TYPE_CHECKING:
    from .. import types as t


class _Made(Polling):
    _resource: ClassVar[str]
    _create: ClassVar[int]
    #: Arguments without which there is nothing to wait for.
    _defaults: ClassVar[Dict[str, Any]] = {}
    create: Any

    @loose
    def create_and_poll(
        self, *args: Any, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit, on_update: Any = None, **params: Any
    ) -> Any:
        """Makes it, with the arguments of :meth:`create`, and waits until it is done, or has failed."""
        told = how(self._resource, locals(), self._create)
        return self._poll(told, arguments_of(self.create, {**self._defaults, **params}, *args))

    def _existing(self, ids: Any, arguments: Any, *without: str) -> Any:
        return self._poll(how(self._resource, arguments, ids=ids), rest(arguments, *without))


class _AsyncMade(AsyncPolling):
    _resource: ClassVar[str]
    _create: ClassVar[int]
    #: Arguments without which there is nothing to wait for.
    _defaults: ClassVar[Dict[str, Any]] = {}
    create: Any

    @loose
    async def create_and_poll(
        self, *args: Any, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit, on_update: Any = None, **params: Any
    ) -> Any:
        """Makes it, with the arguments of :meth:`create`, and waits until it is done, or has failed."""
        told = how(self._resource, locals(), self._create)
        return await self._poll(told, arguments_of(self.create, {**self._defaults, **params}, *args))

    async def _existing(self, ids: Any, arguments: Any, *without: str) -> Any:
        return await self._poll(how(self._resource, arguments, ids=ids), rest(arguments, *without))


def _is_video_pending(video: Any) -> bool:
    return video.status in ("queued", "in_progress")


class VideosHelpers(_Made):
    """Helpers of ``client.videos``."""

    _resource: ClassVar[str] = "videos"
    _create = op.VIDEOS_CREATE

    @loose
    def create_and_poll(
        self, *args: Any, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit, on_update: Any = None, **params: Any
    ) -> Any:
        """Makes a video, with the arguments of :meth:`create`, and waits until it is made, or has failed."""
        waiting = composed.given(poll_interval_ms=poll_interval_ms, max_wait_seconds=max_wait_seconds, on_update=on_update)
        if composed.is_replaced(self):
            return self.poll(self.create(*args, **params).id, **waiting)
        return super().create_and_poll(*args, **waiting, **params)

    @deprecated("videos.poll is deprecated by the vendor.")
    def poll(
        self, video_id: str, *, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None, timeout: Any = omit,
    ) -> t.Video:  # fmt: skip
        """Waits until a video is made, or has failed."""
        if composed.is_replaced(self):
            wait = composed.Waited(f"video {video_id}", poll_interval_ms, max_wait_seconds, extra_headers, first_counts=True)
            return composed.polled(self, wait, _is_video_pending, video_id, on_update=on_update, **composed.given(timeout=timeout))
        return self._existing([video_id], locals(), "video_id")


class AsyncVideosHelpers(_AsyncMade):
    """Helpers of ``client.videos``."""

    _resource: ClassVar[str] = "videos"
    _create = op.VIDEOS_CREATE

    @loose
    async def create_and_poll(
        self, *args: Any, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit, on_update: Any = None, **params: Any
    ) -> Any:
        """Makes a video, with the arguments of :meth:`create`, and waits until it is made, or has failed."""
        waiting = composed.given(poll_interval_ms=poll_interval_ms, max_wait_seconds=max_wait_seconds, on_update=on_update)
        if composed.is_replaced(self):
            return await self.poll((await self.create(*args, **params)).id, **waiting)
        return await super().create_and_poll(*args, **waiting, **params)

    @deprecated("videos.poll is deprecated by the vendor.")
    async def poll(
        self, video_id: str, *, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None, timeout: Any = omit,
    ) -> t.Video:  # fmt: skip
        """Waits until a video is made, or has failed."""
        if composed.is_replaced(self):
            wait = composed.Waited(f"video {video_id}", poll_interval_ms, max_wait_seconds, extra_headers, first_counts=True)
            return await composed.polled_async(self, wait, _is_video_pending, video_id, on_update=on_update, **composed.given(timeout=timeout))
        return await self._existing([video_id], locals(), "video_id")


class BatchesHelpers(_Made):
    """Helpers of ``client.batches``."""

    _resource: ClassVar[str] = "batches"
    _create = op.BATCHES_CREATE

    def poll(
        self, batch_id: str, *, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None, timeout: Any = omit,
    ) -> t.Batch:  # fmt: skip
        """Waits until a batch is done, or has failed."""
        return self._existing([batch_id], locals(), "batch_id")


class AsyncBatchesHelpers(_AsyncMade):
    """Helpers of ``client.batches``."""

    _resource: ClassVar[str] = "batches"
    _create = op.BATCHES_CREATE

    async def poll(
        self, batch_id: str, *, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None, timeout: Any = omit,
    ) -> t.Batch:  # fmt: skip
        """Waits until a batch is done, or has failed."""
        return await self._existing([batch_id], locals(), "batch_id")


class JobsHelpers(_Made):
    """Helpers of ``client.fine_tuning.jobs``."""

    _resource: ClassVar[str] = "fine_tuning.jobs"
    _create = op.FINE_TUNING_JOBS_CREATE

    def poll(
        self, fine_tuning_job_id: str, *, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None, timeout: Any = omit,
    ) -> t.fine_tuning.FineTuningJob:  # fmt: skip
        """Waits until a job is done, or has failed."""
        return self._existing([fine_tuning_job_id], locals(), "fine_tuning_job_id")


class AsyncJobsHelpers(_AsyncMade):
    """Helpers of ``client.fine_tuning.jobs``."""

    _resource: ClassVar[str] = "fine_tuning.jobs"
    _create = op.FINE_TUNING_JOBS_CREATE

    async def poll(
        self, fine_tuning_job_id: str, *, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None, timeout: Any = omit,
    ) -> t.fine_tuning.FineTuningJob:  # fmt: skip
        """Waits until a job is done, or has failed."""
        return await self._existing([fine_tuning_job_id], locals(), "fine_tuning_job_id")


class EvalRunsHelpers(_Made):
    """Helpers of ``client.evals.runs``."""

    _resource: ClassVar[str] = "evals.runs"
    _create = op.EVALS_RUNS_CREATE

    def poll(
        self, run_id: str, *, eval_id: str, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None, timeout: Any = omit,
    ) -> t.evals.RunRetrieveResponse:  # fmt: skip
        """Waits until a run is done, or has failed."""
        return self._existing([eval_id, run_id], locals(), "run_id", "eval_id")


class AsyncEvalRunsHelpers(_AsyncMade):
    """Helpers of ``client.evals.runs``."""

    _resource: ClassVar[str] = "evals.runs"
    _create = op.EVALS_RUNS_CREATE

    async def poll(
        self, run_id: str, *, eval_id: str, poll_interval_ms: Seconds = omit, max_wait_seconds: Seconds = omit,
        on_update: Any = None,
        extra_headers: Any = None, timeout: Any = omit,
    ) -> t.evals.RunRetrieveResponse:  # fmt: skip
        """Waits until a run is done, or has failed."""
        return await self._existing([eval_id, run_id], locals(), "run_id", "eval_id")


class UploadedFilesHelpers(Polling):
    """Helpers of ``client.files``."""

    def wait_for_processing(
        self, id: str, *, poll_interval: float = 5.0, max_wait_seconds: float = 30 * 60, on_update: Any = None, poll_interval_ms: Seconds = omit
    ) -> t.FileObject:
        """Waits until a file is processed, or is not."""
        if composed.is_replaced(self):
            from ..lib._files import wait_for_processing

            return wait_for_processing(self, id, poll_interval, max_wait_seconds)
        return self._poll(how("files", locals(), ids=[id]), {})


class AsyncUploadedFilesHelpers(AsyncPolling):
    """Helpers of ``client.files``."""

    async def wait_for_processing(
        self, id: str, *, poll_interval: float = 5.0, max_wait_seconds: float = 30 * 60, on_update: Any = None, poll_interval_ms: Seconds = omit
    ) -> t.FileObject:
        """Waits until a file is processed, or is not."""
        if composed.is_replaced(self):
            from ..lib._files import async_wait_for_processing

            return await async_wait_for_processing(self, id, poll_interval, max_wait_seconds)
        return await self._poll(how("files", locals(), ids=[id]), {})
