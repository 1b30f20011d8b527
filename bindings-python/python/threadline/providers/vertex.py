"""Models of OpenAI on Google Cloud's Vertex AI."""

from __future__ import annotations

import os
import re
import threading
import time
from importlib import import_module
from typing import Any, Callable, Dict, Optional, Tuple
from urllib.parse import urlsplit

from .._exceptions import APITimeoutError, OpenAIError
from ._provider import Provider

__all__ = ["Vertex", "vertex"]

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


class Vertex(Provider):
    """Vertex AI in one place, with one source of tokens."""

    name = "Vertex"
    _elsewhere = "Refusing to send Vertex credentials outside the configured origin."
    _foreign = "Vertex owns authentication; remove OpenAI project/organization and custom Authorization or api-key headers."

    def __init__(self, base_url: str, key: Optional[Callable[[], Any]], credentials: Any = None) -> None:
        self.base_url = base_url
        self._source = None if key is not None else _Google(credentials)
        self.key = key

    def _check(self, request: Any) -> None:
        super()._check(request)
        if any(name in request.headers for name in ("api-key", "openai-organization", "openai-project")):
            raise OpenAIError(self._foreign.format(name=self.name))

    def sign(self, request: Any) -> None:
        if self._source is not None:
            request.headers.update(self._source.headers(request))
            return
        token = self._token()
        if hasattr(token, "__await__"):
            getattr(token, "close", bool)()
            raise OpenAIError("Use AsyncOpenAI with an async Vertex token provider.")
        self._set(request, token)

    async def sign_async(self, request: Any) -> None:
        if self._source is not None:
            return await super().sign_async(request)
        limit = request.extensions.get("timeout", {}).get("read")
        end = None if limit is None else time.monotonic() + limit
        token = self._token()
        if hasattr(token, "__await__"):
            try:
                token = await _within(token, limit)
            except TimeoutError:
                raise APITimeoutError(request=request) from None
            except OpenAIError:
                raise
            except Exception:
                raise OpenAIError("Vertex token provider failed.") from None
        if end is not None and time.monotonic() >= end:
            # A provider that blocks cannot be interrupted, but the call is over.
            raise APITimeoutError(request=request)
        self._set(request, token)

    def _token(self) -> Any:
        try:
            return self.key()
        except OpenAIError:
            raise
        except Exception:
            # What it says may hold what is secret.
            raise OpenAIError("Vertex token provider failed.") from None

    @staticmethod
    def _set(request: Any, token: Any) -> None:
        if not isinstance(token, str) or not token.strip() or not all(33 <= ord(char) <= 126 for char in token):
            raise OpenAIError("Vertex token provider must return a nonempty bearer token suitable for an HTTP header.")
        request.headers["Authorization"] = f"Bearer {token}"


async def _within(awaited: Any, limit: Optional[float]) -> Any:
    """What is awaited, in asyncio or trio. Raises :class:`TimeoutError` when the limit is over, in seconds."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        with import_module("anyio").fail_after(limit):
            return await awaited
    try:
        return await asyncio.wait_for(awaited, limit)
    except asyncio.TimeoutError:
        raise TimeoutError from None


class _Google:
    """Credentials of google-auth; the application's default ones where none are given. They keep their token until it runs out."""

    def __init__(self, credentials: Any) -> None:
        self._given = credentials
        self._found: Any = None
        self._lock = threading.Lock()

    def headers(self, request: Any) -> Dict[str, str]:
        """The headers that authenticate a request of httpx. What is asked for them keeps to the request's limits of time."""
        limits = request.extensions.get("timeout", {})
        pool = limits.get("pool")
        if not self._lock.acquire(timeout=-1 if pool is None else max(0, pool)):
            raise APITimeoutError(request=request)
        try:
            return self._asked(request, (limits.get("connect"), limits.get("read")))
        except OpenAIError:
            raise
        except Exception:
            # What google-auth says may hold requests and private keys.
            raise OpenAIError("Vertex Google authentication failed. Check ADC, project access and credential expiry.") from None
        finally:
            self._lock.release()

    def _asked(self, request: Any, limits: Tuple[Any, Any]) -> Dict[str, str]:
        try:
            auth = import_module("google.auth")
            kinds = import_module("google.auth.credentials")
            transport = import_module("google.auth.transport.requests")
            requests = import_module("requests")
        except ImportError:
            raise OpenAIError("Google's credentials need google-auth and requests: `pip install google-auth requests`") from None
        with requests.Session() as session:
            send = transport.Request(session)

            def bounded(*arguments: Any, **options: Any) -> Any:
                try:
                    return send(*arguments, **{**options, "timeout": limits})
                except Exception as error:
                    if isinstance(error.__cause__, requests.exceptions.Timeout):
                        raise APITimeoutError(request=request) from None
                    raise

            if self._found is None and self._given is None:
                self._found = auth.default(scopes=_SCOPES, request=bounded)[0]
            elif self._found is None:
                self._found = kinds.with_scopes_if_required(self._given, scopes=_SCOPES)
            headers: Dict[str, str] = {}
            self._found.before_request(bounded, request.method, str(request.url), headers)
            return {("Authorization" if name.lower() == "authorization" else name): value for name, value in headers.items()}


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
        # Projects of a domain have dots and a colon; a segment of dots alone is no project.
        if not project or not re.fullmatch(r"[a-zA-Z0-9_-][a-zA-Z0-9_.:-]*", project):
            raise OpenAIError("Vertex requires a project ID (project or GOOGLE_CLOUD_PROJECT).")
        if not location or not re.fullmatch(r"[a-z0-9-]+", location):
            raise OpenAIError("Vertex requires a location (location or GOOGLE_CLOUD_LOCATION).")
        host = "aiplatform.googleapis.com" if location == "global" else f"{location}-aiplatform.googleapis.com"
        base_url = f"https://{host}/v1/projects/{project}/locations/{location}/publishers/openai/v1"
    parts = urlsplit(str(base_url))
    if parts.scheme not in ("http", "https") or parts.username or parts.query or parts.fragment:
        raise OpenAIError("Vertex base_url must be an HTTP(S) API root without credentials, query or fragment.")
    host = (parts.hostname or "").rstrip(".")
    if not host:
        raise OpenAIError("Vertex base_url must be an HTTP(S) API root without credentials, query or fragment.")
    if parts.scheme != "https" and (host == "googleapis.com" or host.endswith(".googleapis.com")):
        raise OpenAIError("Google Vertex endpoints require HTTPS.")
    return Vertex(str(base_url), token_provider, credentials)
