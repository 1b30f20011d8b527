"""Clients of Amazon Bedrock and Vertex AI: what copies keep, and which requests get a credential; where a program runs."""

from __future__ import annotations

from typing import Any, List

import httpx
import pytest

from openai import AzureOpenAI, OpenAI, OpenAIError
from openai._base_client import get_platform
from openai.auth import x509_workload_identity
from openai.lib.bedrock import BedrockOpenAI
from openai.providers import bedrock, vertex

NAMES = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_BEARER_TOKEN_BEDROCK", "AWS_BEDROCK_BASE_URL", "AWS_PROFILE", "GOOGLE_CLOUD_PROJECT")


@pytest.fixture(autouse=True)
def no_environment_of_places(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def answering(seen: List[httpx.Request]) -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"id": "resp", "object": "response", "output": []})

    return httpx.Client(transport=httpx.MockTransport(answer), trust_env=False)


def test_the_address_of_a_copy_follows_the_region_unless_it_was_given() -> None:
    client = BedrockOpenAI(aws_region="us-east-1", api_key="token")
    assert str(client.with_options(timeout=1).with_options(aws_region="eu-west-1").base_url) == "https://bedrock-mantle.eu-west-1.api.aws/openai/v1/"
    given = BedrockOpenAI(aws_region="us-east-1", api_key="token", base_url="https://gateway.test/openai/v1/responses")
    assert str(given.base_url) == "https://gateway.test/openai/v1/"
    assert str(given.with_options(aws_region="eu-west-1").base_url) == "https://gateway.test/openai/v1/"
    assert str(given.with_options(base_url=" ").base_url) == "https://bedrock-mantle.us-east-1.api.aws/openai/v1/"


def test_a_region_that_is_set_later_holds_for_copies() -> None:
    client = BedrockOpenAI(aws_region="us-east-1", api_key="token")
    client.aws_region = "us-west-2"
    assert str(client.with_options(timeout=1).base_url) == "https://bedrock-mantle.us-west-2.api.aws/openai/v1/"


def test_another_kind_of_credential_takes_the_place_of_the_one_before() -> None:
    seen: List[httpx.Request] = []
    client = BedrockOpenAI(aws_region="us-east-1", api_key="first", http_client=answering(seen))
    signing = client.with_options(aws_access_key_id="id", aws_secret_access_key="hidden")
    assert signing.api_key == ""
    signing.get("/models", cast_to=httpx.Response)
    client.api_key = "second"
    client.get("/models", cast_to=httpx.Response)
    assert seen[0].headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=id/")
    assert seen[1].headers["authorization"] == "Bearer second"
    with pytest.raises(OpenAIError, match="ambiguous"):
        client.with_options(bedrock_token_provider=lambda: "third", aws_profile="other")


def test_a_token_that_was_taken_away_is_no_reason_to_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    seen: List[httpx.Request] = []
    client = BedrockOpenAI(aws_region="us-east-1", api_key="token", http_client=answering(seen))
    client.api_key = ""
    with pytest.raises(OpenAIError, match="must not be empty"):
        client.get("/models", cast_to=httpx.Response)
    assert not seen


@pytest.mark.parametrize(
    "region,host",
    [("us-east-1", "amazonaws.com"), ("cn-north-1", "amazonaws.com.cn"), ("us-iso-east-1", "c2s.ic.gov"), ("eusc-de-east-1", "amazonaws.eu")],
)
def test_the_host_is_that_of_the_regions_partition(region: str, host: str) -> None:
    client = OpenAI(provider=bedrock(endpoint="runtime", region=region, api_key="token"))
    assert client.base_url.host == f"bedrock-runtime.{region}.{host}"


@pytest.mark.parametrize(
    "provider",
    [
        bedrock(base_url="https://own.test/v1", token_provider=lambda: pytest.fail("was asked")),
        vertex(base_url="https://own.test/v1", token_provider=lambda: pytest.fail("was asked")),
    ],
)
def test_no_credential_goes_to_another_origin_or_beside_another(provider: Any) -> None:
    seen: List[httpx.Request] = []
    client = OpenAI(provider=provider, http_client=answering(seen))
    with pytest.raises(OpenAIError, match="origin"):
        client.get("https://other.test/v1/models", cast_to=httpx.Response)
    with pytest.raises(OpenAIError, match="Authorization"):
        client.get("/models", cast_to=httpx.Response, options={"headers": {"Authorization": "Bearer other"}})
    assert not seen


def test_a_signature_is_not_replaced_by_the_credential_of_the_http_client() -> None:
    seen: List[httpx.Request] = []
    http = answering(seen)
    http.auth = httpx.BasicAuth("name", "word")
    provider = bedrock(region="us-east-1", access_key_id="id", secret_access_key="hidden")
    OpenAI(provider=provider, http_client=http).get("/models", cast_to=httpx.Response)
    assert seen[0].headers["authorization"].startswith("AWS4-HMAC-SHA256 ")


def test_what_a_provider_of_tokens_says_is_not_told() -> None:
    def token() -> str:
        raise ValueError("hidden")

    client = OpenAI(provider=vertex(base_url="https://own.test/v1", token_provider=token), http_client=answering([]), max_retries=0)
    with pytest.raises(OpenAIError, match="Vertex token provider failed") as caught:
        client.responses.create(model="m", input="i")
    assert "hidden" not in str(caught.value)


def test_what_was_meant_for_one_place_is_not_told_another() -> None:
    seen: List[httpx.Request] = []
    client = OpenAI(api_key="sk-own", organization="org", default_headers={"X-Own": "1"}, http_client=answering(seen))
    client.with_options(provider=bedrock(region="us-east-1", api_key="token")).get("/models", cast_to=httpx.Response)
    assert "openai-organization" not in seen[0].headers and "x-own" not in seen[0].headers
    assert seen[0].headers["authorization"] == "Bearer token"


def test_copies_have_the_http_client_of_their_original() -> None:
    client = OpenAI(api_key="sk-own")
    copied = client.with_options(data_residency="eu")
    assert copied.base_url.host == "eu.api.openai.com"
    assert getattr(copied, "_client") is getattr(client, "_client")


def test_copies_of_azure_clients_take_no_identity_by_certificate() -> None:
    client = AzureOpenAI(api_key="key", api_version="1", azure_endpoint="https://own.test")
    with pytest.raises(OpenAIError, match="X.509 workload identity is not supported by Azure clients"):
        client.with_options(workload_identity=x509_workload_identity(identity_provider_id="idp", service_account_id="svc"))


@pytest.mark.parametrize("system,name,word", [("Darwin", "Darwin-iPad7", "iOS"), ("SunOS", "SunOS-5", "Other:sunos-5"), ("Linux", "Linux-6", "FreeBSD")])
def test_the_system_is_named_in_the_words_of_headers(system: str, name: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openai._base_client.platform.system", lambda: system)
    monkeypatch.setattr("openai._base_client.platform.platform", lambda: name)
    monkeypatch.setattr("openai._base_client.platform.freedesktop_os_release", lambda: {"ID": "FreeBSD"})
    assert str(get_platform()) == word
