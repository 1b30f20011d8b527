"""Replies of the service: recorded by others in their cassettes, and documented in the published description."""

import gzip
import json
import re
import tarfile
from typing import NamedTuple

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Hosts of the service, and what stands before the route in an address: a version, an Azure deployment.
ADDRESS = re.compile(r"https://[\w.-]*(?:openai\.com|openai\.azure\.com)(?:/openai)?(?:/v1)?(?:/deployments/[^/]+)?(/[^?]*)")


class Reply(NamedTuple):
    """One reply, with the request that it answers."""

    source: str
    verb: str
    path: str
    content_type: str
    body: bytes


def recorded(archives):
    """The successful replies in the cassettes of source archives, each body once."""
    known = set()
    for archive in sorted(archives):
        with tarfile.open(archive) as files:
            for file in files:
                if "cassette" not in file.name.lower() or not file.name.endswith((".yaml", ".yml", ".yaml.gz")):
                    continue
                text = files.extractfile(file).read()
                if file.name.endswith(".gz"):
                    text = gzip.decompress(text)
                for reply in cassette(f"{archive.name}: {file.name.rsplit('/', 1)[-1]}", text):
                    if reply.body not in known:
                        known.add(reply.body)
                        yield reply


def cassette(source, text):
    """The replies of one cassette, in either of the two layouts that are in use."""
    content = yaml.load(text, Loader=LOADER)
    if not isinstance(content, dict):
        return
    if "requests" in content:
        exchanges = list(zip(content["requests"], content["responses"], strict=True))
    else:
        both = [one for one in content.get("interactions") or [] if isinstance(one, dict)]
        exchanges = [(one["request"], one["response"]) for one in both]
    for request, response in exchanges:
        address = ADDRESS.match(request.get("uri") or "")
        body = raw(response.get("body"))
        status = response.get("status_code") or (response.get("status") or {}).get("code")
        if address is None or status != 200 or not body:
            continue
        yield Reply(source, request["method"], address[1], kind(body), body)


def raw(body):
    """The bytes of a body, which stands as text, as bytes, in pieces or compressed."""
    if isinstance(body, dict):
        body = body.get("string", body.get("base64_string"))
    if isinstance(body, list):
        return b"".join(raw(piece) for piece in body)
    if body is None:
        return b""
    body = body.encode() if isinstance(body, str) else body
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def kind(body):
    """The content type: cassettes often have none, or one that was taken out."""
    if re.match(rb"\s*(event|data|id|:)", body):
        return "text/event-stream"
    return "application/json" if body.lstrip()[:1] in (b"{", b"[") else "application/octet-stream"


def documented(description):
    """The examples of replies in the description, and how many of them are no JSON."""
    with open(description, encoding="utf-8") as file:
        content = yaml.load(file, Loader=LOADER)
    replies, unreadable = [], 0
    for path, verb, operation in operations(content):
        examples = (operation.get("x-oaiMeta") or {}).get("examples") or []
        for example in examples if isinstance(examples, list) else [examples]:
            text = example.get("response") if isinstance(example, dict) else None
            # Examples of streams leave out the line that ends the last event, or have events broken over lines.
            if not text or re.match(r"\s*(event|data):", text):
                continue
            body = as_json(text)
            if body is None:
                unreadable += 1
            else:
                replies.append(Reply("description", verb.upper(), path, "application/json", body))
    return replies, unreadable


def operations(content):
    for path, verbs in content["paths"].items():
        for verb, operation in verbs.items():
            if isinstance(operation, dict):
                yield path, verb, operation


def as_json(text):
    """An example as JSON: people leave commas behind last members."""
    for candidate in (text, re.sub(r",(\s*[\]}])", r"\1", text)):
        try:
            return json.dumps(json.loads(candidate)).encode()
        except ValueError:
            pass
    return None
