"""Workload identities through clients of httpx: exchanges, renewal, what the token is kept from, and where it is sent."""

from __future__ import annotations

import asyncio
import contextvars
import io
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, List, Optional

import httpx
import pytest

from threadline import APIConnectionError, AsyncOpenAI, AuthenticationError, AzureOpenAI, OAuthError, OpenAI, OpenAIError
from threadline import auth as identities
from threadline.auth import azure_managed_identity_token_provider, gcp_id_token_provider, x509_workload_identity

EXCHANGE = "https://mtls.auth.openai.com/oauth/token"
MODEL = {"id": "m", "object": "model", "created": 1, "owned_by": "o"}
IDENTITY = x509_workload_identity(identity_provider_id="idp", service_account_id="account")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_CUSTOM_HEADERS", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"):
        monkeypatch.delenv(name, raising=False)


class Server:
    """The API and its token endpoint. `answers` are statuses of the API, `exchanges` those of the endpoint; afterwards all is well."""

    def __init__(self, *answers: int, exchanges: Any = (), lifetime: Any = 3600, **body: Any) -> None:
        self.answers, self.exchanges, self.lifetime, self.body = list(answers), list(exchanges), lifetime, body
        self.tokens: List[httpx.Request] = []
        self.seen: List[httpx.Request] = []
        self.authorizations: List[Optional[str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) == EXCHANGE:
            self.tokens.append(request)
            found = self.exchanges.pop(0) if self.exchanges else 200
            if isinstance(found, Exception):
                raise found
            token = {"access_token": f"token-{len(self.tokens)}", "expires_in": self.lifetime, "token_type": "Bearer", **self.body}
            return httpx.Response(found, json=token if found == 200 else {"error": "invalid_grant", "error_description": "secret"})
        self.seen.append(request)
        self.authorizations.append(request.headers.get("authorization"))
        return httpx.Response(self.answers.pop(0) if self.answers else 200, json=MODEL)


def client(handler: Callable[[httpx.Request], httpx.Response], hooks: Any = (), **options: Any) -> OpenAI:
    http = httpx.Client(transport=httpx.MockTransport(handler), event_hooks={"request": list(hooks)}, headers=options.pop("headers", None))
    return OpenAI(**{"workload_identity": IDENTITY, "http_client": http, "max_retries": 0, **options})


def async_client(handler: Any, **options: Any) -> AsyncOpenAI:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return AsyncOpenAI(**{"workload_identity": IDENTITY, "http_client": http, "max_retries": 0, **options})


def test_a_certificate_is_traded_once_over_the_connections_of_the_program() -> None:
    server = Server()
    api = client(server, timeout=7.5)
    assert api.models.retrieve("m").id == api.models.retrieve("m").id == "m"
    assert str(server.seen[0].url) == "https://mtls.api.openai.com/v1/models/m"
    assert server.authorizations == ["Bearer token-1", "Bearer token-1"]
    assert json.loads(server.tokens[0].content) == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token_type": "urn:openai:params:oauth:token-type:x509",
        "identity_provider_id": "idp",
        "service_account_id": "account",
    }
    assert len(server.tokens) == 1 and server.tokens[0].extensions["timeout"]["read"] == 7.5


def test_an_exchange_has_nothing_of_the_programs_requests() -> None:
    server, hooked = Server(), []
    http = httpx.Client(
        transport=httpx.MockTransport(server),
        auth=("user", "hidden"),
        cookies={"session": "hidden"},
        headers={"X-Own": "hidden"},
        event_hooks={"request": [lambda request: hooked.append(request.url.host)]},
    )
    OpenAI(workload_identity=IDENTITY, http_client=http).models.retrieve("m")
    assert "hidden" not in str(server.tokens[0].headers.multi_items()) and "authorization" not in server.tokens[0].headers
    assert hooked == ["mtls.api.openai.com"]
    assert server.seen[0].headers["x-own"] == "hidden" and server.authorizations == ["Bearer token-1"]


def test_a_refused_token_is_replaced_once() -> None:
    server = Server(401, 200, 401, 401)
    api = client(server)
    assert api.models.retrieve("m").id == "m"
    with pytest.raises(AuthenticationError):
        api.models.retrieve("m")
    assert server.authorizations == ["Bearer token-1", "Bearer token-2", "Bearer token-2", "Bearer token-3"]
    assert api._workload_identity_auth._cached_token is None


def test_a_body_that_can_be_read_only_once_is_not_sent_again() -> None:
    class Once(io.BytesIO):
        def seekable(self) -> bool:
            return False

    server = Server(401, 401, 401)
    api = client(server)
    for file, sent in ((Once(b"a"), 1), (io.BytesIO(b"a"), 3)):
        with pytest.raises(AuthenticationError):
            api.files.create(file=("a.txt", file), purpose="user_data")
        assert len(server.seen) == sent


def test_a_token_is_renewed_before_its_end_and_used_to_it_when_that_fails() -> None:
    server = Server(exchanges=[200, httpx.ConnectError("down"), httpx.ConnectError("down")], lifetime=100)
    api = client(server)
    api.models.retrieve("m")
    state = api._workload_identity_auth
    assert 49 < state._cached_token_expires_at_monotonic - state._cached_token_refresh_at_monotonic < 51
    state._cached_token_refresh_at_monotonic = time.monotonic() - 1
    api.models.retrieve("m")
    assert server.authorizations == ["Bearer token-1"] * 2 and len(server.tokens) == 2
    # For a moment nobody asks again.
    api.models.retrieve("m")
    assert len(server.tokens) == 2
    state._cached_token_expires_at_monotonic = state._cached_token_refresh_at_monotonic = time.monotonic() - 1
    with pytest.raises(APIConnectionError) as caught:
        api.models.retrieve("m")
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    api.models.retrieve("m")
    assert server.authorizations[-1] == "Bearer token-4"


def test_exchanges_are_tried_three_times_and_refusals_once(monkeypatch: pytest.MonkeyPatch) -> None:
    naps: List[float] = []
    monkeypatch.setattr("threadline.auth._x509.time.sleep", naps.append)
    server = Server(exchanges=[503, 503, 503])
    with pytest.raises(OpenAIError, match="status 503"):
        client(server, max_retries=9).models.retrieve("m")
    assert len(server.tokens) == 3 and len(naps) == 2 and server.seen == []


def test_what_a_refusal_says_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    server = Server(exchanges=[400])
    with caplog.at_level(logging.DEBUG), pytest.raises(OAuthError) as caught:
        client(server, max_retries=5).models.retrieve("m")
    assert caught.value.error == "invalid_grant" and len(server.tokens) == 1
    assert "secret" not in f"{caught.value!r} {caught.value.body} {caplog.text}"


@pytest.mark.parametrize("body", [{"token_type": "MAC"}, {"access_token": "a b"}, {"access_token": "a\r\nb: c"}, {"expires_in": 0}, {"expires_in": True}])
def test_answers_that_cannot_be_used_are_not_kept(body: Dict[str, Any]) -> None:
    server = Server(**body)
    api = client(server)
    with pytest.raises(OpenAIError, match="cannot be used"):
        api.models.retrieve("m")
    assert api._workload_identity_auth._cached_token is None and server.seen == []


def change(what: str) -> Callable[[httpx.Request], None]:
    def hook(request: httpx.Request) -> None:
        if what == "origin":
            request.url = httpx.URL("https://elsewhere.test/v1/models/m")
        elif what == "plain":
            request.url = request.url.copy_with(scheme="http")
        elif what == "host":
            request.headers["host"] = "elsewhere.test"
        elif what == "sni":
            request.extensions["sni_hostname"] = "elsewhere.test"
        elif what == "target":
            request.extensions["target"] = b"https://elsewhere.test/"
        else:
            request.headers[what] = "Bearer other"

    return hook


@pytest.mark.parametrize("what", ["origin", "plain", "host", "sni", "target", "authorization", "api_key", "Proxy-Authorization"])
def test_a_hook_cannot_send_the_token_elsewhere(what: str) -> None:
    server = Server()
    with pytest.raises(OpenAIError):
        client(server, [change(what)]).models.retrieve("m")
    assert len(server.tokens) == 1 and server.seen == []


def test_other_credentials_and_places_are_refused_before_the_exchange() -> None:
    server = Server()
    with pytest.raises(OpenAIError, match="API key"):
        client(server, headers={"X-Api-Key": "k"}).models.retrieve("m")
    with pytest.raises(OpenAIError, match="origin"):
        client(server).get("https://elsewhere.test/v1/models", cast_to=object)
    with pytest.raises(OpenAIError, match="Host"):
        client(server).models.retrieve("m", extra_headers={"Host": "elsewhere.test"})
    assert server.tokens == server.seen == []


def test_methods_of_the_programs_client_do_not_see_the_token() -> None:
    class Reader(httpx.Client):
        def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
            raise AssertionError("it has seen the token")

    server = Server()
    api = OpenAI(workload_identity=IDENTITY, http_client=Reader(transport=httpx.MockTransport(server)))
    assert api.models.retrieve("m").id == "m"


@pytest.mark.parametrize(
    "identity,told",
    [
        ({}, "neither"),
        ({"type": "other", "provider": {}}, "neither"),
        ({**IDENTITY, "private_key": "hidden"}, "only identity IDs"),
        ({**IDENTITY, "provider": "hidden"}, "subject-token"),
        ({**IDENTITY, "service_account_id": 3}, "IDs"),
        ({**IDENTITY, "refresh_buffer_seconds": float("nan")}, "refresh buffer"),
    ],
)
def test_identities_that_are_none_are_refused(identity: Any, told: str) -> None:
    with pytest.raises(OpenAIError, match=told) as caught:
        OpenAI(workload_identity=identity)
    assert "hidden" not in str(caught.value)


def test_an_identity_cannot_be_changed_under_a_client() -> None:
    given = dict(IDENTITY)
    server = Server()
    api = client(server, workload_identity=given)
    given["service_account_id"] = "other"
    api.models.retrieve("m")
    assert json.loads(server.tokens[0].content)["service_account_id"] == "account"
    api.workload_identity["service_account_id"] = "other"
    with pytest.raises(OpenAIError, match="cannot be changed"):
        api.models.retrieve("m")


def test_addresses_follow_the_kind_of_credential() -> None:
    api = OpenAI(workload_identity=IDENTITY, data_residency="eu")
    assert str(api.base_url) == "https://mtls-eu.api.openai.com/v1/" and api.api_key == "workload-identity-auth"
    keyed = api.with_options(api_key="k")
    assert str(keyed.base_url) == "https://eu.api.openai.com/v1/" and keyed.workload_identity is None
    assert str(keyed.with_options(workload_identity=IDENTITY).base_url) == str(api.base_url)
    assert str(api.with_options(base_url="https://own.test/v1").with_options(api_key="k").base_url) == "https://own.test/v1/"
    with pytest.raises(OpenAIError, match="mTLS endpoint"):
        api.with_options(data_residency="jp")
    with pytest.raises(OpenAIError, match="HTTPS"):
        OpenAI(workload_identity=IDENTITY, base_url="http://localhost:8080/v1")
    with pytest.raises(OpenAIError, match="HTTPS"):
        api.base_url = "http://localhost:8080/v1"
    assert str(api.base_url) == "https://mtls-eu.api.openai.com/v1/"
    with pytest.raises(OpenAIError, match="Azure"):
        AzureOpenAI(api_key="k", api_version="v", azure_endpoint="https://a.test", workload_identity=IDENTITY)


def test_headers_of_the_environment_change_no_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "aUthorization: Bearer ambient\nX-Own: kept\nno header")
    server = Server()
    keyed = client(server, workload_identity=None, api_key="k", base_url="https://own.test/v1")
    keyed.models.retrieve("m")
    keyed.with_options(workload_identity=IDENTITY).models.retrieve("m")
    keyed.with_options(default_headers={"authorization": "Bearer chosen"}).models.retrieve("m")
    assert server.authorizations == ["Bearer ambient", "Bearer token-1", "Bearer chosen"]
    assert [request.headers["x-own"] for request in server.seen] == ["kept"] * 3


def test_threads_share_an_exchange() -> None:
    server, gate = Server(), threading.Event()

    def slow(request: httpx.Request) -> httpx.Response:
        if str(request.url) == EXCHANGE:
            assert gate.wait(10)
        return server(request)

    api = client(slow)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(api.models.retrieve, "m") for _ in range(4)]
        gate.set()
        assert [call.result(10).id for call in calls] == ["m"] * 4
    assert len(server.tokens) == 1


def test_tasks_share_an_exchange_and_another_makes_it_when_its_own_is_cancelled() -> None:
    server = Server()
    tenant: contextvars.ContextVar[str] = contextvars.ContextVar("tenant", default="nobody")

    async def main() -> None:
        begun = asyncio.Event()
        asked = 0

        async def answer(request: httpx.Request) -> httpx.Response:
            nonlocal asked
            assert tenant.get() == "ours"
            if str(request.url) == EXCHANGE:
                asked += 1
                if asked == 1:
                    begun.set()
                    await asyncio.Event().wait()
            return server(request)

        tenant.set("ours")
        api = async_client(answer)
        first = asyncio.create_task(api.models.retrieve("m"))
        await begun.wait()
        others = [asyncio.create_task(api.models.retrieve("m")) for _ in range(3)]
        await asyncio.sleep(0)
        first.cancel()
        assert [(await other).id for other in others] == ["m"] * 3
        assert first.cancelled() and asked == 2

    asyncio.run(asyncio.wait_for(main(), 20))


def subject(get_token: Any = lambda: "subject") -> Any:
    return {"identity_provider_id": "idp", "service_account_id": "account", "provider": {"token_type": "jwt", "get_token": get_token}}


def exchanged_by(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def endpoint(request: httpx.Request) -> httpx.Response:
        request.url, told = httpx.URL(EXCHANGE), str(request.url)
        assert told == "https://auth.openai.com/oauth/token"
        return server(request)

    def make(**options: Any) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(endpoint), **options)

    monkeypatch.setattr("threadline.auth._workload.DefaultHttpx2Client", make)
    monkeypatch.setattr("threadline.auth._workload.DefaultHttpxClient", make)


def test_subject_tokens_are_traded_apart_from_the_programs_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    server, asked = Server(401), []
    exchanged_by(server, monkeypatch)
    api = client(server, workload_identity=subject(lambda: asked.append(1) or "subject"), base_url="https://own.test/v1")
    api.models.retrieve("m")
    api.models.retrieve("m")
    assert len(asked) == 2 and json.loads(server.tokens[0].content)["subject_token"] == "subject"
    assert server.authorizations == ["Bearer token-1", "Bearer token-2", "Bearer token-2"]


def test_subject_tokens_are_traded_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    server, threads = Server(), []
    exchanged_by(server, monkeypatch)
    identity = subject(lambda: threads.append(threading.current_thread()) or "subject")

    async def main() -> None:
        api = async_client(server, workload_identity=identity, base_url="https://own.test/v1")
        assert (await api.models.retrieve("m")).id == "m"

    asyncio.run(main())
    assert threads[0] is not threading.main_thread() and server.authorizations == ["Bearer token-1"]


def test_platforms_can_be_asked_directly() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "metadata.google.internal":
            assert request.headers["metadata-flavor"] == "Google" and request.url.params["audience"] == "https://a.test"
            return httpx.Response(200, text="google\n")
        assert request.headers["metadata"] == "true" and request.url.params["client_id"] == "c"
        return httpx.Response(200 if request.url.params["resource"] == "r" else 404, json={"access_token": "azure"})

    http = httpx.Client(transport=httpx.MockTransport(answer))
    assert gcp_id_token_provider("https://a.test", http_client=http)["get_token"]() == "google"
    assert azure_managed_identity_token_provider("r", client_id="c", http_client=http)["get_token"]() == "azure"
    with pytest.raises(OpenAIError, match="status 404"):
        azure_managed_identity_token_provider("other", client_id="c", http_client=http)["get_token"]()


def test_nothing_shows_a_token() -> None:
    api = client(Server(access_token="canary"))
    api.models.retrieve("m")
    assert "canary" not in f"{api!r} {api._workload_identity_auth!r}"
    assert identities.WorkloadIdentityAuth(workload_identity=subject()).workload_identity["provider"]["get_token"]() == "subject"


@pytest.mark.parametrize("given", [{"access_token": "canary"}, None, ""])
def test_azure_does_not_tell_what_its_provider_gave_instead_of_a_token(given: Any) -> None:
    server = Server()
    http = httpx.Client(transport=httpx.MockTransport(server))
    tokens = iter([given, "first", "second"])
    api = AzureOpenAI(
        azure_ad_token_provider=lambda: next(tokens), api_version="v", azure_endpoint="https://a.test", http_client=http, max_retries=1
    )
    with pytest.raises(ValueError, match="non-empty string") as caught:
        api.models.retrieve("m")
    assert caught.value.__context__ is None and "canary" not in str(caught.value) and server.seen == []
    server.answers = [429]
    api.models.retrieve("m")
    assert server.authorizations == ["Bearer first", "Bearer second"]


def test_a_function_that_gives_keys_of_azure_is_asked_for_each_request() -> None:
    seen: List[Dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append({name: request.headers[name] for name in ("api-key", "authorization") if name in request.headers})
        return httpx.Response(500 if len(seen) == 1 else 200, json=MODEL, headers={"retry-after-ms": "1"})

    keys = iter(["first", "second", "third", "", ""])
    http = httpx.Client(transport=httpx.MockTransport(answer))
    api = AzureOpenAI(api_key=lambda: next(keys), api_version="v", azure_endpoint="https://a.test", http_client=http)
    api.models.retrieve("m")
    api.with_options(max_retries=0).models.retrieve("m")
    assert seen == [{"api-key": "first"}, {"api-key": "second"}, {"api-key": "third"}]
    api.models.retrieve("m", extra_headers={"Authorization": "Bearer own"})
    assert seen[-1] == {"authorization": "Bearer own"}
    with pytest.raises(TypeError, match="Could not resolve authentication"):
        api.models.retrieve("m")


def test_a_client_of_azure_without_credentials_sends_those_of_the_request() -> None:
    server = Server()
    http = httpx.Client(transport=httpx.MockTransport(server))
    api = AzureOpenAI(api_version="v", azure_endpoint="https://a.test", http_client=http, _enforce_credentials=False)
    api.models.retrieve("m", extra_headers={"Authorization": "Bearer own"})
    api.models.retrieve("m")
    assert server.authorizations == ["Bearer own", None]
