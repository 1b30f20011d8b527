"""What must hold of an installed package, far from its source. Run by the interpreter it is installed for:

    python -I installed.py README.md
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, List

NAMES = ("OPENAI_", "AZURE_OPENAI_")


def examples(page: str) -> List[str]:
    """The Python examples of a page."""
    return re.findall(r"```python\n(.*?)```", Path(page).read_text(encoding="utf-8"), re.DOTALL)


def import_time() -> float:
    """Seconds of the fastest of ten imports, without the interpreter's own start."""
    code = "import time; t = time.perf_counter(); from threadline import OpenAI; print(time.perf_counter() - t)"
    return min(float(subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True).stdout) for _ in range(10))


def run(code: str, environment: Any) -> str:
    done = subprocess.run([sys.executable, "-X", "dev", "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{code}\n{done.stderr}"
    return done.stdout


def main() -> None:
    for name in [name for name in os.environ if name.startswith(NAMES)]:
        del os.environ[name]
    import threadline
    from threadline.testing import MockServer

    place = Path(threadline.__file__).resolve()
    assert Path(sys.prefix).resolve() in place.parents, f"{place} is not what was installed"
    command = Path(sys.prefix) / ("Scripts" if os.name == "nt" else "bin") / "threadline"
    for start in ([str(command)], [sys.executable, "-m", "threadline"]):
        shown = subprocess.run([*start, "--version"], check=True, capture_output=True, text=True).stdout
        assert shown.strip() == f"threadline {threadline.__version__}", shown
    with MockServer() as server:
        environment = server.environment()
        found = examples(sys.argv[1])
        assert found, f"{sys.argv[1]} has no example in Python"
        for example in found:
            server.reset()
            run(example, environment)
            assert server.requests, "the example has asked for nothing"
            server.assert_valid()
        listed = subprocess.run([str(command), "api", "models", "list"], env={**os.environ, **environment}, check=True, capture_output=True)
        assert all("id" in json.loads(line) for line in listed.stdout.splitlines()) and listed.stdout
    with tempfile.TemporaryDirectory() as folder:
        test = Path(folder) / "test_own.py"
        test.write_text("def test_own(threadline_mock):\n    assert threadline_mock.client().models.list().data\n")
        subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)], check=True, capture_output=True, cwd=folder)
    started = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", "pass"], check=True)
    bare = time.perf_counter() - started
    native = place.with_name("_threadline.abi3.so")
    size = f"{native.stat().st_size / 1e6:.1f} MB" if native.exists() else "?"
    print(f"works: threadline {threadline.__version__}, native module {size}, import {import_time() * 1000:.1f} ms (the interpreter's start: {bare * 1000:.0f} ms)")


if __name__ == "__main__":
    main()
