"""Creating, reading and deleting experiments."""

from __future__ import annotations

import datetime
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Literal

from elluminate_api import models as api
from elluminate_api.api.experiments import (
    delete_experiment,
    get_experiment,
    list_experiments,
)
from elluminate_api.models import (
    CriterionIn,
    LLMConfig,
)

from elluminate._checks import (
    checked_filters,
    checked_moment,
    checked_name_or_id,
)
from elluminate._lookup import found, id_of
from elluminate._operations.collections import CollectionOperations
from elluminate._operations.criterion_sets import CriterionSetOperations
from elluminate.exceptions import ConflictError
from elluminate.schemas.by_name import (
    check_named,
    collection_named,
    found_by_name,
    llm_config_named,
    prompt_template_named,
)
from elluminate.schemas.collection import TemplateVariablesCollection
from elluminate.schemas.criterion_set import CriterionSet, criteria_in, warn_of_repeated
from elluminate.schemas.experiment import Experiment
from elluminate.schemas.experiment_creation import (
    NewExperiment,
    check_columns,
    find_parts,
    post_experiment,
    post_for_program,
)
from elluminate.schemas.filters import ExperimentFilter, query_of
from elluminate.schemas.prompt_template import PromptTemplate

_INLINE_SETS_PER_MINUTE = 100


class ExperimentOperations(CollectionOperations, CriterionSetOperations):
    """Operations on experiments."""

    async def create_experiment(
        self,
        name: str,
        prompt_template: PromptTemplate | str | None,
        collection: TemplateVariablesCollection | str | None = None,
        llm_config: LLMConfig | str | None = None,
        criterion_set: CriterionSet | str | None = None,
        description: str = "",
        rating_version: str | None = None,
        response_column_id: int | None = None,
        evaluation_mode: Literal["STANDARD", "AGENTIC", "MULTI_TURN"] = "STANDARD",
        agent_config: dict[str, Any] | None = None,
        evaluation_agent_config: dict[str, Any] | None = None,
        persona_group_id: int | api.PersonaGroup | str | None = None,
        scenario_set: api.ScenarioSet | str | None = None,
        *,
        cache: bool | float | datetime.timedelta = False,
    ) -> Experiment:
        """Create an experiment without running it; `experiment.run()` does.

        Parts are given as objects or by their names.

        Args:
            name: 1 to 255 characters.
            prompt_template: The prompt, or its name (the latest version). None where the collection's rows are prompts,
                or where answers stand in a column and nothing says what they answer.
            collection: The test cases, or their collection's name; its columns must cover the template's placeholders.
            llm_config: The model, or its config's name; None takes the project's default.
            criterion_set: The criteria, or their set's name; None takes the set linked to the template.
            description: What it is for.
            rating_version: The judge; None takes the project's default, "latest" the newest. For one that it does
                not know the server takes the default, and an OtherJudgeWarning says so.
            response_column_id: A column that holds the answers already, so that no model is asked.
            evaluation_mode: STANDARD, AGENTIC or MULTI_TURN.
            agent_config: For agentic runs.
            evaluation_agent_config: For agentic runs.
            persona_group_id: The personas' group, as an id, an object or a name; required for MULTI_TURN.
            scenario_set: Instead of a collection, for MULTI_TURN.
            cache: True, or a lifetime: equal calls are not made again; see `run_experiment`.

        Returns:
            The experiment; `results` is None until it has run.

        Raises:
            ConflictError: The name is taken.
            NotFoundError: There is nothing of a given name.
            ValidationError: Not exactly one of collection and scenario set, or a placeholder has no column.

        Example:
            >>> planned = client.create_experiment("Later", template, collection, criterion_set=criterion_set)
            >>> planned.run().results.num_rated_responses
            2
        """
        return await self._create(
            NewExperiment(
                name=name,
                prompt_template=prompt_template,
                collection=collection,
                llm_config=llm_config,
                criterion_set=criterion_set,
                description=description,
                rating_version=rating_version,
                response_column_id=response_column_id,
                evaluation_mode=evaluation_mode,
                agent_config=agent_config,
                evaluation_agent_config=evaluation_agent_config,
                persona_group_id=persona_group_id,
                scenario_set=scenario_set,
                cache=cache,
            )
        )

    async def _create(self, new: NewExperiment) -> Experiment:
        """Check, store inline criteria as a set of their own, and create the experiment."""
        body = new.request()
        criteria = None if new.criteria is None else criteria_in(new.criteria)
        warn_of_repeated(criteria or ())
        parts = await find_parts(self.session, new)
        parts.name_in(body)
        await check_columns(self.session, new, parts, criteria or ())
        if criteria is not None:
            body.criterion_set_id = (await self._inline_criterion_set(body.name, criteria)).id
        if new.answers_from_elsewhere and parts.collection is not None:
            return await post_for_program(self.session, body, parts.collection, Experiment)
        return await post_experiment(self.session, body, Experiment)

    async def _inline_criterion_set(self, experiment: str, criteria: list[CriterionIn]) -> CriterionSet:
        """The set that holds an experiment's inline criteria, under the first such name that is free."""
        stamp = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M")
        base = f"{experiment[:200]} Criteria ({stamp})"
        for number in range(1, _INLINE_SETS_PER_MINUTE + 1):
            try:
                return await self._store_criterion_set(base if number == 1 else f"{base} #{number}", criteria)
            except ConflictError:
                continue  # an experiment of this name was run in the same minute before
        raise ConflictError(
            f"{_INLINE_SETS_PER_MINUTE} criterion sets named {base!r} exist; pass criterion_set=…", None
        )

    async def get_experiment(
        self,
        *,
        name: str | None = None,
        id: int | None = None,
        fetch_responses: bool = True,
        categorical_filters: Mapping[str, Sequence[str]] | None = None,
    ) -> Experiment:
        """Read an experiment with its results, by name or by id.

        Args:
            name: Its name, exactly.
            id: Its id.
            fetch_responses: Read its responses too, all of them whatever the filters.
            categorical_filters: Column name to values: only responses to rows with one of the values in each
                of these columns count in `results`, which are None where there is no such response. All else of the
                experiment tells of all rows; so do the results when they are read anew.

        Returns:
            The experiment.

        Raises:
            NotFoundError: There is none.
            ValidationError: Not exactly one of `name` and `id`.

        Example:
            >>> experiment = client.get_experiment(name="First try")
            >>> len(experiment.rated_responses)
            2
        """
        checked_name_or_id("get_experiment", "experiment", name, id)
        filters = checked_filters(categorical_filters)
        project = await self.session.project_id()
        if id is None:
            item = await self.session.first(list_experiments.build(project, experiment_name=name), Experiment)
            experiment = found(item, f"experiment named {name!r}")
            if filters is not None:  # which a lookup by name does not take
                request = get_experiment.build(project, experiment.id, categorical_filters=filters)
                experiment = await self.session.call(request, Experiment)
        else:
            request = get_experiment.build(project, id, categorical_filters=filters)
            experiment = await self.session.call(request, Experiment)
        experiment._filters = {name: list(values) for name, values in (categorical_filters or {}).items()}
        return await experiment.afetch_responses() if fetch_responses else experiment

    async def list_experiments(
        self,
        prompt_template: PromptTemplate | str | None = None,
        collection: TemplateVariablesCollection | str | None = None,
        llm_config: LLMConfig | str | None = None,
        *,
        date_from: datetime.datetime | datetime.date | str | None = None,
        date_to: datetime.datetime | datetime.date | str | None = None,
    ) -> list[Experiment]:
        """All experiments without their responses, newest first, or those that fit every argument given.

        Args:
            prompt_template: Only those of this template version, or of the latest one of this name.
            collection: Only those over this collection, or the one of this name.
            llm_config: Only those with this model, or the one of this name.
            date_from: Only those created at that time or later: a datetime, a date, or a text such as
                "2026-04-01", "2026-04-01T12:00+02:00" or "1 April 2026". UTC where it names no zone.
            date_to: Only those created at that time or earlier; a date means its very beginning.

        Returns:
            Experiments with their results so far.

        Raises:
            ValidationError: A text is no date.

        Example:
            >>> [experiment.name for experiment in client.list_experiments(template, date_from="2024-01-01")]
            ['Second try', 'First try']
        """
        since, until = checked_moment(date_from, "date_from"), checked_moment(date_to, "date_to")
        check_named(prompt_template, PromptTemplate, "prompt_template")
        check_named(collection, TemplateVariablesCollection, "collection")
        check_named(llm_config, LLMConfig, "llm_config")
        project = await self.session.project_id()
        template = await found_by_name(self.session, prompt_template, prompt_template_named)
        rows = await found_by_name(self.session, collection, collection_named)
        model = await found_by_name(self.session, llm_config, llm_config_named)
        return await self.session.pages(
            lambda page: list_experiments.build(
                project,
                prompt_template_id=id_of(template, PromptTemplate, "prompt_template"),
                collection_id=id_of(rows, TemplateVariablesCollection, "collection"),
                llm_config_id=id_of(model, LLMConfig, "llm_config"),
                date_from=since,
                date_to=until,
                page=page,
            ),
            Experiment,
        )

    async def iter_experiments(self, filter: ExperimentFilter | None = None) -> AsyncGenerator[Experiment]:
        """Experiments without their responses, newest first, read page by page.

        Args:
            filter: Which; None takes all.

        Yields:
            Experiments with their results so far; a page of them is read when the one before is used up.

        Raises:
            ValidationError: The filter is one for something else, or its date is none.

        Example:
            >>> for experiment in client.iter_experiments(ExperimentFilter(experiment_name_search="try")):
            ...     print(experiment.name)
            Second try
            First try
        """
        wanted = query_of(filter, ExperimentFilter)
        for bound in ("date_from", "date_to"):
            wanted[bound] = checked_moment(wanted.get(bound), bound)
        project = await self.session.project_id()
        experiments = self.session.iterate(
            lambda page: list_experiments.build(project, **wanted, page=page), Experiment
        )
        async with aclosing(experiments):
            async for experiment in experiments:
                yield experiment

    async def delete_experiment(self, experiment: Experiment) -> None:
        """Delete an experiment with its responses and ratings.

        Args:
            experiment: As a client returned it; a run that is going on is revoked.

        Raises:
            NotFoundError: The project has no such experiment, or no longer.
            ValidationError: It is no Experiment that a client returned.

        Example:
            >>> client.delete_experiment(experiment)
        """
        await self._delete(delete_experiment.build, experiment, Experiment)
