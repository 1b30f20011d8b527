"""Tokens for identities by certificate, over the connections of the program's client of httpx, which hold the certificate."""

from __future__ import annotations

import re
import time
from importlib import import_module
from typing import Any, Dict, Optional, Tuple

from .._credentials import is_by_certificate
from .._exceptions import OAuthError, OpenAIError
from ._guard import Guard, bare_client, bare_client_async, guarded
from ._workload import GRANT, REFUSED, Found, _Flight, _WorkloadIdentityAuth, failed_exchange, is_placeholder, lifetime_in, token_in

__all__ = ["AsyncX509WorkloadIdentityAuth", "SyncX509WorkloadIdentityAuth", "is_x509_workload_identity"]

is_x509_workload_identity = is_by_certificate

_URL = "https://mtls.auth.openai.com/oauth/token"
_KIND = "urn:openai:params:oauth:token-type:x509"
#: Further tries of an exchange, at most.
_RETRIES = 2
#: What a bearer token may consist of (RFC 6750): nothing that ends a header, or begins another.
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
#: Codes of refusals. What else stands in their place may be anything, and is not told.
_CODE = re.compile(r"[a-z][a-z_]{0,63}")


def __getattr__(name: str) -> Any:
    # Only clients of httpx for event loops need it, and these bring it.
    if name == "anyio":
        return import_module("anyio")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _source(request: Any) -> Tuple[bool, Any]:
    """Whether a body can be sent again, and what it is read from, where that has to be set back first."""
    try:
        request.content  # noqa: B018  It is in memory.
        return True, None
    except Exception:
        source: Any = getattr(request.stream, "_stream", None)
    if not hasattr(source, "seek") or not hasattr(source, "tell"):
        return False, None
    try:
        return bool(source.seekable()), source
    except Exception:
        return False, None


def _is_replayable_request(request: Any) -> bool:
    """Whether a request of httpx can be sent a second time."""
    return _source(request)[0]


class _Body:
    """The body of a request, as it was before it was sent."""

    def __init__(self, request: Any, repeatable: bool) -> None:
        can, self._source = _source(request)
        self.repeatable = can and repeatable
        self._place = None if self._source is None or not self.repeatable else self._source.tell()

    def set_back(self) -> None:
        """Has it begin where it began."""
        if self._source is not None:
            self._source.seek(self._place)


class _X509Auth(_WorkloadIdentityAuth):
    """What both kinds of clients have in common."""

    def __init__(self, *, workload_identity: Any) -> None:
        super().__init__(workload_identity=workload_identity)
        self._told: Dict[str, Any] = dict(workload_identity)

    def _guard(self, client: Any, http: Any, request: Any) -> Guard:
        """What watches over a request, which is checked before anything is sent."""
        if client.workload_identity != self._told:
            raise OpenAIError("The workload identity of a client cannot be changed: make another client, or a copy with `with_options`")
        guard = Guard(http, client.base_url)
        guard.check(request)
        return guard

    def _asked(self, http: Any, timeout: Any) -> Any:
        """The request for a token. It has nothing of what the program adds to those to the API."""
        from .._httpx import module_of

        body = {
            "grant_type": GRANT,
            "subject_token_type": _KIND,
            "identity_provider_id": self._told["identity_provider_id"],
            "service_account_id": self._told["service_account_id"],
        }
        headers = {"Accept": "application/json"}
        return module_of(http).Request("POST", _URL, json=body, headers=headers, extensions={"timeout": timeout})

    def _pause(self, client: Any, most: Any, made: int, response: Any) -> Optional[float]:
        """Seconds until the next try after this answer, or after none; `None` if there is to be no other."""
        from .._own_models import FinalRequestOptions

        left = min(client.max_retries if most is None else most, _RETRIES) - made
        if left <= 0 or response is not None and not _may_pass(client, response):
            return None
        options = FinalRequestOptions(method="post", url=_URL, max_retries=left + made)
        return float(client._calculate_retry_timeout(left, options, None if response is None else response.headers))

    @staticmethod
    def _judged(client: Any, response: Any) -> Found:
        status = response.status_code
        if status in REFUSED:
            raise OAuthError(response=response, body=_code_of(response))
        if not 200 <= status < 300:
            error = OpenAIError(f"The exchange of the client certificate for a token failed with status {status}")
            error.retryable = status == 408 or status == 409 or status == 429 or status >= 500 or _may_pass(client, response)
            raise error
        body = token_in(response)
        kind = body.get("token_type", "Bearer")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise OpenAIError("The token endpoint's answer cannot be used: it is not of the Bearer token type")
        token = body.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise OpenAIError("The token endpoint's answer cannot be used: it has no valid Bearer access_token")
        return token, lifetime_in(body)


def _may_pass(client: Any, response: Any) -> bool:
    """Whether the server would take the exchange another time."""
    return response.status_code >= 400 and response.status_code not in REFUSED and bool(client._should_retry(response))


def _code_of(response: Any) -> Any:
    """The code of a refusal alone: its description may quote what is secret."""
    try:
        code = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        return None
    return {"error": code} if isinstance(code, str) and _CODE.fullmatch(code) else None


def _timeout(client: Any, request: Any) -> Dict[str, Any]:
    """The limits of a request, which are those of the exchange that it waits for."""
    told = request.extensions.get("timeout")
    if told is not None:
        return dict(told)
    limit = client.timeout
    return {part: getattr(limit, part, None) if hasattr(limit, "read") else limit for part in ("connect", "read", "write", "pool")}


def _transport_error(error: Exception, request: Any) -> OpenAIError:
    """The exception of a failed exchange. Raises what is none of the HTTP client's."""
    from .._foreign import of_transport

    if not of_transport(error):
        raise error
    return failed_exchange(error, request)


class SyncX509WorkloadIdentityAuth(_X509Auth):
    """Gives the requests of a blocking client their token."""

    def _exchanged(self, client: Any, http: Any, timeout: Any, max_retries: Any) -> Found:
        sender, made = bare_client(http), 0
        while True:
            request = self._asked(http, timeout)
            response: Any = None
            failure: Optional[OpenAIError] = None
            try:
                response = sender.send(request, follow_redirects=False)
            except Exception as error:
                failure = _transport_error(error, request)
            wait = self._pause(client, max_retries, made, response)
            if wait is None:
                if failure is not None:
                    raise failure
                return self._judged(client, response)
            made += 1
            time.sleep(wait)

    def send(self, client: Any, http: Any, request: Any, *, repeatable: bool = True, max_retries: Any = None, stream: bool = False, **_: Any) -> Any:
        """Sends a request of httpx with the token, and once more with another where the token is refused."""
        guard = self._guard(client, http, request)
        if not is_placeholder(request):
            return guarded(http, guard.of(request)).send(request, stream=stream, auth=guard.no_auth, follow_redirects=False)
        body, timeout = _Body(request, repeatable), _timeout(client, request)
        for last in (False, True):
            token = self._single(lambda: self._exchanged(client, http, timeout, max_retries))
            request.headers["Authorization"] = f"Bearer {token}"
            response = guarded(http, guard.of(request)).send(request, stream=stream, auth=guard.no_auth, follow_redirects=False)
            if response.status_code != 401:
                break
            self.invalidate_token(token)
            if last or not body.repeatable:
                break
            response.close()
            body.set_back()
        return response


class AsyncX509WorkloadIdentityAuth(_X509Auth):
    """Gives the requests of a client for an event loop their token."""

    async def _exchanged(self, client: Any, http: Any, timeout: Any, max_retries: Any) -> Found:
        sender, made = bare_client_async(http), 0
        while True:
            request = self._asked(http, timeout)
            response: Any = None
            failure: Optional[OpenAIError] = None
            try:
                response = await sender.send(request, follow_redirects=False)
            except Exception as error:
                failure = _transport_error(error, request)
            wait = self._pause(client, max_retries, made, response)
            if wait is None:
                if failure is not None:
                    raise failure
                return self._judged(client, response)
            made += 1
            await import_module("anyio").sleep(wait)

    async def _token(self, client: Any, http: Any, timeout: Any, max_retries: Any) -> str:
        """The token of now. However many tasks need another, one makes the exchange; if it is cancelled, the next one does."""
        anyio = import_module("anyio")
        here = anyio.lowlevel.current_token()
        while True:
            token = self._fresh()
            if token is not None:
                return token
            flight = self._flight
            # An event of another loop cannot be waited for.
            if flight is None or flight.done[0] != here:
                break
            await flight.done[1].wait()
            found = flight.outcome()
            if found is not None:
                return found
        done = anyio.Event()
        flight = self._flight = _Flight((here, done))
        try:
            try:
                token = self._keep(await self._exchanged(client, http, timeout, max_retries))
            except OpenAIError as error:
                token = self._instead(error)
            flight.token = token
            return token
        except OpenAIError as error:
            flight.error = error
            raise
        finally:
            if self._flight is flight:
                self._flight = None
            done.set()

    async def send(
        self, client: Any, http: Any, request: Any, *, repeatable: bool = True, max_retries: Any = None, stream: bool = False, **_: Any
    ) -> Any:
        """As :meth:`SyncX509WorkloadIdentityAuth.send`."""
        guard = self._guard(client, http, request)
        if not is_placeholder(request):
            return await guarded(http, guard.of(request)).send(request, stream=stream, auth=guard.no_auth, follow_redirects=False)
        body, timeout = _Body(request, repeatable), _timeout(client, request)
        for last in (False, True):
            token = await self._token(client, http, timeout, max_retries)
            request.headers["Authorization"] = f"Bearer {token}"
            response = await guarded(http, guard.of(request)).send(request, stream=stream, auth=guard.no_auth, follow_redirects=False)
            if response.status_code != 401:
                break
            self.invalidate_token(token)
            if last or not body.repeatable:
                break
            await response.aclose()
            body.set_back()
        return response

    send_async = send
