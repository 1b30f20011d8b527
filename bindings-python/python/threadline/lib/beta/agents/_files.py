"""Local files for environments of agents: which are meant, that they are the same when they are read, and what was uploaded of them."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from typing import Any, BinaryIO, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ...._exceptions import OpenAIError
from ...._types import Omit

__all__ = [
    "AgentFilePreparationError",
    "AgentFileStagingError",
    "PreparedAgentFiles",
    "StagedAgentFile",
    "async_directory_files",
    "async_prepare",
    "async_upload",
    "directory_files",
    "prepare",
    "upload",
]

AnyPath = Union[str, "os.PathLike[str]"]
#: Device, inode and size: another file in the same place has others.
_Identity = Tuple[int, int, int]
_ROOT = "/workspace"


@dataclasses.dataclass
class PreparedAgentFiles:
    """Files that are uploaded: ``files`` as ``environment.files`` of a session takes them, and the ids of the uploads."""

    files: List[Any] = dataclasses.field(default_factory=list)
    uploaded_file_ids: List[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class StagedAgentFile:
    """A file in an environment, and the upload it was made from."""

    uploaded_file_id: str
    file: Any


class _FilesError(OpenAIError):
    def _of(self, cause: Exception, file_id: Optional[str], uploaded: Sequence[Optional[str]]) -> "_FilesError":
        """Tells what it is in every language, as its cause was."""
        self.kind = getattr(cause, "kind", None) or "usage"
        for name in ("detail", "attempts", "retry_after", "retryable", "status"):
            if (value := getattr(cause, name, None)) is not None:
                setattr(self, name, value)
        self.unfinished = {"resource": "files", "id": file_id, "status": None, "uploaded": list(uploaded)}
        return self


class AgentFilePreparationError(_FilesError):
    """Not all files could be uploaded. ``prepared`` has those that were, which remain until the program deletes them."""

    def __init__(self, prepared: PreparedAgentFiles) -> None:
        super().__init__("Could not prepare all agent files; successful uploads remain caller-owned")
        self.prepared = prepared


class AgentFileStagingError(_FilesError):
    """A file was uploaded and could not be put into its environment. The upload, ``uploaded_file_id``, remains."""

    def __init__(self, uploaded_file_id: str) -> None:
        super().__init__("Could not stage the agent file; the upload remains caller-owned")
        self.uploaded_file_id = uploaded_file_id


@dataclasses.dataclass(frozen=True)
class _Chosen(os.PathLike):  # type: ignore[type-arg]
    """A file that was looked at, and is to be the same when it is read."""

    path: Path
    identity: _Identity

    def __fspath__(self) -> str:
        return str(self.path)


def _place(value: str) -> str:
    """A place of a file below the workspace."""
    if not value.startswith(_ROOT + "/") or "\x00" in value or "\\" in value:
        raise ValueError(f"The destination {value!r} must be the absolute POSIX path of a file under {_ROOT}")
    parts = value.split("/")[2:]
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"The destination {value!r} must not have empty, `.` or `..` parts")
    if parts[0] == ".codex" or parts[0] == ".managed-agents" or parts[0].startswith(".managed-agents-") or parts == ["outputs"]:
        raise ValueError(f"The destination {value!r} is reserved")
    return value


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino, status.st_size


def _regular(source: AnyPath) -> Path:
    path = Path(source).absolute()
    if path.is_symlink():
        raise ValueError(f"{path} is a symlink: choose regular files, not symlinks")
    if not path.is_file():
        raise ValueError(f"{path} is missing or of another kind: choose regular files")
    return path


def _open_local(path: Path, stack: ExitStack, expected: Optional[_Identity] = None) -> Tuple[BinaryIO, int]:
    """The file, open, and its length. It must be the one that was looked at."""
    before = path.lstat()
    if not S_ISREG(before.st_mode):
        raise ValueError(f"{path}: choose regular files, not symlinks")
    if expected is not None and expected != _identity(before):
        raise ValueError(f"{path} changed after directory selection")
    handle = stack.enter_context(path.open("rb"))
    opened = os.fstat(handle.fileno())
    if _identity(opened) != _identity(before):
        raise ValueError(f"{path} changed during preparation")
    return handle, opened.st_size


def _check_length(handle: BinaryIO, length: int) -> None:
    if os.fstat(handle.fileno()).st_size != length:
        raise ValueError(f"{handle.name} changed during preparation")


def _read_local(handle: BinaryIO, length: int) -> bytes:
    """All of a file, which must have kept its length."""
    _check_length(handle, length)
    content = handle.read(length + 1)
    if len(content) != length:
        raise ValueError(f"{handle.name} changed during preparation")
    return content


def _check_key(count: int, options: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    headers = {name.lower(): value for each in (defaults, options.get("extra_headers") or {}) for name, value in each.items()}
    if count > 1 and "idempotency-key" in headers and not isinstance(headers["idempotency-key"], Omit):
        raise ValueError("One Idempotency-Key cannot be used for the uploads of several files")


def _open_all(
    files: Mapping[str, AnyPath], options: Mapping[str, Any], defaults: Mapping[str, Any], stack: ExitStack
) -> List[Tuple[str, Path, BinaryIO, int]]:
    """The files, open, after all that can be wrong before anything is sent."""
    _check_key(len(files), options, defaults)
    places = {_place(place) for place in files}
    for place in places:
        if not places.isdisjoint(str(parent) for parent in PurePosixPath(place).parents):
            raise ValueError(f"The destination {place!r} is conflicting: it is inside of another file")
    opened = []
    for place, source in files.items():
        path = _regular(source)
        handle, length = _open_local(path, stack, source.identity if isinstance(source, _Chosen) else None)
        opened.append((place, path, handle, length))
    return opened


def _snapshot_selection(
    files: Mapping[str, AnyPath], options: Mapping[str, Any], defaults: Mapping[str, Any]
) -> List[Tuple[str, _Chosen]]:
    # Whoever opens a file closes it, also when nobody waits any more.
    with ExitStack() as stack:
        opened = _open_all(files, options, defaults, stack)
        return [(place, _Chosen(path, _identity(os.fstat(handle.fileno())))) for place, path, handle, _ in opened]


def _upload_content(file: Any, stack: ExitStack) -> Any:
    """A file as it is uploaded; one on the disk is opened."""
    content = file[1] if isinstance(file, tuple) else file
    if not isinstance(content, os.PathLike):
        return file
    path = _regular(content)
    handle, length = _open_local(path, stack, content.identity if isinstance(content, _Chosen) else None)
    _check_length(handle, length)
    return (file[0], handle, *file[2:]) if isinstance(file, tuple) else (path.name, handle)


def _snapshot_upload(file: Any) -> Any:
    """A file on the disk with what it holds, so that nothing is read on the event loop."""
    with ExitStack() as stack:
        name, handle, *rest = _upload_content(file, stack)
        return (name, _read_local(handle, os.fstat(handle.fileno()).st_size), *rest)


def directory_files(root: AnyPath, destination: str, include: Sequence[str]) -> Dict[str, "os.PathLike[str]"]:
    """The files of a folder that fit one of these patterns, by their places. Nothing is followed out of the folder."""
    if isinstance(include, str) or not include:
        raise ValueError("Name the files of the directory by a list of patterns")
    folder = Path(root).absolute()
    if folder.is_symlink() or not folder.is_dir():
        raise ValueError(f"{folder} must be a directory, and not a symlink")
    # The way to the folder may have links, such as macOS's /tmp.
    folder = folder.resolve()
    _place(f"{destination}/a")
    for pattern in include:
        if not pattern or PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts:
            raise ValueError(f"The pattern {pattern!r} must stay inside of the directory")
    chosen: Dict[str, "os.PathLike[str]"] = {}
    for pattern in include:
        for source in sorted(folder.glob(pattern)):
            if (found := _inside(folder, source)) is not None:
                chosen[str(PurePosixPath(destination) / source.relative_to(folder).as_posix())] = found
    if not chosen:
        raise ValueError(f"No file in {folder} fits the patterns")
    return chosen


def _inside(folder: Path, source: Path) -> Optional[_Chosen]:
    """A file that the folder itself holds; `None` for a folder."""
    step = source
    while step != folder:
        if step.is_symlink():
            raise ValueError(f"{step} is a symlink: choose regular files, not symlinks")
        step = step.parent
    if source.is_dir():
        return None
    real = source.resolve()
    if not real.is_relative_to(folder):
        raise ValueError(f"{real} is outside of the directory")
    return _Chosen(real, _identity(real.lstat()))


async def async_directory_files(root: AnyPath, destination: str, include: Sequence[str]) -> Dict[str, "os.PathLike[str]"]:
    """As :func:`directory_files`, beside the event loop."""
    return await asyncio.to_thread(directory_files, root, destination, include)


class _Uploads:
    """What has been uploaded, which an error on the way carries along."""

    def __init__(self, total: int) -> None:
        self.prepared, self._total = PreparedAgentFiles(), total

    def add(self, place: str, file_id: str) -> None:
        self.prepared.uploaded_file_ids.append(file_id)
        self.prepared.files.append({"type": "file_id", "file_id": file_id, "path": place})

    def __enter__(self) -> "_Uploads":
        return self

    def __exit__(self, kind: Any, error: Optional[BaseException], traceback: Any) -> None:
        if isinstance(error, Exception):
            done: List[Optional[str]] = [*self.prepared.uploaded_file_ids]
            done.extend([None] * (self._total - len(done)))
            raise AgentFilePreparationError(self.prepared)._of(error, None, done) from error
        if error is not None:
            error.__dict__["prepared"] = self.prepared


class _Staging:
    """The upload of a file that is being put into its environment."""

    def __init__(self, file_id: str) -> None:
        self.file_id = file_id

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Optional[BaseException], traceback: Any) -> None:
        if isinstance(error, Exception):
            raise AgentFileStagingError(self.file_id)._of(error, self.file_id, [self.file_id]) from error
        if error is not None:
            error.__dict__["uploaded_file_id"] = self.file_id


def prepare(resource: Any, files: Mapping[str, AnyPath], options: Mapping[str, Any]) -> PreparedAgentFiles:
    """Uploads files one after the other. All are open from the first to the last, so that they are those that were checked."""
    client = resource._client
    with ExitStack() as stack:
        opened = _open_all(files, options, client.default_headers, stack)
        with _Uploads(len(opened)) as uploads:
            for place, path, handle, length in opened:
                _check_length(handle, length)
                uploads.add(place, client.files.create(file=(path.name, handle), purpose="user_data", **options).id)
        return uploads.prepared


async def async_prepare(resource: Any, files: Mapping[str, AnyPath], options: Mapping[str, Any]) -> PreparedAgentFiles:
    """As :func:`prepare`. One file at a time is held, read beside the event loop."""
    client = resource._client
    chosen = await asyncio.to_thread(_snapshot_selection, files, options, client.default_headers)
    with _Uploads(len(chosen)) as uploads:
        for place, source in chosen:
            content = await asyncio.to_thread(_snapshot_upload, source)
            uploaded = await client.files.create(file=content, purpose="user_data", **options)
            del content
            uploads.add(place, uploaded.id)
    return uploads.prepared


def upload(resource: Any, environment_id: str, file: Any, path: str, options: Mapping[str, Any]) -> StagedAgentFile:
    """Uploads a file and puts it into an environment."""
    if not environment_id:
        raise ValueError(f"Expected a non-empty value for `environment_id` but received {environment_id!r}")
    place = _place(path)
    with ExitStack() as stack:
        uploaded = resource._client.files.create(file=_upload_content(file, stack), purpose="user_data", **options)
    with _Staging(uploaded.id):
        staged = resource.create(environment_id, type="file_id", file_id=uploaded.id, path=place, **options)
    return StagedAgentFile(uploaded.id, staged)


async def async_upload(resource: Any, environment_id: str, file: Any, path: str, options: Mapping[str, Any]) -> StagedAgentFile:
    """As :func:`upload`."""
    if not environment_id:
        raise ValueError(f"Expected a non-empty value for `environment_id` but received {environment_id!r}")
    place = _place(path)
    if isinstance(file[1] if isinstance(file, tuple) else file, os.PathLike):
        file = await asyncio.to_thread(_snapshot_upload, file)
    uploaded = await resource._client.files.create(file=file, purpose="user_data", **options)
    with _Staging(uploaded.id):
        staged = await resource.create(environment_id, type="file_id", file_id=uploaded.id, path=place, **options)
    return StagedAgentFile(uploaded.id, staged)
