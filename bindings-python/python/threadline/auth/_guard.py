"""Requests with the token of a certificate, watched over until they are on the wire: hooks of the program's HTTP client see them after us."""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Tuple

from .._exceptions import OpenAIError

__all__ = ["Guard", "bare_client", "bare_client_async", "guarded"]

#: Headers of other credentials. Servers read `_` as `-` in them.
_CREDENTIALS = ("api-key", "x-api-key", "proxy-authorization")
Check = Callable[[Any], None]


def _place(url: Any) -> Tuple[str, bytes, Optional[int]]:
    return url.scheme, url.raw_host, url.port or {"https": 443, "http": 80}.get(url.scheme)


class Guard:
    """What a request has to be, from before the exchange until it is handed to the transport."""

    def __init__(self, http: Any, base_url: Any) -> None:
        from .._httpx import module_of

        module = module_of(http)
        self._base = module.URL(str(base_url))
        #: No authentication of the HTTP client's own.
        self.no_auth = module.Auth()
        #: The values of `Authorization` that the request was given.
        self._authorization: Optional[List[str]] = None

    def of(self, request: Any) -> Check:
        """The check of this request as it is now: its credential is to stay what it is."""
        self._authorization = request.headers.get_list("authorization")
        return self.check

    def check(self, request: Any) -> None:
        """Raises :class:`OpenAIError` for a request that must not get the token."""
        self._check_place(request.url)
        self._check_headers(request)
        extensions = request.extensions or {}
        named = self._base.host.endswith(".openai.com")
        told = extensions.get("sni_hostname")
        if named and told is not None and told not in (self._base.host, self._base.raw_host):
            raise OpenAIError("The TLS hostname of a request with an X.509 workload identity must be that of the API")
        if extensions.get("target") is not None:
            raise OpenAIError("The target of a request with an X.509 workload identity must be that of its address")

    def _check_place(self, url: Any) -> None:
        if url.userinfo:
            raise OpenAIError("The address of a request with an X.509 workload identity must not hold credentials")
        if url.scheme != "https":
            raise OpenAIError("A request with an X.509 workload identity must go over HTTPS")
        if _place(url) != _place(self._base):
            raise OpenAIError("A request with an X.509 workload identity must not leave the configured API origin")

    def _check_headers(self, request: Any) -> None:
        hosts = [value.lower() for value in request.headers.get_list("host")]
        own = self._base.netloc.decode("ascii").lower()
        if len(hosts) != 1 or hosts[0].removesuffix(":443") != own.removesuffix(":443"):
            raise OpenAIError("The `Host` of a request with an X.509 workload identity must be that of the configured API")
        if any(name.lower().replace("_", "-") in _CREDENTIALS for name in request.headers):
            raise OpenAIError("A request with an X.509 workload identity must not have an API key, or a proxy's credentials, in its headers")
        if self._authorization is not None and request.headers.get_list("authorization") != self._authorization:
            raise OpenAIError("The authorization cannot be changed of a request with an X.509 workload identity")


class _Watched:
    """A transport that is handed only what passes."""

    def __init__(self, transport: Any, check: Check) -> None:
        self._transport, self._check = transport, check

    def handle_request(self, request: Any) -> Any:
        self._check(request)
        return self._transport.handle_request(request)

    async def handle_async_request(self, request: Any) -> Any:
        self._check(request)
        return await self._transport.handle_async_request(request)


def _twin(http: Any, kind: str, check: Optional[Check]) -> Any:
    """A client with the state of the program's, and without methods of its own: the token is for httpx alone."""
    from .._httpx import module_of

    base = getattr(module_of(http), kind)
    if not isinstance(http, base) or not hasattr(http, "_transport") or not hasattr(http, "_mounts"):
        raise OpenAIError(f"An X.509 workload identity needs an `http_client` that is an `httpx.{kind}`, whose connections have the certificate")
    twin = object.__new__(base)
    vars(twin).update(vars(http))
    if check is not None:
        twin._transport = _Watched(http._transport, check)
        twin._mounts = {place: None if one is None else _Watched(one, check) for place, one in http._mounts.items()}
    return twin


def guarded(http: Any, check: Check) -> Any:
    """A client like this one, which checks every request when its hooks are done with it."""
    from .._httpx import module_of

    return _twin(http, "AsyncClient" if isinstance(http, module_of(http).AsyncClient) else "Client", check)


def _bare(http: Any, kind: str) -> Any:
    from .._httpx import module_of

    twin = _twin(http, kind, None)
    twin._event_hooks = {"request": [], "response": []}
    twin._cookies, twin._auth = module_of(http).Cookies(), None
    return twin


def bare_client(http: Any) -> Any:
    """A client over the connections of this one, without its hooks, cookies and credentials."""
    return _bare(http, "Client")


def bare_client_async(http: Any) -> Any:
    """As :func:`bare_client`."""
    return _bare(http, "AsyncClient")
