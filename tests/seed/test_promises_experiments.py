"""What the guide promises of experiments and their results, with both clients."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable
from typing import Any

import pytest

from elluminate import AsyncClient, NotFetchedError, NotFoundError
from tests.seed.worlds import IN_MEMORY, Guide, both, guide, unique

__all__ = ["guide"]


@both
async def test_S019_S020_S021_S022_S023_S024_S074_S134_S135_a_run_takes_objects_and_returns_finished(
    guide: Guide,
) -> None:
    name, template, collection = unique("My Experiment"), await guide.template(), await guide.collection()
    experiment = await guide.run_experiment(name=name, prompt_template=template, collection=collection)
    assert experiment.name == name
    assert experiment.prompt_template.id == template.id
    assert experiment.collection.id == collection.id
    assert experiment.generation_task_id is None
    assert len(list(experiment.responses())) == 1


@both
async def test_S041_S042_a_run_with_a_criterion_set_answers_and_rates(guide: Guide) -> None:
    questions = ["Is it short?", "Is it a list?"]
    criterion_set = await guide.create_criterion_set(name=unique("Set"), criteria=questions)
    experiment = await guide.experiment(criteria=None, criterion_set=criterion_set)
    for response in experiment.responses():
        assert [rating.criterion.criterion_str for rating in response.ratings] == questions


@both
async def test_S043_S044_S045_S046_S047_S048_S049_responses_are_read_without_a_call(guide: Guide) -> None:
    experiment = await guide.experiment()
    responses = list(experiment.responses())
    assert [response.template_variables for response in responses] == [
        {"concept": "recursion"},
        {"concept": "closures"},
    ]
    for response in responses:
        assert "Offline answer" in response.response_text[:100]
        assert [rating.rating for rating in response.ratings] == ["YES", "NO"]
        assert [rating.criterion.criterion_str for rating in response.ratings] == [
            "Is it short?",
            "Is it a list?",
        ]


@both
async def test_S047_ratings_are_falsy_when_there_are_none(guide: Guide) -> None:
    experiment = await guide.experiment(criteria=None)
    assert not any(response.ratings for response in experiment.responses())


@both
async def test_S059_S060_S061_S113_S123_S195_results_are_shares_right_after_a_run(guide: Guide) -> None:
    experiment = await guide.experiment()
    assert len(experiment.rated_responses) == 2
    assert experiment.results
    assert f"{experiment.results.mean_all_ratings.yes:.2%}" == "50.00%"
    assert f"{experiment.results.mean_all_ratings.yes:.1%}" == "50.0%"
    assert "0.5" in str(experiment.results.mean_all_ratings)


@both
async def test_S060_S123_there_are_no_results_before_a_run(guide: Guide) -> None:
    experiment = await guide.create_experiment(
        name=unique("Waiting"), prompt_template=await guide.template(), collection=await guide.collection()
    )
    assert not experiment.results


@both
async def test_S002_S057_S112_S116_S128_runs_at_the_same_time_keep_their_order(guide: Guide) -> None:
    templates = [await guide.template(text) for text in ("Explain {{topic}}.", "Sing about {{topic}}.")]
    collection = await guide.collection({"topic": "AI"}, {"topic": "ML"})
    criterion_set = await guide.create_criterion_set(name=unique("Shared"), criteria=["Is it short?"])
    names = [unique("Run") for _ in range(6)]
    limit = asyncio.Semaphore(5)

    async def run(number: int) -> Any:
        if not guide.world.is_async:
            return await started(number)
        async with limit:
            return await started(number)

    async def started(number: int) -> Any:
        return await guide.run_experiment(
            name=names[number],
            prompt_template=templates[number % 2],
            collection=collection,
            criterion_set=criterion_set,
        )

    calls: list[Callable[[], Any]] = [functools.partial(run, number) for number in range(6)]
    experiments = await guide.gather(*calls)
    assert [experiment.name for experiment in experiments] == names
    assert [experiment.prompt_template.id for experiment in experiments] == [one.id for one in templates] * 3
    assert [len(experiment.rated_responses) for experiment in experiments] == [2] * 6


def test_S128_twenty_runs_go_through_a_semaphore_of_five() -> None:
    async def main() -> list[Any]:
        async with AsyncClient(base_url=IN_MEMORY) as client:
            template = await client.create_prompt_template(name=unique("T"), template="Say {{word}}.")
            collection = await client.create_collection(name=unique("C"), variables=[{"word": "tea"}])
            semaphore = asyncio.Semaphore(5)

            async def run(name: str) -> Any:
                async with semaphore:
                    return await client.run_experiment(
                        name=name, prompt_template=template, collection=collection
                    )

            return await asyncio.gather(*(run(unique("Limited")) for _ in range(20)))

    assert [len(experiment.rated_responses) for experiment in asyncio.run(main())] == [1] * 20


def test_S116_experiments_stay_readable_after_their_client_is_closed() -> None:
    async def main() -> Any:
        async with AsyncClient(base_url=IN_MEMORY) as client:
            template = await client.create_prompt_template(name=unique("T"), template="Say {{word}}.")
            collection = await client.create_collection(name=unique("C"), variables=[{"word": "tea"}])
            return await client.run_experiment(
                name=unique("Kept"),
                prompt_template=template,
                collection=collection,
                criteria=["Is it short?"],
            )

    experiment = asyncio.run(main())
    assert experiment.results.mean_all_ratings.yes == 1.0
    assert [response.template_variables for response in experiment.responses()] == [{"word": "tea"}]


@both
async def test_S062_several_models_are_compared(guide: Guide) -> None:
    configs = [
        await guide.create_llm_config(name=unique("Config"), llm_model_name="offline", api_key="not-a-key")
        for _ in range(2)
    ]
    experiments = await guide.gather(
        *(lambda config=config: guide.experiment(llm_config=config) for config in configs)
    )
    assert [experiment.llm_config.id for experiment in experiments] == [config.id for config in configs]


@both
async def test_S073_S103_an_experiment_is_created_first_and_run_later(guide: Guide) -> None:
    created = await guide.create_experiment(
        name=unique("Later"), prompt_template=await guide.template(), collection=await guide.collection()
    )
    assert list(created.responses()) == []
    await guide.of(created).run()
    assert len(list(created.responses())) == 1


@both
async def test_S075_S076_S102_experiments_are_read_by_name_and_listed(guide: Guide) -> None:
    experiment = await guide.experiment()
    read = await guide.get_experiment(name=experiment.name)
    assert (read.id, len(read.rated_responses)) == (experiment.id, 2)
    assert experiment.id in {listed.id for listed in await guide.list_experiments()}


@both
async def test_S077_a_deleted_experiment_is_gone(guide: Guide) -> None:
    experiment = await guide.experiment()
    await guide.delete_experiment(experiment)
    with pytest.raises(NotFoundError):
        await guide.get_experiment(name=experiment.name)


@both
async def test_S104_responses_are_fetched_on_their_own(guide: Guide) -> None:
    name = (await guide.experiment()).name
    experiment = await guide.get_experiment(name=name, fetch_responses=False)
    with pytest.raises(NotFetchedError, match="fetch_responses"):
        experiment.responses()
    await guide.of(experiment).fetch_responses()
    assert len(list(experiment.responses())) == 2


@both
async def test_S105_S106_answers_from_elsewhere_are_added_and_rated(guide: Guide) -> None:
    collection = await guide.collection({"concept": "recursion"}, {"concept": "closures"})
    criterion_set = await guide.create_criterion_set(name=unique("Rated"), criteria=["Is it short?"])
    experiment = await guide.create_experiment(
        name=unique("External"),
        prompt_template=await guide.template(),
        collection=collection,
        criterion_set=criterion_set,
    )
    added = await guide.of(experiment).add_responses(
        responses=["It calls itself.", "It remembers."], template_variables=collection.variables
    )
    assert [response.response_text for response in added] == ["It calls itself.", "It remembers."]
    ratings = await guide.of(experiment).rate_responses()
    assert [[rating.rating for rating in of_response] for of_response in ratings] == [["YES"], ["YES"]]
    assert experiment.results.mean_all_ratings.yes == 1.0


@both
async def test_S107_a_clone_has_another_name_and_the_same_parts(guide: Guide) -> None:
    experiment = await guide.experiment()
    name = unique("Clone")
    clone = await guide.of(experiment).clone(name=name)
    assert clone.name == name
    assert clone.id != experiment.id
    assert clone.prompt_template.id == experiment.prompt_template.id
    assert clone.criterion_set.id == experiment.criterion_set.id
    await guide.of(clone).run()
    assert clone.results.mean_all_ratings == experiment.results.mean_all_ratings


@both
async def test_S121_names_may_hold_a_timestamp(guide: Guide) -> None:
    name = unique(f"Eval {time.strftime('%Y%m%d-%H%M%S')}")
    experiment = await guide.run_experiment(
        name=name, prompt_template=await guide.template(), collection=await guide.collection()
    )
    assert (await guide.get_experiment(name=name)).id == experiment.id
