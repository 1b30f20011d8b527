"""Models of OpenAI on Google Cloud's Vertex AI."""

from __future__ import annotations

import os
import re
from importlib import import_module
from typing import Any, Callable, Optional
from urllib.parse import urlsplit

from .._exceptions import OpenAIError
from ._provider import Provider

__all__ = ["Vertex", "vertex"]

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Vertex(Provider):
    """Vertex AI in one place, with one source of tokens."""

    name = "Vertex"

    def __init__(self, base_url: str, key: Callable[[], Any]) -> None:
        self.base_url, self.key = base_url, key


def _of_google(credentials: Any) -> Callable[[], str]:
    """Tokens of google-auth; of the application's default credentials where none are given."""
    held = [credentials]

    def token() -> str:
        try:
            default = import_module("google.auth").default
            request = import_module("google.auth.transport.requests").Request
        except ImportError:
            raise OpenAIError("Google's credentials need google-auth and requests: `pip install google-auth requests`") from None
        if held[0] is None:
            held[0] = default(scopes=[_SCOPE])[0]
        if not held[0].valid:
            held[0].refresh(request())
        return str(held[0].token)

    return token


def vertex(
    *,
    project: Optional[str] = None,
    location: Optional[str] = None,
    base_url: Any = None,
    token_provider: Optional[Callable[[], Any]] = None,
    credentials: Any = None,
) -> Vertex:
    """Vertex AI as a provider: of a project and a location (``GOOGLE_CLOUD_PROJECT``, ``GOOGLE_CLOUD_LOCATION``), or at ``base_url``.

    Tokens come from ``token_provider``, from google-auth's ``credentials``, or from the application's default ones. Raises
    :class:`OpenAIError` where project or location is missing or cannot stand in an address.
    """
    if token_provider is not None and credentials is not None:
        raise OpenAIError("The `token_provider` and `credentials` options are mutually exclusive. Configure only one.")
    if base_url is None:
        project = project or os.environ.get("GOOGLE_CLOUD_PROJECT")
        location = location or os.environ.get("GOOGLE_CLOUD_LOCATION")
        if not project or not location:
            raise OpenAIError("Vertex requires `project` and `location`, or `base_url`.")
        if not re.fullmatch(r"[a-z0-9][a-z0-9.:-]*", project) or not re.fullmatch(r"[a-z0-9-]+", location):
            raise OpenAIError("The Vertex `project` or `location` is invalid.")
        host = "aiplatform.googleapis.com" if location == "global" else f"{location}-aiplatform.googleapis.com"
        base_url = f"https://{host}/v1/projects/{project}/locations/{location}/publishers/openai/v1"
    parts = urlsplit(str(base_url))
    if parts.scheme not in ("http", "https") or parts.username or parts.query or parts.fragment:
        raise OpenAIError("Vertex base_url must be an HTTP(S) API root without credentials, query or fragment.")
    return Vertex(str(base_url), token_provider if token_provider is not None else _of_google(credentials))
