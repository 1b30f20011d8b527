"""Amazon Bedrock: bearer tokens, or requests signed with AWS credentials."""

from __future__ import annotations

import os
import re
from importlib import import_module
from typing import Any, Callable, Optional
from urllib.parse import urlsplit

from .._exceptions import OpenAIError
from .._types import NotGiven, not_given
from ._provider import Provider
from ._sigv4 import of_object, signed

__all__ = ["Bedrock", "bedrock"]

_HOST = re.compile(r"bedrock-(mantle|runtime)(?:-fips)?\.([a-z0-9-]+)\.(?:api\.aws|amazonaws\.[a-z.]+)")
_REGION = re.compile(r"[a-z]{2,}(?:-[a-z0-9]+)+-\d+")
_SUFFIXES = {"cn-": "amazonaws.com.cn", "eusc-": "amazonaws.eu"}


def _env(name: str) -> Optional[str]:
    return (os.environ.get(name) or "").strip() or None


def _session(profile: Optional[str]) -> Any:
    try:
        made = import_module("botocore.session").Session
    except ImportError:
        raise OpenAIError("AWS profiles and the default chain of credentials need botocore: `pip install botocore`") from None
    try:
        return made(profile=profile)
    except Exception as error:
        raise OpenAIError("Failed to resolve AWS credentials for Bedrock: look at the AWS profile and environment variables") from error


class Bedrock(Provider):
    """Bedrock in one region, with one way to authenticate."""

    name = "Bedrock"

    def __init__(self, base_url: str, region: Optional[str], service: str, key: Any, source: Optional[Callable[[], Any]]) -> None:
        self.base_url, self.region, self.key = base_url, region, key
        self._service, self._source = service, source

    def sign(self, request: Any) -> None:
        try:
            found = None if self._source is None else self._source()
            credentials = None if found is None else of_object(found)
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


def _address(base_url: Any, endpoint: Optional[str], region: Optional[str]) -> Any:
    """Root of the routes, kind of the endpoint, and the region that the host names."""
    given = _env("AWS_BEDROCK_BASE_URL") if isinstance(base_url, NotGiven) else base_url
    if given is None:
        kind = endpoint or "mantle"
        if region is None:
            return None, kind, None
        suffix = next((suffix for prefix, suffix in _SUFFIXES.items() if region.startswith(prefix)), "amazonaws.com")
        host = f"bedrock-mantle.{region}.api.aws" if kind == "mantle" else f"bedrock-runtime.{region}.{suffix}"
        return f"https://{host}/openai/v1", kind, region
    text = str(given).strip()
    if not text:
        raise OpenAIError("The Bedrock `base_url` must not be empty.")
    known = _HOST.fullmatch(urlsplit(text).hostname or "")
    if known is None:
        return text, endpoint or "mantle", region
    if urlsplit(text).scheme != "https":
        raise OpenAIError("Canonical Amazon Bedrock endpoints require HTTPS.")
    kind, place = known.groups()
    if endpoint is not None and endpoint != kind:
        raise OpenAIError(f"The Bedrock {kind} hostname does not match the selected `{endpoint}` endpoint.")
    if region is not None and region != place:
        raise OpenAIError(f"The Bedrock endpoint region `{place}` does not match the configured AWS region `{region}`.")
    return text, kind, region or place


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
    region = _checked("region", region)
    if region is not None and not _REGION.fullmatch(region):
        raise OpenAIError("The Bedrock AWS `region` is invalid. Use a standard AWS region such as `us-east-1`.")
    profile = _checked("profile", profile)
    bearer = None if isinstance(api_key, NotGiven) else api_key
    if bearer is not None and not bearer.strip():
        raise OpenAIError("The Bedrock bearer credential must not be empty.")
    if bearer is not None and token_provider is not None:
        raise OpenAIError("The `api_key` and `token_provider` options are mutually exclusive. Configure only one.")
    static = (access_key_id, secret_access_key, session_token)
    if any(part is not None for part in static) and not (access_key_id and secret_access_key):
        raise OpenAIError("Static AWS credentials require both `access_key_id` and `secret_access_key`.")
    modes = [mode for mode in (bearer or token_provider, access_key_id, profile, credential_provider) if mode is not None]
    if len(modes) > 1:
        raise OpenAIError(
            "Bedrock authentication is ambiguous. Configure exactly one explicit mode: bearer credential, static AWS "
            "credentials, profile, or credential provider."
        )
    if not modes and isinstance(api_key, NotGiven):
        bearer = _env("AWS_BEARER_TOKEN_BEDROCK")
    key = token_provider if token_provider is not None else bearer
    region = region or _env("AWS_REGION") or _env("AWS_DEFAULT_REGION")
    session = None
    if key is None and access_key_id is None and credential_provider is None:
        session = _session(profile)
        region = region or session.get_config_variable("region")
    address, kind, region = _address(base_url, endpoint, region)
    if address is None or (key is None and region is None):
        raise OpenAIError("Bedrock requires an AWS region. Pass `region` to `bedrock(...)`, or set `AWS_REGION` or `AWS_DEFAULT_REGION`.")
    source = credential_provider
    if access_key_id and secret_access_key:
        kept = {"access_key": access_key_id, "secret_key": secret_access_key, "token": session_token}
        source = lambda: kept  # noqa: E731
    elif session is not None:
        source = session.get_credentials
    return Bedrock(address, region, "bedrock" if kind == "runtime" else "bedrock-mantle", key, source)


def _checked(name: str, value: Optional[str]) -> Optional[str]:
    if value is not None and not value.strip():
        raise OpenAIError(f"The Bedrock AWS `{name}` must not be empty.")
    return None if value is None else value.strip()
