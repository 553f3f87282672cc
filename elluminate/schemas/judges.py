"""Which judge an experiment is judged by, where it is another one than was asked for, or than before."""

from __future__ import annotations

import difflib

from elluminate_api import models as api
from elluminate_api.api.experiments import get_experiment
from elluminate_api.api.ratings import list_rating_versions

from elluminate._session import Session
from elluminate._warnings import warn_caller
from elluminate.exceptions import APIError, OtherJudgeWarning, TransportError

LATEST_JUDGE = "latest"


async def warn_of_replaced_judge(session: Session, created: api.Experiment, wanted: str) -> None:
    """A judge that the server does not know is replaced, and not refused: programs name judges of other servers."""
    keys = await _judges(session)
    close = difflib.get_close_matches(wanted, [*keys, LATEST_JUDGE], n=1)
    meant = f"; did you mean {close[0]!r}?" if close and wanted not in keys else "."
    known_ones = f" It has {', '.join(map(repr, keys[:10]))}: list_rating_versions()" if keys else ""
    used = "the server's default" if created.rating_version is None else repr(created.rating_version)
    warn_caller(
        f"experiment {created.name!r} is judged by {used}, and not by rating_version={wanted!r}, which the server does "
        f"not offer{meant}{known_ones}",
        OtherJudgeWarning,
    )


async def warn_of_changed_judge(
    session: Session, experiment: api.Experiment, way_out: str, *, only_if_incomplete: bool = False
) -> None:
    """Warn before an experiment is judged whose judge the server does not offer any more: its default judges instead.

    Only of a server in this process, whose judge is what this program's environment says; others are not asked for it.

    Args:
        session: What it is asked through.
        experiment: The experiment.
        way_out: How its verdicts come to be of one judge.
        only_if_incomplete: Whether nothing is judged where no verdict is missing.
    """
    if experiment.rating_version is None or not session.config.is_local:
        return
    keys = await _judges(session)
    if not keys or experiment.rating_version in keys:
        return
    # The object at hand may be older than what it stands for.
    fresh = await session.call(get_experiment.build(await session.project_id(), experiment.id))
    counts = None if fresh.results is None else fresh.results.verdicts
    is_complete = counts is not None and counts.given == counts.expected
    if fresh.rating_version is None or fresh.rating_version in keys or (only_if_incomplete and is_complete):
        return
    warn_caller(
        f"experiment {fresh.name!r} has the judge {fresh.rating_version!r}, which the server does not offer now: "
        f"{keys[0]!r} judges instead, and verdicts of two judges do not compare. {way_out}",
        OtherJudgeWarning,
    )


async def _judges(session: Session) -> list[str]:
    """The keys of the server's judges, the default first; none where it does not list them."""
    try:
        judges = await session.call(list_rating_versions.build(await session.project_id()))
    except (APIError, TransportError):
        return []
    return [judge.key for judge in judges]
