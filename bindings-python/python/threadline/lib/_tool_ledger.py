"""The record of a run: what was asked, what was begun, what came of it, so that a program that stopped can tell what it did."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Awaitable, Callable, Dict, List, Optional
from urllib.parse import parse_qsl, urlencode, urlsplit

from typing_extensions import Literal, TypedDict

from ._snapshots import Invalid, json_data, owned

if TYPE_CHECKING:
    from .. import types as t

__all__ = ["AsyncResponsesToolLedger", "ResponsesToolCheckpoint", "ResponsesToolLedger"]

LARGEST = 9007199254740991


class ResponsesToolCheckpoint(TypedDict):
    """A run as it was at one moment. It holds the whole conversation; of a server's address and credentials only a fingerprint.

    A call that is attempted and not returned may have had its effect.
    """

    version: Literal[1]
    run_id: str
    revision: int
    phase: Literal["boundary", "pending", "final"]
    max_steps: int
    consumed_requests: int
    tools: List[t.responses.ToolParam]
    output_override_names: List[str]
    history: t.responses.ResponseInputParam
    attempted_call_ids: List[str]
    returned_call_ids: List[str]
    pending_items: List[Dict[str, object]]
    returned_outputs: List[Any]
    final_response: Optional[Dict[str, object]]


@dataclass(frozen=True)
class ResponsesToolLedger:
    """Where a run is recorded: ``save`` must have stored a checkpoint when it returns. A run goes on from ``resume_from``, which must be a
    completed boundary; one run at a time."""

    run_id: str
    save: Callable[[ResponsesToolCheckpoint], None]
    resume_from: Optional[ResponsesToolCheckpoint] = None


@dataclass(frozen=True)
class AsyncResponsesToolLedger:
    """Where a run is recorded, awaited. See :class:`ResponsesToolLedger`."""

    run_id: str
    save: Callable[[ResponsesToolCheckpoint], Awaitable[None]]
    resume_from: Optional[ResponsesToolCheckpoint] = None


def check_ledger(ledger: Any, waits: bool) -> None:
    """Raises :class:`ValueError` for a ledger of the other kind."""
    right = AsyncResponsesToolLedger if waits else ResponsesToolLedger
    if not isinstance(ledger, right):
        raise ValueError("an async runner needs an async ledger" if waits else "a blocking runner needs a ResponsesToolLedger")
    if not waits and inspect.iscoroutinefunction(ledger.save):
        raise ValueError("a blocking runner cannot await the recorder of its ledger")
    if not callable(ledger.save) or not isinstance(ledger.run_id, str) or not ledger.run_id:
        raise ValueError("a ledger needs a run_id and a function to save with")


_CREDENTIALS = frozenset(
    ("access_token", "api-key", "api_key", "apikey", "auth", "authorization", "client_secret", "id_token", "password", "refresh_token",
     "secret", "sig", "signature", "token", "x-amz-credential", "x-amz-security-token", "x-amz-signature", "x-goog-credential",
     "x-goog-signature")
)  # fmt: skip


def _fingerprint(url: Any) -> Any:
    """An address without its credentials, hashed: the same place is recognised, and nothing can be read."""
    if not isinstance(url, str):
        return url
    try:
        parts = urlsplit(url)
        query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name.lower() not in _CREDENTIALS]
        place = f"{parts.scheme.lower()}://{parts.netloc.rpartition('@')[2].lower()}{parts.path}?{urlencode(query)}"
    except ValueError:
        place = url
    return "sha256:" + hashlib.sha256(place.encode()).hexdigest()


def recorded_tools(tools: List[Any]) -> List[Any]:
    """The tools of a request without what must not be stored."""
    made = owned(tools)
    for tool in made:
        if not isinstance(tool, dict):
            continue
        if tool.get("type") == "mcp":
            tool.pop("authorization", None)
            tool.pop("headers", None)
            if "server_url" in tool:
                tool["server_url"] = _fingerprint(tool["server_url"])
        container = tool.get("container")
        policy = container.get("network_policy") if isinstance(container, dict) else None
        for secret in (policy.get("domain_secrets") or []) if isinstance(policy, dict) else []:
            if isinstance(secret, dict):
                secret.pop("value", None)
    return list(made)


_MEMBERS = frozenset(ResponsesToolCheckpoint.__annotations__)


def restored(given: Any, run_id: str, max_steps: Optional[int], tools: List[Any], overrides: List[str]) -> Dict[str, Any]:
    """A checkpoint from which a run can go on, as data of its own. Raises :class:`ValueError` for any other."""
    try:
        held = json_data(given)
    except (Invalid, RecursionError):
        raise ValueError("a checkpoint holds only what JSON can") from None
    if type(held) is not dict or set(held) != _MEMBERS or held["version"] != 1 or type(held["version"]) is not int:
        raise ValueError("this is no checkpoint of a run of tools")
    if held["phase"] != "boundary":
        raise ValueError("a run can go on only from a completed boundary: look up what its pending calls have done")
    counts = [held[name] for name in ("revision", "max_steps", "consumed_requests")]
    if any(type(count) is not int or not 0 <= count <= LARGEST for count in counts) or held["consumed_requests"] > held["max_steps"]:
        raise ValueError("the counts of the checkpoint cannot be")
    lists = [held[name] for name in ("attempted_call_ids", "returned_call_ids", "pending_items", "returned_outputs", "history")]
    if any(type(listed) is not list for listed in lists) or held["attempted_call_ids"] != held["returned_call_ids"]:
        raise ValueError("the checkpoint is no completed boundary: something was begun and has not returned")
    if held["pending_items"] or held["returned_outputs"] or held["final_response"] is not None:
        raise ValueError("the checkpoint is no completed boundary: something is pending")
    if held["run_id"] != run_id or (max_steps is not None and max_steps != held["max_steps"]):
        raise ValueError("the checkpoint is of another run, or of one with another max_steps")
    if held["tools"] != tools or held["output_override_names"] != overrides:
        raise ValueError("the checkpoint is of a run with other tools")
    return held
