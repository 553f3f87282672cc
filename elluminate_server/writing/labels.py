"""What people say of responses: stored beside what judges say, each label in place of the same key's earlier one."""

from collections.abc import Sequence
from typing import Any

from elluminate_api import models
from elluminate_api.types import UNSET
from sqlalchemy import select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.http.access import Principal
from elluminate_server.http.problems import Forbidden, Invalid, NotFound
from elluminate_server.store.chunks import chunks
from elluminate_server.store.columns import utc_now
from elluminate_server.store.tables import Criterion, CriterionSet, Experiment, Label, Rating, Response

__all__ = ["put_labels", "withdraw_label"]

Pair = tuple[int, int]
"""Ids of a response and of a criterion."""

_PROCESS = 0
"""Who labels with the key of a server inside a process, which is not stored."""

_LONGEST_SHOWN = 200
"""Characters of an error that a refusal repeats."""


def labeller_of(principal: Principal) -> int:
    """By whom the labels of a key are found again."""
    return _PROCESS if principal.key_id is None else principal.key_id


async def put_labels(
    session: AsyncSession, principal: Principal, wanted: Sequence[models.NewLabel]
) -> list[Label]:
    """Store what a key says.

    Args:
        session: Where to write.
        principal: The key.
        wanted: Its labels.

    Returns:
        The labels in the same order: new ones, and those that were there already with the same value and reason.

    Raises:
        NotFound: A response or a criterion is not in the key's project.
        Invalid: A pair comes twice, a criterion does not judge its response, or there is no answer.
    """
    pairs = [(label.response_id, label.criterion_id) for label in wanted]
    first = dict(zip(reversed(pairs), range(len(pairs) - 1, -1, -1), strict=True))
    for place, pair in enumerate(pairs):
        if first[pair] != place:
            raise Invalid(
                f"$.labels[{place}]: response {pair[0]} and criterion {pair[1]} have a label in this request already, "
                f"$.labels[{first[pair]}]; send one of them."
            )
    responses = await _responses(session, principal.project_id, {response_id for response_id, _ in pairs})
    await _check_criteria(session, principal.project_id, pairs, responses)
    labeller = labeller_of(principal)
    present = await _present(session, labeller, pairs)
    now = utc_now()
    stored: list[Label] = []
    for new, pair in zip(wanted, pairs, strict=True):
        reason = None if new.reason is UNSET else new.reason or None
        earlier = present.get(pair)
        if earlier is not None and (earlier.value, earlier.reason) == (new.value.value, reason):
            stored.append(earlier)
            continue
        if earlier is not None:
            earlier.superseded_at = now
        stored.append(
            Label(
                experiment_id=responses[pair[0]].experiment_id,
                response_id=pair[0],
                criterion_id=pair[1],
                labeller=labeller,
                key_name=principal.key_name,
                value=new.value.value,
                reason=reason,
                created_at=now,
            )
        )
    await session.flush()  # what is superseded frees its place first
    session.add_all(stored)
    await session.flush()
    return stored


async def withdraw_label(session: AsyncSession, principal: Principal, label_id: int) -> None:
    """End a label: it stays, and does not count any more.

    Raises:
        NotFound: It is not in the key's project, or was replaced or withdrawn.
        Forbidden: It is another key's, and this one is no admin.
    """
    found = await session.scalar(
        select(Label)
        .join(Experiment, Experiment.id == Label.experiment_id)
        .where(
            Label.id == label_id,
            Label.superseded_at.is_(None),
            Experiment.project_id == principal.project_id,
            Experiment.deleted_at.is_(None),
        )
    )
    if found is None:
        raise NotFound("label", label_id)
    if found.labeller != labeller_of(principal) and principal.role != "admin":
        raise Forbidden(
            f"Label {label_id} is that of the API key {found.key_name!r}: it is withdrawn with that key, or by an "
            "admin."
        )
    await session.execute(
        update(Label)
        .where(Label.id == label_id, Label.superseded_at.is_(None))
        .values(superseded_at=utc_now())
        .execution_options(synchronize_session=False)
    )


async def _responses(session: AsyncSession, project_id: int, ids: set[int]) -> dict[int, Any]:
    """What is to be known of the responses, locked, so that one key's labels of one pair follow each other."""
    found: dict[int, Any] = {}
    for chunk in chunks(sorted(ids)):
        rows = await session.execute(
            select(
                Response.id,
                Response.experiment_id,
                Response.entry_id,
                Response.error,
                Experiment.criterion_set_id,
            )
            .join(Experiment, Experiment.id == Response.experiment_id)
            .where(
                Response.id.in_(chunk), Experiment.project_id == project_id, Experiment.deleted_at.is_(None)
            )
            .order_by(Response.id)
            .with_for_update(of=Response, key_share=True)
        )
        found.update({row.id: row for row in rows})
    if missing := sorted(ids - found.keys()):
        raise NotFound("response", missing)
    return found


async def _check_criteria(
    session: AsyncSession, project_id: int, pairs: Sequence[Pair], responses: dict[int, Any]
) -> None:
    """Let nothing pass but answers, each with a criterion of its experiment, or one that it was judged by."""
    criteria: dict[int, Any] = {}
    rated: set[Pair] = set()
    for chunk in chunks(sorted({criterion_id for _, criterion_id in pairs})):
        rows = await session.execute(
            select(Criterion.id, Criterion.criterion_set_id, Criterion.entry_id, Criterion.deleted_at)
            .join(CriterionSet, CriterionSet.id == Criterion.criterion_set_id)
            .where(Criterion.id.in_(chunk), CriterionSet.project_id == project_id)
        )
        criteria.update({row.id: row for row in rows})
    if missing := sorted({criterion_id for _, criterion_id in pairs} - criteria.keys()):
        raise NotFound("criterion", missing)
    for chunk in chunks(sorted(responses)):
        given = await session.execute(
            select(Rating.response_id, Rating.criterion_id).where(Rating.response_id.in_(chunk))
        )
        rated.update((row.response_id, row.criterion_id) for row in given)
    for place, pair in enumerate(pairs):
        response, criterion = responses[pair[0]], criteria[pair[1]]
        if response.error is not None:
            raise Invalid(
                f"$.labels[{place}].response_id: response {pair[0]} has no answer to label, it failed: "
                f"{response.error[:_LONGEST_SHOWN]}"
            )
        is_for_it = (
            criterion.deleted_at is None
            and criterion.criterion_set_id == response.criterion_set_id
            and criterion.entry_id in (None, response.entry_id)
        )
        if not is_for_it and pair not in rated:
            raise Invalid(
                f"$.labels[{place}].criterion_id: response {pair[0]} is not judged by a criterion {pair[1]}; take one "
                "of its ratings, or of its experiment's criterion set."
            )


async def _present(session: AsyncSession, labeller: int, pairs: Sequence[Pair]) -> dict[Pair, Label]:
    found: dict[Pair, Label] = {}
    for chunk in chunks(list(pairs)):
        rows = await session.scalars(
            select(Label).where(
                tuple_(Label.response_id, Label.criterion_id).in_(chunk),
                Label.labeller == labeller,
                Label.superseded_at.is_(None),
            )
        )
        found.update({(row.response_id, row.criterion_id): row for row in rows})
    return found
