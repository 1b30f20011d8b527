"""Files that one turn of a session left behind, by their paths."""

from __future__ import annotations

import os
from typing import Any, Dict, Union

from ...._types import Body, Headers, NotGiven, Query, Timeout, not_given

__all__ = ["AgentResultArtifacts", "AsyncAgentResultArtifacts"]

Path = Union[str, "os.PathLike[str]"]


def _options(arguments: Dict[str, Any]) -> Dict[str, Any]:
    return {name: arguments[name] for name in ("extra_headers", "extra_query", "extra_body", "timeout")}


class _OfTurn:
    """The one artifact of a path among those of a session."""

    def __init__(self, resource: Any, result: Any) -> None:
        # Results of later turns are other objects: what is looked for is settled now.
        self._resource, self._session_id, self._turn_id = resource, result.session_id, result.turn_id

    def _next(self, found: Any, artifact: Any, path: str) -> Any:
        if (artifact.session_id, artifact.turn_id, artifact.path) != (self._session_id, self._turn_id, path):
            return found
        if found is not None:
            raise ValueError(f"More than one artifact of turn {self._turn_id} has the path {path}")
        return artifact

    def _there(self, found: Any, path: str) -> Any:
        if found is None:
            raise ValueError(f"No artifact of turn {self._turn_id} has the path {path}")
        return found


class AgentResultArtifacts(_OfTurn):
    """Artifacts of one turn. Every call lists those of the session."""

    def _find(self, path: str, options: Dict[str, Any]) -> Any:
        found = None
        for artifact in self._resource.list(self._session_id, **options):
            found = self._next(found, artifact, path)
        return self._there(found, path)

    def content(
        self, path: str, *, extra_headers: "Headers | None" = None, extra_query: "Query | None" = None, extra_body: "Body | None" = None,
        timeout: "float | Timeout | None | NotGiven" = not_given,
    ) -> Any:  # fmt: skip
        """The content of the artifact at this path. Raises :class:`ValueError` if there is none, or more than one."""
        options = _options(locals())
        return self._resource.content(self._find(path, options).id, session_id=self._session_id, **options)

    def download(
        self, path: str, *, to: Path, extra_headers: "Headers | None" = None, extra_query: "Query | None" = None,
        extra_body: "Body | None" = None, timeout: "float | Timeout | None | NotGiven" = not_given,
    ) -> Any:  # fmt: skip
        """Saves the content of the artifact at this path as a file; the artifact."""
        options = _options(locals())
        found = self._find(path, options)
        with self._resource.with_streaming_response.content(found.id, session_id=self._session_id, **options) as content:
            content.stream_to_file(to)
        return found


class AsyncAgentResultArtifacts(_OfTurn):
    """Artifacts of one turn. See :class:`AgentResultArtifacts`."""

    async def _find(self, path: str, options: Dict[str, Any]) -> Any:
        found = None
        async for artifact in self._resource.list(self._session_id, **options):
            found = self._next(found, artifact, path)
        return self._there(found, path)

    async def content(
        self, path: str, *, extra_headers: "Headers | None" = None, extra_query: "Query | None" = None, extra_body: "Body | None" = None,
        timeout: "float | Timeout | None | NotGiven" = not_given,
    ) -> Any:  # fmt: skip
        """The content of the artifact at this path."""
        options = _options(locals())
        return await self._resource.content((await self._find(path, options)).id, session_id=self._session_id, **options)

    async def download(
        self, path: str, *, to: Path, extra_headers: "Headers | None" = None, extra_query: "Query | None" = None,
        extra_body: "Body | None" = None, timeout: "float | Timeout | None | NotGiven" = not_given,
    ) -> Any:  # fmt: skip
        """Saves the content of the artifact at this path as a file; the artifact."""
        options = _options(locals())
        found = await self._find(path, options)
        async with self._resource.with_streaming_response.content(found.id, session_id=self._session_id, **options) as content:
            await content.stream_to_file(to)
        return found
