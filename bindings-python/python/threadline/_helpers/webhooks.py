"""Deliveries of webhooks: whether they are what they say, and what they say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Dict, Optional, Union

from .. import _threadline as _native
from .._exceptions import InvalidWebhookSignatureError, OpenAIError
from .._resource import AsyncResource, SyncResource
from ..lib._webhooks import webhook_signature_matches

if TYPE_CHECKING:
    from .. import types as t

DEFAULT_TOLERANCE = 300
_classes: Dict[str, Any] = {}

_NO_SECRET = (
    "The webhook secret must either be set using the env var, OPENAI_WEBHOOK_SECRET, on the client class, "
    "OpenAI(webhook_secret='123'), or passed to this function"
)
_MISMATCH = (
    "The given webhook signature does not match the expected signature: no signature matches, so the secret is not this endpoint's, "
    "or the body is not byte for byte what was sent"
)


def _secret(client: Any, secret: Optional[str]) -> Optional[str]:
    """The secret of a call, or else the client's. An empty one is only taken where a call gives it: a setting that is empty is none."""
    return secret if secret is not None else client.webhook_secret or None


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
        self.verify_signature(payload, headers, secret=secret, tolerance=tolerance)
        return event(payload)

    def verify_signature(
        self, payload: Union[str, bytes], headers: Any, *, secret: Optional[str] = None, tolerance: int = DEFAULT_TOLERANCE
    ) -> None:
        """Checks the signature of a delivery."""
        found = _secret(self._client, secret)
        if found is None:
            raise ValueError(_NO_SECRET)
        if not webhook_signature_matches(payload, headers, secret=found, tolerance=tolerance):
            raise InvalidWebhookSignatureError(_MISMATCH) from None


class AsyncWebhooksHelpers(AsyncResource):
    """Helpers of ``client.webhooks``."""

    def unwrap(
        self, payload: Union[str, bytes], headers: Any, *, secret: Optional[str] = None, tolerance: int = DEFAULT_TOLERANCE
    ) -> t.webhooks.UnwrapWebhookEvent:
        """The event of a delivery, whose signature is checked. No request is made, so there is nothing to await."""
        self.verify_signature(payload, headers, secret=secret, tolerance=tolerance)
        return event(payload)

    def verify_signature(
        self, payload: Union[str, bytes], headers: Any, *, secret: Optional[str] = None, tolerance: int = DEFAULT_TOLERANCE
    ) -> None:
        """Checks the signature of a delivery."""
        found = _secret(self._client, secret)
        if found is None:
            raise ValueError(_NO_SECRET) from None
        if not webhook_signature_matches(payload, headers, secret=found, tolerance=tolerance):
            raise InvalidWebhookSignatureError(_MISMATCH)
