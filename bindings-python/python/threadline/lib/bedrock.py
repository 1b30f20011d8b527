"""Clients of Amazon Bedrock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, ClassVar, Dict, Mapping, Optional, Tuple, TypeVar

from .._client import AsyncOpenAI, OpenAI, _Base
from .._exceptions import OpenAIError
from .._types import NotGiven, not_given
from ..providers.bedrock import Bedrock
from ._bedrock_state import BEARERS, KEYS, State, made, overridden

__all__ = ["AsyncBedrockOpenAI", "BedrockOpenAI"]

C = TypeVar("C", bound="_Bedrock")
_NAMES = (*BEARERS, "aws_region", *KEYS)


class _Bedrock(_Base):
    """What the clients of Bedrock have in common."""

    _bedrock_state: State
    #: The region of requests. One that is set later holds for copies.
    aws_region: Optional[str]

    def __init__(
        self,
        *,
        api_key: Optional[str] = None,
        bedrock_token_provider: Optional[Callable[[], Any]] = None,
        aws_region: Optional[str] = None,
        aws_profile: Optional[str] = None,
        aws_access_key_id: Optional[str] = None,
        aws_secret_access_key: Optional[str] = None,
        aws_session_token: Optional[str] = None,
        aws_credentials_provider: Optional[Callable[[], Any]] = None,
        base_url: Any = None,
        **options: Any,
    ) -> None:
        given = {name: value for name, value in locals().items() if name in _NAMES}
        provider, state = made(given, aws_region, not_given if base_url is None else base_url)
        super().__init__(provider=provider, **options)
        self._adopt(provider, state)

    def _adopt(self, provider: Bedrock, state: State) -> None:
        """Takes a provider as the client's own, in place of the one before."""
        held = self._options
        held["provider"], held["api_key"], held["base_url"] = provider, provider.key, provider.base_url
        if provider.signs and held["http_client"] is None:
            from .._httpx import own_client

            held["http_client"] = own_client(self._asynchronous)
        self._bedrock_state, self.aws_region = state, state.aws_region
        self._made = None

    @property
    def _bedrock_token_provider(self) -> Any:
        return self._bedrock_state.token_provider

    @property
    def api_key(self) -> str:
        """The bearer token; empty where requests are signed or a function gives the token."""
        key = self._options["api_key"]
        return key if isinstance(key, str) else self._fresh_key

    @api_key.setter
    def api_key(self, value: Any) -> None:
        text = value or ""
        state = replace(State(aws_region=self.aws_region), explicit_api_key=text)
        before = self._bedrock_state
        state = replace(
            state, region_was_explicit=before.region_was_explicit, uses_region_derived_base_url=before.uses_region_derived_base_url
        )
        provider = self._options["provider"].with_key(text)
        provider.base_url = self._options["base_url"]
        self._adopt(provider, state)

    def _uses_aws_auth(self) -> bool:
        """Whether requests are signed."""
        return bool(self._options["provider"].signs)

    def _now(self) -> State:
        """The state, with what the program has set since."""
        state, provider = self._bedrock_state, self._options["provider"]
        if self._options["base_url"] != provider.base_url:
            state = replace(state, uses_region_derived_base_url=False)
        if self.aws_region is None:
            self.aws_region = state.aws_region
        if self.aws_region != state.aws_region:
            state = replace(state, aws_region=self.aws_region, region_was_explicit=True)
        return state

    def copy(
        self: C,
        *,
        admin_api_key: Optional[str] = None,
        workload_identity: Any = None,
        provider: Any = not_given,
        data_residency: Optional[str] = None,
        base_url: Any = not_given,
        _extra_kwargs: Mapping[str, Any] = {},
        **options: Any,
    ) -> C:
        """A client with some options changed."""
        if data_residency is not None:
            raise OpenAIError("`data_residency` is only supported by OpenAI clients")
        if not isinstance(provider, NotGiven):
            raise OpenAIError("`provider` belongs to `OpenAI`: a client of Bedrock has its own")
        if admin_api_key is not None or workload_identity is not None:
            raise OpenAIError("BedrockOpenAI only supports Bedrock bearer token or AWS credential authentication.")
        options.update(_extra_kwargs)
        aws: Dict[str, Any] = {name: options.pop(name) for name in _NAMES if name in options}
        # Before anything is made: a setting that cannot be must not leave a client behind.
        state = self._now()
        found = overridden(state, aws, base_url, str(self._options["base_url"]))
        copied: C = super().copy(**options)
        if state is self._bedrock_state and isinstance(base_url, NotGiven) and not any(value is not None for value in aws.values()):
            return copied
        copied._options = dict(copied._options)
        copied._adopt(*found)
        return copied

    with_options = copy

    _KEPT: ClassVar[Tuple[str, ...]] = (*_Base._KEPT, "_bedrock_state", "aws_region")


class BedrockOpenAI(_Bedrock, OpenAI):
    """A client of Amazon Bedrock. Region and credentials are looked for as AWS's own tools do; ``AWS_BEARER_TOKEN_BEDROCK`` is a key."""


class AsyncBedrockOpenAI(_Bedrock, AsyncOpenAI):
    """A client of Amazon Bedrock for asyncio. See :class:`BedrockOpenAI`."""
