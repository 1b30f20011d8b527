"""What happens around calls: processes, threads, event loops, signals, the interpreter's end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any, List

import pytest
import soak
import threadline
from conftest import Mock

MODEL = {"id": "m", "object": "model", "created": 1, "owned_by": "me"}
MESSAGES: Any = [{"role": "user", "content": "hi"}]
CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": {"content": "a"}}]}
#: A stream that says something and then nothing more.
HELD: Any = {"sse": [CHUNK], "last_chunk": False, "end": "hold"}


def run(command: List[str]) -> "subprocess.CompletedProcess[str]":
    """A program of its own, in development mode."""
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(threadline.__file__))}
    command = [sys.executable, "-X", "dev", "-W", "error", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    # In development mode asyncio tells of steps that took long, which on a busy machine some do.
    done.stderr = "".join(line for line in done.stderr.splitlines(True) if not line.startswith("Executing <"))
    return done


def program(text: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """As `run`, from its text."""
    return run(["-c", textwrap.dedent(text), *arguments])


def closed_by_client(mock: Mock) -> bool:
    """Whether the server has seen the client close its connections."""
    connections = mock.log("wait=closed&limit_ms=10000")["connections"]
    return bool(connections) and all(connection["closed_by"] == "client" for connection in connections)


def test_long_runs_leave_nothing_behind() -> None:
    soak.run(4_000, 240)


def test_a_forked_child_makes_connections_of_its_own(mock: Mock) -> None:
    mock.script({"json": MODEL, "times": "always"})
    client = mock.client()
    assert client.models.retrieve("m").id == "m"
    children: List[int] = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            try:
                ok = all(client.models.retrieve("m").id == "m" for _ in range(3))
                ok = ok and asyncio.run(mock.async_client().models.retrieve("m")).id == "m"
                os._exit(0 if ok else 1)
            finally:
                os._exit(2)
        children.append(child)
    assert client.models.retrieve("m").id == "m"
    for child in children:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_fork_in_the_middle_of_calls_of_other_threads(mock: Mock) -> None:
    mock.script({"json": MODEL, "times": "always"})
    client = mock.client()
    # What Python imports while it forks is lost to the child, whatever the library.
    client.models.retrieve("m")
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            client.models.retrieve("m")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            child = os.fork()
            if child == 0:
                try:
                    os._exit(0 if client.models.retrieve("m").id == "m" else 1)
                finally:
                    os._exit(2)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_multiprocessing(mock: Mock, method: str, tmp_path: Path) -> None:
    mock.script({"json": MODEL, "times": "always"})
    text = """
        import multiprocessing, sys, warnings
        import threadline

        # Python itself warns of forks in programs with threads, from 3.12 on.
        warnings.simplefilter("ignore", DeprecationWarning)

        def work(url):
            client = threadline.OpenAI(api_key="k", base_url=url, network={"system_proxy": False})
            return [client.models.retrieve("m").id for _ in range(3)]

        if __name__ == "__main__":
            work(sys.argv[1])
            with multiprocessing.get_context(sys.argv[2]).Pool(2) as pool:
                assert pool.map(work, [sys.argv[1]] * 4) == [["m"] * 3] * 4
            print("done")
    """
    # Methods but fork import the program again, so it must be a file.
    file = tmp_path / "program.py"
    file.write_text(textwrap.dedent(text))
    done = run([str(file), mock.base_url, method])
    assert done.stdout.strip() == "done", done.stderr


def test_a_server_that_forks_its_workers_before_they_serve(mock: Mock) -> None:
    mock.script({"json": MODEL, "times": "always"})
    done = program(
        """
        import os, sys
        import threadline

        client = threadline.OpenAI(api_key="k", base_url=sys.argv[1], network={"system_proxy": False})
        held = client.chat.completions  # made before the fork, as applications are
        client.models.retrieve("m")
        workers = []
        for _ in range(3):
            worker = os.fork()
            if worker == 0:
                for _ in range(5):
                    assert client.models.retrieve("m").id == "m"
                sys.exit(0)
            workers.append(worker)
        codes = [os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) for worker in workers]
        assert codes == [0, 0, 0], codes
        print("done")
        """,
        mock.base_url,
    )
    assert done.stdout.strip() == "done", done.stderr


def test_one_client_in_many_threads(mock: Mock) -> None:
    mock.script({"json": MODEL, "times": "always"})
    client = mock.client()
    failed: List[BaseException] = []

    def work() -> None:
        try:
            for _ in range(25):
                assert client.models.retrieve("m").id == "m"
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_one_client_on_several_event_loops(mock: Mock) -> None:
    mock.script({"json": MODEL, "times": "always"})
    client = mock.async_client()
    seen: List[str] = []

    async def work() -> None:
        replies = await asyncio.gather(*(client.models.retrieve("m") for _ in range(10)))
        seen.extend(reply.id for reply in replies)

    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _ in range(3):
        asyncio.run(work())
    assert seen == ["m"] * 70


def test_cancelling_a_task_closes_its_socket(mock: Mock) -> None:
    mock.script(HELD)

    async def main() -> None:
        async def read() -> None:
            async for _ in await mock.async_client().chat.completions.create(model="m", messages=MESSAGES, stream=True):
                started.set()

        started = asyncio.Event()
        task = asyncio.ensure_future(read())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert closed_by_client(mock)


def test_cancelling_a_call_closes_its_socket(mock: Mock) -> None:
    mock.script({"json": MODEL, "gate": "never"})

    async def main() -> None:
        task = asyncio.ensure_future(mock.async_client().models.retrieve("m"))
        await asyncio.get_running_loop().run_in_executor(None, mock.log, "wait=requests:1&limit_ms=10000")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert closed_by_client(mock)


@pytest.mark.parametrize(
    "end",
    [
        "",
        "sys.exit(0)",
        "threading.Thread(target=lambda: list(stream), daemon=True).start()",
        "threading.Thread(target=lambda: client.models.retrieve('m'), daemon=True).start()",
    ],
)
def test_the_interpreter_ends_with_a_stream_open(mock: Mock, end: str) -> None:
    mock.script(HELD, {"json": MODEL, "gate": "never"})
    done = program(
        f"""
        import sys, threading
        import threadline

        client = threadline.OpenAI(api_key="k", base_url=sys.argv[1], network={{"system_proxy": False}})
        stream = client.chat.completions.create(model="m", messages=[{{"role": "user", "content": "hi"}}], stream=True)
        next(stream)
        print("done", flush=True)
        {end}
        """,
        mock.base_url,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "done", "")


def test_a_loop_ends_with_a_stream_open(mock: Mock) -> None:
    mock.script(HELD)
    done = program(
        """
        import asyncio, sys
        import threadline

        async def main():
            client = threadline.AsyncOpenAI(api_key="k", base_url=sys.argv[1], network={"system_proxy": False})
            stream = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}], stream=True)
            async for _ in stream:
                break
            print("done", flush=True)

        asyncio.run(main())
        """,
        mock.base_url,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "done", "")


def test_nothing_of_ours_warns_in_development_mode(mock: Mock) -> None:
    mock.script({"json": MODEL, "times": 4})
    done = program(
        """
        import asyncio, sys
        import threadline

        options = {"api_key": "k", "base_url": sys.argv[1], "network": {"system_proxy": False}}
        client = threadline.OpenAI(**options)
        client.models.retrieve("m")
        with threadline.OpenAI(**options) as other:
            other.models.retrieve("m")

        async def main():
            client = threadline.AsyncOpenAI(**options)
            await client.models.retrieve("m")
            async with threadline.AsyncOpenAI(**options) as other:
                await other.models.retrieve("m")

        asyncio.run(main())
        """,
        mock.base_url,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stream_of_the_parent_is_none_of_the_child(mock: Mock) -> None:
    mock.script(HELD)
    stream = mock.client().chat.completions.create(model="m", messages=MESSAGES, stream=True)
    next(stream)
    child = os.fork()
    if child == 0:
        try:
            next(stream)
        except RuntimeError as error:
            os._exit(0 if "forked" in str(error) else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    stream.close()
