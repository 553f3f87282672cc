"""The command line: `elluminate run`, `serve` and the others; `elluminate --help` names them.

What a command takes is in `elluminate.cli`, and so is what those that evaluate do. What a command of the server does is
in `elluminate_server.commands`. Each is imported when it is asked for.
"""

import argparse
import asyncio
import contextlib
import importlib
import io
import os
import select
import signal
import sys
from collections.abc import Sequence

from elluminate import __version__
from elluminate._distribution import DISTRIBUTION, clash
from elluminate._extras import how_to_install
from elluminate.cli.arguments import add_evaluation_commands
from elluminate.cli.server_commands import add_server_commands

__all__ = ["main"]

_DESCRIPTION = (
    "Evaluate prompts: suites that stand in files, and the backend for the SDK, on your own machine."
)

_EXAMPLES = """\
examples:
  elluminate init                              write suite.yaml, an evaluation that runs as it is
  elluminate run suite.yaml                    run it, and say whether it passed
  elluminate import promptfooconfig.yaml       write suite.yaml of what another tool has
  elluminate compare "Before" "After"          is the second experiment better than the first?
  elluminate report "After" -o report.html     what it came to, as a file to send around
  elluminate view                              look at results in a browser
  elluminate serve                             serve on http://127.0.0.1:8000, data in the user's data folder
  elluminate serve --port 0 --database evals.db    any free port, data in ./evals.db
  elluminate serve --model local               answer and judge with a small model in this process, no network
  elluminate serve --database postgresql://evals@db.example/evals
  elluminate worker --concurrency 50           work on what servers on the same database are asked to do
  elluminate worker --metrics 9100             the same, and tell of it at http://127.0.0.1:9100/metrics
  elluminate migrate --database evals.db       upgrade the database of an older version
  elluminate backup evals-1.db                 copy the database while the server runs
  elluminate keys create "Nightly pipeline" --days 90    print a new API key, which is shown only now
  elluminate keys create Dashboard --role reader    print a new API key that changes nothing
  elluminate audit --since 7d                  who changed what in the last days

The API key to use is printed at the start. Set ELLUMINATE_API_KEY to choose it; keys are not taken from the
command line, where other users of the machine could read them.
"""

_OF_SCALE = {"psycopg": "PostgreSQL", "celery": "ELLUMINATE_BROKER_URL"}
"""Modules of that extra, and what they are for."""

_EVALUATING = {
    "run": ("cli.evaluating", "run"),
    "compare": ("cli.evaluating", "compare"),
    "report": ("cli.showing", "report"),
    "list": ("cli.showing", "list_things"),
    "cancel": ("cli.showing", "cancel"),
    "export": ("cli.showing", "export"),
    "init": ("cli.showing", "init"),
    "mcp": ("mcp_server", "mcp"),
    "import": ("cli.importing", "import_file"),
}
"""Commands that evaluate: module of `elluminate`, and function, a coroutine."""

_OF_SERVER = {"sqlalchemy", "starlette", "uvicorn", "alembic", "aiohttp", "aiosqlite"}
"""What `local:` needs; anything else comes with the extra "cli"."""

_NOT_MEASURED = 2
_INTERRUPTED = 130
_NOBODY_READS = 141
"""Exit code of a command that SIGPIPE ends: 128 and the signal's number."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Without the program's name; those of the process unless given.

    Returns:
        Exit code: 0 done, 1 failed with one line on standard error, 130 ended by Ctrl-C, 141 nobody reads what it
        prints any more (as `| head` does). Of commands that evaluate: 0 passed, 1 failed by evidence, 2 not measured.
        (2, wrong usage, is raised by argparse.)
    """
    if isinstance(
        sys.stdout, io.TextIOWrapper
    ):  # a name that the terminal's encoding lacks is no reason to fail
        sys.stdout.reconfigure(errors="backslashreplace")
    code = 0
    try:
        try:
            code = _run(arguments)
            if code == _INTERRUPTED and arguments is None:
                _end_when_asked_again()
            return code
        finally:
            _flush()
    except BrokenPipeError:
        if not _is_closed_by_its_reader():
            raise
        return _NOBODY_READS
    except OSError as error:
        from elluminate._file_errors import told_of_surroundings

        told = told_of_surroundings(error)
        if told is None:
            raise
        _flush_or_drop()
        return _fail(told, code or 1)


def _end_when_asked_again() -> None:
    """From here on, Ctrl-C ends this process at once: whoever presses it again wants no words on what is tidied up."""
    with contextlib.suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))


def _is_closed_by_its_reader() -> bool:
    """Whether standard output has no reader; what is left for it goes nowhere then, so that the end is quiet, too."""
    if not hasattr(select, "poll"):
        return False
    output, poll = sys.stdout.fileno(), select.poll()
    poll.register(output, 0)  # that nobody reads is told in any case
    if not poll.poll(0):
        return False
    _write_nowhere()
    return True


def _flush() -> None:
    if sys.stdout is not None:  # it may be closed, as by `>&-`
        sys.stdout.flush()


def _flush_or_drop() -> None:
    """Write what is left for standard output where that takes it; it may be what takes no more."""
    try:
        _flush()
    except OSError:
        _write_nowhere()


def _write_nowhere() -> None:
    """Let what is left for standard output go nowhere, so that the end is quiet, too."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _run(arguments: Sequence[str] | None) -> int:
    warning = clash()
    if warning is not None:
        print(f"Warning: {warning}", file=sys.stderr)
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "prune" and options.older_than is None and options.audit_older_than is None:
        options.refuse("prune needs an age: --older-than, --audit-older-than, or both")
    if options.command == "view" and options.demo and options.source is not None:
        options.refuse("--demo has a database of its own: give it, or a DATABASE")
    if options.command is None:
        parser.print_help()
        return 0
    if options.command == "label":
        return _label(options)
    if options.command in _EVALUATING:
        return _evaluate(options)
    try:
        from elluminate_server.commands import CommandError, run
    except ModuleNotFoundError as error:
        return _fail(f"The server needs {how_to_install(error, 'server')}.")
    try:
        run(options)
    except CommandError as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        if error.name not in _OF_SCALE:
            raise
        return _fail(f"{_OF_SCALE[error.name]} needs {how_to_install(error, 'scale')}.")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    """Do what a command that evaluates is asked for; the exit code."""
    from elluminate._file_errors import told_of_file
    from elluminate.cli.connecting import say, tell_warnings_in_lines
    from elluminate.exceptions import ElluminateError

    module, function = _EVALUATING[options.command]
    tell_warnings_in_lines()
    try:
        work = getattr(importlib.import_module(f"elluminate.{module}"), function)
        code = int(asyncio.run(work(options)))
        _flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except ModuleNotFoundError as error:
        extra = "server" if error.name in _OF_SERVER else "mcp" if error.name == "mcp" else "cli"
        return _fail(f"{options.command} needs {how_to_install(error, extra)}.", _NOT_MEASURED)
    except BrokenPipeError:
        raise
    except ElluminateError as error:
        say(f"elluminate: {error}")
        return _NOT_MEASURED
    except OSError as error:
        _flush_or_drop()
        say(f"elluminate: {told_of_file(error)}")
        return _NOT_MEASURED
    return code


def _label(options: argparse.Namespace) -> int:
    from elluminate.cli.labelling import LabelCommandError, label

    def tell(text: str) -> None:
        print(text, flush=True)

    try:
        label(
            options.experiment, criterion=options.criterion, n=options.n, tell=tell, base_url=options.base_url
        )
    except LabelCommandError as error:
        return _fail(str(error), _NOT_MEASURED)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="elluminate",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"elluminate {__version__} ({DISTRIBUTION})")
    commands = parser.add_subparsers(dest="command", metavar="command")
    add_evaluation_commands(commands)
    add_server_commands(commands)
    return parser


def _fail(reason: str, code: int = 1) -> int:
    print(f"elluminate: {reason}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
