"""The command ``threadline``: serve the assistants engine or the mock server, make one call."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from typing import Any, Dict, List, Optional, Sequence

__all__ = ["main"]

_EPILOG = """\
examples:
  threadline serve --store sqlite:threadline.db --upstream http://127.0.0.1:8000/v1 --upstream-api chat
  threadline mock --port 8080
  threadline api chat.completions create --arg model=gpt-5.2 --arg 'messages=[{"role":"user","content":"Hello"}]'
  threadline api files create --arg file=@notes.txt --arg purpose=assistants
  threadline api models list --limit 5

`threadline serve --help` has the options of the server. Calls take their key from OPENAI_API_KEY and OPENAI_BASE_URL."""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the command; the status that the process is to end with."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["serve"]:
        from . import _threadline as native

        try:
            return int(native._serve(given[1:]))
        except KeyboardInterrupt:
            # The server has heard it too, and has ended in order before Python's own handler had its turn.
            return 0
    found = _parser().parse_args(given)
    try:
        return int(found.run(found))
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="threadline",
        description="The OpenAI HTTP API at the command line.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    from ._version import __version__

    parser.add_argument("--version", action="version", version=f"threadline {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("serve", help="serve the assistants endpoints from a store of one's own", add_help=False)
    mock = commands.add_parser("mock", help="serve the whole API with made-up answers, for tests")
    mock.add_argument("--port", type=int, default=0, help="where to listen on 127.0.0.1 (default: a free port)")
    mock.set_defaults(run=_mock)
    api = commands.add_parser("api", help="make one call and print what comes")
    api.add_argument("resource", help="as in Python: chat.completions, beta.threads.runs, models; a client's own: -")
    api.add_argument("method", help="create, retrieve, list, …")
    api.add_argument(
        "--arg",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument: JSON, or else a text; @FILE is an upload, @- standard input as a text",
    )
    api.add_argument("--api-key", help="default: OPENAI_API_KEY")
    api.add_argument("--base-url", help="default: OPENAI_BASE_URL")
    api.add_argument("--timeout", type=float, help="seconds for the whole call (default: 600)")
    api.add_argument("--assistants", metavar="STORE", help="serve the assistants endpoints in this process, such as sqlite:app.db")
    api.add_argument("--limit", type=int, metavar="N", help="most items of a list, or events of a stream, to print")
    api.add_argument("--output", metavar="FILE", help="where a reply of bytes goes (default: standard output)")
    api.set_defaults(run=_api)
    return parser


def _mock(found: Any) -> int:
    from threading import Event

    from .testing import MockServer

    try:
        server = MockServer(found.port).start()
    except OSError as error:
        print(f"threadline mock: {error}", file=sys.stderr)
        return 1
    print(server.base_url, flush=True)
    try:
        ended = Event()
        # In pieces: a signal that comes just before a wait without an end would not break it off.
        while not ended.wait(1):
            pass
    finally:
        server.stop()
    return 0


def _api(found: Any) -> int:
    from ._client import OpenAI
    from ._exceptions import OpenAIError

    options: Dict[str, Any] = {"api_key": found.api_key, "base_url": found.base_url, "assistants": found.assistants}
    if found.timeout is not None:
        options["timeout"] = found.timeout
    try:
        client = OpenAI(**{name: value for name, value in options.items() if value is not None})
        method = _method(client, found.resource, found.method)
        with warnings.catch_warnings():
            # It is for programs to be told that a method is deprecated.
            warnings.simplefilter("ignore", DeprecationWarning)
            value = method(**_arguments(found.arg))
        _print(value, found)
    except (OpenAIError, OSError, TypeError, ValueError) as error:
        print(f"threadline api: {error}", file=sys.stderr)
        return 2 if isinstance(error, (TypeError, ValueError)) else 1
    return 0


def _method(client: Any, resource: str, name: str) -> Any:
    place = client
    for part in [] if resource == "-" else resource.split("."):
        known = _resources(place)
        if part not in known:
            raise ValueError(f"there is no resource `{resource}`: {part!r} is not among {', '.join(known)}")
        place = getattr(place, part)
    methods = _methods(place)
    if name not in methods:
        more = "; resources below it: " + ", ".join(_resources(place)) if _resources(place) else ""
        raise ValueError(f"`{resource}` has no method `{name}`; it has: {', '.join(methods) or 'none'}{more}")
    return getattr(place, name)


def _resources(place: Any) -> List[str]:
    from ._client import OpenAI
    from ._resource import cached_property
    from .resources._top import TOP

    if isinstance(place, OpenAI):
        return sorted(TOP)
    return sorted(name for name in dir(type(place)) if name[0] != "_" and isinstance(getattr(type(place), name), cached_property) and name[:5] != "with_")


def _methods(place: Any) -> List[str]:
    names = (name for name in dir(type(place)) if name[0] != "_")
    return sorted(name for name in names if callable(getattr(type(place), name)))


def _arguments(given: Sequence[str]) -> Dict[str, Any]:
    arguments: Dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"`--arg {text}` is not NAME=VALUE")
        arguments[name] = _argument(value)
    return arguments


def _argument(text: str) -> Any:
    if text == "@-":
        return sys.stdin.read()
    if text.startswith("@"):
        from pathlib import Path

        return Path(text[1:])
    try:
        return json.loads(text)
    except ValueError:
        return text


def _print(value: Any, found: Any) -> None:
    from ._legacy_response import HttpxBinaryResponseContent
    from ._streaming import Stream
    from .pagination import _Page

    if isinstance(value, HttpxBinaryResponseContent):
        if found.output:
            value.write_to_file(found.output)
        else:
            sys.stdout.buffer.write(value.read())
        return
    if isinstance(value, (Stream, _Page)):
        for count, item in enumerate(value, 1):
            _line(item)
            if count == found.limit:
                break
        if isinstance(value, Stream):
            value.close()
    elif isinstance(value, str):
        print(value)
    elif value is not None:
        print(json.dumps(_plain(value), indent=2, ensure_ascii=False))


def _line(item: Any) -> None:
    print(json.dumps(_plain(item), ensure_ascii=False), flush=True)


def _plain(value: Any) -> Any:
    return value.to_dict(mode="json") if hasattr(value, "to_dict") else value


if __name__ == "__main__":
    sys.exit(main())
