"""What a provider tells a client: its address and its credential."""

from __future__ import annotations

from typing import Any, Optional, Tuple
from urllib.parse import urlsplit

from .._exceptions import OpenAIError

__all__ = ["Provider", "origin"]


def origin(url: Any) -> Tuple[str, str, Optional[int]]:
    """Scheme, host and port of an address."""
    parts = urlsplit(str(url))
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


class Provider:
    """A place that serves the API."""

    #: Its name, in errors.
    name = "provider"
    #: The root of its routes.
    base_url: str
    #: The key, or a function that gives one; `None` where requests are signed.
    key: Any = None

    @property
    def signs(self) -> bool:
        """Whether each request is signed, which needs a client of httpx."""
        return self.key is None or self.key == ""

    def sign(self, request: Any) -> None:
        """Signs a request of httpx."""
        raise NotImplementedError

    def prepare(self, request: Any) -> None:
        """Gives a request its credential."""
        if origin(request.url) != origin(self.base_url):
            raise OpenAIError(f"Refusing to authenticate a {self.name} request for an origin other than the configured provider URL.")
        self.sign(request)

    async def prepare_async(self, request: Any) -> None:
        """As :meth:`prepare`. What a credential's source has to ask for is asked on a thread."""
        import asyncio

        await asyncio.to_thread(self.prepare, request)

    def __repr__(self) -> str:
        return f"<Provider {self.name} at {self.base_url}>"
