"""JSON of requests."""

import json
from datetime import datetime
from typing import Any

__all__ = ["openapi_dumps"]


class _Encoder(json.JSONEncoder):
    def default(self, o: Any) -> Any:
        if isinstance(o, datetime):
            return o.isoformat()
        if hasattr(o, "model_dump"):
            return o.model_dump(exclude_unset=True, mode="json", by_alias=True)
        return super().default(o)


def openapi_dumps(obj: Any) -> bytes:
    """JSON text as it is sent: compact, in UTF-8."""
    return json.dumps(obj, cls=_Encoder, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
