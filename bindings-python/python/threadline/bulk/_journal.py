"""The journal: a line for each request that is done, from which an interrupted run goes on."""

from __future__ import annotations

import json
import os
from typing import IO, Any, Dict, Optional

from ._requests import Call, Result, value_of

__all__ = ["Journal"]


class Journal:
    """A file of JSON lines, shaped like the output files of the Batch API.

    A line that a crash has cut off is dropped. Of several lines for a request the last counts; one that failed is made again.
    """

    def __init__(self, path: Any) -> None:
        self._path = os.fspath(path)
        self._done: Dict[str, Dict[str, Any]] = {}
        self._batches: Dict[str, str] = {}
        end = self._read()
        self._file: IO[bytes] = open(self._path, "ab")
        self._lock()
        if end is not None:
            self._file.truncate(end)

    def _read(self) -> Optional[int]:
        """Takes in what is there; where a cut line begins, if the file ends in one."""
        if not os.path.exists(self._path):
            return None
        place = 0
        with open(self._path, "rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    return place
                place += len(line)
                if line.strip():
                    self._take(line, place)
        return None

    def _take(self, line: bytes, place: int) -> None:
        try:
            entry = json.loads(line)
        except ValueError:
            raise ValueError(f"the journal {self._path} is none: the line that ends at byte {place} is not JSON") from None
        if "batch" in entry:
            self._batches[entry["fingerprint"]] = entry["batch"]
        elif entry.get("error") is None and (entry.get("response") or {}).get("status_code") == 200:
            self._done[entry.get("fingerprint", "")] = entry
        else:
            self._done.pop(entry.get("fingerprint", ""), None)

    def _lock(self) -> None:
        try:
            import fcntl
        except ImportError:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise RuntimeError(f"the journal {self._path} is in use by another run") from None

    def found(self, call: Call) -> Optional[Result]:
        """The result of a request that was done before."""
        entry = self._done.get(call.fingerprint)
        if entry is None:
            return None
        return Result(call.index, call.custom_id, value_of(call, entry["response"]["body"]), from_journal=True)

    def note(self, call: Call, result: Result) -> None:
        """Writes a result down. It is in the file when this returns."""
        entry: Dict[str, Any] = {"custom_id": call.custom_id, "fingerprint": call.fingerprint, "response": None, "error": None}
        if result.error is None:
            value = result.value
            request_id = getattr(value, "_request_id", None)
            body = value.to_dict(mode="json") if hasattr(value, "to_dict") else value
            entry["response"] = {"status_code": 200, "request_id": request_id, "body": body}
        else:
            error = result.error
            entry["error"] = {"code": getattr(error, "code", None), "message": str(error), "type": type(error).__name__}
        self._write(entry)

    def job(self, fingerprint: str) -> Optional[str]:
        """The job that was made for these requests before."""
        return self._batches.get(fingerprint)

    def note_job(self, fingerprint: str, batch_id: str) -> None:
        """Writes down that a job was made."""
        self._write({"batch": batch_id, "fingerprint": fingerprint})

    def _write(self, entry: Dict[str, Any]) -> None:
        self._file.write(json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        self._file.flush()

    def close(self) -> None:
        """Gives the file back."""
        self._file.close()
