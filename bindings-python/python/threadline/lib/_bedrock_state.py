"""How a client of Bedrock was set up: what its copies keep, and what they take anew."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from .._exceptions import OpenAIError
from .._types import NotGiven, not_given
from ..providers.bedrock import Bedrock, bedrock

__all__ = ["BEARERS", "KEYS", "State", "made", "overridden"]

BEARERS = ("api_key", "bedrock_token_provider")
KEYS = ("aws_profile", "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_credentials_provider")
_AMBIGUOUS = (
    "Bedrock authentication is ambiguous. Configure exactly one explicit mode: bearer credential, static AWS credentials, profile, or "
    "credential provider."
)


@dataclass(frozen=True)
class State:
    """The settings of a client of Bedrock. What is secret is not in its `repr`."""

    explicit_api_key: Optional[str] = field(default=None, repr=False)
    token_provider: Optional[Callable[[], Any]] = field(default=None, repr=False, compare=False)
    aws_region: Optional[str] = None
    #: Whether the program named the region, and not the environment or a profile.
    region_was_explicit: bool = False
    aws_profile: Optional[str] = None
    aws_access_key_id: Optional[str] = field(default=None, repr=False)
    aws_secret_access_key: Optional[str] = field(default=None, repr=False)
    aws_session_token: Optional[str] = field(default=None, repr=False)
    aws_credentials_provider: Optional[Callable[[], Any]] = field(default=None, repr=False, compare=False)
    environment_bearer_token: Optional[str] = field(default=None, repr=False)
    #: Whether the address follows the region.
    uses_region_derived_base_url: bool = False

    @property
    def uses_environment_bearer(self) -> bool:
        """Whether ``AWS_BEARER_TOKEN_BEDROCK`` authenticates; its text is kept from when the client was made."""
        return self.environment_bearer_token is not None

    @property
    def key(self) -> str:
        """The bearer token as text; empty where there is none."""
        return self.explicit_api_key or self.environment_bearer_token or ""

    @property
    def signs(self) -> bool:
        """Whether requests are signed."""
        return not self.key and self.token_provider is None

    def credentials(self) -> Dict[str, Any]:
        """The settings of the way to authenticate, as the client takes them."""
        held = {"api_key": self.key or None, "bedrock_token_provider": self.token_provider}
        return {**held, **{name: getattr(self, name) for name in KEYS}}


def _ambient_region() -> Optional[str]:
    found = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    return found.strip() or None


def made(
    settings: Mapping[str, Any], region: Optional[str], base_url: Any, *, explicit: Optional[bool] = None, ambient: bool = True
) -> Tuple[Bedrock, State]:
    """The provider of these settings, and their state.

    ``explicit``: whether the program named the region, where that is not to be seen from ``region``. ``ambient``: whether the
    environment's bearer token and region count.
    """
    if callable(settings.get("api_key")):
        raise OpenAIError("Pass refreshable Bedrock credentials via `bedrock_token_provider`, not `api_key`.")
    if settings.get("api_key") == "":
        raise OpenAIError("The `api_key` argument must not be empty.")
    bearers = [name for name in BEARERS if settings.get(name) is not None]
    keys = [name for name in KEYS if settings.get(name) is not None]
    if len(bearers) > 1 or (bearers and keys):
        raise OpenAIError(_AMBIGUOUS)
    token = os.environ.get("AWS_BEARER_TOKEN_BEDROCK") or None if ambient and not bearers and not keys else None
    blank = isinstance(base_url, str) and not base_url.strip()
    derived = blank or base_url is None or (isinstance(base_url, NotGiven) and not (os.environ.get("AWS_BEDROCK_BASE_URL") or "").strip())
    named = bool(region and region.strip()) if explicit is None else explicit
    # Nothing is signed with a bearer token, so a region that nobody named may be another than the address has.
    needless = bool(bearers or token) and not named and not derived
    provider = bedrock(
        region=None if needless else region,
        base_url=None if blank else base_url,
        api_key=settings.get("api_key") or token or (not_given if ambient and not bearers and not keys else None),
        token_provider=settings.get("bedrock_token_provider"),
        access_key_id=settings.get("aws_access_key_id"),
        secret_access_key=settings.get("aws_secret_access_key"),
        session_token=settings.get("aws_session_token"),
        profile=settings.get("aws_profile"),
        credential_provider=settings.get("aws_credentials_provider"),
    )
    state = State(
        explicit_api_key=settings.get("api_key"),
        token_provider=settings.get("bedrock_token_provider"),
        aws_region=region or (_ambient_region() if ambient else None) or provider.region,
        region_was_explicit=named,
        environment_bearer_token=token,
        uses_region_derived_base_url=derived,
        **{name: settings.get(name) for name in KEYS},
    )
    return provider, state


def overridden(state: State, given: Mapping[str, Any], base_url: Any, address: str) -> Tuple[Bedrock, State]:
    """The provider and the state of a copy: another credential takes the place of the one before, of whatever kind it was.

    ``address`` is the client's own, which stays unless it follows the region.
    """
    credentials = {name: given[name] for name in (*BEARERS, *KEYS) if given.get(name) is not None}
    region, explicit = given.get("aws_region"), True
    if region is None and not ("aws_profile" in credentials and not state.region_was_explicit):
        region, explicit = state.aws_region, state.region_was_explicit
    elif region is None:
        explicit = False
    if isinstance(base_url, NotGiven) or base_url is None:
        base_url = None if state.uses_region_derived_base_url else address
    held = credentials or state.credentials()
    kept = not credentials and state.uses_environment_bearer
    provider, found = made(held, region, base_url, explicit=explicit, ambient=False)
    return provider, replace(found, explicit_api_key=None, environment_bearer_token=state.environment_bearer_token) if kept else found
