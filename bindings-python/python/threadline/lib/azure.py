"""Clients of Azure OpenAI."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Awaitable, Callable, ClassVar, Dict, List, Mapping, Optional, Set, Tuple, TypeVar, Union
from urllib.parse import quote, urlsplit

from .._client import AsyncOpenAI, OpenAI, _Base, _env
from .._constants import DEFAULT_MAX_RETRIES
from .._credentials import is_by_certificate
from .._exceptions import OpenAIError
from .._exchange import with_token
from .._http import URL
from .._private import private
from .._types import not_given
from .._utils._path import path_template
from ._azure_origin import guard, mark

__all__ = ["AsyncAzureOpenAI", "AzureOpenAI", "MutuallyExclusiveAuthError"]

C = TypeVar("C", bound="_Azure")
#: Paths that are a deployment's.
_deployments_endpoints = frozenset(
    (
        "/completions",
        "/chat/completions",
        "/embeddings",
        "/audio/transcriptions",
        "/audio/translations",
        "/audio/speech",
        "/images/generations",
        "/images/edits",
    )
)
AzureADTokenProvider = Callable[[], str]
AsyncAzureADTokenProvider = Callable[[], Union[str, Awaitable[str]]]
#: Stands in requests through a client of httpx until each gets its token.
_ASKED_FOR = "asked-for"
#: Stands in those of a client without credentials, and is not sent.
_NOTHING = "nothing"
_NO_TOKEN = f"Bearer {_NOTHING}".encode()
#: Stands where the official package wants a key and there is only a token.
API_KEY_SENTINEL = "".join(("<", "missing API key", ">"))


class MutuallyExclusiveAuthError(OpenAIError):
    """More than one of ``api_key``, ``azure_ad_token`` and ``azure_ad_token_provider`` was given."""

    def __init__(self) -> None:
        super().__init__(
            "The `api_key`, `azure_ad_token` and `azure_ad_token_provider` arguments are mutually exclusive; "
            "only one can be passed at a time: they exclude each other"
        )


def _text(token: Any) -> str:
    """The token that a provider gave, or the one that is held. It is not told what was there instead: that may be one as well."""
    # Of a class of the program's own, the text itself.
    text = str.__str__(token) if isinstance(token, str) else ""
    if not text:
        raise ValueError("Expected `azure_ad_token_provider` argument to return a non-empty string.")
    return text


def _with_api_key(headers: List[Tuple[str, bytes]], key: Any) -> List[Tuple[str, bytes]]:
    """The headers with a key. An empty one is none: then they have to bring a credential themselves."""
    names = {name.lower() for name, _ in headers}
    if "api-key" in names:
        return headers
    if key:
        return [*headers, ("api-key", str(key).encode())]
    if "authorization" in names:
        return headers
    raise TypeError("Could not resolve authentication method: the function that was given as `api_key` gave an empty key")


class _Azure(_Base):
    """What the clients of Azure have in common."""

    _azure: Dict[str, Any]
    _own_credentials_only = False
    _api_version: Optional[str]
    _azure_ad_token: Optional[str]
    #: The function that gives a key.
    _key_provider: Any = None
    _azure_deployment: Optional[str]

    def __init__(
        self,
        *,
        api_version: Optional[str] = None,
        azure_endpoint: Optional[str] = None,
        azure_deployment: Optional[str] = None,
        api_key: Any = None,
        admin_api_key: Optional[str] = None,
        workload_identity: Any = None,
        azure_ad_token: Optional[str] = None,
        azure_ad_token_provider: Any = None,
        organization: Optional[str] = None,
        project: Optional[str] = None,
        webhook_secret: Optional[str] = None,
        websocket_base_url: Optional[str] = None,
        base_url: Optional[str] = None,
        timeout: Any = not_given,
        max_retries: int = DEFAULT_MAX_RETRIES,
        default_headers: Optional[Mapping[str, str]] = None,
        default_query: Optional[Mapping[str, object]] = None,
        http_client: Any = None,
        v1: bool = False,
        _strict_response_validation: bool = False,
        _enforce_credentials: bool = True,
        **options: Any,
    ) -> None:
        if is_by_certificate(workload_identity):
            raise OpenAIError("X.509 workload identity is not supported by Azure clients")
        if api_key == API_KEY_SENTINEL:
            api_key = None
        given = [value for value in (api_key, azure_ad_token, azure_ad_token_provider) if value is not None]
        if len(given) > 1:
            raise MutuallyExclusiveAuthError
        if callable(api_key):
            self._key_provider = api_key
            api_key, azure_ad_token_provider = None, api_key
        if not given:
            azure_ad_token = _env("AZURE_OPENAI_AD_TOKEN")
            if azure_ad_token is None:
                api_key = _env("AZURE_OPENAI_API_KEY")
        if _enforce_credentials and not (api_key or azure_ad_token or azure_ad_token_provider or default_headers):
            raise OpenAIError(
                "Missing credentials. Pass one of `api_key`, `azure_ad_token`, `azure_ad_token_provider`, or set the environment "
                "variable AZURE_OPENAI_API_KEY or AZURE_OPENAI_AD_TOKEN."
            )
        if base_url is not None and azure_endpoint is not None:
            raise ValueError("base_url and azure_endpoint are mutually exclusive")
        if base_url is None:
            azure_endpoint = azure_endpoint or _env("AZURE_OPENAI_ENDPOINT")
        version = api_version or _env("OPENAI_API_VERSION")
        address = (azure_endpoint or base_url or "").split("?")[0].rstrip("/")
        if version is None and not v1 and not address.endswith("/openai/v1"):
            raise ValueError("Must provide either the `api_version` argument or the `OPENAI_API_VERSION` environment variable")
        if base_url is None and azure_endpoint is None:
            raise ValueError(
                "Must provide one of the `base_url` or `azure_endpoint` arguments, or the `AZURE_OPENAI_ENDPOINT` environment variable"
            )
        self._azure = {
            "endpoint": azure_endpoint,
            "deployment": azure_deployment,
            "api_version": version,
            "ad_token": azure_ad_token,
            "v1": v1,
        }
        self._token_provider = azure_ad_token_provider
        super().__init__(
            api_key=api_key if api_key is not None else "",
            admin_api_key=admin_api_key,
            organization=organization,
            project=project,
            webhook_secret=webhook_secret,
            websocket_base_url=websocket_base_url,
            base_url=base_url if base_url is not None else "",
            timeout=timeout,
            max_retries=max_retries,
            default_headers=default_headers,
            default_query=default_query,
            http_client=http_client,
            _strict_response_validation=_strict_response_validation,
            _enforce_credentials=False,
            **options,
        )
        self._api_version = version
        self._azure_ad_token = azure_ad_token
        self._azure_ad_token_provider = azure_ad_token_provider
        self._azure_deployment = azure_deployment
        self._azure_endpoint = azure_endpoint
        if http_client is not None:
            guard(http_client, self._asynchronous)
        if _enforce_credentials or not self._is_bare():
            self._native  # noqa: B018  Settings that exclude each other are told now.

    def _settings(self) -> Dict[str, Any]:
        settings = super()._settings()
        if not settings.get("base_url"):
            settings.pop("base_url", None)
        settings.pop("admin_api_key", None)
        settings["azure"] = {name: value for name, value in self._azure.items() if value is not None}
        if self._options["base_url"]:
            # An address that is given later takes the place of the endpoint.
            settings["azure"].pop("endpoint", None)
        if self._token_provider is not None and "transport" in settings and find_spec("websockets") is not None:
            # All requests pass through Python then, those of connections too.
            settings["azure"]["ad_token"] = _ASKED_FOR
        elif self._token_provider is not None:
            settings["token_provider"] = self._token_provider
        elif self._is_bare() and "transport" in settings:
            settings["azure"]["ad_token"] = _NOTHING
        return settings

    def _is_bare(self) -> bool:
        """Whether the client has no credential: each request is to bring its own."""
        return not self._options["api_key"] and self._token_provider is None and not self._azure["ad_token"]

    def _freshened(self, headers: List[Tuple[str, bytes]]) -> Any:
        """The headers of a request through a client of httpx, with the key or the token that is asked for, or the awaitable of them."""
        wanted = f"Bearer {_ASKED_FOR}".encode()
        asked = any(name.lower() == "authorization" and value == wanted for name, value in headers)
        if self._key_provider is not None:
            return self._keyed([pair for pair in headers if pair[1] != wanted])
        return self._tokened(headers) if asked else None

    _keyed: Any
    _tokened: Any

    @property
    def auth_headers(self) -> Dict[str, str]:
        """The header that authenticates requests, where the client has a key."""
        key = self._options["api_key"]
        return {"api-key": key} if isinstance(key, str) and key else {}

    _get_azure_ad_token: Any

    def _add_identity(self, settings: Dict[str, Any]) -> None:
        if self._options["api_key"]:
            settings["api_key"] = self._options["api_key"]

    def _default_base_url(self) -> str:
        return self._root() + self._own_deployment()

    def _root(self) -> str:
        return str(self._options["base_url"] or self._native.base_url).rstrip("/")

    def _own_deployment(self) -> str:
        """The part of the address that names the client's deployment, where it has one and no address of its own."""
        if not self._azure_deployment or self._options["base_url"] or self._azure.get("v1"):
            return ""
        return f"/deployments/{quote(self._azure_deployment, safe='')}"

    @property
    def default_query(self) -> Dict[str, Any]:
        """Query parameters that every request carries, the version among them."""
        version = {} if self._azure.get("v1") or self._api_version is None else {"api-version": self._api_version}
        return {**version, **self._options["default_query"]}

    _custom_query = default_query

    def _prepare_url(self, url: str) -> URL:
        """The address of a path: below the deployment where the path is one of a deployment's."""
        if "://" in url:
            return URL(url)
        own = self._own_deployment() if url in _deployments_endpoints else ""
        return URL(f"{self._root()}{own}/{url.lstrip('/')}")

    def _build_request(self, options: Any, *, retries_taken: int = 0) -> Any:
        """The request of these options. The model is the deployment, where the client's address names none."""
        model = options.json_data.get("model") if isinstance(options.json_data, Mapping) else None
        if options.url in _deployments_endpoints and isinstance(model, str) and "/deployments/" not in urlsplit(str(self.base_url)).path:
            if not self._azure.get("v1"):
                options = options.model_copy(update={"url": path_template("/deployments/{model}", model=model) + options.url})
        request = self._marked(private(self, "_build_request")(options, retries_taken=retries_taken))
        key = self._options["api_key"]
        if isinstance(key, str) and key:
            request.headers.setdefault("api-key", key)
        return request

    def _marked(self, request: Any) -> Any:
        """A request of httpx that loses its credentials where it is redirected to another origin."""
        return mark(request) if hasattr(request, "extensions") else request

    def _credentials(self, headers: List[Tuple[str, bytes]], own: Set[str]) -> List[Tuple[str, bytes]]:
        """The headers of a request through a client of httpx, with the key, which goes beside an `Authorization` of the call's own."""
        headers = [pair for pair in headers if pair[1] != _NO_TOKEN]
        key = self._options["api_key"]
        if not isinstance(key, str) or not key or "api-key" in own or any(name.lower() == "api-key" for name, _ in headers):
            return headers
        return [*headers, ("api-key", key.encode())]

    def _realtime(self, model: str, extra_query: Mapping[str, Any], token: Any) -> Tuple[URL, Dict[str, str]]:
        """Address and credential of a connection."""
        from .._helpers.python_sockets import merged_query

        given = self._options["websocket_base_url"]
        root = (str(given) if given else self._root().replace("http", "ws", 1)).rstrip("/")
        root, _, own = root.partition("?")
        # What says which model it is cannot be changed by queries.
        fixed = {"api-version": self._api_version, "deployment": self._azure_deployment if self._own_deployment() else model}
        key = self._options["api_key"]
        headers = {"api-key": key} if key else {"Authorization": f"Bearer {token}"} if token else {}
        return URL(merged_query(self, f"{root.rstrip('/')}/realtime?{own}", {**fixed, **{k: v for k, v in extra_query.items() if k not in fixed}})), headers

    def _with_key(self, model: str, extra_query: Mapping[str, Any], key: Any) -> Tuple[URL, Dict[str, str]]:
        """Address and credential of a connection whose key was asked for."""
        address, _ = self._realtime(model, extra_query, None)
        return address, {"api-key": key} if key else {}

    _KEPT: ClassVar[Tuple[str, ...]] = (
        *_Base._KEPT,
        "_token_provider",
        "_key_provider",
        "_api_version",
        "_azure_ad_token",
        "_azure_ad_token_provider",
        "_azure_deployment",
        "_azure_endpoint",
    )

    def copy(
        self: C,
        *,
        api_version: Optional[str] = None,
        azure_ad_token: Optional[str] = None,
        azure_ad_token_provider: Any = None,
        **options: Any,
    ) -> C:
        """A client with some options changed; it shares connections where that can be."""
        if sum(one is not None for one in (options.get("api_key"), azure_ad_token, azure_ad_token_provider)) > 1:
            raise MutuallyExclusiveAuthError
        identity = options.get("workload_identity")
        if is_by_certificate(identity):
            raise OpenAIError("X.509 workload identity is not supported by Azure clients")
        made = super().copy(**options)
        made._azure = dict(self._azure)
        if api_version is not None:
            made._azure["api_version"] = made._api_version = api_version
        if azure_ad_token is not None or azure_ad_token_provider is not None or options.get("api_key") is not None:
            # One kind of credential takes the place of another.
            made._azure["ad_token"] = made._azure_ad_token = azure_ad_token
            made._token_provider = made._azure_ad_token_provider = azure_ad_token_provider
            made._key_provider = None
            if options.get("api_key") is None:
                made._options["api_key"] = ""
            elif callable(options["api_key"]):
                made._token_provider = made._key_provider = options["api_key"]
                made._options["api_key"] = ""
        made._made = None
        return made

    with_options = copy


class AzureOpenAI(_Azure, OpenAI):
    """A client of Azure OpenAI.

    Credentials, endpoint and version come from ``AZURE_OPENAI_API_KEY`` or ``AZURE_OPENAI_AD_TOKEN``, ``AZURE_OPENAI_ENDPOINT`` and
    ``OPENAI_API_VERSION`` where they are not given.
    """

    def _configure_realtime(self, model: str, extra_query: Mapping[str, Any]) -> Tuple[URL, Dict[str, str]]:
        return self._realtime(model, extra_query, self._get_azure_ad_token())

    def _refresh_api_key(self) -> Any:
        """The key of now, where a function gives it."""
        return self.api_key if self._key_provider is None else self._key_provider()

    def _keyed(self, headers: List[Tuple[str, bytes]]) -> Any:
        return _with_api_key(headers, self._refresh_api_key())

    def _tokened(self, headers: List[Tuple[str, bytes]]) -> Any:
        return with_token(headers, str(self._get_azure_ad_token()))

    def _get_azure_ad_token(self) -> Optional[str]:
        """The token of now, where the client has one."""
        return self._azure_ad_token if self._token_provider is None else _text(self._token_provider())


class AsyncAzureOpenAI(_Azure, AsyncOpenAI):
    """A client of Azure OpenAI for asyncio. See :class:`AzureOpenAI`."""

    async def _configure_realtime(self, model: str, extra_query: Mapping[str, Any]) -> Tuple[URL, Dict[str, str]]:
        return self._realtime(model, extra_query, await self._get_azure_ad_token())

    async def _refresh_api_key(self) -> Any:
        """The key of now, where a function gives it."""
        if self._key_provider is None:
            return self.api_key
        key = self._key_provider()
        return await key if hasattr(key, "__await__") else key

    async def _keyed(self, headers: List[Tuple[str, bytes]]) -> Any:
        return _with_api_key(headers, await self._refresh_api_key())

    async def _tokened(self, headers: List[Tuple[str, bytes]]) -> Any:
        return with_token(headers, str(await self._get_azure_ad_token()))

    async def _get_azure_ad_token(self) -> Optional[str]:
        """The token of now, where the client has one."""
        if self._token_provider is None:
            return self._azure_ad_token
        token: Any = self._token_provider()
        return _text(await token if hasattr(token, "__await__") else token)
