"""What platforms say about a program, and where it is asked for."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from .._exceptions import SubjectTokenProviderError

__all__ = [
    "Source",
    "azure_managed_identity_token_provider",
    "gcp_id_token_provider",
    "k8s_service_account_token_provider",
]


#: Metadata services: their names in errors, their addresses, and the header that keeps forwarded requests out.
_AZURE = ("metadata service of Azure", "http://169.254.169.254/metadata/identity/oauth2/token", ("Metadata", "true"))
_GOOGLE = (
    "metadata server of Google Cloud",
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/identity",
    ("Metadata-Flavor", "Google"),
)
_AZURE_VERSION = "2018-02-01"


class Source(Dict[str, Any]):
    """A provider that the core asks by itself; ``get_token`` is there for whoever asks it directly."""

    def __init__(self, token_type: str, settings: Mapping[str, Any], timeout: float = 10.0, http_client: Any = None) -> None:
        super().__init__(token_type=token_type, get_token=self._get)
        self.settings = {name: value for name, value in settings.items() if value is not None}
        self._timeout, self._http = timeout, http_client

    def _get(self) -> str:
        kind = self.settings["type"]
        if kind == "k8s":
            with open(self.settings["token_file_path"], encoding="utf-8") as file:
                return file.read().strip()
        if kind == "gcp":
            return self._asked(_GOOGLE, [("audience", self.settings.get("audience", ""))]).text.strip()
        names = ("resource", "object_id", "client_id", "msi_res_id")
        query = [("api-version", self.settings.get("api_version", _AZURE_VERSION))]
        query += [(name, self.settings[name]) for name in names if name in self.settings]
        try:
            token = self._asked(_AZURE, query).json()["access_token"]
        except (ValueError, KeyError, TypeError):
            token = None
        if not isinstance(token, str) or not token:
            raise SubjectTokenProviderError(f"The answer of the {_AZURE[0]} has no `access_token`")
        return token

    def _asked(self, service: Tuple[str, str, Tuple[str, str]], query: List[Tuple[str, str]]) -> Any:
        name, url, header = service
        from .._foreign import of_transport
        from .._httpx import _httpx

        # Past any proxy: these addresses mean something on this machine only.
        http = _httpx().Client(trust_env=False) if self._http is None else self._http
        try:
            options = {"params": query, "headers": dict([header]), "timeout": self._timeout, "follow_redirects": False}
            response = http.get(self.settings.get("endpoint") or url, **options)
        except Exception as error:
            if not of_transport(error):
                raise
            raise SubjectTokenProviderError(f"The {name} cannot be asked: {type(error).__name__}") from error
        finally:
            if self._http is None:
                http.close()
        if response.status_code != 200:
            raise SubjectTokenProviderError(f"The {name} answered with status {response.status_code}", response=response)
        return response


def k8s_service_account_token_provider(
    token_file_path: Union[str, "os.PathLike[str]"] = "/var/run/secrets/kubernetes.io/serviceaccount/token",
) -> Any:
    """The token of a Kubernetes service account, read for each exchange."""
    return Source("jwt", {"type": "k8s", "token_file_path": os.fspath(token_file_path)})


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
    return Source("jwt", settings, timeout, http_client)


def gcp_id_token_provider(
    audience: Optional[str] = "https://api.openai.com/v1",
    *,
    timeout: float = 10.0,
    http_client: Any = None,
    endpoint: Optional[str] = None,
) -> Any:
    """The identity token of a machine of Google Cloud, from its metadata service."""
    return Source("id", {"type": "gcp", "audience": audience, "endpoint": endpoint}, timeout, http_client)
