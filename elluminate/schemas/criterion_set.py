"""The sets that group criteria."""

# Fields narrow to this package's richer classes, and are only ever given those.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from attrs import define
from elluminate_api import models as api
from elluminate_api.api.criteria import create_criteria
from elluminate_api.api.criterion_sets import link_prompt_template, unlink_prompt_template
from elluminate_api.api.ratings import upload_ratings
from elluminate_api.types import UNSET

from elluminate._binding import Bound, unbound
from elluminate._blocking import blocking
from elluminate._checks import checked_texts
from elluminate._lookup import id_of, required_id_of
from elluminate._notebooks import MOST_SHOWN, ShownInNotebooks, cell_of
from elluminate._session import Session
from elluminate._showing import shown
from elluminate._tables import html_table, shortened
from elluminate._warnings import warn_caller
from elluminate.checks import from_mapping
from elluminate.checks._programs import refuse_namesakes
from elluminate.exceptions import APIError, NotSupportedError, RepeatedCriteriaWarning, ValidationError
from elluminate.schemas.prompt_template import Criterion, PromptTemplate, which_rows

T = TypeVar("T")

_TOLD = 3
"""Most criteria that a warning names."""


@define(kw_only=True, repr=False)
class CriterionSet(ShownInNotebooks, Bound, api.CriterionSet):
    """A named group of criteria, which can be linked to prompt templates.

    Example:
        >>> criterion_set = client.create_criterion_set("Quality")
        >>> criterion_set.add_criteria(["Is it correct?", "Is it short?"])
    """

    criteria: list[Criterion] | None = None  # type: ignore[assignment]
    linked_prompt_templates: list[PromptTemplate] | None = None  # type: ignore[assignment]
    _session: Any = unbound()

    async def aadd_criteria(
        self,
        criteria: Sequence[str | api.CriterionIn | Mapping[str, Any]],
        *,
        template_variables: api.TemplateVariables | None = None,
    ) -> list[Criterion]:
        """Add questions; a text that the set already has, for the same rows, is reused.

        Args:
            criteria: Texts, texts with labels, or checks (`elluminate.checks`), also as mappings. What has the same
                text is one criterion, which a RepeatedCriteriaWarning tells.
            template_variables: The only row of a collection whose responses are rated by them; None for all rows.

        Returns:
            The criteria, in the order given. They are also in `criteria` from now on.

        Raises:
            ValidationError: A question is empty.

        Example:
            >>> criterion_set.add_criteria(["Is it polite?", CriterionIn(criterion_str="Is it brief?", label="length")])
            >>> len(criterion_set.criteria)
            4
        """
        wanted = criteria_in(criteria)
        warn_of_repeated(wanted)
        added = await self._put_criteria(
            wanted,
            delete_existing=False,
            row=id_of(template_variables, api.TemplateVariables, "template_variables"),
        )
        known = {criterion.id for criterion in self.criteria or []}
        fresh = {new.id: new for new in added if new.id not in known}  # each once, as the set has it
        self.criteria = [*(self.criteria or []), *fresh.values()]
        return added

    async def aadd_criterion(
        self,
        criterion: str | api.CriterionIn | Mapping[str, Any],
        *,
        template_variables: api.TemplateVariables | None = None,
    ) -> Criterion:
        """Add one question, for all rows or one; a text that the set already has for them is reused.

        Args:
            criterion: A text, a text with a label, or a check (`elluminate.checks`), also as a mapping.
            template_variables: The only row of a collection whose responses are rated by it; None for all
                rows.

        Returns:
            The criterion. It is also in `criteria` from now on.

        Raises:
            ValidationError: The question is empty.

        Example:
            >>> row = collection.variables[0]
            >>> criterion = criterion_set.add_criterion("Does it mention the call stack?", template_variables=row)
        """
        return (await self.aadd_criteria([criterion], template_variables=template_variables))[0]

    async def aclear(self) -> None:
        """Remove all criteria from the set; ratings made with them stay.

        Example:
            >>> criterion_set.clear()
            >>> criterion_set.criteria
            []
        """
        await self._put_criteria([], delete_existing=True)
        self.criteria = []

    async def _put_criteria(
        self, criteria: list[api.CriterionIn], *, delete_existing: bool, row: int | None = None
    ) -> list[Criterion]:
        session = self._bound_session()
        body = api.CreateCriteriaRequest(
            criterion_set_id=self.id,
            template_variables_id=row,
            criteria=criteria,
            delete_existing=delete_existing,
        )
        request = create_criteria.build(await session.project_id(), body=body)
        known = {criterion.id for criterion in self.criteria or []}

        async def take_away(made: Sequence[Criterion]) -> None:
            for criterion in made:
                if criterion.id not in known:
                    await criterion.adelete()

        return await with_checks(
            session, criteria, lambda: session.call(request, list[Criterion]), lambda made: made, take_away
        )

    async def alink_template(self, template: PromptTemplate) -> CriterionSet:
        """Make this the set that runs of the template use unless told otherwise.

        Args:
            template: One version of a template; its other versions are linked on their own.

        Returns:
            The set as it is now.

        Raises:
            ValidationError: It is no PromptTemplate that a client returned.

        Example:
            >>> linked = criterion_set.link_template(template)
            >>> [each.name for each in linked.linked_prompt_templates]
            ['Explain']
        """
        session = self._bound_session()
        template_id = required_id_of(template, PromptTemplate, "template")
        project = await session.project_id()
        linked = await session.call(link_prompt_template.build(project, self.id, template_id), CriterionSet)
        self.linked_prompt_templates = linked.linked_prompt_templates
        template.criterion_set_id = self.id
        return linked

    async def aunlink_template(self, template: PromptTemplate) -> None:
        """Undo :meth:`alink_template`.

        Args:
            template: The version that is linked.

        Raises:
            ValidationError: It is no PromptTemplate that a client returned.

        Example:
            >>> linked = criterion_set.link_template(template)
            >>> criterion_set.unlink_template(template)
        """
        session = self._bound_session()
        template_id = required_id_of(template, PromptTemplate, "template")
        project = await session.project_id()
        await session.call(unlink_prompt_template.build(project, self.id, template_id))
        self.linked_prompt_templates = [
            linked for linked in self.linked_prompt_templates or [] if linked.id != template.id
        ]
        if template.criterion_set_id == self.id:
            template.criterion_set_id = None

    def _tables(self) -> Iterator[str]:
        criteria, linked = self.criteria or [], self.linked_prompt_templates or []
        rows = [
            [cell_of(one.id), one.criterion_str, one.label or "", which_rows(one)]
            for one in criteria[:MOST_SHOWN]
        ]
        head = ["id", "criterion", "label", "judges"]
        title = f"Criterion set: {self.name}"
        if self.criteria is None:
            title += " (its criteria were not fetched)"
        yield html_table(title, head, rows, most=MOST_SHOWN, total=len(criteria))
        if linked:
            names = [[one.name, cell_of(one.version)] for one in linked[:MOST_SHOWN]]
            caption = "Linked prompt templates"
            yield html_table(caption, ["name", "version"], names, most=MOST_SHOWN, total=len(linked))

    add_criteria = blocking(aadd_criteria)
    add_criterion = blocking(aadd_criterion)
    clear = blocking(aclear)
    link_template = blocking(alink_template)
    unlink_template = blocking(aunlink_template)


def criteria_in(criteria: Sequence[str | api.CriterionIn | Mapping[str, Any]]) -> list[api.CriterionIn]:
    """Questions as the contract takes them.

    Raises:
        ValidationError: One of them is empty or no text, or two functions of `checks.python` have one name.
    """
    result = []
    for number, criterion in enumerate(checked_texts(criteria, "criteria")):
        given = api.CriterionIn(criterion_str=criterion) if isinstance(criterion, str) else criterion
        if isinstance(given, Mapping):
            given = from_mapping(given)
        if not isinstance(given, api.CriterionIn):
            raise ValidationError(
                f"criteria[{number}] must be a string, a check or a CriterionIn, got {shown(criterion)}; "
                "for example 'Is it short?'"
            )
        if not given.criterion_str.strip():
            raise ValidationError(f"criteria[{number}] is empty; a criterion is a yes/no question")
        result.append(given)
    refuse_namesakes(result)
    return result


def warn_of_repeated(criteria: Sequence[api.CriterionIn]) -> None:
    """Warn once of criteria with the same text, of which a set takes the first; before anything is sent."""
    repeated = [text for text, count in Counter(one.criterion_str for one in criteria).items() if count > 1]
    if repeated:
        told = ", ".join(repr(shortened(text, 100)) for text in repeated[:_TOLD])
        more = f" and {len(repeated) - _TOLD} more" if len(repeated) > _TOLD else ""
        warn_caller(
            f"criteria has more than once: {told}{more}; what has the same text is one criterion, with the label of "
            "the first",
            RepeatedCriteriaWarning,
        )


async def with_checks(
    session: Session,
    criteria: Sequence[api.CriterionIn],
    send: Callable[[], Awaitable[T]],
    made: Callable[[T], Sequence[Criterion]],
    take_away: Callable[[T], Awaitable[None]],
) -> T:
    """Send criteria to a server that may know no checks.

    Args:
        session: What is sent through.
        criteria: What is sent.
        send: Sends it.
        made: The criteria in what comes back.
        take_away: Undoes it, where the server has taken checks for criteria of a judge.

    Raises:
        NotSupportedError: There are checks among them, and the server knows none.
    """
    wanted = {one.criterion_str for one in criteria if one.check is not UNSET}
    if not wanted:
        return await send()
    try:
        answer = await send()
    except APIError as refusal:
        if refusal.status_code not in _NOT_UNDERSTOOD or await _knows_checks(session):
            raise
        raise NotSupportedError(f"{_NO_CHECKS} ({refusal.message})", refusal.status_code) from refusal
    if any(one.criterion_str in wanted and one.check is UNSET for one in made(answer)):
        await take_away(answer)
        raise NotSupportedError(_NO_CHECKS, None)
    return answer


async def _knows_checks(session: Session) -> bool:
    """Whether the server has the operation that came with checks; it is asked for nothing."""
    request = upload_ratings.build(await session.project_id(), body=api.UploadRatingsRequest(ratings=[]))
    try:
        await session.call(request)
    except APIError as refusal:
        return refusal.status_code not in (*_NOT_UNDERSTOOD, 404, 405, 501)
    return True


_NOT_UNDERSTOOD = (400, 422)
_NO_CHECKS = (
    "this server knows no checks, and has a model decide every criterion; ask for the same in words, like 'Is the "
    "answer {{answer}}?', or compute it from experiment.to_dicts()"
)
