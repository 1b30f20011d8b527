"""Files for environments of hosted agents, and artifacts of their turns."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Dict, Mapping, Sequence, Union

from .._resource import AsyncResource, SyncResource
from .._types import NotGiven, Omit, omit

if TYPE_CHECKING:
    from ..lib.beta.agents import AgentResultArtifacts, AsyncAgentResultArtifacts, PreparedAgentFiles, StagedAgentFile

Path = Union[str, "os.PathLike[str]"]

__all__ = ["AgentFilesHelpers", "ArtifactsHelpers", "AsyncAgentFilesHelpers", "AsyncArtifactsHelpers"]


def _options(arguments: Dict[str, Any]) -> Dict[str, Any]:
    names = ("extra_headers", "extra_query", "extra_body", "timeout")
    given = {name: arguments[name] for name in names if not isinstance(arguments[name], (NotGiven, Omit))}
    return {name: value for name, value in given.items() if value is not None or name == "timeout"}


class AgentFilesHelpers(SyncResource):
    """Helpers of ``client.beta.agents.environments.files``."""

    def prepare(
        self, files: Mapping[str, Path], *, extra_headers: Any = None, extra_query: Any = None, extra_body: Any = None, timeout: Any = omit
    ) -> PreparedAgentFiles:
        """Uploads local files, each named with its place below ``/workspace``, for an environment that is to be made.

        Raises :class:`threadline.lib.beta.agents.AgentFilePreparationError`, which names the files that are there, if one cannot be uploaded.
        """
        options = _options(locals())
        from ..lib.beta.agents._files import prepare

        return prepare(self, files, options)

    def prepare_directory(
        self, root: Path, *, destination: str, include: Sequence[str], extra_headers: Any = None, extra_query: Any = None,
        extra_body: Any = None, timeout: Any = omit,
    ) -> PreparedAgentFiles:  # fmt: skip
        """Uploads the files of a folder that fit one of these patterns (``*``, ``?``, ``**``); they keep their places."""
        options = _options(locals())
        from ..lib.beta.agents import _files

        return _files.prepare(self, _files.directory_files(root, destination, include), options)

    def upload(
        self, environment_id: str, *, file: Any, path: str, extra_headers: Any = None, extra_query: Any = None, extra_body: Any = None,
        timeout: Any = omit,
    ) -> StagedAgentFile:  # fmt: skip
        """Uploads a file and puts it at this place, below ``/workspace``, of an environment that exists.

        Raises :class:`threadline.lib.beta.agents.AgentFileStagingError`, which names the upload, if it does not come to its place.
        """
        options = _options(locals())
        from ..lib.beta.agents._files import upload

        return upload(self, environment_id, file, path, options)


class AsyncAgentFilesHelpers(AsyncResource):
    """Helpers of ``client.beta.agents.environments.files``."""

    async def prepare(
        self, files: Mapping[str, Path], *, extra_headers: Any = None, extra_query: Any = None, extra_body: Any = None, timeout: Any = omit
    ) -> PreparedAgentFiles:
        """Uploads local files. See the other client's."""
        options = _options(locals())
        from ..lib.beta.agents._files import async_prepare

        return await async_prepare(self, files, options)

    async def prepare_directory(
        self, root: Path, *, destination: str, include: Sequence[str], extra_headers: Any = None, extra_query: Any = None,
        extra_body: Any = None, timeout: Any = omit,
    ) -> PreparedAgentFiles:  # fmt: skip
        """Uploads files of a folder. See the other client's."""
        options = _options(locals())
        from ..lib.beta.agents import _files

        return await _files.async_prepare(self, await _files.async_directory_files(root, destination, include), options)

    async def upload(
        self, environment_id: str, *, file: Any, path: str, extra_headers: Any = None, extra_query: Any = None, extra_body: Any = None,
        timeout: Any = omit,
    ) -> StagedAgentFile:  # fmt: skip
        """Uploads a file and puts it into an environment. See the other client's."""
        options = _options(locals())
        from ..lib.beta.agents._files import async_upload

        return await async_upload(self, environment_id, file, path, options)


class ArtifactsHelpers(SyncResource):
    """Helpers of ``client.beta.agents.sessions.artifacts``."""

    def for_result(self, result: Any) -> AgentResultArtifacts:
        """Artifacts of the turn of this result."""
        from ..lib.beta.agents import AgentResultArtifacts

        return AgentResultArtifacts(self, result)


class AsyncArtifactsHelpers(AsyncResource):
    """Helpers of ``client.beta.agents.sessions.artifacts``."""

    def for_result(self, result: Any) -> AsyncAgentResultArtifacts:
        """Artifacts of the turn of this result."""
        from ..lib.beta.agents import AsyncAgentResultArtifacts

        return AsyncAgentResultArtifacts(self, result)
