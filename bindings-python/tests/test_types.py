"""What type checkers say of the package: nothing, also in strict mode; and the stub of the native module says what is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent


def check(*arguments: str) -> None:
    environment = {**os.environ, "MYPYPATH": str(PROJECT / "python"), "PYTHONPATH": str(PROJECT / "python")}
    run = subprocess.run([sys.executable, "-m", *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]


def test_the_whole_package_and_a_typical_program_are_clean_in_strict_mode(tmp_path: Path) -> None:
    # `bulk`, `testing` and the command are parts of the package.
    cache = str(tmp_path / "cache")
    check("mypy", "--config-file", "pyproject.toml", "--cache-dir", cache, "--package", "threadline")
    check("mypy", "--config-file", "pyproject.toml", "--cache-dir", cache, "tests/typed_program.py")


def test_the_stub_of_the_native_module_is_true() -> None:
    check("mypy.stubtest", "--mypy-config-file", "pyproject.toml", "threadline._threadline")
