"""The guide's recipe for Ray Data, with a local Ray and the mock server."""

import os
import re
from pathlib import Path

from threadline.testing import MockServer

page = Path(__file__).parents[3] / "docs/guide/python-bulk.md"
(recipe,) = re.findall(r"```python\n# ray\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
with MockServer() as server:
    os.environ.update(server.environment())
    names = {"__name__": "recipe"}
    exec(compile(recipe, str(page), "exec"), names)
    rows = names["rows"]
    assert len(rows) == 100 and not any(row["error"] for row in rows) and all(row["answer"] for row in rows)
    asked = {request.json["messages"][0]["content"] for request in server.requests}
    assert asked == {f"What is {n} times {n}?" for n in range(100)}
    server.assert_valid()
