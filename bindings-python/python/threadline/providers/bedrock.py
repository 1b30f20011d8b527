"""Amazon Bedrock: bearer tokens, or requests signed with AWS credentials."""

from __future__ import annotations

import os
import re
from typing import Any, Callable, Optional, Tuple
from urllib.parse import urlsplit, urlunsplit

from .._exceptions import OpenAIError
from .._types import NotGiven, not_given
from ._provider import Provider
from ._sigv4 import of_object, signed

__all__ = ["Bedrock", "bedrock"]

_REGION = re.compile(r"[a-z]{2,}(?:-[a-z0-9]+)+-\d+")
#: Domains of AWS's partitions by the start of their regions: of one network protocol, and of both.
_DOMAINS = {
    "cn-": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "eusc-": ("amazonaws.eu", "api.amazonwebservices.eu"),
    "us-iso-": ("c2s.ic.gov", "api.aws.ic.gov"),
    "us-isob-": ("sc2s.sgov.gov", "api.aws.scloud"),
    "eu-isoe-": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "us-isof-": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
}
_EVERYWHERE = ("amazonaws.com", "api.aws")


def _domains(region: str) -> Tuple[str, str]:
    return next((domains for start, domains in _DOMAINS.items() if region.startswith(start)), _EVERYWHERE)


def _place(host: str) -> Optional[Tuple[str, str]]:
    """Kind and region of a host of Bedrock's own."""
    service, _, rest = host.removesuffix(".").lower().partition(".")
    region, _, domain = rest.partition(".")
    if not _REGION.fullmatch(region):
        return None
    if service == "bedrock-mantle" and domain == "api.aws":
        return "mantle", region
    if service in ("bedrock-runtime", "bedrock-runtime-fips") and domain in _domains(region):
        return "runtime", region
    return None


def _environment_token() -> str:
    """The bearer token of the environment, as it is now."""
    token = _env("AWS_BEARER_TOKEN_BEDROCK")
    if token is None:
        raise OpenAIError("Could not find credentials for Bedrock: `AWS_BEARER_TOKEN_BEDROCK` is not set any more.")
    return token


def _checked_region(region: Optional[str]) -> Optional[str]:
    if region is not None and not _REGION.fullmatch(region):
        raise OpenAIError("The Bedrock AWS `region` is invalid. Use a standard AWS region such as `us-east-1`.")
    return region


def _env(name: str) -> Optional[str]:
    return (os.environ.get(name) or "").strip() or None


class _Session:
    """A session of botocore's, made when it is first needed: bearer tokens and keys that are given do without."""

    def __init__(self, profile: Optional[str]) -> None:
        self.profile = profile
        self._made: Any = None

    def _get(self) -> Any:
        if self._made is None:
            from ..lib._bedrock_auth import session_of

            self._made = session_of(self.profile)
        return self._made

    def region(self) -> Optional[str]:
        """The profile's region."""
        found: Optional[str] = self._get().get_config_variable("region")
        return found

    def credentials(self) -> Any:
        """The credentials of now."""
        return self._get().get_credentials()


class Bedrock(Provider):
    """Bedrock in one region, with one way to authenticate."""

    name = "Bedrock"

    def __init__(self, base_url: str, region: Optional[str], service: str, key: Any, source: Optional[Callable[[], Any]]) -> None:
        self.base_url, self.region, self.key = base_url, region, key
        self._service, self._source = service, source

    def with_key(self, key: str) -> Bedrock:
        """The same place, with a bearer token. An empty one is refused where a request is to be sent with it."""
        return Bedrock(self.base_url, self.region, self._service, key, None)

    def _bearer(self) -> Any:
        """What the source of bearer tokens gives: a text, or an awaitable of one."""
        if self.key == "":
            raise OpenAIError("The Bedrock bearer credential must not be empty.")
        try:
            return self.key() if callable(self.key) else self.key
        except OpenAIError:
            raise
        except Exception as error:
            raise OpenAIError("Failed to resolve a bearer credential for Bedrock.") from error

    @staticmethod
    def _set(request: Any, token: Any) -> None:
        if not isinstance(token, str) or not token.strip():
            raise OpenAIError("The Bedrock bearer credential provider must return a non-empty string.")
        request.headers["Authorization"] = f"Bearer {token}"

    async def sign_async(self, request: Any) -> None:
        if self.key is None:
            return await super().sign_async(request)
        token = self._bearer()
        if hasattr(token, "__await__"):
            try:
                token = await token
            except Exception as error:
                raise OpenAIError("Failed to resolve a bearer credential for Bedrock.") from error
        self._set(request, token)

    def sign(self, request: Any) -> None:
        if self.key is not None:
            token = self._bearer()
            if hasattr(token, "__await__"):
                getattr(token, "close", bool)()
                raise OpenAIError("An async Bedrock token provider requires `AsyncOpenAI`.")
            return self._set(request, token)
        try:
            found = None if self._source is None else self._source()
            credentials = None if found is None else of_object(found)
        except OpenAIError:
            raise
        except Exception as error:
            raise OpenAIError("Failed to resolve AWS credentials for Bedrock.") from error
        if credentials is None or self.region is None:
            raise OpenAIError(
                "Could not find credentials for Bedrock. Pass a bearer credential or AWS credentials to `bedrock(...)`, set "
                "`AWS_BEARER_TOKEN_BEDROCK`, or configure the default AWS credential chain."
            )
        body = request.read()
        for name in ("authorization", "x-amz-date", "x-amz-security-token"):
            request.headers.pop(name, None)
        request.headers.update(signed(request.method, str(request.url), body, credentials, self.region, self._service))


def _root(url: Any) -> str:
    """The root of the routes, also where the address of one of them was given."""
    parts = urlsplit(str(url).strip())
    path = re.sub(r"/responses(?:/.*)?$", "", parts.path.rstrip("/"))
    return urlunsplit(parts._replace(path=path or "/"))


def _check_place(base_url: str, endpoint: str, region: Optional[str]) -> None:
    """Raises :class:`OpenAIError` where an address of Bedrock's own contradicts the other options."""
    parts = urlsplit(base_url)
    known = _place(parts.hostname or "")
    if known is None:
        return
    kind, place = known
    if parts.scheme != "https":
        raise OpenAIError("Canonical Amazon Bedrock endpoints require HTTPS.")
    if endpoint != kind:
        raise OpenAIError(f"The Bedrock {kind} hostname does not match the selected `{endpoint}` endpoint.")
    if region is not None and region != place:
        raise OpenAIError(f"The Bedrock endpoint region `{place}` does not match the configured AWS region `{region}`.")


def _derived(endpoint: str, region: str) -> str:
    host = f"bedrock-mantle.{region}.api.aws" if endpoint == "mantle" else f"bedrock-runtime.{region}.{_domains(region)[0]}"
    return f"https://{host}/openai/v1"


def bedrock(
    *,
    endpoint: Optional[str] = None,
    region: Optional[str] = None,
    base_url: Any = not_given,
    api_key: Any = not_given,
    token_provider: Optional[Callable[[], Any]] = None,
    access_key_id: Optional[str] = None,
    secret_access_key: Optional[str] = None,
    session_token: Optional[str] = None,
    profile: Optional[str] = None,
    credential_provider: Optional[Callable[[], Any]] = None,
) -> Bedrock:
    """Amazon Bedrock as a provider.

    ``endpoint`` is ``"mantle"`` or ``"runtime"``. The first of these that is there authenticates: a bearer token or AWS credentials that
    are given, ``AWS_BEARER_TOKEN_BEDROCK`` (not with ``api_key=None``), the default chain of AWS credentials. Raises
    :class:`OpenAIError` where options contradict each other or the region is missing.
    """
    if endpoint not in (None, "mantle", "runtime"):
        raise OpenAIError("The Bedrock `endpoint` must be either `mantle` or `runtime`.")
    region = _checked_region(_checked("region", region))
    profile = _checked("profile", profile)
    bearer = None if isinstance(api_key, NotGiven) else api_key
    if bearer is not None and not bearer.strip():
        raise OpenAIError("The Bedrock bearer credential must not be empty.")
    if bearer is not None and token_provider is not None:
        raise OpenAIError("The `api_key` and `token_provider` options are mutually exclusive. Configure only one.")
    if access_key_id is not None and not (access_key_id.strip() and (secret_access_key or " ").strip() or secret_access_key is None):
        raise OpenAIError("Static AWS credentials require non-empty `access_key_id` and `secret_access_key` values.")
    static = (access_key_id, secret_access_key, session_token)
    if any(part is not None for part in static) and not (access_key_id and secret_access_key):
        raise OpenAIError("Static AWS credentials require both `access_key_id` and `secret_access_key`.")
    modes = [mode for mode in (bearer or token_provider, access_key_id, profile, credential_provider) if mode is not None]
    if len(modes) > 1:
        raise OpenAIError(
            "Bedrock authentication is ambiguous. Configure exactly one explicit mode: bearer credential, static AWS "
            "credentials, profile, or credential provider."
        )
    if not modes and isinstance(api_key, NotGiven) and _env("AWS_BEARER_TOKEN_BEDROCK"):
        token_provider = _environment_token
    key = token_provider if token_provider is not None else bearer
    given = _env("AWS_BEDROCK_BASE_URL") if isinstance(base_url, NotGiven) else base_url
    if given is not None and not str(given).strip():
        raise OpenAIError("The Bedrock `base_url` must not be empty.")
    address = None if given is None else _root(given)
    place = None if address is None else _place(urlsplit(address).hostname or "")
    kind = endpoint or (place[0] if place else "mantle")
    if region is None and (address is None or key is None):
        region = _checked_region(_env("AWS_REGION") or _env("AWS_DEFAULT_REGION"))
    session = None
    if key is None and access_key_id is None and credential_provider is None:
        session = _Session(profile)
    if address is not None:
        _check_place(address, kind, region)
    if region is None and key is None:
        region = _checked_region((session or _Session(profile)).region())
        if address is not None:
            _check_place(address, kind, region)
    if region is None and (address is None or key is None):
        raise OpenAIError("Bedrock requires an AWS region. Pass `region` to `bedrock(...)`, or set `AWS_REGION` or `AWS_DEFAULT_REGION`.")
    if address is None:
        address = _derived(kind, str(region))
    elif region is None and place is not None:
        region = place[1]
    source = credential_provider
    if access_key_id and secret_access_key:
        kept = {"access_key": access_key_id, "secret_key": secret_access_key, "token": session_token}
        source = lambda: kept  # noqa: E731
    elif session is not None:
        source = session.credentials
    return Bedrock(address, region, "bedrock" if kind == "runtime" else "bedrock-mantle", key, source)


def _checked(name: str, value: Optional[str]) -> Optional[str]:
    if value is not None and not value.strip():
        raise OpenAIError(f"The Bedrock AWS `{name}` must not be empty.")
    return None if value is None else value.strip()
