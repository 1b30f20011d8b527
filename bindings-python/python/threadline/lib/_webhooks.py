"""Signatures of webhook deliveries: whether one of them is the secret's."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from typing import Any, List, Mapping, Union

from .._exceptions import InvalidWebhookSignatureError

__all__ = ["webhook_signature_matches"]

_PREFIX = "whsec_"
_VERSION = "v1,"


class _NotText(InvalidWebhookSignatureError, TypeError):
    """A signature that no header can hold. The official package lets the comparison's `TypeError` out, so it is one as well."""


def webhook_signature_matches(payload: Union[str, bytes], headers: Any, *, secret: str, tolerance: int) -> bool:
    """Whether a delivery of the last ``tolerance`` seconds is signed with ``secret``.

    The signature is over the payload's bytes as they came. Raises :class:`threadline.InvalidWebhookSignatureError` if a header is
    missing, or the time is no number or out of tolerance; :class:`binascii.Error` if the secret cannot be read.
    """
    signatures = _header(headers, "webhook-signature").split()
    sent = _header(headers, "webhook-timestamp")
    name = _header(headers, "webhook-id")
    _check_time(sent, tolerance)
    body = payload.encode() if isinstance(payload, str) else bytes(payload)
    signed = b".".join((name.encode(), sent.encode(), body))
    expected = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in _keys(secret)]
    for signature in signatures:
        given = signature.removeprefix(_VERSION)
        if not given.isascii():
            raise _NotText("the header `webhook-signature` has a signature with non-ASCII characters, which none has")
        # A list, not a generator: how many keys there are is no secret, which one fits is.
        if any([hmac.compare_digest(one, given) for one in expected]):
            return True
    return False


def _header(headers: Any, wanted: str) -> str:
    """A header by its name in any case; where it comes several times, all of its values."""
    pairs = headers.items() if isinstance(headers, Mapping) or hasattr(headers, "items") else headers
    values: List[str] = []
    for name, value in pairs:
        if _text(name).lower() == wanted:
            values += [_text(one) for one in value] if isinstance(value, (list, tuple)) else [_text(value)]
    if not values:
        raise InvalidWebhookSignatureError(
            f"Could not find {wanted} header: the header `{wanted}` is missing, so the request is no webhook delivery, or a proxy took it"
        )
    return " ".join(values)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _check_time(sent: str, tolerance: int) -> None:
    try:
        age = int(time.time()) - int(sent)
    except ValueError:
        raise InvalidWebhookSignatureError(
            "Invalid webhook timestamp format: the header `webhook-timestamp` is not a number of seconds"
        ) from None
    if age > tolerance:
        raise InvalidWebhookSignatureError(f"Webhook timestamp is too old: it was sent {age} s ago") from None
    if age < -tolerance:
        raise InvalidWebhookSignatureError(f"Webhook timestamp is too new: it is {-age} s ahead of this machine's clock") from None


def _keys(secret: str) -> List[bytes]:
    """The keys that a secret may stand for: its text, and what it encodes where only its prefix was lost."""
    if secret.startswith(_PREFIX):
        try:
            key = base64.b64decode(secret[len(_PREFIX) :])
        except ValueError:
            key = b""
        if not key:
            raise binascii.Error("the webhook secret cannot be read: after `whsec_` it is no base64; was a part of it lost?") from None
        return [key]
    keys = [secret.encode()]
    if secret:
        try:
            keys.append(base64.b64decode(secret, validate=True))
        except ValueError:
            pass
    return keys
