"""Identities that a client trades for tokens, as programs describe them."""

from __future__ import annotations

from typing import Callable, Literal, TypedDict

__all__ = ["SubjectTokenProvider", "SubjectTokenWorkloadIdentity", "WorkloadIdentity", "X509WorkloadIdentity"]


class SubjectTokenProvider(TypedDict):
    """Gives the token by which the platform vouches for this program."""

    token_type: Literal["jwt", "id"]
    get_token: Callable[[], str]


class _Identity(TypedDict):
    identity_provider_id: str
    service_account_id: str
    provider: SubjectTokenProvider


class WorkloadIdentity(_Identity, total=False):
    """An identity by subject tokens."""

    refresh_buffer_seconds: float


SubjectTokenWorkloadIdentity = WorkloadIdentity


class _Certificate(TypedDict):
    type: Literal["x509"]
    identity_provider_id: str
    service_account_id: str


class X509WorkloadIdentity(_Certificate, total=False):
    """An identity by the client certificate of the connections."""

    refresh_buffer_seconds: float
