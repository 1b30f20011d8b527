"""The wait for a file, of the resource's own methods: where one of them is stood in for (see ``_helpers.composed``)."""

from __future__ import annotations

import time as time
from typing import Any

_DONE = ("processed", "error", "deleted")


class Waiting:
    """One wait for a file: when to give up."""

    def __init__(self, id_: str, limit: float) -> None:
        self.id, self.limit, self.began = id_, limit, time.monotonic()

    def is_over(self, file: Any) -> bool:
        """Whether there is nothing to wait for any more."""
        return file.status in _DONE

    def check(self) -> None:
        """Raises :class:`RuntimeError` once the time is over."""
        if time.monotonic() - self.began > self.limit:
            raise RuntimeError(f"Giving up on waiting for file {self.id}: it was not processed in {self.limit} seconds")


def wait_for_processing(resource: Any, id_: str, interval: float, limit: float) -> Any:
    """Looks until a file is processed, or is not."""
    wait = Waiting(id_, limit)
    file = resource.retrieve(id_)
    while not wait.is_over(file):
        resource._sleep(interval)
        file = resource.retrieve(id_)
        wait.check()
    return file


async def async_wait_for_processing(resource: Any, id_: str, interval: float, limit: float) -> Any:
    """Looks until a file is processed, or is not."""
    wait = Waiting(id_, limit)
    file = await resource.retrieve(id_)
    while not wait.is_over(file):
        await resource._sleep(interval)
        file = await resource.retrieve(id_)
        wait.check()
    return file
