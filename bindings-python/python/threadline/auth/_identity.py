"""Identities by client certificates, and what is wrong with the identities that programs give."""

from __future__ import annotations

import math
from typing import Any, Dict, Mapping, Optional
from urllib.parse import urlsplit

from .._credentials import is_by_certificate
from .._exceptions import OpenAIError
from .._identities import X509WorkloadIdentity

__all__ = ["address_by_certificate", "check_address", "checked_identity", "x509_workload_identity"]


def x509_workload_identity(
    *, identity_provider_id: str, service_account_id: str, refresh_buffer_seconds: Optional[float] = None
) -> X509WorkloadIdentity:
    """An identity by the client certificate of the connections."""
    identity: X509WorkloadIdentity = {
        "type": "x509",
        "identity_provider_id": identity_provider_id,
        "service_account_id": service_account_id,
    }
    if refresh_buffer_seconds is not None:
        identity["refresh_buffer_seconds"] = refresh_buffer_seconds
    return identity


#: Where certificates are asked for, by the region of the data.
_ADDRESSES = {"global": "https://mtls.api.openai.com/v1", **{one: f"https://mtls-{one}.api.openai.com/v1" for one in ("us", "eu")}}


def address_by_certificate(region: Optional[str]) -> str:
    """The API's address for clients with a certificate. Raises :class:`OpenAIError` for a region that has none."""
    found = _ADDRESSES.get(region or "global")
    if found is None:
        known = ", ".join(sorted(_ADDRESSES))
        raise OpenAIError(f"No mTLS endpoint is known for the data residency {region!r} (there is one for {known}): pass `base_url`")
    return found


def check_address(url: Any) -> None:
    """Raises :class:`OpenAIError` for an address that no certificate's token may be sent to."""
    parts = urlsplit(str(url))
    if parts.scheme.lower() != "https" or not parts.hostname:
        raise OpenAIError("An X.509 workload identity needs an HTTPS address of the API, with its host")
    if "@" in parts.netloc:
        raise OpenAIError("The address of a client with an X.509 workload identity must not hold user credentials")


_KNOWN = frozenset(("type", "identity_provider_id", "service_account_id", "refresh_buffer_seconds"))


def checked_identity(identity: Any) -> Any:
    """The identity as a client keeps it, by certificate a copy of it. What else is in it is not told: it may be secret.

    Raises :class:`OpenAIError` where it is none.
    """
    if not isinstance(identity, Mapping) or not (is_by_certificate(identity) or "type" not in identity and "provider" in identity):
        raise OpenAIError("Invalid `workload_identity` configuration: it is neither one by certificate nor one with a `provider`")
    if not is_by_certificate(identity):
        return identity
    kept: Dict[str, Any] = dict(identity)
    if kept.keys() & {"provider", "client_id"}:
        raise OpenAIError("An X.509 workload identity does not accept a subject-token provider or client ID")
    if kept.keys() - _KNOWN:
        raise OpenAIError("An X.509 workload identity takes only identity IDs and an optional refresh buffer: its key stays with the TLS connection")
    for name in ("identity_provider_id", "service_account_id"):
        if not isinstance(kept.get(name), str) or not kept[name]:
            raise OpenAIError("An X.509 workload identity requires identity-provider and service-account IDs that are texts")
    if "refresh_buffer_seconds" in kept and not _is_duration(kept["refresh_buffer_seconds"]):
        raise OpenAIError("An X.509 workload identity takes a finite, non-negative refresh buffer, in seconds")
    return kept


def _is_duration(value: Any) -> bool:
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    except OverflowError:
        return False
