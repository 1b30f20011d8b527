"""CPU and memory beside the official package, in one run: `cargo xtask bench python`.

Each figure is the least of several rounds, each in a process of its own: CPU time (user and system) of the client's process only;
memory: its resident set, private and shared pages alike. Both packages are compiled to bytecode before, as installers do it.
"""

from __future__ import annotations

import importlib
import os
import resource
import sys
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

# Whatever else is needed is imported where it is: a process that measures memory holds nothing but the package (asyncio alone brings
# OpenSSL along).
HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = 3
#: Scenario, unit, what is asked for as a ratio to the official package.
SCENARIOS: List[Tuple[str, str, Optional[str]]] = [
    ("import", "ms", "1/12"),
    ("memory", "MB", "1/2"),
    ("sync call", "us", "1/10"),
    ("64 async calls", "us", "1/12"),
    ("stream chunk, sync", "us", "1/20"),
    ("stream chunk, async", "us", "1/15"),
    ("embeddings as JSON", "us", "1/20"),
    ("embeddings, default", "us", "1/4"),
    ("embeddings, arrays", "us", "1/15"),
]
CHUNKS = 500
ARGUMENTS: Dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "temperature": 0.5}


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def each(work: Callable[[], Any], count: int, warm: int) -> float:
    for _ in range(warm):
        work()
    begin = cpu()
    for _ in range(count):
        work()
    return (cpu() - begin) / count * 1e6


def measure(package: str, scenario: str, port: int) -> float:
    if scenario in ("embeddings, default", "embeddings, arrays"):
        # Its threads spin for a while after the import, which is neither package's work.
        importlib.import_module("numpy")
        time.sleep(0.5)
    begin = cpu()
    module = importlib.import_module(package)
    module.OpenAI  # noqa: B018  Names that are found on first use count as well.
    if scenario == "import":
        return (cpu() - begin) * 1e3
    options: Dict[str, Any] = {"api_key": "k", "base_url": f"http://127.0.0.1:{port}/v1"}
    if scenario == "embeddings, arrays" and package == "threadline":
        options["vectors"] = "numpy"
    client = module.OpenAI(**options)
    create, embed = client.chat.completions.create, client.embeddings.create
    if scenario == "memory":
        create(**ARGUMENTS)
        return next(int(line.split()[1]) for line in open("/proc/self/smaps_rollup") if line.startswith("Rss:")) / 1024
    if scenario == "sync call":
        return each(lambda: create(**ARGUMENTS), 400, 50)
    if scenario == "stream chunk, sync":

        def read() -> None:
            assert sum(1 for _ in create(**ARGUMENTS, stream=True)) == CHUNKS

        return each(read, 10, 2) / CHUNKS
    if scenario == "embeddings as JSON":
        return each(lambda: embed(model="m", input="x", encoding_format="float"), 30, 5)
    if scenario.startswith("embeddings"):
        return each(lambda: embed(model="m", input="x"), 100, 10)
    import asyncio

    return asyncio.run(measure_async(module, scenario, options))


async def measure_async(module: Any, scenario: str, options: Dict[str, Any]) -> float:
    import asyncio

    client = module.AsyncOpenAI(**options)
    create = client.chat.completions.create

    async def batch() -> None:
        await asyncio.gather(*(create(**ARGUMENTS) for _ in range(64)))

    async def read() -> None:
        stream = await create(**ARGUMENTS, stream=True)
        assert len([event async for event in stream]) == CHUNKS

    work, count, share = (batch, 10, 64) if scenario == "64 async calls" else (read, 10, CHUNKS)
    for _ in range(2):
        await work()
    begin = cpu()
    for _ in range(count):
        await work()
    return (cpu() - begin) / count / share * 1e6


def one(package: str, scenario: str, port: int, bytecode: str) -> float:
    import subprocess

    command = [sys.executable, os.path.join(HERE, "bench.py"), "--one", package, scenario, str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = bytecode
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise SystemExit(f"{package}, {scenario}: {done.stderr}")
    return float(done.stdout)


def main() -> None:
    import json
    import subprocess
    import tempfile

    import openai

    server = subprocess.Popen([sys.executable, os.path.join(HERE, "server.py")], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    port = int(server.stdout.readline())
    results = []
    print(f"{'scenario':<22} {'openai ' + openai.__version__:>16} {'threadline':>12} {'ratio':>8} {'asked':>8}")
    try:
        with tempfile.TemporaryDirectory() as bytecode:
            for scenario, unit, asked in SCENARIOS:
                for package in ("openai", "threadline"):
                    one(package, scenario, port, bytecode)
                # In turn: what else the machine does meets both.
                rounds = [(one("openai", scenario, port, bytecode), one("threadline", scenario, port, bytecode)) for _ in range(ROUNDS)]
                theirs, ours = (min(column) for column in zip(*rounds))
                ratio = f"1/{theirs / ours:.1f}"
                print(f"{scenario:<22} {theirs:>13.1f} {unit} {ours:>9.1f} {unit} {ratio:>8} {asked or '':>8}", flush=True)
                results.append({"scenario": scenario, "unit": unit, "openai": theirs, "threadline": ours, "asked": asked})
    finally:
        server.terminate()
        server.wait()
    if "--json" in sys.argv:
        print(json.dumps(results))


if __name__ == "__main__":
    if "--one" in sys.argv:
        _, _, name, what, number = sys.argv
        print(measure(name, what, int(number)))
    else:
        main()
