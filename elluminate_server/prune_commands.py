"""What `elluminate prune` does: says what is old, asks, deletes it, and gives the room back."""

import datetime
from collections.abc import Callable
from pathlib import Path

from elluminate_server.execution.pruning import (
    Survey,
    count_audit_lines,
    prune_audit_lines,
    prune_experiments,
    prune_others,
    survey,
)
from elluminate_server.http.idempotency import forget_answers
from elluminate_server.settings import MEMORY, Settings
from elluminate_server.store.audit_log import log_command
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.migrating import prepare
from elluminate_server.store.probing import check_is_there, probe
from elluminate_server.store.shrinking import give_back_pages, is_shrinkable

__all__ = ["PruneError", "prune"]

_MOST_NAMED = 20

_NOTHING = Survey([], 0, 0, 0)


class PruneError(RuntimeError):
    """Nothing was deleted; the message says why and what to do."""


async def prune(
    settings: Settings,
    age: datetime.timedelta | None,
    *,
    audit_age: datetime.timedelta | None = None,
    is_dry: bool,
    agreed: Callable[[], bool],
    tell: Callable[[str], None],
) -> None:
    """Delete what has been over for longer than `age`, and lines of the audit log that are older than `audit_age`.

    Args:
        settings: Which database.
        age: How old is too old; None for nothing but the audit log.
        audit_age: The same of lines of the audit log; None leaves all of them.
        is_dry: Only say what there is.
        agreed: Asks whether to delete it, after it was told.
        tell: Told what there is, and what became of it.

    Raises:
        PruneError: It was not agreed to, or the database is in memory.
        DatabaseUnusableError: The database is not there.
        SchemaVersionError: It is of another version.
    """
    if settings.database_url == MEMORY:
        raise PruneError("A database in memory is its server's alone. Name a file or a URL with --database.")
    check_is_there(settings.database_url)
    probe(settings.database_url)
    before = None if age is None else utc_now() - age
    audit_before = None if audit_age is None else utc_now() - audit_age
    async with Store(settings.database_url, secret_key=settings.secret_key) as store:
        await prepare(store, unlocks=False)  # it opens no secrets
        found, lines = _NOTHING, 0
        if before is not None:
            found = await survey(store, before)
            tell(_told(found, before))
        if audit_before is not None:
            lines = await count_audit_lines(store, audit_before)
            told = _counted(lines, "line", "of the audit log")
            tell(f"Written before {audit_before:%Y-%m-%d %H:%M} UTC:\n  {told}")
        if is_dry:
            return
        is_any = found != _NOTHING or lines > 0
        if is_any and not agreed():
            raise PruneError("Nothing was deleted.")
        was = _size(store)
        if is_any:
            async with store.write() as session:
                await log_command(session, "prune")
        deleted = await prune_experiments(store, before, found.experiments) if before is not None else 0
        if before is not None:
            await prune_others(store, before)
        if audit_before is not None:
            await prune_audit_lines(store, audit_before)
        await forget_answers(store, datetime.timedelta(seconds=settings.idempotency_lifetime))
        await give_back_pages(store)
        can_shrink = store.is_sqlite and await is_shrinkable(store)
    tell(_told_at_the_end(found, deleted, lines))
    if is_any and store.is_sqlite:
        tell(_about_the_room(was, _size(store), can_shrink=can_shrink))


def _told(found: Survey, before: datetime.datetime) -> str:
    responses = sum(each.responses for each in found.experiments)
    experiments = f"{_counted(len(found.experiments), 'experiment')} with {_counted(responses, 'response')}"
    lines = [
        f"Over before {before:%Y-%m-%d %H:%M} UTC:",
        f"  {experiments}, with prompts, ratings and tasks",
        *(f"  {other}" for other in _others(found)),
    ]
    named = found.experiments[:_MOST_NAMED]
    lines += [f"    {each.finished_at:%Y-%m-%d}  {each.project!r}  {each.name!r}" for each in named]
    if len(found.experiments) > len(named):
        lines.append(f"    and {len(found.experiments) - len(named)} more experiments")
    return "\n".join(lines)


def _others(found: Survey) -> list[str]:
    return [
        _counted(found.kept_calls, "answer", "kept for runs with a cache"),
        _counted(found.tasks, "task", "of no experiment"),
        _counted(found.log_lines, "log line", "of runs"),
    ]


def _counted(count: int, what: str, more: str = "") -> str:
    return f"{count} {what}{'' if count == 1 else 's'} {more}".rstrip()


def _told_at_the_end(found: Survey, deleted: int, lines: int) -> str:
    """What was deleted, without what there was none of."""
    all_of_it = [
        _counted(deleted, "experiment"),
        *_others(found),
        _counted(lines, "line", "of the audit log"),
    ]
    some = [one for one in all_of_it if not one.startswith("0 ")]
    told = f"Deleted: {', '.join(some)}." if some else "Nothing was deleted: nothing is that old."
    left = len(found.experiments) - deleted
    if not left:
        return told
    stay = "stays, because something came to it" if left == 1 else "stay, because something came to them"
    return f"{told} {_counted(left, 'experiment')} {stay} meanwhile."


def _size(store: Store) -> int:
    return Path(store.url.database or "").expanduser().stat().st_size if store.is_sqlite else 0


def _about_the_room(was: int, now: int, *, can_shrink: bool) -> str:
    if not can_shrink:
        return (
            "The file keeps its size, and what is new takes the room: an older version made it. `elluminate migrate`, "
            "with its servers stopped, has it give room back from then on."
        )
    before, after = _told_size(was), _told_size(now)
    change = (
        f"The file has {after}, as before" if before == after else f"The file had {before} and has {after}"
    )
    return f"{change}; free room in it is used again."


def _told_size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
