"""Criteria: stored, written by a model, edited."""

from collections.abc import Sequence

from elluminate_api import models
from msgspec import UNSET
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from elluminate_server.domain.rendering import render_messages
from elluminate_server.http.pages import page_of, paged
from elluminate_server.http.pipeline import Answer, Call, operation
from elluminate_server.http.problems import Conflict, Invalid
from elluminate_server.llm.roles import propose_criteria
from elluminate_server.reading.finding import (
    find_criterion_set,
    find_current_criterion,
    find_prompt_template,
    see_any_entry,
    see_criterion,
    see_prompt_template,
)
from elluminate_server.reading.loading import columns_of, current_criteria, load_criteria
from elluminate_server.reading.presenting import row_values
from elluminate_server.store.tables import Criterion, CriterionSet, PromptTemplate
from elluminate_server.writing.criteria import (
    WantedCriterion,
    add_criteria,
    change_criterion,
    checked_criteria,
    of_row,
    rule_of,
    take_out,
)
from elluminate_server.writing.naming import free_name


@operation("list_criteria")
async def list_criteria(call: Call) -> Answer:
    """The criteria of the set that is linked to the template, in order of creation."""
    async with call.read() as session:
        template = await see_prompt_template(session, call.project_id, call.query["prompt_template_id"])
        # No criterion has the set 0, so that a template without a set has none.
        query = select(Criterion).where(
            Criterion.criterion_set_id == (template.criterion_set_id or 0), Criterion.superseded_at.is_(None)
        )
        rows, count = await page_of(call, session, query, Criterion.position, Criterion.id)
        presented = await load_criteria(session, rows)
    return call.answer(paged([presented[row.id] for row in rows], count))


@operation("create_criteria")
async def create_criteria(call: Call) -> Answer:
    """Criteria as given, or written by a model for a template."""
    request = call.decode(models.CreateCriteriaRequest)
    if (request.prompt_template_id is None) == (request.criterion_set_id is None):
        raise Invalid("Give exactly one of prompt_template_id and criterion_set_id.")
    if request.criteria is not None:
        wanted = await checked_criteria(request.criteria)
    else:
        if request.prompt_template_id is None:
            raise Invalid("Generating criteria needs a template: give prompt_template_id, or give criteria.")
        wanted = await _propose(call, request.prompt_template_id, request)
    entry_id = request.template_variables_id
    async with call.write(is_short=True) as session:
        if entry_id is not None:
            await see_any_entry(session, call.project_id, entry_id)
        set_id = await _find_or_create_set(call, session, request)
        in_set = await current_criteria(session, set_id)
        present = of_row(in_set, entry_id)
        if request.criteria is None and present and not request.delete_existing:
            raise _already_there(present)
        if request.delete_existing:
            kept = {criterion.text: criterion.rule for criterion in wanted}
            stay = {
                criterion.id
                for criterion in present
                if criterion.criterion_str in kept and criterion.rule == kept[criterion.criterion_str]
            }
            replaced = in_set if entry_id is None else present
            await take_out(session, [criterion for criterion in replaced if criterion.id not in stay])
        rows = await add_criteria(session, set_id, wanted, entry_id=entry_id)
        presented = await load_criteria(session, rows)
        return call.answer([presented[row.id] for row in rows])


async def _propose(
    call: Call, template_id: int, request: models.CreateCriteriaRequest
) -> list[WantedCriterion]:
    """Criteria that a model writes: for the template as it is, or as one row fills it."""
    entry_id = request.template_variables_id
    async with call.read() as session:
        template = await see_prompt_template(session, call.project_id, template_id)
        messages = template.messages
        if template.criterion_set_id is not None and not request.delete_existing:
            present = of_row(await current_criteria(session, template.criterion_set_id), entry_id)
            if present:
                raise _already_there(present)
        if entry_id is not None:
            entry = await see_any_entry(session, call.project_id, entry_id)
            columns = await columns_of(session, entry.collection_id)
            messages = render_messages(messages, row_values(entry.input_values, columns))
    texts = await propose_criteria(call.models.model_for(None), messages)
    return [WantedCriterion(text) for text in texts]


def _already_there(present: Sequence[Criterion]) -> Conflict:
    return Conflict(
        f"The template has {len(present)} criteria already. list_criteria() shows them; "
        "delete_existing=True has them replaced, as in generate_criteria(delete_existing=True)."
    )


async def _find_or_create_set(
    call: Call, session: AsyncSession, request: models.CreateCriteriaRequest
) -> int:
    """Id of the set that gets the criteria; a template without one gets a new set, named after it."""
    if request.criterion_set_id is not None:
        return (await find_criterion_set(session, call.project_id, request.criterion_set_id)).id
    template: PromptTemplate = await find_prompt_template(
        session, call.project_id, request.prompt_template_id or 0
    )
    if template.criterion_set_id is None:
        name = await free_name(session, call.project_id, CriterionSet, template.name)
        row = CriterionSet(project_id=call.project_id, name=name)
        session.add(row)
        await session.flush()
        # Versions without criteria of their own share them, as versions made later do.
        await session.execute(
            update(PromptTemplate)
            .where(
                PromptTemplate.project_id == call.project_id,
                PromptTemplate.name == template.name,
                PromptTemplate.criterion_set_id.is_(None),
                PromptTemplate.deleted_at.is_(None),
            )
            .values(criterion_set_id=row.id)
        )
        return row.id
    return template.criterion_set_id


@operation("get_criterion")
async def get_criterion(call: Call) -> Answer:
    """A criterion, or an earlier version of one."""
    async with call.read() as session:
        row = await see_criterion(session, call.project_id, call.path["criterion_id"])
        return call.answer((await load_criteria(session, [row]))[row.id])


@operation("update_criterion")
async def update_criterion(call: Call) -> Answer:
    """Change text or label. A new text of a criterion that is rated or frozen is a new version, with its own id."""
    request = call.decode(models.EditCriterionRequest)
    new_rule = await rule_of(request.check, "$.check")
    async with call.write() as session:
        done = await _find_result_of(session, call, request)
        if done is not None:
            return call.answer((await load_criteria(session, [done]))[done.id])
        row = await find_current_criterion(session, call.project_id, call.path["criterion_id"])
        row = await change_criterion(
            session,
            row,
            text=row.criterion_str if request.criterion_str is UNSET else request.criterion_str,
            label=row.label if request.label is UNSET else request.label,
            rule=new_rule,
        )
        return call.answer((await load_criteria(session, [row]))[row.id])


async def _find_result_of(
    session: AsyncSession, call: Call, request: models.EditCriterionRequest
) -> Criterion | None:
    """The version that this very request has made, when it comes again because its answer was lost."""
    named = await see_criterion(session, call.project_id, call.path["criterion_id"])
    if named.superseded_at is None:
        return None
    for newer in await current_criteria(session, named.criterion_set_id):
        if (newer.position, newer.entry_id, newer.criterion_str) == (
            named.position,
            named.entry_id,
            request.criterion_str,
        ):
            return newer if request.label in (UNSET, newer.label) else None
    return None


@operation("delete_criterion")
async def delete_criterion(call: Call) -> Answer:
    """Take a criterion out of its set; ratings made by it stay readable."""
    async with call.write() as session:
        row = await find_current_criterion(session, call.project_id, call.path["criterion_id"])
        await take_out(session, [row])
        return call.answer()
