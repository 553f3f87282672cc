"""Creating an experiment: what its parts must be, and the request."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from attrs import frozen
from elluminate_api import models as api
from elluminate_api.api.collections import get_collection
from elluminate_api.api.criterion_sets import get_criterion_set
from elluminate_api.api.experiments import create_experiment
from elluminate_api.models import ColumnType, CriterionIn, EvaluationMode, LLMConfig, RatingMode
from elluminate_api.types import UNSET

from elluminate._braces import warn_of_unfilled_braces
from elluminate._checks import MAX_NAME, checked_cache, checked_epochs, checked_id, checked_name, known
from elluminate._lookup import id_of, naming_conflicts, required_id_of
from elluminate._messages import prompt_messages
from elluminate._session import Session
from elluminate._showing import quoted
from elluminate._warnings import warn_caller
from elluminate.exceptions import (
    APIError,
    EqualPromptsWarning,
    NoCacheWarning,
    NotFoundError,
    ValidationError,
)
from elluminate.schemas.by_name import (
    check_named,
    collection_named,
    criterion_set_named,
    found_by_name,
    llm_config_named,
    persona_group_named,
    prompt_template_named,
    scenario_set_named,
)
from elluminate.schemas.collection import TemplateVariablesCollection
from elluminate.schemas.criterion_set import CriterionSet
from elluminate.schemas.judges import LATEST_JUDGE, warn_of_replaced_judge
from elluminate.schemas.program_verdicts import check_functions
from elluminate.schemas.prompt_template import PromptTemplate, create_version
from elluminate.schemas.template_string import placeholders_of

E = TypeVar("E", bound=api.Experiment)

_NOT_UNDERSTOOD = (400, 422)
"""How servers answer to a request with a field that they do not know, or without a part that they need."""

_PROMPTS_OF_ROWS = frozenset({ColumnType.CONVERSATION, ColumnType.RAW_INPUT})


@frozen(kw_only=True)
class NewExperiment:
    """What an experiment is to be made of, as a caller gives it; see `create_experiment` and `run_experiment`."""

    name: str
    prompt_template: PromptTemplate | str | None
    collection: TemplateVariablesCollection | str | None
    scenario_set: api.ScenarioSet | str | None = None
    llm_config: LLMConfig | str | None = None
    criterion_set: CriterionSet | str | None = None
    criteria: Sequence[str | CriterionIn | Mapping[str, Any]] | None = None
    description: str = ""
    rating_version: str | None = None
    response_column_id: int | None = None
    evaluation_mode: EvaluationMode | str = EvaluationMode.STANDARD
    agent_config: dict[str, Any] | None = None
    evaluation_agent_config: dict[str, Any] | None = None
    persona_group_id: int | api.PersonaGroup | str | None = None
    generate: bool = False
    rating_mode: RatingMode = RatingMode.DETAILED
    n_epochs: int = 1
    cache: bool | float | datetime.timedelta = False
    answers_from_elsewhere: bool = False

    def request(self) -> api.CreateExperimentRequest:
        """The request's body, without the ids of its parts.

        Raises:
            ValidationError: An argument cannot be used, or two of them exclude each other.
        """
        body = api.CreateExperimentRequest(
            name=checked_name(self.name, "experiment"),
            description=self.description,
            generate=self.generate,
            rating_mode=known(RatingMode, self.rating_mode, "rating_mode"),
            n_epochs=checked_epochs(self.n_epochs),
            rating_version=self.rating_version,
            response_column_id=self.response_column_id,
            evaluation_mode=known(EvaluationMode, self.evaluation_mode, "evaluation_mode"),
            agent_config=self.agent_config,
            evaluation_agent_config=self.evaluation_agent_config,
            cache_seconds=checked_cache(self.cache),
            answers_from_elsewhere=self.answers_from_elsewhere or UNSET,
        )
        check_named(self.prompt_template, PromptTemplate, "prompt_template")
        check_named(self.collection, TemplateVariablesCollection, "collection")
        check_named(self.scenario_set, api.ScenarioSet, "scenario_set")
        check_named(self.llm_config, LLMConfig, "llm_config")
        check_named(self.criterion_set, CriterionSet, "criterion_set")
        if isinstance(self.persona_group_id, int):
            checked_id(self.persona_group_id, "persona_group_id")
        else:
            check_named(self.persona_group_id, api.PersonaGroup, "persona_group_id")
        if self.response_column_id is not None:
            checked_id(self.response_column_id, "response_column_id")
        if self.criteria is not None and self.criterion_set is not None:
            raise ValidationError(
                "criteria=… makes a criterion set of its own, so it excludes criterion_set=…; give one of them"
            )
        if (self.collection is None) == (self.scenario_set is None):
            both = "both" if self.collection is not None else "neither"
            raise ValidationError(
                f"an experiment runs over a collection or a scenario set, exactly one; got {both}. Give collection=…, "
                'or scenario_set=… with evaluation_mode="MULTI_TURN"'
            )
        return body

    def is_answered_by_prompt_alone(self, collection: TemplateVariablesCollection) -> bool:
        """Whether nothing but the template tells a model's answers to the rows of a collection apart."""
        return (
            self.evaluation_mode == EvaluationMode.STANDARD
            and self.response_column_id is None
            and not self.answers_from_elsewhere
            and not any(column.column_type in _PROMPTS_OF_ROWS for column in collection.columns)
        )


@frozen(kw_only=True)
class Parts:
    """The parts of an experiment, found where they were given by name."""

    prompt_template: PromptTemplate | None
    collection: TemplateVariablesCollection | None
    scenario_set: api.ScenarioSet | None
    llm_config: LLMConfig | None
    criterion_set: CriterionSet | None
    persona_group_id: int | None

    def name_in(self, body: api.CreateExperimentRequest) -> None:
        """Let a request have their ids."""
        body.prompt_template_id = id_of(self.prompt_template, PromptTemplate, "prompt_template")
        body.collection_id = id_of(self.collection, TemplateVariablesCollection, "collection")
        body.scenario_set_id = id_of(self.scenario_set, api.ScenarioSet, "scenario_set")
        body.llm_config_id = id_of(self.llm_config, LLMConfig, "llm_config")
        body.criterion_set_id = id_of(self.criterion_set, CriterionSet, "criterion_set")
        body.persona_group_id = self.persona_group_id


async def find_parts(session: Session, new: NewExperiment) -> Parts:
    """The parts of an experiment; the latest version of a template that is given by name.

    Raises:
        NotFoundError: There is nothing of a given name.
    """
    group = new.persona_group_id
    if isinstance(group, str):
        group = await persona_group_named(session, group)
    return Parts(
        prompt_template=await found_by_name(session, new.prompt_template, prompt_template_named),
        collection=await found_by_name(session, new.collection, collection_named),
        scenario_set=await found_by_name(session, new.scenario_set, scenario_set_named),
        llm_config=await found_by_name(session, new.llm_config, llm_config_named),
        criterion_set=await found_by_name(session, new.criterion_set, criterion_set_named),
        persona_group_id=group.id if isinstance(group, api.PersonaGroup) else group,
    )


async def check_columns(
    session: Session, new: NewExperiment, parts: Parts, criteria: Sequence[CriterionIn] = ()
) -> None:
    """Refuse a template or criteria whose placeholders the collection does not cover, before anything is created.

    Columns in braces that nothing is filled into are warned of, and a prompt that is the same for every row.

    Args:
        session: What to look things up through.
        new: The experiment.
        parts: Of the experiment.
        criteria: Those that a set is made of for it.

    Raises:
        ValidationError: A placeholder has no column.
    """
    template, collection = parts.prompt_template, parts.collection
    if collection is None:
        return
    check_functions(
        [*criteria, *_criteria_of(parts.criterion_set)],
        [column.name for column in collection.columns if column.name],
        collection.name,
    )
    is_asked_alone = new.is_answered_by_prompt_alone(collection)
    was_told = warn_of_unfilled_braces(
        None if template is None else template.name,
        () if template is None else template.messages,
        () if template is None else template.placeholders,
        [criterion.criterion_str for criterion in criteria]
        + [criterion.criterion_str for criterion in _criteria_of(parts.criterion_set)],
        [column.name for column in collection.columns if column.name],
        is_asked_alone=is_asked_alone,
        is_news=session.is_news,
    )
    if template is not None and is_asked_alone and not was_told:
        _warn_of_equal_prompts(template, collection)
    if not _uncovered(template, [*criteria, *_criteria_of(parts.criterion_set)], collection):
        return
    # The objects at hand may be older than what they stand for, so an error is worth one look at that.
    project = await session.project_id()
    fresh = await session.call(get_collection.build(project, collection.id), TemplateVariablesCollection)
    of_set: CriterionSet | None = None
    if parts.criterion_set is not None:
        of_set = await session.call(
            get_criterion_set.build(
                project, required_id_of(parts.criterion_set, CriterionSet, "criterion_set")
            ),
            CriterionSet,
        )
    for what, missing in _uncovered(template, [*criteria, *_criteria_of(of_set)], fresh):
        names = ", ".join("{{" + name + "}}" for name in missing)
        if not fresh.columns:
            raise ValidationError(
                f"{what} has {names}, and collection {fresh.name!r} has no rows yet, nor columns; add rows to it first"
            )
        raise ValidationError(
            f"{what} has {names}, and collection {fresh.name!r} has no such column; it has "
            f"{', '.join(column.name or '' for column in fresh.columns)}. Rename the placeholder or add the column"
        )


async def post_for_program(
    session: Session,
    body: api.CreateExperimentRequest,
    collection: TemplateVariablesCollection,
    kind: type[E],
) -> E:
    """Create an experiment whose answers come from elsewhere, also on a server that has no such thing.

    There it is an experiment like others, and needs a template: one that shows the row, unless there is another.

    Args:
        session: What it is sent through.
        body: The request, with the ids of its parts.
        collection: The rows.
        kind: What to decode the answer into.

    Raises:
        ConflictError: The name is taken.
    """
    try:
        return await post_experiment(session, body, kind)
    except APIError as error:
        if error.status_code not in _NOT_UNDERSTOOD:
            raise
    body.answers_from_elsewhere = UNSET
    if body.prompt_template_id is None:
        try:
            return await post_experiment(session, body, kind)
        except APIError as error:
            if error.status_code not in _NOT_UNDERSTOOD:
                raise
        body.prompt_template_id = (await _template_of_rows(session, collection)).id
    return await post_experiment(session, body, kind)


async def _template_of_rows(session: Session, collection: TemplateVariablesCollection) -> PromptTemplate:
    """A template that shows a row as it is: every column with its value."""
    names = [column.name or "" for column in collection.columns]
    lines = [f"{name}: {{{{{name}}}}}" for name in names if placeholders_of(f"{{{{{name}}}}}") == {name}]
    name = f"Rows of {collection.name}"[:MAX_NAME]
    messages = prompt_messages("\n".join(lines) or "A row.")
    try:
        latest = await prompt_template_named(session, name)
    except NotFoundError:
        return await create_version(session, name, messages)
    shown = [message["content"] for message in latest.messages]
    if shown == [message["content"] for message in messages]:
        return latest
    return await create_version(session, name, messages)


def _warn_of_equal_prompts(template: PromptTemplate, collection: TemplateVariablesCollection) -> None:
    rows = collection.variables_count
    if template.placeholders or rows < 2:
        return
    names = [column.name for column in collection.columns if (column.name or "").isidentifier()]
    example = names[0] if names else "column"
    warn_caller(
        f"prompt template {template.name!r} has no placeholder, so that each of the {rows} rows of collection "
        f"{collection.name!r} is asked the same; write {{{{{example}}}}} to have a row's value filled in, or take a "
        "collection of one row, and n_epochs=… for several answers",
        EqualPromptsWarning,
    )


def _criteria_of(criterion_set: CriterionSet | None) -> list[api.Criterion]:
    """What every row is judged by; a criterion for one row may be for another collection's."""
    criteria = [] if criterion_set is None else criterion_set.criteria or []
    return [criterion for criterion in criteria if criterion.template_variables is None]


def _uncovered(
    template: PromptTemplate | None,
    criteria: Sequence[CriterionIn | api.Criterion],
    collection: TemplateVariablesCollection,
) -> list[tuple[str, list[str]]]:
    """What has placeholders without a column, and which."""
    columns = {column.name for column in collection.columns}
    found = (
        [] if template is None else [(f"prompt template {template.name!r}", sorted(template.placeholders))]
    )
    found += [
        (
            f"the criterion {quoted(criterion.criterion_str, 200)}",
            sorted(placeholders_of(criterion.criterion_str)),
        )
        for criterion in criteria
    ]
    named = [(what, [name for name in names if name not in columns]) for what, names in found]
    return [(what, missing) for what, missing in named if missing]


async def post_experiment(session: Session, body: api.CreateExperimentRequest, kind: type[E]) -> E:
    """The one request behind all ways to create an experiment.

    Args:
        session: What it is sent through.
        body: The request, with the ids of its parts.
        kind: What to decode the answer into.

    Raises:
        ConflictError: The name is taken.

    An OtherJudgeWarning tells of a judge that the server does not know, a NoCacheWarning of a server without a cache.
    """
    project = await session.project_id()
    with naming_conflicts("experiment", body.name):
        created = await session.call(create_experiment.build(project, body=body), kind)
    if body.rating_version not in (None, LATEST_JUDGE, created.rating_version):
        await warn_of_replaced_judge(session, created, str(body.rating_version))
    if body.cache_seconds and created.cache_seconds is None:
        warn_caller(
            f"this server keeps no answers, so that experiment {body.name!r} asks for all of them; leave cache=… out",
            NoCacheWarning,
        )
    return created
