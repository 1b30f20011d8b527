"""Requests of Amazon Bedrock, signed with AWS credentials, for programs that sign their own."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Literal, Mapping, Optional, Tuple

from .._exceptions import OpenAIError
from ..providers._sigv4 import Credentials, of_object, signed

__all__ = ["BedrockAwsAuth", "BedrockAwsAuthConfig", "resolve_aws_region_with_source"]

RegionSource = Literal["explicit", "environment", "profile"]
#: Headers that a signature makes anew.
_OWN = ("authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token")
_UNRESOLVED = "Failed to resolve AWS credentials for Bedrock: look at the AWS profile, the environment variables, and the machine's identity"


def _load_botocore() -> Any:
    """The class of botocore's sessions, which know profiles and the default chain of credentials. Keys that are given do without."""
    try:
        from botocore.session import Session  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError as error:
        raise OpenAIError(
            "AWS profiles and the default chain of credentials need botocore, which requires optional AWS dependencies: "
            "`pip install botocore`, as `pip install openai[bedrock]` does for the official package"
        ) from error
    return Session


def session_of(profile: Optional[str]) -> Any:
    """A session of botocore's. Raises :class:`OpenAIError` if botocore is not there or does not know the profile."""
    kind = _load_botocore()
    try:
        session = kind(profile=profile)
        session.get_config_variable("region")
    except Exception as error:
        raise OpenAIError(_UNRESOLVED) from error
    return session


@dataclass(frozen=True)
class BedrockAwsAuthConfig:
    """Which credentials sign, and for which region and service. Keys are not in its `repr`."""

    region: str
    source: Literal["static", "profile", "provider", "default"]
    service: Literal["bedrock-mantle", "bedrock"] = "bedrock-mantle"
    region_source: RegionSource = "explicit"
    profile: Optional[str] = None
    access_key_id: Optional[str] = field(default=None, repr=False)
    secret_access_key: Optional[str] = field(default=None, repr=False)
    session_token: Optional[str] = field(default=None, repr=False)
    credentials_provider: Optional[Callable[[], object]] = field(default=None, repr=False, compare=False)


class BedrockAwsAuth:
    """Signs requests with the credentials of now."""

    def __init__(self, config: BedrockAwsAuthConfig, *, session: Any = None) -> None:
        self.config = config
        self._session = session

    @classmethod
    def resolve(
        cls,
        *,
        region: Optional[str],
        profile: Optional[str],
        access_key_id: Optional[str],
        secret_access_key: Optional[str],
        session_token: Optional[str],
        credentials_provider: Optional[Callable[[], object]],
        service: Literal["bedrock-mantle", "bedrock"] = "bedrock-mantle",
    ) -> BedrockAwsAuth:
        """From what a program gave, the environment, and the profile."""
        session = session_of(profile) if access_key_id is None and credentials_provider is None else None
        place, found = resolve_aws_region_with_source(region, session=session)
        given = (("static", access_key_id), ("profile", profile), ("provider", credentials_provider))
        source: Any = next((name for name, value in given if value is not None), "default")
        config = BedrockAwsAuthConfig(
            place, source, service, found, profile, access_key_id, secret_access_key, session_token, credentials_provider
        )
        return cls(config, session=session)

    def _credentials(self) -> Credentials:
        held = self.config
        found: Any = None
        try:
            if held.credentials_provider is not None:
                found = held.credentials_provider()
            elif held.access_key_id and held.secret_access_key:
                return Credentials(held.access_key_id, held.secret_access_key, held.session_token)
            else:
                self._session = self._session or session_of(held.profile)
                found = self._session.get_credentials()
            if found is not None:
                return of_object(found)
        except OpenAIError:
            raise
        except Exception as error:
            raise OpenAIError(_UNRESOLVED) from error
        raise OpenAIError(
            "Could not find credentials for Bedrock. Pass a bearer credential or AWS credentials to `bedrock(...)`, set "
            "`AWS_BEARER_TOKEN_BEDROCK`, or configure the default AWS credential chain."
        )

    def sign(self, *, method: str, url: str, headers: Mapping[str, str], body: Optional[bytes]) -> Dict[str, str]:
        """The headers of a request, and those that sign them."""
        kept = {name: value for name, value in headers.items() if name.lower() not in _OWN}
        kept["X-Amz-Content-SHA256"] = hashlib.sha256(body or b"").hexdigest()
        made = signed(method, url, body or b"", self._credentials(), self.config.region, self.config.service, headers=kept)
        return {**kept, **made}


def resolve_aws_region_with_source(aws_region: Optional[str], *, session: Any = None) -> Tuple[str, RegionSource]:
    """The region, and where it was found: what was given, ``AWS_REGION``, ``AWS_DEFAULT_REGION``, the profile's."""
    read = getattr(session, "get_config_variable", None)
    places: Tuple[Tuple[Optional[str], RegionSource], ...] = (
        (aws_region, "explicit"),
        (os.environ.get("AWS_REGION"), "environment"),
        (os.environ.get("AWS_DEFAULT_REGION"), "environment"),
        (read("region") if callable(read) else None, "profile"),
    )
    for region, source in places:
        if region and region.strip():
            return region.strip(), source
    raise OpenAIError("Bedrock requires an AWS region. Pass `region` to `bedrock(...)`, or set `AWS_REGION` or `AWS_DEFAULT_REGION`.")
