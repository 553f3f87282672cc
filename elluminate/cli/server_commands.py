"""Commands of the server: what they take. What they do is in `elluminate_server.commands`."""

from __future__ import annotations

import argparse
import datetime
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elluminate.cli.arguments import Commands

__all__ = ["add_server_commands"]

_SERVE_NOTES = """\
Ctrl-C and SIGTERM end the server cleanly (exit code 0). Runs that are under way go on at the next start.
Exit code 1: it could not start; the reason is on standard error.
"""

_WORKER_NOTES = """\
Give it the environment of the servers: the database and the models. Any number of workers share the runs, on as many
machines as the database can be reached from (PostgreSQL, for more than one). With ELLUMINATE_BROKER_URL (Redis or
RabbitMQ) it is a worker of Celery, which is woken by messages and seen by Celery's tools.

Ctrl-C and SIGTERM end it cleanly (exit code 0): what it had begun goes on elsewhere at once. A second one ends it
without that, and others go on after ten seconds, as when it is killed.
Exit code 1: it could not start; the reason is on standard error.
"""

_VIEW_NOTES = """\
examples:
  elluminate view                  what programs with base_url="local:" have stored
  elluminate view evals.db         a database of your own
  elluminate view --demo           an example, made by the built-in offline model

Programs may go on meanwhile. Exit code 1: it could not start; the reason is on standard error.
"""

_BACKUP_NOTES = """\
examples:
  elluminate backup "evals-$(date +%F).db"                        the user's own database
  elluminate backup --database evals.db /backups/evals-1.db

To put it back: stop the servers, move the database and its -wal and -shm files away, copy the backup to its place,
and start again. PostgreSQL: pg_dump --format=custom, which works while servers run, too.
"""

_PRUNE_NOTES = """\
examples:
  elluminate prune --older-than 90d --dry-run       say what there is
  elluminate prune --older-than 90d                 say it, ask, and delete it
  elluminate prune --older-than 52w --yes           from cron
  elluminate prune --audit-older-than 104w          old lines of the audit log, and nothing else

What is deleted is gone: make a copy before, with `elluminate backup`.
"""

_AUDIT_NOTES = """\
examples:
  elluminate audit --since 7d                       the last days
  elluminate audit --limit 20                       the last 20 lines
  elluminate audit --key "Nightly pipeline"         what was done with this key
  elluminate audit --object experiment:12           what was done to this experiment
  elluminate audit --object api_key --format json   who made and revoked keys, one JSON object a line
"""

_ROLES = ("reader", "editor", "admin")

_LOG_LEVELS = ("critical", "error", "warning", "info", "debug")


def add_server_commands(commands: Commands) -> None:
    """Add the commands of the server."""
    raw = argparse.RawDescriptionHelpFormatter
    serve = commands.add_parser(
        "serve",
        help="serve the API in the foreground",
        description="Serve the API in the foreground.",
        epilog=_SERVE_NOTES,
        formatter_class=raw,
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument(
        "--port", type=_port, default=8000, help="port, 0 for any free one (default: %(default)s)"
    )
    serve.add_argument(
        "--no-work",
        dest="works",
        action="store_false",
        help="serve requests alone, and leave runs to workers (with ELLUMINATE_BROKER_URL it does so anyway)",
    )
    serve.add_argument(
        "--model",
        metavar="NAME",
        help="the default model: its name at ELLUMINATE_LLM_BASE_URL, or local for SmolLM2-135M-Instruct in this "
        "process, which needs the extra local-llm and, as a judge, is at chance (default: ELLUMINATE_LLM_MODEL, else "
        "the built-in offline model)",
    )
    serve.add_argument(
        "--metrics",
        action="store_true",
        default=None,
        help="tell what the server does at /metrics, for Prometheus, to whoever can reach it, without a key "
        "(default: ELLUMINATE_METRICS, else not)",
    )
    serve.add_argument(
        "--no-pages",
        dest="pages",
        action="store_false",
        default=None,
        help="serve the API alone, and no pages for browsers (default: ELLUMINATE_PAGES, else with pages)",
    )
    view = commands.add_parser(
        "view",
        help="look at results in a browser",
        description="Look at results in a browser: serves pages of a database on this machine alone, until Ctrl-C, and "
        "opens them. Nothing is sent anywhere.",
        epilog=_VIEW_NOTES,
        formatter_class=raw,
    )
    view.add_argument(
        "source",
        nargs="?",
        metavar="DATABASE",
        help="local:, local:evals.db, or the path of an SQLite file (default: local:, the user's own)",
    )
    view.add_argument("--demo", action="store_true", help="look at an example, which is gone afterwards")
    view.add_argument(
        "--no-browser", dest="browser", action="store_false", help="only print the link, and open no browser"
    )
    view.add_argument("--port", type=_port, default=0, help="port, 0 for any free one (default: %(default)s)")
    view.set_defaults(refuse=view.error)
    worker = commands.add_parser(
        "worker",
        help="work on runs without serving",
        description="Work on what servers on the same database are asked to do, without serving.",
        epilog=_WORKER_NOTES,
        formatter_class=raw,
    )
    worker.add_argument(
        "--concurrency",
        type=_concurrency,
        metavar="N",
        help="most test cases at a time that it answers and rates (default: as many as the models take)",
    )
    worker.add_argument(
        "--metrics",
        dest="metrics_at",
        type=_metrics_at,
        metavar="[HOST:]PORT",
        help="tell what it does at /metrics, for Prometheus, and at /healthz that it lives, to whoever can reach it, "
        "without a key; on 127.0.0.1 unless a host is given; port 0 for any free one (default: not)",
    )
    for command in (serve, worker):
        command.add_argument(
            "--log-format",
            choices=("text", "json"),
            default="text",
            help="text for people, or one JSON object a line, with time, level, logger, message, request_id, task_id "
            "and exception (default: %(default)s)",
        )
        command.add_argument(
            "--log-level",
            choices=_LOG_LEVELS,
            default="warning",
            help="what is logged (default: %(default)s)",
        )
    migrate = commands.add_parser(
        "migrate",
        help="upgrade the database of an older version",
        description="Upgrade the database of an older version. First stop its servers. An SQLite file is copied "
        "beside itself before; back up any other database yourself.",
    )
    backup = commands.add_parser(
        "backup",
        help="copy an SQLite database while its servers run",
        description="Copy an SQLite database as it is now, while its servers run, and check the copy. Nothing is "
        "overwritten, and the copy can be read by its owner alone. What is sealed in it needs the secret key, which is "
        "not in the copy: keep ELLUMINATE_SECRET_KEY, or the file DATABASE.secret-key, elsewhere.",
        epilog=_BACKUP_NOTES,
        formatter_class=raw,
    )
    backup.add_argument("path", help="the copy's file, which must not be there yet")
    prune = commands.add_parser(
        "prune",
        help="delete what has been over for long",
        description="Delete, while servers run, what has been over for longer than an age: experiments with their "
        "responses, prompts, ratings and tasks; answers kept for runs with a cache; log lines of runs; stored answers "
        "to repeated requests whose time is over. Templates, collections, criteria and LLM configs stay, and so do "
        "experiments that never ran, or got responses since. The audit log has an age of its own.",
        epilog=_PRUNE_NOTES,
        formatter_class=raw,
    )
    prune.add_argument(
        "--older-than",
        type=_age,
        metavar="AGE",
        help="for how long: 90d (days), 12w (weeks), 36h (hours)",
    )
    prune.add_argument(
        "--audit-older-than",
        type=_age,
        metavar="AGE",
        help="delete lines of the audit log that are older, too, or nothing else (default: all of them stay)",
    )
    prune.set_defaults(refuse=prune.error)
    prune.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    prune.add_argument(
        "--yes", action="store_true", help="do not ask; for programs, which nobody could answer for"
    )
    audit = commands.add_parser(
        "audit",
        help="show who changed what",
        description="Show the audit log of all projects in a database, the oldest lines first: who created, changed, "
        "deleted, ran or cancelled what, and what was refused to whom. The server may run meanwhile.",
        epilog=_AUDIT_NOTES,
        formatter_class=raw,
    )
    audit.add_argument(
        "--since",
        type=_recent_age,
        metavar="AGE",
        help="how old lines may be: 30m (minutes), 36h, 7d, 12w (default: any age)",
    )
    audit.add_argument(
        "--limit", type=_line_count, metavar="N", help="only the newest N of those lines (default: all)"
    )
    audit.add_argument("--key", metavar="NAME", help="only what was done with keys of this name")
    audit.add_argument(
        "--object",
        type=_audit_object,
        metavar="KIND[:ID]",
        help="only what was done to things of a kind, or to one: experiment, experiment:12",
    )
    audit.add_argument(
        "--format",
        choices=("table", "json"),
        default="table",
        help="table for people, or one JSON object a line (default: %(default)s)",
    )
    keys = commands.add_parser(
        "keys",
        help="list, create and revoke API keys; change the secret key",
        description="List, create and revoke API keys in the database, and change the secret key that seals its "
        "secrets; the server may run meanwhile.",
    )
    actions = keys.add_subparsers(dest="action", metavar="action", required=True)
    listing = actions.add_parser("list", help="show the keys, without their secrets")
    create = actions.add_parser("create", help="make a key and print it; it is shown only now")
    create.add_argument("name", help="what the key is for")
    create.add_argument(
        "--role",
        choices=_ROLES,
        default="admin",
        help="what it may do: reader, change nothing; editor, all but what an admin does; admin, everything, also "
        "manage keys, make projects and read the audit log (default: %(default)s)",
    )
    create.add_argument("--days", type=_days, help="for how many days it is valid (default: for ever)")
    revoke = actions.add_parser("revoke", help="let a key open nothing from now on")
    revoke.add_argument("key", type=_key_id, metavar="id", help="the key's id, as the list shows it")
    rotate = actions.add_parser(
        "rotate-secret",
        help="seal the secrets in the database with another secret key",
        description="Seal the secrets in the database with another secret key: the first one in ELLUMINATE_SECRET_KEY "
        "(NEW,OLD), or a new one in the file beside the database.",
    )
    rotate.add_argument(
        "--forget",
        action="store_true",
        help="the key is lost: drop the keys of model providers and revoke all API keys (first stop the servers)",
    )
    for command, otherwise in ((listing, "all"), (create, "the default project"), (revoke, "any")):
        command.add_argument("--project", help=f"id or name of the project (default: {otherwise})")
    for command in (serve, worker, migrate, backup, prune, audit, listing, create, revoke, rotate):
        command.add_argument(
            "--database",
            metavar="URL-OR-PATH",
            help="path of an SQLite file, or a database URL (default: ELLUMINATE_DATABASE_URL, "
            "else a file in the user's data folder)",
        )


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to 65535")


def _metrics_at(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if colon and not host:
        raise argparse.ArgumentTypeError(f"{text!r} has no host: give a port, or 0.0.0.0:9100, say")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", _port(port)


def _concurrency(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 10_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of test cases: 1 to 10000")


def _days(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 36_500:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of days: 1 to 36500")


def _line_count(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 1_000_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of lines: 1 to 1000000")


_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _age(text: str) -> datetime.timedelta:
    """An age from which on things are deleted; without minutes, which may have been meant as months."""
    return _read_age(text, "hdw", "90d (days), 12w (weeks) or 36h (hours)")


def _recent_age(text: str) -> datetime.timedelta:
    return _read_age(text, "mhdw", "30m (minutes), 36h (hours), 7d (days) or 12w (weeks)")


def _read_age(text: str, units: str, examples: str) -> datetime.timedelta:
    found = re.fullmatch(rf"([1-9][0-9]*)([{units}])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not an age: {examples}")
    if len(found[1]) > 6 or (found[2] not in "mh" and int(found[1]) > 36_500):
        raise argparse.ArgumentTypeError(f"{text!r} is longer ago than anything was made: {examples}")
    return int(found[1]) * datetime.timedelta(**{_UNITS[found[2]]: 1})


def _audit_object(text: str) -> tuple[str, int | None]:
    from elluminate_api.models import AuditObjectKind

    kind, colon, number = text.partition(":")
    if kind not in list(AuditObjectKind):
        raise argparse.ArgumentTypeError(f"{kind!r} is no kind of thing: {', '.join(AuditObjectKind)}")
    if not colon:
        return kind, None
    if number.isascii() and number.isdigit() and 1 <= int(number) < 2**53:
        return kind, int(number)
    raise argparse.ArgumentTypeError(f"{number!r} is not the id of a thing; write for example {kind}:12")


def _key_id(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) < 2**53:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not the id of a key; `elluminate keys list` shows them")
