"""Clients of Amazon Bedrock."""

from __future__ import annotations

from typing import Any, Callable, ClassVar, Dict, Optional, Tuple, TypeVar

from .._client import AsyncOpenAI, OpenAI, _Base
from .._exceptions import OpenAIError
from .._types import not_given
from ..providers.bedrock import bedrock

__all__ = ["AsyncBedrockOpenAI", "BedrockOpenAI"]

C = TypeVar("C", bound="_Bedrock")
_NAMES = (
    "bedrock_token_provider",
    "aws_region",
    "aws_profile",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_credentials_provider",
)


class _Bedrock(_Base):
    """What the clients of Bedrock have in common."""

    _aws: Dict[str, Any]

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
        if callable(api_key):
            raise OpenAIError("`api_key` is a text here: give a function as `bedrock_token_provider`")
        self._aws = {"api_key": api_key, "base_url": base_url, **{name: value for name, value in locals().items() if name in _NAMES}}
        provider = bedrock(
            region=aws_region,
            base_url=not_given if base_url is None else base_url,
            api_key=not_given if api_key is None else api_key,
            token_provider=bedrock_token_provider,
            access_key_id=aws_access_key_id,
            secret_access_key=aws_secret_access_key,
            session_token=aws_session_token,
            profile=aws_profile,
            credential_provider=aws_credentials_provider,
        )
        self.aws_region = provider.region
        super().__init__(provider=provider, **options)

    def _uses_aws_auth(self) -> bool:
        """Whether requests are signed."""
        return bool(self._options["provider"].signs)

    def copy(self: C, **options: Any) -> C:
        """A client with some options changed."""
        aws = {name: options.pop(name) for name in ("api_key", "base_url", *_NAMES) if name in options}
        made = super().copy(**options)
        if aws:
            # Another credential takes the place of the one before, of whatever kind it was.
            kept = {"base_url", "aws_region"} if set(aws) - {"base_url", "aws_region"} else set(self._aws)
            type(self).__init__(made, **{**{name: self._aws[name] for name in kept}, **aws}, **_others(made))
        return made

    with_options = copy

    _KEPT: ClassVar[Tuple[str, ...]] = (*_Base._KEPT, "_aws", "aws_region")


def _others(client: Any) -> Dict[str, Any]:
    """The options of a client that are not about its provider."""
    taken = ("api_key", "admin_api_key", "workload_identity", "base_url", "provider")
    return {name: value for name, value in client._options.items() if name not in taken}


class BedrockOpenAI(_Bedrock, OpenAI):
    """A client of Amazon Bedrock. Region and credentials are looked for as AWS's own tools do; ``AWS_BEARER_TOKEN_BEDROCK`` is a key."""


class AsyncBedrockOpenAI(_Bedrock, AsyncOpenAI):
    """A client of Amazon Bedrock for asyncio. See :class:`BedrockOpenAI`."""
