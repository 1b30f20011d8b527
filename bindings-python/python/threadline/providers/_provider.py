"""What a provider tells a client: its address and its credential."""

from __future__ import annotations

from typing import Any, Optional, Tuple
from urllib.parse import urlsplit

from .._exceptions import OpenAIError

__all__ = ["HELD", "Provider", "origin"]

#: What stands in a request's header until it gets the credential.
HELD = "Bearer signed"



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
        """Gives a request of httpx its credential."""
        raise NotImplementedError

    async def sign_async(self, request: Any) -> None:
        """As :meth:`sign`. What a credential's source has to ask for is asked on a thread."""
        from .._utils._sync import to_thread

        await to_thread(self.sign, request)

    #: What is said of a request to another origin.
    _elsewhere = "Refusing to authenticate a {name} request for an origin other than the configured provider URL."
    #: What is said of a request with a credential of its own.
    _foreign = "{name} provider authentication cannot be combined with a custom `Authorization` header."

    def check_origin(self, url: Any) -> None:
        """Raises :class:`OpenAIError` for an address that the credential is not for."""
        if origin(url) != origin(self.base_url):
            raise OpenAIError(self._elsewhere.format(name=self.name))

    def _check(self, request: Any) -> None:
        self.check_origin(request.url)
        if request.headers.get("authorization", HELD) != HELD:
            raise OpenAIError(self._foreign.format(name=self.name))

    def prepare(self, request: Any) -> None:
        """Checks that a request may have the credential, and gives it to it."""
        self._check(request)
        self.sign(request)

    async def prepare_async(self, request: Any) -> None:
        """As :meth:`prepare`."""
        self._check(request)
        await self.sign_async(request)

    @property
    def transforms(self) -> bool:
        """Whether the options of requests are changed first."""
        return False

    def transform(self, options: Any) -> Any:
        """The options of a request, as this place takes them."""
        return options

    async def transform_async(self, options: Any) -> Any:
        """As :meth:`transform`."""
        return self.transform(options)

    def normalize(self, response: Any) -> Any:
        """The response of httpx, as the API gives one."""
        return response

    async def normalize_async(self, response: Any) -> Any:
        """As :meth:`normalize`."""
        return self.normalize(response)

    def __repr__(self) -> str:
        return f"<Provider {self.name} at {self.base_url}>"
