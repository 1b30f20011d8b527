"""Other places that serve the API: Amazon Bedrock and Vertex AI."""

from __future__ import annotations

import asyncio
from datetime import datetime, timezone
from typing import Any, List

import httpx
import pytest

import threadline
from threadline import AsyncOpenAI, BedrockOpenAI, OpenAI, OpenAIError
from threadline._models import FinalRequestOptions
from threadline.providers import bedrock, vertex
from threadline.providers._sigv4 import Credentials, signed

MODEL = {"id": "m", "object": "model", "created": 1, "owned_by": "o"}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_BEARER_TOKEN_BEDROCK", "AWS_BEDROCK_BASE_URL", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)


def test_a_signature_is_that_of_the_published_example() -> None:
    # The keys of AWS's own test suite of signatures, in two parts so that nobody takes them for real ones.
    keys = Credentials("AKID" + "EXAMPLE", "wJalrXUtnFEMI/K7MDENG+" + "bPxRfiCYEXAMPLEKEY")
    now = datetime(2015, 8, 30, 12, 36, tzinfo=timezone.utc)
    headers = signed("GET", "https://example.amazonaws.com/", b"", keys, "us-east-1", "service", now)
    assert headers["authorization"].endswith("Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
    assert "SignedHeaders=host;x-amz-date," in headers["authorization"]


def seen_by(seen: List[httpx.Request]) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=MODEL)

    return httpx.MockTransport(answer)


def test_requests_of_bedrock_are_signed_with_their_bodies() -> None:
    seen: List[httpx.Request] = []
    provider = bedrock(region="eu-west-1", endpoint="runtime", access_key_id="id", secret_access_key="hidden", session_token="session")
    client = OpenAI(provider=provider, http_client=httpx.Client(transport=seen_by(seen)))
    client.models.retrieve("m")
    client.post("/echo", body={"a": 1}, cast_to=object)
    assert str(seen[0].url) == "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1/models/m"
    for request in seen:
        assert "/eu-west-1/bedrock/aws4_request" in request.headers["authorization"]
        assert request.headers["x-amz-security-token"] == "session"
    assert seen[0].headers["authorization"] != seen[1].headers["authorization"]
    assert "hidden" not in repr(client) + repr(provider)


def test_credentials_are_asked_for_at_each_request() -> None:
    seen: List[httpx.Request] = []
    names = iter(["first", "second"])
    provider = bedrock(region="us-east-1", credential_provider=lambda: {"access_key": next(names), "secret_key": "s"})
    client = AsyncOpenAI(provider=provider, http_client=httpx.AsyncClient(transport=seen_by(seen)))

    async def main() -> None:
        await client.models.retrieve("m")
        await client.models.retrieve("m")

    asyncio.run(main())
    assert ["first/" in seen[0].headers["authorization"], "second/" in seen[1].headers["authorization"]] == [True, True]
    assert "/bedrock-mantle/" in seen[0].headers["authorization"]


def test_a_redirect_to_elsewhere_gets_no_signature() -> None:
    seen: List[httpx.Request] = []

    def moved(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(307, headers={"location": "https://elsewhere.test/"})

    provider = bedrock(region="us-east-1", access_key_id="id", secret_access_key="s")
    http = httpx.Client(transport=httpx.MockTransport(moved), follow_redirects=True)
    with pytest.raises(threadline.APIStatusError):
        OpenAI(provider=provider, http_client=http).models.retrieve("m")
    assert len(seen) == 1
    with pytest.raises(OpenAIError, match="other than the configured"):
        provider.prepare(httpx.Request("GET", "https://elsewhere.test/"))


def test_a_bearer_token_needs_no_client_of_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "from-environment")
    with threadline.testing.MockServer() as server:
        client = OpenAI(provider=bedrock(base_url=server.base_url))
        assert client.models.retrieve("m").id
        assert server.requests[-1].headers["authorization"] == "Bearer from-environment"
    assert BedrockOpenAI(aws_region="us-west-2").base_url == "https://bedrock-mantle.us-west-2.api.aws/openai/v1/"


@pytest.mark.parametrize(
    "options, told",
    [
        ({"region": "us-east-1", "access_key_id": "id"}, "require both"),
        ({"region": "us-east-1", "api_key": "k", "profile": "p"}, "ambiguous"),
        ({"region": "us-east-1", "api_key": "k", "token_provider": str}, "mutually exclusive"),
        ({"api_key": "k"}, "requires an AWS region"),
        ({"api_key": "k", "region": "moon"}, "invalid"),
        ({"api_key": "k", "base_url": "http://bedrock-mantle.us-east-1.api.aws/v1"}, "require HTTPS"),
        ({"api_key": "k", "region": "eu-west-1", "base_url": "https://bedrock-mantle.us-east-1.api.aws/v1"}, "does not match"),
    ],
)
def test_options_of_bedrock_that_contradict_each_other_are_refused(options: Any, told: str) -> None:
    with pytest.raises(OpenAIError, match=told):
        bedrock(**options)


def test_a_copy_takes_another_credential() -> None:
    client = BedrockOpenAI(aws_region="us-east-1", aws_access_key_id="id", aws_secret_access_key="s", max_retries=7)
    other = client.copy(api_key="token")
    assert (client._uses_aws_auth(), other._uses_aws_auth()) == (True, False)
    assert (other.api_key, other.max_retries, other.aws_region) == ("token", 7, "us-east-1")


def test_a_provider_and_a_key_exclude_each_other() -> None:
    with pytest.raises(OpenAIError, match="provider"):
        OpenAI(provider=bedrock(region="us-east-1", api_key="k"), api_key="other")


def test_vertex_asks_its_source_of_tokens() -> None:
    seen: List[httpx.Request] = []
    provider = vertex(project="p-1", location="global", token_provider=lambda: "token-1")
    OpenAI(provider=provider, http_client=httpx.Client(transport=seen_by(seen))).models.retrieve("m")
    address = "https://aiplatform.googleapis.com/v1/projects/p-1/locations/global/publishers/openai/v1/models/m"
    assert str(seen[0].url) == address
    assert seen[0].headers["authorization"] == "Bearer token-1"
    with pytest.raises(OpenAIError, match="requires a location"):
        vertex(project="p-1", token_provider=str)


def test_a_provider_of_functions_prepares_requests_and_normalizes_responses_before_they_are_judged() -> None:
    from threadline._provider import _create_provider, _ProviderRuntime

    class Own:
        name = "own"

        def configure(self) -> _ProviderRuntime:
            def prepare(request: httpx.Request) -> None:
                request.headers["x-signed"] = "yes"

            def normalize(response: httpx.Response) -> httpx.Response:
                return httpx.Response(200, request=response.request, json=MODEL)

            return _ProviderRuntime(self.name, "https://own.test/v1", prepare_request=prepare, normalize_response=normalize)

    seen: List[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(500, json={})

    provider = _create_provider(Own())
    client = OpenAI(provider=provider, max_retries=0, http_client=httpx.Client(transport=httpx.MockTransport(answer)))
    assert client.models.retrieve("m").id == "m" and client._provider is provider and client.api_key == ""
    assert str(seen[0].url) == "https://own.test/v1/models/m" and seen[0].headers["x-signed"] == "yes"
    assert "authorization" not in seen[0].headers
    waiting = AsyncOpenAI(provider=provider, max_retries=0, http_client=httpx.AsyncClient(transport=httpx.MockTransport(answer)))
    assert asyncio.run(waiting.models.retrieve("m")).id == "m"
    client = OpenAI(provider=bedrock(region="us-east-1", api_key="k"))
    request = client._build_request(FinalRequestOptions(method="get", url="/models"))
    client._prepare_request(request)
    assert request.headers["authorization"] == "Bearer k"


def test_signatures_go_by_the_clock_of_botocore_where_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.auth  # type: ignore[import-untyped,import-not-found,unused-ignore]

    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: datetime(2020, 1, 2, tzinfo=timezone.utc), raising=False)
    headers = signed("GET", "https://example.amazonaws.com/", b"", Credentials("id", "secret"), "us-east-1", "service")
    assert headers["x-amz-date"] == "20200102T000000Z"
