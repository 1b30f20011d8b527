"""The client that the module itself stands for: ``threadline.api_key = …; threadline.chat.completions.create(…)``."""

from __future__ import annotations

import os
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


class _ModuleClient(threadline.OpenAI):
    """The module's client. A key may still be set when it is first used."""


def load() -> Any:
    """The client of the module's settings; another one where they have changed."""
    global _client, _made_of
    held = vars(threadline)
    settings: Dict[str, Any] = {name: held.get(name) for name in _NAMES}
    # `None` is no limit here, where a program has set it.
    settings["timeout"] = held.get("timeout", threadline.NOT_GIVEN)
    # The name is also that of a function of ours, until a program sets it.
    if getattr(settings["http_client"], "__module__", None) == "threadline._seam":
        settings["http_client"] = None
    if _client is None or tuple(settings.values()) != _made_of:
        _client = _make(dict(settings))
        _made_of = tuple({**settings, "api_type": threadline.api_type}.values())
    return _client


def _env(name: str) -> bool:
    return bool(os.environ.get(name, "").strip())


def _kind(settings: Dict[str, Any]) -> Optional[str]:
    """Whose client it is to be, where the program has not said so.

    Raises :class:`OpenAIError` where the environment has credentials of both.
    """
    given = any(settings[name] for name in ("azure_endpoint", "azure_ad_token", "azure_ad_token_provider"))
    azure = given or _env("AZURE_OPENAI_API_KEY") or _env("AZURE_OPENAI_AD_TOKEN")
    if azure and _env("OPENAI_API_KEY") and settings["api_key"] is None:
        raise threadline.OpenAIError(
            "Ambiguous use of module client; the environment has credentials of OpenAI and of Azure. Set `threadline.api_type` "
            "(or OPENAI_API_TYPE) to 'openai' or 'azure'."
        )
    return "azure" if azure else None


def _make(settings: Dict[str, Any]) -> Any:
    kind = settings.pop("api_type")
    if kind is None:
        kind = _kind(settings)
        if kind is not None:
            threadline.api_type = kind
    azure = {name: settings.pop(name) for name in ("api_version", "azure_endpoint", "azure_ad_token", "azure_ad_token_provider")}
    token_provider = settings.pop("bedrock_token_provider")
    given = {name: value for name, value in settings.items() if value is not None or name == "timeout"}
    if kind == "azure":
        from .lib.azure import AzureOpenAI

        return AzureOpenAI(**given, **azure)
    if kind == "amazon-bedrock":
        from .lib.bedrock import BedrockOpenAI

        return BedrockOpenAI(**given, bedrock_token_provider=None if "api_key" in given else token_provider)
    return _ModuleClient(**given, _enforce_credentials=False)


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
