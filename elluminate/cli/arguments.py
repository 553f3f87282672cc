"""Commands that evaluate: what they take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["LISTED", "Commands", "add_evaluation_commands"]

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

LISTED = ("experiments", "templates", "collections", "criteria", "models")
"""What `elluminate list` lists."""

_EXIT_CODES = """\
Exit codes: 0 passed, 1 failed (by evidence), 2 not measured: something was not answered or not judged, the server or a
model was away, there is not enough evidence where that is asked for, or the suite cannot be used. 130: Ctrl-C.
"""

_RUN_NOTES = f"""\
examples:
  elluminate init                              write suite.yaml, which runs as it is
  elluminate run suite.yaml                    run it, and say whether it passed
  elluminate run suite.yaml -o report.html -o junit.xml    and write reports: .html, .md, .xml (JUnit), .json
  elluminate run suite.yaml --model small      only this one of the suite's models
  elluminate run suite.yaml --new              begin anew, also after Ctrl-C

It runs where ELLUMINATE_BASE_URL says, with the key in ELLUMINATE_API_KEY; with neither of them, on this machine
(local:), without an account.

{_EXIT_CODES}"""

_COMPARE_NOTES = """\
examples:
  elluminate compare "Before" "After"          is the second one better than the first?
  elluminate compare 12 15 --fail-if-worse     the same as a gate
  elluminate compare 12 15 --margin 0.02       a gate: it has to be shown that it is at most two points worse

Rows are paired by their values and criteria by their texts. Experiments are given by name or id.

Exit codes: 0 they were compared; with --fail-if-worse or --margin, 0 passed, 1 it is worse (by evidence), 2 not
measured: verdicts are missing, or there is not enough evidence where that is asked for. 2 in any case: there is no such
experiment, or the server was away. 130: Ctrl-C.
"""

_REPORT_NOTES = """\
examples:
  elluminate report "Nightly" -o report.html   one file without scripts: send it to anybody
  elluminate report 12 -o summary.md -o junit.xml

Exit codes: 0 written; 2 it could not be, there is no such experiment, or the server was away.
"""

_LIST_NOTES = """\
examples:
  elluminate list                              the newest experiments
  elluminate list --search Nightly --limit 5
  elluminate list collections --format json    one JSON object a line

Exit codes: 0 listed, also where there are none; 2 the server was away.
"""

_CANCEL_NOTES = """\
examples:
  elluminate list                              what is running
  elluminate cancel "Nightly (2026-11-30 02:00:11 4f0c1d)"
  elluminate cancel 12

Nothing more is asked for; answers and verdicts that are there stay, and whoever waits for the run is told. Where it
ran in a program (local:), Ctrl-C in that program does the same. experiment.retry_failed() goes on with it.

Exit codes: 0 it stands still, or nothing was running; 2 there is no such experiment, or the server was away.
"""

_EXPORT_NOTES = """\
examples:
  elluminate export "Nightly" -o answers.csv   a line for each answer, with its verdicts
  elluminate export 12 -o answers.jsonl

Exit codes: 0 written; 2 it could not be, there is no such experiment, or the server was away.
"""

_INIT_NOTES = """\
examples:
  elluminate init                              write suite.yaml
  elluminate init evals/refunds.yaml
  elluminate run suite.yaml                    run it: without an account, with the offline model

Exit codes: 0 written; 2 it could not be, or it is there already, and stays as it is.
"""

_IMPORT_NOTES = """\
examples:
  elluminate import promptfooconfig.yaml       write suite.yaml, or several: one for each prompt and shape of assertions
  elluminate import samples.jsonl --from openai-evals -o evals/facts.yaml
  elluminate import dataset.json --strict      exit code 1 where something could not be converted

It reads promptfoo's configurations (YAML or JSON), OpenAI Evals (samples as JSON Lines, registry entries as YAML,
objects of the Evals API as JSON), and Langfuse's exports of datasets (JSON, JSON Lines, CSV), also with "prompts" and
"evaluators" beside "items". Files that a configuration names are read from its folder and below.

Nothing is left out in silence. What could not be converted, or became a question for the judge, is told on standard
error and stands at the top of the suite. A file that is there is never written over.

Exit codes: 0 written; 1 written, and with --strict something was not converted; 2 it cannot be read, or
nothing can be written: a file that is there stays as it is.
"""

_LABEL_NOTES = """\
examples:
  elluminate label "First try"                              50 answers, by all criteria in turn
  elluminate label "First try" --criterion Short --n 20     20 answers, by the criterion with this label

y yes, n no, u unsure, b back (withdraws the last label), q quit. Half of the answers are those that the judge calls
YES, half those that it calls NO, in an order that tells neither. What was labelled is left out the next time.

The server and the key are those of programs: ELLUMINATE_BASE_URL and ELLUMINATE_API_KEY.

Exit codes: 0 what was labelled is stored, also where nothing is left, and after q or Ctrl-C; 2 there is no such
experiment or criterion, or the server was away.
"""


_MCP_NOTES = """\
It speaks the Model Context Protocol over standard input and output, and is started by the editor. Its configuration,
in most of them:

  {"mcpServers": {"elluminate": {"command": "elluminate", "args": ["mcp"], "env": {"ELLUMINATE_BASE_URL": "local:"}}}}

Tools: run_evaluation, run_suite, check_suite, list_experiments, get_experiment, failures, compare, retry_failed.
"""


def add_evaluation_commands(commands: Commands) -> None:
    """Add the commands that evaluate."""
    run = _added(commands, "run", "run a suite and say whether it passed", _RUN_NOTES)
    run.add_argument("suite", help="the suite's file, YAML or JSON")
    run.add_argument(
        "-o",
        "--output",
        action="append",
        default=[],
        metavar="FILE",
        help="write a report: .html, .md (Markdown), .xml (JUnit) or .json; may be given more than once",
    )
    run.add_argument(
        "--model",
        action="append",
        metavar="NAME",
        help="only this model of the suite; may be given more than once",
    )
    run.add_argument(
        "--branch", metavar="NAME", help="the branch that it runs on (default: from CI's variables, or git)"
    )
    run.add_argument(
        "--new",
        action="store_true",
        help="begin anew, also where a run of the same suite was broken off, which is gone on with otherwise",
    )
    run.add_argument("--quiet", action="store_true", help="no progress, and no findings that passed")

    compare = _added(commands, "compare", "compare two experiments", _COMPARE_NOTES)
    compare.add_argument("before", help="name or id of the experiment to compare with")
    compare.add_argument("after", help="name or id of the experiment that the verdict is about")
    compare.add_argument(
        "--level",
        type=_share,
        default=0.05,
        help="how often a difference may be seen where there is none (default: %(default)s)",
    )
    compare.add_argument("--fail-if-worse", action="store_true", help="exit code 1 where it is worse")
    compare.add_argument(
        "--margin",
        type=_share,
        help="by how much it may be worse, 0 to 1; exit code 2 where that cannot be shown",
    )
    compare.add_argument("--format", choices=("text", "json"), default="text", help="(default: %(default)s)")

    report = _added(commands, "report", "write what an experiment came to into a file", _REPORT_NOTES)
    report.add_argument("experiment", help="its name or id")
    report.add_argument(
        "-o",
        "--output",
        action="append",
        required=True,
        metavar="FILE",
        help=".html, .md (Markdown), .xml (JUnit) or .json; may be given more than once",
    )

    listing = _added(commands, "list", "list experiments, and what they are made of", _LIST_NOTES)
    listing.add_argument(
        "what", nargs="?", choices=LISTED, default="experiments", help="(default: %(default)s)"
    )
    listing.add_argument("--search", metavar="TEXT", help="only those whose name has this in it")
    listing.add_argument(
        "--limit", type=_count, default=20, metavar="N", help="the newest N at most (default: %(default)s)"
    )
    listing.add_argument(
        "--format", choices=("table", "json"), default="table", help="(default: %(default)s)"
    )

    cancel = _added(commands, "cancel", "stop what an experiment runs", _CANCEL_NOTES)
    cancel.add_argument("experiment", help="its name or id")

    export = _added(
        commands, "export", "write an experiment's answers and verdicts into a file", _EXPORT_NOTES
    )
    export.add_argument("experiment", help="its name or id")
    export.add_argument("-o", "--output", required=True, metavar="FILE", help=".csv or .jsonl")

    init = _added(commands, "init", "write a commented suite that runs as it is", _INIT_NOTES)
    init.add_argument("path", nargs="?", default="suite.yaml", help="(default: %(default)s)")

    importing = _added(commands, "import", "write suites of what another tool has", _IMPORT_NOTES)
    importing.add_argument("file", help="of promptfoo, OpenAI Evals or Langfuse")
    importing.add_argument(
        "-o", "--output", default="suite.yaml", metavar="FILE", help="the suite (default: %(default)s)"
    )
    importing.add_argument(
        "--from",
        dest="format",
        choices=("promptfoo", "openai-evals", "langfuse"),
        help="of which tool it is (default: told by what stands in it)",
    )
    importing.add_argument(
        "--strict", action="store_true", help="exit code 1 where something was not converted"
    )

    labelling = commands.add_parser(
        "label",
        help="say of answers whether they meet the criteria",
        description="Show answers of an experiment one by one, each with a criterion and without the judge's verdict, "
        "and take a key for each; then show how far the judge agrees.",
        epilog=_LABEL_NOTES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    labelling.add_argument("experiment", help="its name, or its id")
    labelling.add_argument(
        "--criterion",
        metavar="TEXT",
        help="only by this criterion: its text, its label, or its id (default: all in turn)",
    )
    labelling.add_argument(
        "--n",
        type=_answer_count,
        default=50,
        metavar="N",
        help="how many answers at most (default: %(default)s)",
    )

    mcp = _added(commands, "mcp", "let an assistant in an editor evaluate prompts", _MCP_NOTES)

    for command in (run, compare, report, listing, cancel, export, mcp, labelling):
        command.add_argument(
            "--base-url",
            metavar="URL",
            help="where to evaluate: https://…, or local:, local:evals.db for a server in this process "
            "(default: ELLUMINATE_BASE_URL)",
        )


def _added(commands: Commands, name: str, help: str, notes: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=help,
        description=f"{help[0].upper()}{help[1:]}.",
        epilog=notes,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _number(text: str, is_allowed: Callable[[float], bool]) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if is_allowed(number) else None


def _share(text: str) -> float:
    share = _number(text, lambda number: 0 < number < 1)
    if share is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share above 0 and below 1, such as 0.05")
    return share


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 1_000_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 1000000")


def _answer_count(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 10_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of answers: 1 to 10000")
