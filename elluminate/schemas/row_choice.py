"""Which rows are run again: those of some responses, or those whose answers failed a criterion."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from elluminate_api.models import RatingValue

from elluminate._checks import checked_texts
from elluminate._lookup import required_id_of
from elluminate._showing import quoted
from elluminate.exceptions import ValidationError
from elluminate.schemas.collection import TemplateVariablesCollection
from elluminate.schemas.prompt_template import Criterion
from elluminate.schemas.response import PromptResponse


def rows_answered_by(
    responses: Sequence[PromptResponse], collection: TemplateVariablesCollection
) -> list[int]:
    """Ids of the rows that the responses answer, each once.

    Raises:
        ValidationError: Something in the list is no response, or one to a row of another collection, or there is none.
    """
    rows: dict[int, None] = {}
    for response in checked_texts(responses, "responses"):
        required_id_of(response, PromptResponse, "responses")
        row = response.prompt.template_variables
        if row.collection.id != collection.id:
            raise ValidationError(
                f"response {response.id} answers a row of collection {row.collection.name!r}, and the experiment runs "
                f"over {collection.name!r}"
            )
        rows[row.id] = None
    if not rows:
        raise ValidationError("responses is empty: there is nothing to run again")
    return list(rows)


def rows_that_failed(
    name: str,
    responses: Sequence[PromptResponse],
    criteria: Sequence[Criterion],
    failing: Criterion | str | None,
) -> list[int]:
    """Ids of the rows with a NO, each once.

    Args:
        name: The experiment's name.
        responses: Its responses.
        criteria: Those of its set.
        failing: The criterion that counts, or its text or label; None lets every one count.

    Raises:
        ValidationError: There is no such criterion, or no NO.
    """
    judged = {rating.criterion.id: rating.criterion for response in responses for rating in response.ratings}
    known = {criterion.id: criterion for criterion in criteria} | judged
    meant = set(known) if failing is None else _meant(name, known.values(), failing)
    rows = dict.fromkeys(
        response.prompt.template_variables.id
        for response in responses
        for rating in response.ratings
        if rating.rating == RatingValue.NO and rating.criterion.id in meant
    )
    if not rows:
        what = "a criterion" if failing is None else repr(known[min(meant)].criterion_str)
        raise ValidationError(
            f"no answer of experiment {name!r} failed {what}: there is nothing to run again"
        )
    return list(rows)


def _meant(name: str, criteria: Collection[Criterion], failing: Criterion | str) -> set[int]:
    if isinstance(failing, str):
        found = {
            criterion.id for criterion in criteria if failing in (criterion.criterion_str, criterion.label)
        }
    else:
        identifier = required_id_of(failing, Criterion, "failing")
        found = {criterion.id for criterion in criteria if criterion.id == identifier}
    if not found:
        shown = failing if isinstance(failing, str) else failing.criterion_str
        asked = ", ".join(repr(criterion.criterion_str) for criterion in criteria) or "none"
        raise ValidationError(
            f"experiment {name!r} has no criterion {quoted(shown)}; its criteria are {asked}"
        )
    return found
