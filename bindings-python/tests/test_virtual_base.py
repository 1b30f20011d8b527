"""Replies count as pydantic's models whichever of the two packages is imported first."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from threadline.types import CompletionUsage

PROGRAM = """
import sys
{before}
from threadline.types.chat import ChatCompletion
{between}
one = ChatCompletion.construct(id="one", choices=[])
{after}
import pydantic, pydantic.main
assert isinstance(one, pydantic.BaseModel) and issubclass(ChatCompletion, pydantic.BaseModel)
assert not isinstance(one, type("Theirs", (pydantic.BaseModel,), {{}}))
assert type(pydantic.main.__loader__).__name__ == "SourceFileLoader"
assert pydantic.main.__spec__.loader is pydantic.main.__loader__
assert type(one) is one.__class__ is ChatCompletion
"""
NOTHING_LOADED = 'assert not any(name.startswith("pydantic") for name in sys.modules)'
CASES = {
    "pydantic_first": {"before": "import pydantic"},
    "pydantic_between": {"between": "import pydantic"},
    "pydantic_last": {"between": NOTHING_LOADED, "after": NOTHING_LOADED},
    "pydantic_while_another_thread_loads_it": {
        "before": "import threading; thread = threading.Thread(target=__import__, args=('pydantic.main',)); thread.start()",
        "after": "thread.join()",
    },
    "pydantic_by_a_finder_of_the_programs": {
        "before": """
class Frozen:
    __slots__ = ("loader", "__weakref__")
    def __init__(self, loader): self.loader = loader
    def create_module(self, spec): return self.loader.create_module(spec)
    def exec_module(self, module):
        self.loader.exec_module(module)
        module.__loader__ = module.__spec__.loader = self.loader
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "pydantic.main":
            from importlib.machinery import PathFinder
            spec = PathFinder.find_spec(name, path)
            spec.loader = Frozen(spec.loader)
            return spec
sys.meta_path.insert(0, Finder())
""",
        "between": NOTHING_LOADED,
    },
}


@pytest.mark.parametrize("case", CASES)
def test_replies_are_models_of_pydantic_in_every_order(case: str) -> None:
    parts = {"before": "", "between": "", "after": "", **CASES[case]}
    root = Path(__file__).parent.parent / "python"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-W", "error", "-c", PROGRAM.format(**parts)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_request_of_a_reply_is_forgotten_with_it() -> None:
    from threadline import _models

    gc.collect()
    before = len(_models._request_ids)
    one = CompletionUsage.construct(prompt_tokens=1)
    one._request_id = "req_1"
    one._request_id = "req_2"
    assert one._request_id == "req_2" and "req_2" not in str(vars(one))
    assert len(_models._request_ids) == before + 1
    copied = one.model_copy()
    assert copied._request_id == "req_2"
    del one, copied
    gc.collect()
    assert len(_models._request_ids) == before
