"""Programs of the official package (tests/compat), in a process where ours has its name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_programs_of_the_official_package_run_over_ours() -> None:
    command = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "tests/compat"]
    environment = {**os.environ, "COMPAT_WITH": "threadline"}
    run = subprocess.run(command, cwd=Path(__file__).parent.parent, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
