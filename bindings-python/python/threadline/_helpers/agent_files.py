"""Files for environments of hosted agents, and artifacts of their turns."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any, Dict, List, Mapping, Sequence, Union

from .. import _threadline as _native
from .._resource import AsyncResource, SyncResource
from .._types import omit

Path = Union[str, "os.PathLike[str]"]

__all__ = ["AgentFilesHelpers", "AgentResultArtifacts", "ArtifactsHelpers", "PreparedAgentFiles", "StagedAgentFile"]


@dataclasses.dataclass
class PreparedAgentFiles:
    """Files that are uploaded: ``files`` as ``environment.files`` of a session takes them, and the ids of the uploads."""

    files: List[Any] = dataclasses.field(default_factory=list)
    uploaded_file_ids: List[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class StagedAgentFile:
    """A file in an environment, and the upload it was made from."""

    uploaded_file_id: str
    file: Any


def _settings(arguments: Dict[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in arguments.items() if name != "self" and value is not None and value is not omit}


def _prepared(text: str) -> PreparedAgentFiles:
    return PreparedAgentFiles(**json.loads(text))


def _staged(text: str) -> StagedAgentFile:
    from ..types.beta.agents.environments.environment_file import EnvironmentFile

    made = json.loads(text)
    return StagedAgentFile(made["uploaded_file_id"], _native.decode_as(json.dumps(made["file"]), EnvironmentFile))


def _files(files: Mapping[str, Path]) -> Any:
    return [(place, os.fspath(path)) for place, path in files.items()]


class AgentFilesHelpers(SyncResource):
    """Helpers of ``client.beta.agents.environments.files``."""

    def prepare(
        self, files: Mapping[str, Path], *, extra_headers: Any = None, extra_query: Any = None, extra_body: Any = None, timeout: Any = omit
    ) -> PreparedAgentFiles:
        """Uploads local files, each named with its place below ``/workspace``, for an environment that is to be made."""
        settings = _settings({**locals(), "files": _files(files)})
        return _prepared(_native.agent_files(self._client._native, "prepare", settings))

    def prepare_directory(
        self, root: Path, *, destination: str, include: Sequence[str], extra_headers: Any = None, extra_query: Any = None,
        extra_body: Any = None, timeout: Any = omit,
    ) -> PreparedAgentFiles:  # fmt: skip
        """Uploads the files of a folder that fit one of these patterns (``*``, ``?``, ``**``); they keep their places."""
        settings = _settings({**locals(), "root": os.fspath(root), "include": list(include)})
        return _prepared(_native.agent_files(self._client._native, "prepare_directory", settings))

    def upload(
        self, environment_id: str, *, file: Any, path: str, extra_headers: Any = None, extra_query: Any = None, extra_body: Any = None,
        timeout: Any = omit,
    ) -> StagedAgentFile:  # fmt: skip
        """Uploads a file and puts it at this place, below ``/workspace``, of an environment that exists."""
        return _staged(_native.agent_files(self._client._native, "upload", _settings(locals())))


class AsyncAgentFilesHelpers(AsyncResource):
    """Helpers of ``client.beta.agents.environments.files``."""

    async def prepare(
        self, files: Mapping[str, Path], *, extra_headers: Any = None, extra_query: Any = None, extra_body: Any = None, timeout: Any = omit
    ) -> PreparedAgentFiles:
        """Uploads local files. See the other client's."""
        settings = _settings({**locals(), "files": _files(files)})
        return _prepared(await _native.agent_files_async(self._client._native, "prepare", settings))

    async def prepare_directory(
        self, root: Path, *, destination: str, include: Sequence[str], extra_headers: Any = None, extra_query: Any = None,
        extra_body: Any = None, timeout: Any = omit,
    ) -> PreparedAgentFiles:  # fmt: skip
        """Uploads files of a folder. See the other client's."""
        settings = _settings({**locals(), "root": os.fspath(root), "include": list(include)})
        return _prepared(await _native.agent_files_async(self._client._native, "prepare_directory", settings))

    async def upload(
        self, environment_id: str, *, file: Any, path: str, extra_headers: Any = None, extra_query: Any = None, extra_body: Any = None,
        timeout: Any = omit,
    ) -> StagedAgentFile:  # fmt: skip
        """Uploads a file and puts it into an environment. See the other client's."""
        return _staged(await _native.agent_files_async(self._client._native, "upload", _settings(locals())))


def _artifact(text: str) -> Any:
    from ..types.beta.agents.sessions.session_artifact import SessionArtifact

    return _native.decode_as(text, SessionArtifact)


class _ResultArtifacts:
    def __init__(self, resource: Any, result: Any) -> None:
        self._resource, self._result = resource, result

    def _told(self, path: str, options: Dict[str, Any]) -> Dict[str, Any]:
        return {"session_id": self._result.session_id, "turn_id": self._result.turn_id, "path": path, **options}


class AgentResultArtifacts(_ResultArtifacts):
    """Artifacts of one turn, by their paths."""

    def content(self, path: str, **options: Any) -> Any:
        """The content of the artifact at this path."""
        text = _native.agent_files(self._resource._client._native, "artifact", self._told(path, options))
        return self._resource.content(_artifact(text).id, session_id=self._result.session_id, **options)

    def download(self, path: str, *, to: Path, **options: Any) -> Any:
        """Saves the content of the artifact at this path as a file; the artifact."""
        told = self._told(path, {**options, "to": os.fspath(to)})
        return _artifact(_native.agent_files(self._resource._client._native, "artifact", told))


class AsyncAgentResultArtifacts(_ResultArtifacts):
    """Artifacts of one turn, by their paths."""

    async def content(self, path: str, **options: Any) -> Any:
        """The content of the artifact at this path."""
        text = await _native.agent_files_async(self._resource._client._native, "artifact", self._told(path, options))
        return await self._resource.content(_artifact(text).id, session_id=self._result.session_id, **options)

    async def download(self, path: str, *, to: Path, **options: Any) -> Any:
        """Saves the content of the artifact at this path as a file; the artifact."""
        told = self._told(path, {**options, "to": os.fspath(to)})
        return _artifact(await _native.agent_files_async(self._resource._client._native, "artifact", told))


class ArtifactsHelpers(SyncResource):
    """Helpers of ``client.beta.agents.sessions.artifacts``."""

    def for_result(self, result: Any) -> AgentResultArtifacts:
        """Artifacts of the turn of this result."""
        return AgentResultArtifacts(self, result)


class AsyncArtifactsHelpers(AsyncResource):
    """Helpers of ``client.beta.agents.sessions.artifacts``."""

    def for_result(self, result: Any) -> AsyncAgentResultArtifacts:
        """Artifacts of the turn of this result."""
        return AsyncAgentResultArtifacts(self, result)
