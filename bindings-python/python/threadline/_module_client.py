"""The client that the module itself stands for: ``threadline.api_key = …; threadline.chat.completions.create(…)``."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

import threadline

__all__ = ["load"]

_NAMES = (
    "api_key",
    "admin_api_key",
    "organization",
    "project",
    "webhook_secret",
    "base_url",
    "timeout",
    "max_retries",
    "default_headers",
    "default_query",
    "http_client",
    "api_type",
    "api_version",
    "azure_endpoint",
    "azure_ad_token",
    "azure_ad_token_provider",
    "bedrock_token_provider",
)

_client: Optional[Any] = None
_made_of: Optional[Tuple[Any, ...]] = None


def load() -> Any:
    """The client of the module's settings; another one where they have changed."""
    global _client, _made_of
    held = vars(threadline)
    settings: Dict[str, Any] = {name: held.get(name) for name in _NAMES}
    # The name is also that of a function of ours, until a program sets it.
    if getattr(settings["http_client"], "__module__", None) == "threadline._seam":
        settings["http_client"] = None
    now = tuple(settings.values())
    if _client is None or now != _made_of:
        _client, _made_of = _make(settings), now
    return _client


def _make(settings: Dict[str, Any]) -> Any:
    kind = settings.pop("api_type")
    azure = {name: settings.pop(name) for name in ("api_version", "azure_endpoint", "azure_ad_token", "azure_ad_token_provider")}
    given = {name: value for name, value in settings.items() if value is not None}
    if kind == "azure" or (kind is None and (azure["azure_endpoint"] or azure["azure_ad_token"])):
        from .lib.azure import AzureOpenAI

        given.pop("bedrock_token_provider", None)
        return AzureOpenAI(**given, **azure)
    token_provider = given.pop("bedrock_token_provider", None)
    if kind == "amazon-bedrock":
        from .lib.bedrock import BedrockOpenAI

        return BedrockOpenAI(**given, bedrock_token_provider=None if "api_key" in given else token_provider)
    return threadline.OpenAI(**given)


def reset() -> None:
    """Forgets the client."""
    global _client, _made_of
    _client = _made_of = None


def proxy(name: str) -> Any:
    """A resource of the module: looked up at each use, as settings of the module may change."""
    from ._utils._proxy import LazyProxy

    class Resource(LazyProxy[Any]):
        def __load__(self) -> Any:
            return getattr(load(), name)

    Resource.__name__ = Resource.__qualname__ = f"{name.title().replace('_', '')}Proxy"
    return Resource()
