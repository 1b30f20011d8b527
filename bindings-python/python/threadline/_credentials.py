"""Who a client is, and where it sends: keys, identities, addresses, and the headers that the environment adds."""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping, Optional

from ._constants import DATA_RESIDENCY, DEFAULT_BASE_URL
from ._exceptions import OpenAIError
from ._http import URL

__all__ = ["PLACEHOLDER", "Credentials", "ambient_headers", "check_origin", "is_by_certificate", "switched"]

#: Stands where a key would in clients with an identity, until a request gets its token.
PLACEHOLDER = "workload-identity-auth"


def is_by_certificate(identity: Any) -> bool:
    """Whether an identity is one by the certificate of the connections."""
    return isinstance(identity, Mapping) and identity.get("type") == "x509"


def check_origin(url: Any, base_url: Any) -> None:
    """Raises :class:`OpenAIError` for a whole address that a client with a certificate sends nothing to."""
    from urllib.parse import urlsplit  # a large module, which few programs need

    try:
        asked, own = urlsplit(str(url)), urlsplit(str(base_url))
        same = asked.scheme.lower() == "https" and (asked.hostname, asked.port or 443) == (own.hostname, own.port or 443)
    except ValueError:
        same = False
    # A backslash ends the host for some, and for others does not.
    if not same or "@" in asked.netloc or "\\" in str(url):
        raise OpenAIError("A request with an X.509 workload identity must not leave the configured API origin, over HTTPS")


def ambient_headers() -> Dict[str, str]:
    """The headers of ``OPENAI_CUSTOM_HEADERS``, one a line; the last of a name counts."""
    found: Dict[str, str] = {}
    names: Dict[str, str] = {}
    for line in (os.environ.get("OPENAI_CUSTOM_HEADERS") or "").splitlines():
        name, colon, value = line.partition(":")
        name = name.strip()
        if colon and name:
            found.pop(names.get(name.lower(), name), None)
            names[name.lower()] = name
            found[name] = value.strip()
    return found


def ambient_of(options: Mapping[str, Any]) -> Dict[str, str]:
    """Those of a client. Of one with a certificate the environment does not change the credential."""
    found: Dict[str, str] = options["ambient_headers"]
    if is_by_certificate(options["workload_identity"]):
        return {name: value for name, value in found.items() if name.lower() != "authorization"}
    return found


def switched(changes: Dict[str, Any], own: Mapping[str, Any]) -> Dict[str, Any]:
    """The changes of a copy, in which one kind of credential takes the place of another."""
    if "workload_identity" in changes:
        from .auth import checked_identity

        if "api_key" in changes:
            raise OpenAIError("The `api_key` and `workload_identity` arguments are mutually exclusive: give one of them")
        return {**changes, "workload_identity": checked_identity(changes["workload_identity"]), "api_key": None}
    if "api_key" in changes and own["workload_identity"] is not None:
        return {**changes, "workload_identity": None}
    return changes


class Credentials:
    """The part of a client that says who it is and where it sends."""

    _options: Dict[str, Any]
    _asynchronous: bool
    _changed: Any
    _identity_auth: Any = None
    #: What the key's provider gave when a program last asked it.
    _fresh_key = ""
    #: Whether there is no other way to credentials than keys and identities.
    _own_credentials_only = True

    def _identified(self) -> None:
        """Checks the identity's address, and has ready what gives requests through a client of httpx their token."""
        identity = self._options["workload_identity"]
        self._identity_auth = None
        if identity is None:
            return
        from .auth import auth_of, check_address

        if is_by_certificate(identity):
            check_address(self._options["base_url"] or self._default_base_url())
            identity = self._options["workload_identity"] = dict(identity)
        self._identity_auth = auth_of(identity, self._asynchronous)

    @property
    def _workload_identity_auth(self) -> Any:
        """What gives requests their token; `None` without an identity."""
        return self._identity_auth

    def _freshened(self, headers: Any) -> Any:
        """The headers of a request with the credential of now, or the awaitable of them; `None` where they have it, as here."""
        return None

    @property
    def workload_identity(self) -> Any:
        """The identity, as it was given; one by certificate is a copy, and is not to be changed."""
        return self._options["workload_identity"]

    @workload_identity.setter
    def workload_identity(self, value: Any) -> None:
        from .auth import checked_identity

        self._options["workload_identity"] = None if value is None else checked_identity(value)
        self._identified()
        self._changed()

    @property
    def api_key(self) -> str:
        """The key; empty where tokens come from elsewhere, as from a provider, and a placeholder where an identity is traded for them."""
        key = self._options["api_key"]
        if key is None and self._options["workload_identity"] is not None:
            return PLACEHOLDER
        if self._options["provider"] is not None:
            return ""
        return key if isinstance(key, str) else self._fresh_key

    @api_key.setter
    def api_key(self, value: Any) -> None:
        self._options["api_key"] = value
        self._changed()

    @property
    def base_url(self) -> URL:
        """Where requests go."""
        url = self._options["base_url"] or self._default_base_url()
        return URL(url if url.endswith("/") else url + "/")

    @base_url.setter
    def base_url(self, url: Any) -> None:
        if is_by_certificate(self._options["workload_identity"]):
            from .auth import check_address

            check_address(url)
        self._options["base_url"] = str(url)
        self._changed()

    def _default_base_url(self) -> str:
        region = self._options["residency"]
        if is_by_certificate(self._options["workload_identity"]):
            from .auth import address_by_certificate

            return address_by_certificate(region)
        return DEFAULT_BASE_URL if region is None else DATA_RESIDENCY[region]

    def _own_address(self) -> Optional[str]:
        """The address to tell the core; `None` where it is the core's own default."""
        given: Optional[str] = self._options["base_url"]
        if given is None and (self._options["residency"] is not None or is_by_certificate(self._options["workload_identity"])):
            return self._default_base_url()
        return given

    @property
    def auth_headers(self) -> Dict[str, str]:
        """The header that authenticates requests."""
        return {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}

    @property
    def _custom_headers(self) -> Dict[str, Any]:
        given = self._options["default_headers"]
        names = {name.lower() for name in given}
        return {**{name: value for name, value in ambient_of(self._options).items() if name.lower() not in names}, **given}

    @_custom_headers.setter
    def _custom_headers(self, headers: Mapping[str, Any]) -> None:
        self._options["default_headers"] = dict(headers)
        self._changed()

    @staticmethod
    def _ambient_key(workload_identity: Any) -> Optional[str]:
        return None if workload_identity is not None else (os.environ.get("OPENAI_API_KEY") or "").strip() or None

    def _check_credentials(self) -> None:
        held = self._options
        own = any(name.lower() in ("authorization", "api-key") for name in self._custom_headers)
        if not (held["api_key"] or held["admin_api_key"] or held["workload_identity"] or own):
            raise OpenAIError(
                "Missing credentials. Pass `api_key`, `workload_identity` or `admin_api_key`, or set the environment "
                "variable OPENAI_API_KEY or OPENAI_ADMIN_KEY."
            )

    def _add_identity(self, settings: Dict[str, Any]) -> None:
        key, identity = self._options["api_key"], self._options["workload_identity"]
        provider = self._options["provider"]
        if provider is not None and (not key or self._options["http_client"] is not None):
            settings["api_key"] = "signed"  # Each request gets its credential before it is sent.
        elif callable(key):
            settings["token_provider"] = key
        elif key is not None:
            settings["api_key"] = key
        elif identity is not None and "transport" in settings:
            settings["api_key"] = PLACEHOLDER
        elif identity is not None:
            from .auth import settings_of

            settings["workload_identity"] = settings_of(identity)
