"""JSON of requests, and of events as they come."""

import json
import keyword
import re
from datetime import datetime
from typing import Any, Dict

__all__ = ["openapi_dumps", "without_shadows"]


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


#: Members that are called as Python calls those whose own name is one of its words: `async_` where the wire has `async`.
_SHADOW = re.compile(r'"(?:' + "|".join(keyword.kwlist) + r')_"\s*:')


def without_shadows(data: Any) -> Any:
    """A JSON text, `str` or `bytes`, in which nothing else is called as an attribute of ours: what the wire means comes first."""
    text = data if isinstance(data, str) else bytes(data).decode("utf-8", "replace")
    if _SHADOW.search(text) is None:
        return data
    try:
        return json.dumps(json.loads(text, object_hook=_unshadowed))
    except ValueError:
        return data


def _unshadowed(found: Dict[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in found.items() if not (name.endswith("_") and keyword.iskeyword(name[:-1]) and name[:-1] in found)}
