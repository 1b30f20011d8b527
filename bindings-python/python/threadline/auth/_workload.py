"""Tokens that an identity is traded for, where a client sends through one of httpx. Elsewhere the core trades them."""

from __future__ import annotations

import math
import threading
import time
from importlib import import_module
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from .._credentials import PLACEHOLDER
from .._exceptions import APIConnectionError, APITimeoutError, OAuthError, OpenAIError, SubjectTokenProviderError
from .._identities import WorkloadIdentity
from .._utils._sync import to_thread
from ._subject import azure_managed_identity_token_provider as azure_managed_identity_token_provider
from ._subject import gcp_id_token_provider as gcp_id_token_provider
from ._subject import k8s_service_account_token_provider as k8s_service_account_token_provider

__all__ = ["WorkloadIdentityAuth", "failed_exchange", "is_placeholder", "token_in"]

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_URL = "https://auth.openai.com/oauth/token"
_KINDS = {"jwt": "urn:ietf:params:oauth:token-type:jwt", "id": "urn:ietf:params:oauth:token-type:id_token"}
#: How long before its end a token is renewed, in seconds.
_BUFFER = 1200.0
#: For how long a token that could not be renewed in time is used unasked, in seconds.
_RESPITE = 5.0
#: Statuses by which the identity is refused.
REFUSED = (400, 401, 403)

Found = Tuple[str, float]


def __getattr__(name: str) -> Any:
    # Looked for when an exchange is made: httpx need not be installed, and programs put others in their place.
    if name in ("DefaultHttpx2Client", "DefaultHttpxClient"):
        return getattr(import_module("threadline._httpx"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def is_placeholder(request: Any) -> bool:
    """Whether a request is still to get its token."""
    return bool(request.headers.get_list("authorization") == [f"Bearer {PLACEHOLDER}"])


def failed_exchange(error: Exception, request: Any) -> OpenAIError:
    """The exception of an exchange that did not come to an answer."""
    timed_out = any(base.__name__ == "TimeoutException" for base in type(error).__mro__)
    made = APITimeoutError(request=request) if timed_out else APIConnectionError(request=request)
    made.kind, made.retryable, made.__cause__ = "timeout" if timed_out else "connection", True, error
    return made


def lifetime_in(body: Mapping[str, Any]) -> float:
    """The seconds for which the token in an answer is good. Raises :class:`OpenAIError` where they are no such number."""
    seconds = body.get("expires_in")
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds > 0:
        try:
            if math.isfinite(seconds):
                return float(seconds)
        except OverflowError:
            pass
    raise OpenAIError("The token endpoint's answer cannot be used: its `expires_in` is no positive number of seconds")


def token_in(response: Any) -> Dict[str, Any]:
    """The members of an answer that has a token. Raises :class:`OpenAIError` where the body is of another kind."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise OpenAIError("The token endpoint's answer cannot be used: the response body was not a JSON object")
    return body


class _Flight:
    """One exchange that is under way, and those who wait for it."""

    def __init__(self, done: Any) -> None:
        self.done = done
        self.token: Optional[str] = None
        self.error: Optional[OpenAIError] = None

    def outcome(self) -> Optional[str]:
        """The token; `None` if whoever made the exchange gave up, and another has to."""
        if self.error is not None:
            raise self.error
        return self.token


class _WorkloadIdentityAuth:
    """The token of an identity, kept until shortly before its end."""

    def __init__(self, *, workload_identity: Any) -> None:
        self.workload_identity = workload_identity
        self._cached_token: Optional[str] = None
        #: By the clock of :func:`time.monotonic`, in seconds.
        self._cached_token_expires_at_monotonic: Optional[float] = None
        self._cached_token_refresh_at_monotonic: Optional[float] = None
        #: A token endpoint that sends elsewhere is not followed.
        self._follow_redirects = False
        self._lock = threading.Lock()
        self._flight: Optional[_Flight] = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def invalidate_token(self, token: Optional[str] = None) -> None:
        """Drops the token; with an argument only if it is still this one."""
        with self._lock:
            if token is None or token == self._cached_token:
                self._cached_token = self._cached_token_expires_at_monotonic = self._cached_token_refresh_at_monotonic = None

    def _good_until(self, end: Optional[float]) -> Optional[str]:
        return self._cached_token if end is not None and time.monotonic() < end else None

    def _fresh(self) -> Optional[str]:
        """The token, if it need not be renewed yet."""
        expires, refresh = self._cached_token_expires_at_monotonic, self._cached_token_refresh_at_monotonic
        return None if expires is None or refresh is None else self._good_until(min(expires, refresh))

    def _usable_token_after_transient_failure(self) -> Optional[str]:
        """The token that could not be renewed, as long as it is good."""
        return self._good_until(self._cached_token_expires_at_monotonic)

    def _keep(self, found: Found) -> str:
        token, lifetime = found
        buffer = self.workload_identity.get("refresh_buffer_seconds")
        now = time.monotonic()
        with self._lock:
            self._cached_token = token
            self._cached_token_expires_at_monotonic = now + lifetime
            self._cached_token_refresh_at_monotonic = now + lifetime - min(_BUFFER if buffer is None else float(buffer), lifetime / 2)
        return token

    def _instead(self, error: OpenAIError) -> str:
        """The token of before, after a failure that may pass; else the failure."""
        token = self._usable_token_after_transient_failure() if error.retryable else None
        if token is None:
            raise error
        self._cached_token_refresh_at_monotonic = time.monotonic() + _RESPITE
        return token

    def _single(self, exchange: Callable[[], Found]) -> str:
        """The token of now. However many threads need another, one makes the exchange."""
        while True:
            with self._lock:
                token, flight = self._fresh(), self._flight
                if token is not None:
                    return token
                own = flight is None
                if flight is None:
                    flight = self._flight = _Flight(threading.Event())
            if own:
                return self._made(flight, exchange)
            flight.done.wait()
            found = flight.outcome()
            if found is not None:
                return found

    def _made(self, flight: _Flight, exchange: Callable[[], Found]) -> str:
        try:
            try:
                token = self._keep(exchange())
            except OpenAIError as error:
                token = self._instead(error)
            flight.token = token
            return token
        except OpenAIError as error:
            flight.error = error
            raise
        finally:
            self._flight = None
            flight.done.set()


class WorkloadIdentityAuth(_WorkloadIdentityAuth):
    """The token that what a platform says of a program is traded for."""

    def __init__(self, *, workload_identity: WorkloadIdentity, token_exchange_url: Optional[str] = None) -> None:
        super().__init__(workload_identity=workload_identity)
        told: Any = workload_identity
        self.token_exchange_url = token_exchange_url or told.get("token_exchange_url") or _URL

    def get_token(self) -> str:
        """The token of now; it is asked for where there is none, or where it ends soon."""
        return self._single(self._exchanged)

    async def get_token_async(self) -> str:
        """As :meth:`get_token`, beside the event loop."""
        fresh = self._fresh()
        return await to_thread(self.get_token) if fresh is None else fresh

    def _subject(self) -> Tuple[str, str]:
        provider = self.workload_identity["provider"]
        kind = provider.get("token_type")
        if kind not in _KINDS:
            raise OpenAIError(f'`token_type` of a subject token provider is "jwt" or "id", not {kind!r}')
        try:
            token = provider["get_token"]()
        except OpenAIError:
            raise
        except Exception as error:
            raise SubjectTokenProviderError(f"The subject token provider failed: {type(error).__name__}") from error
        if not isinstance(token, str) or not token:
            raise SubjectTokenProviderError("The subject token provider gave no text, or an empty one")
        return token, _KINDS[kind]

    def _exchanged(self) -> Found:
        token, kind = self._subject()
        asked = {
            "grant_type": GRANT,
            "subject_token": token,
            "subject_token_type": kind,
            "identity_provider_id": self.workload_identity["identity_provider_id"],
            "service_account_id": self.workload_identity["service_account_id"],
        }
        with _client() as http:
            request = http.build_request("POST", self.token_exchange_url, json=asked)
            try:
                response = http.send(request)
            except Exception as error:
                from .._foreign import of_transport

                if not of_transport(error):
                    raise
                raise failed_exchange(error, request) from error
            return _judged(response)

    def send(self, client: Any, http: Any, request: Any, *, repeatable: bool = True, max_retries: Any = None, **options: Any) -> Any:
        """Sends a request of httpx with the token, and once more with another where the token is refused."""
        if not is_placeholder(request):
            return http.send(request, **options)
        for last in (False, True):
            token = self.get_token()
            request.headers["Authorization"] = f"Bearer {token}"
            response = http.send(request, **options)
            if response.status_code != 401:
                break
            self.invalidate_token(token)
            if last or not repeatable:
                break
            response.close()
        return response

    async def send_async(
        self, client: Any, http: Any, request: Any, *, repeatable: bool = True, max_retries: Any = None, **options: Any
    ) -> Any:
        """As :meth:`send`."""
        if not is_placeholder(request):
            return await http.send(request, **options)
        for last in (False, True):
            token = await self.get_token_async()
            request.headers["Authorization"] = f"Bearer {token}"
            response = await http.send(request, **options)
            if response.status_code != 401:
                break
            self.invalidate_token(token)
            if last or not repeatable:
                break
            await response.aclose()
        return response


def _client() -> Any:
    """A client of httpx for one exchange: apart from the program's own, which may have headers, hooks and a proxy for the API alone."""
    from .._httpx import _httpx

    name = "DefaultHttpx2Client" if _httpx().__name__ == "httpx2" else "DefaultHttpxClient"
    return getattr(import_module(__name__), name)(follow_redirects=False)


def _judged(response: Any) -> Found:
    if response.status_code in REFUSED:
        try:
            body = response.json()
        except ValueError:
            body = None
        raise OAuthError(response=response, body=body)
    if not 200 <= response.status_code < 300:
        error = OpenAIError(f"The exchange of the identity for a token failed with status {response.status_code}")
        error.retryable = response.status_code in (408, 409, 429) or response.status_code >= 500
        raise error
    body = token_in(response)
    token = body.get("access_token")
    if not isinstance(token, str) or not token:
        raise OpenAIError("The token endpoint's answer cannot be used: it has no `access_token`")
    return token, lifetime_in(body)
