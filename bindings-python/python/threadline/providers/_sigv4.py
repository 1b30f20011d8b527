"""AWS Signature Version 4."""

from __future__ import annotations

import hashlib
import hmac
import sys
from datetime import datetime, timezone
from typing import Any, Dict, Mapping, NamedTuple, Optional
from urllib.parse import parse_qsl, quote, urlsplit

__all__ = ["Credentials", "signed"]


class Credentials(NamedTuple):
    """A pair of keys, and the token of a session."""

    access_key: str
    secret_key: str
    token: Optional[str] = None


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _clock() -> datetime:
    """The time. Where botocore is there, it is botocore's, which programs set to test their requests."""
    told = getattr(sys.modules.get("botocore.auth"), "get_current_datetime", None)
    now: datetime = datetime.now(timezone.utc) if told is None else told()
    return now


#: Headers that proxies change or take away, and that no signature is over.
_UNSIGNED = ("connection", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id")


def signed(
    method: str,
    url: str,
    body: bytes,
    credentials: Credentials,
    region: str,
    service: str,
    now: Optional[datetime] = None,
    headers: Mapping[str, str] = {},
) -> Dict[str, str]:
    """The headers that sign a request, and with it those of ``headers``."""
    parts = urlsplit(url)
    moment = (now or _clock()).strftime("%Y%m%dT%H%M%SZ")
    host = parts.hostname or ""
    if parts.port not in (None, {"http": 80, "https": 443}.get(parts.scheme)):
        host = f"{host}:{parts.port}"
    own = {"host": host, "x-amz-date": moment}
    if credentials.token:
        own["x-amz-security-token"] = credentials.token
    told = {name.lower(): value for name, value in headers.items() if name.lower() not in _UNSIGNED}
    covered = {name: " ".join(value.split()) for name, value in {**told, **own}.items()}
    names = ";".join(sorted(covered))
    # A path is encoded once more than it stands on the wire; this is so for all services but S3.
    path = quote(parts.path or "/", safe="/-_.~")
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parse_qsl(parts.query, keep_blank_values=True))
    query = "&".join(f"{name}={value}" for name, value in pairs)
    lines = "".join(f"{name}:{covered[name]}\n" for name in sorted(covered))
    request = "\n".join((method.upper(), path, query, lines, names, hashlib.sha256(body).hexdigest()))
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (moment[:8], region, service, "aws4_request"):
        key = _mac(key, part)
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    mark = f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    del own["host"]
    return {**own, "authorization": mark}


def of_object(found: Any) -> Credentials:
    """Credentials of botocore's, or of any object or dictionary with such members."""
    if hasattr(found, "get_frozen_credentials"):
        found = found.get_frozen_credentials()

    def get(name: str) -> Any:
        return found.get(name) if isinstance(found, dict) else getattr(found, name, None)

    access = get("access_key") or get("access_key_id")
    secret = get("secret_key") or get("secret_access_key")
    if not (isinstance(access, str) and isinstance(secret, str) and access and secret):
        raise ValueError("there are no keys in the credentials")
    return Credentials(access, secret, get("token") or get("session_token"))
