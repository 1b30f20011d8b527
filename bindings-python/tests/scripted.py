"""What the driver's lines describe and JSON cannot carry: providers of tokens, types, helpers that stream."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Callable, Dict, List

__all__ = ["async_tokens", "identity", "model", "read_stream", "read_stream_async", "tokens"]


class Token:
    """A token with what is known of its life."""

    def __init__(self, item: Dict[str, Any]) -> None:
        self.token = item["token"]
        self.expires_in = item.get("expires_in_s")
        self.refresh_in = item.get("refresh_in_s")


def _next(rest: List[Any]) -> Any:
    if not rest:
        raise RuntimeError("the list of tokens is at its end")
    item = rest.pop(0)
    if isinstance(item, dict) and "error" in item:
        raise RuntimeError(item["error"])
    return item


def tokens(items: List[Any]) -> Callable[[], Any]:
    """A provider that answers from a list, and fails after its end."""
    rest = list(items)

    def provide() -> Any:
        item = _next(rest)
        if isinstance(item, str):
            return item
        time.sleep(item.get("delay_s") or 0)
        return Token(item)

    return provide


def async_tokens(items: List[Any]) -> Callable[[], Any]:
    """As :func:`tokens`, to be awaited."""
    rest = list(items)

    async def provide() -> Any:
        item = _next(rest)
        if isinstance(item, str):
            return item
        await asyncio.sleep(item.get("delay_s") or 0)
        return Token(item)

    return provide


def identity(config: Dict[str, Any], asynchronous: bool) -> Dict[str, Any]:
    """A workload identity as the official package describes it."""
    from threadline import auth

    provider = dict(config["provider"])
    kind = provider.pop("type")
    made: Dict[str, Any] = {name: config[name] for name in config if name != "provider"}
    if kind == "x509":
        return {**made, "type": "x509"}
    if kind == "text":
        text = provider["token"]
        made["provider"] = {"token_type": provider["token_type"], "get_token": lambda: text}
    elif kind == "k8s":
        made["provider"] = auth.k8s_service_account_token_provider(provider["token_file_path"])
    elif kind == "azure":
        made["provider"] = auth.azure_managed_identity_token_provider(
            resource=provider.get("resource"),
            object_id=provider.get("object_id"),
            client_id=provider.get("client_id"),
            endpoint=provider["endpoint"],
        )
    else:
        made["provider"] = auth.gcp_id_token_provider(audience=provider.get("audience"), endpoint=provider["endpoint"])
    return made


def model(description: Dict[str, Any]) -> Any:
    """A type from its schema."""
    raise TypeError(f"the type {description.get('name')} cannot be made here")


def read_stream(manager: Any, call: Any, described: Any, plain: Any) -> Dict[str, Any]:
    """A helper that streams: its events, and what they come to."""
    raise TypeError("this helper is not known to the driver")


async def read_stream_async(manager: Any, call: Any, described: Any, plain: Any) -> Dict[str, Any]:
    """As :func:`read_stream`."""
    raise TypeError("this helper is not known to the driver")
