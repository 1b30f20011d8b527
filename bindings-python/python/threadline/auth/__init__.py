"""Workload identities: clients that trade what the platform says about a program for tokens of the API."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from .._identities import SubjectTokenProvider as SubjectTokenProvider
from .._identities import SubjectTokenWorkloadIdentity as SubjectTokenWorkloadIdentity
from .._identities import WorkloadIdentity as WorkloadIdentity
from .._identities import X509WorkloadIdentity as X509WorkloadIdentity
from ._identity import address_by_certificate as address_by_certificate
from ._identity import check_address as check_address
from ._identity import checked_identity as checked_identity
from ._identity import x509_workload_identity as x509_workload_identity
from ._subject import Source as Source
from ._subject import azure_managed_identity_token_provider as azure_managed_identity_token_provider
from ._subject import gcp_id_token_provider as gcp_id_token_provider
from ._subject import k8s_service_account_token_provider as k8s_service_account_token_provider
from ._workload import WorkloadIdentityAuth as WorkloadIdentityAuth

__all__ = [
    "SubjectTokenProvider",
    "SubjectTokenWorkloadIdentity",
    "WorkloadIdentity",
    "WorkloadIdentityAuth",
    "X509WorkloadIdentity",
    "azure_managed_identity_token_provider",
    "gcp_id_token_provider",
    "k8s_service_account_token_provider",
    "x509_workload_identity",
]


def settings_of(identity: Mapping[str, Any]) -> Dict[str, Any]:
    """An identity as the native module takes it."""
    settings = {name: value for name, value in identity.items() if name not in ("type", "provider")}
    provider = identity.get("provider")
    if provider is None:
        settings["provider"] = {"type": "x509"}
    elif isinstance(provider, Source):
        settings["provider"] = provider.settings
    else:
        settings["provider"] = {"type": "text", **provider}
    return settings


def auth_of(identity: Mapping[str, Any], asynchronous: bool) -> Any:
    """What gives requests through a client of httpx the token of an identity."""
    if identity.get("type") != "x509":
        return WorkloadIdentityAuth(workload_identity=identity)  # type: ignore[arg-type]
    from ._x509 import AsyncX509WorkloadIdentityAuth, SyncX509WorkloadIdentityAuth

    return (AsyncX509WorkloadIdentityAuth if asynchronous else SyncX509WorkloadIdentityAuth)(workload_identity=identity)
