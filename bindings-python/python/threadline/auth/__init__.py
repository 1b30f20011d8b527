"""Workload identities: clients that trade what the platform says about a program for tokens of the API."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Literal, Mapping, Optional, TypedDict, Union

__all__ = [
    "SubjectTokenProvider",
    "SubjectTokenWorkloadIdentity",
    "WorkloadIdentity",
    "X509WorkloadIdentity",
    "azure_managed_identity_token_provider",
    "gcp_id_token_provider",
    "k8s_service_account_token_provider",
    "x509_workload_identity",
]


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


class _Source(Dict[str, Any]):
    """A provider that the core asks by itself; ``get_token`` is there for whoever asks it directly."""

    def __init__(self, token_type: str, settings: Mapping[str, Any]) -> None:
        super().__init__(token_type=token_type, get_token=self._get)
        self.settings = {name: value for name, value in settings.items() if value is not None}

    def _get(self) -> str:
        if self.settings["type"] == "k8s":
            with open(self.settings["token_file_path"], encoding="utf-8") as file:
                return file.read().strip()
        raise RuntimeError("this provider is asked by the client that it belongs to")


def k8s_service_account_token_provider(
    token_file_path: Union[str, "os.PathLike[str]"] = "/var/run/secrets/kubernetes.io/serviceaccount/token",
) -> Any:
    """The token of a Kubernetes service account, read for each exchange."""
    return _Source("jwt", {"type": "k8s", "token_file_path": os.fspath(token_file_path)})


def azure_managed_identity_token_provider(
    resource: Optional[str] = "https://management.azure.com/",
    *,
    object_id: Optional[str] = None,
    client_id: Optional[str] = None,
    msi_res_id: Optional[str] = None,
    api_version: Optional[str] = None,
    timeout: float = 10.0,
    http_client: Any = None,
    endpoint: Optional[str] = None,
) -> Any:
    """The managed identity of a machine of Azure, from its metadata service."""
    settings = {
        "type": "azure",
        "resource": resource,
        "object_id": object_id,
        "client_id": client_id,
        "msi_res_id": msi_res_id,
        "api_version": api_version,
        "endpoint": endpoint,
    }
    return _Source("jwt", settings)


def gcp_id_token_provider(
    audience: Optional[str] = "https://api.openai.com/v1",
    *,
    timeout: float = 10.0,
    http_client: Any = None,
    endpoint: Optional[str] = None,
) -> Any:
    """The identity token of a machine of Google Cloud, from its metadata service."""
    return _Source("id", {"type": "gcp", "audience": audience, "endpoint": endpoint})


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


def settings_of(identity: Mapping[str, Any]) -> Dict[str, Any]:
    """An identity as the native module takes it."""
    settings = {name: value for name, value in identity.items() if name not in ("type", "provider")}
    provider = identity.get("provider")
    if provider is None:
        settings["provider"] = {"type": "x509"}
    elif isinstance(provider, _Source):
        settings["provider"] = provider.settings
    else:
        settings["provider"] = {"type": "text", **provider}
    return settings
