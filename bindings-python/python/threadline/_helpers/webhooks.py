"""Deliveries of webhooks: whether they are what they say, and what they say."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Union

from .. import _threadline as _native
from .._exceptions import InvalidWebhookSignatureError, OpenAIError
from .._resource import AsyncResource, SyncResource

if TYPE_CHECKING:
    from .. import types as t

DEFAULT_TOLERANCE = 300
_classes: Dict[str, Any] = {}

#: What the core says, and by which words programs know it.
_WORDS = {
    "no signature matches": "The given webhook signature does not match the expected signature",
    "the header `webhook-signature` is missing": "Could not find webhook-signature header",
    "the header `webhook-timestamp` is missing": "Could not find webhook-timestamp header",
    "the header `webhook-id` is missing": "Could not find webhook-id header",
    "the delivery is too old": "Webhook timestamp is too old",
    "the delivery is too new": "Webhook timestamp is too new",
}


def _secret(client: Any, secret: Optional[str]) -> str:
    found = secret if secret is not None else client.webhook_secret
    if found is None:
        raise ValueError(
            "The webhook secret must either be set using the env var, OPENAI_WEBHOOK_SECRET, on the client class, "
            "OpenAI(webhook_secret='123'), or passed to this function"
        )
    return str(found)


def _headers(headers: Any) -> Dict[str, List[str]]:
    pairs = headers.items() if isinstance(headers, Mapping) or hasattr(headers, "items") else headers
    found: Dict[str, List[str]] = {}
    for name, value in pairs:
        values = value if isinstance(value, (list, tuple)) else [value]
        found.setdefault(_text(name), []).extend(_text(one) for one in values)
    return found


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def verify(client: Any, payload: Union[str, bytes], headers: Any, secret: Optional[str], tolerance: int) -> None:
    """Raises where a delivery is not signed as it should be."""
    raw = payload.encode() if isinstance(payload, str) else bytes(payload)
    try:
        _native.verify_webhook(raw, _headers(headers), _secret(client, secret), tolerance, time.time())
    except InvalidWebhookSignatureError as error:
        known = next((words for start, words in _WORDS.items() if str(error).startswith(start)), None)
        if known is not None:
            error.args = (f"{known}: {error}",)
        raise


def event(payload: Union[str, bytes]) -> Any:
    """The typed event of a payload; a plain object, where its type is not known."""
    import json

    from .._models import BaseModel
    from ..types import webhooks

    if not _classes:
        for name in dir(webhooks):
            found = re.search(r"Literal\[[\"']([\w.]+)[\"']\]", str(getattr(getattr(webhooks, name), "__annotations__", {}).get("type")))
            if found:
                _classes[found.group(1)] = getattr(webhooks, name)
    text = payload if isinstance(payload, str) else bytes(payload).decode()
    try:
        kind = json.loads(text).get("type")
    except (ValueError, AttributeError):
        error = OpenAIError("the payload of the webhook is no JSON object")
        error.kind = "decode"
        raise error from None
    return _native.decode_as(text, _classes.get(kind, BaseModel))


class WebhooksHelpers(SyncResource):
    """Helpers of ``client.webhooks``."""

    def unwrap(
        self, payload: Union[str, bytes], headers: Any, *, secret: Optional[str] = None, tolerance: int = DEFAULT_TOLERANCE
    ) -> t.webhooks.UnwrapWebhookEvent:
        """The event of a delivery, whose signature is checked.

        Raises :class:`threadline.InvalidWebhookSignatureError` where it is not signed by the holder of the secret, or is older, or newer,
        than ``tolerance`` seconds.
        """
        verify(self._client, payload, headers, secret, tolerance)
        return event(payload)

    def verify_signature(
        self, payload: Union[str, bytes], headers: Any, *, secret: Optional[str] = None, tolerance: int = DEFAULT_TOLERANCE
    ) -> None:
        """Checks the signature of a delivery."""
        verify(self._client, payload, headers, secret, tolerance)


class AsyncWebhooksHelpers(AsyncResource):
    """Helpers of ``client.webhooks``."""

    def unwrap(
        self, payload: Union[str, bytes], headers: Any, *, secret: Optional[str] = None, tolerance: int = DEFAULT_TOLERANCE
    ) -> t.webhooks.UnwrapWebhookEvent:
        """The event of a delivery, whose signature is checked. No request is made, so there is nothing to await."""
        verify(self._client, payload, headers, secret, tolerance)
        return event(payload)

    def verify_signature(
        self, payload: Union[str, bytes], headers: Any, *, secret: Optional[str] = None, tolerance: int = DEFAULT_TOLERANCE
    ) -> None:
        """Checks the signature of a delivery."""
        verify(self._client, payload, headers, secret, tolerance)
