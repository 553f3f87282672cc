"""A consumer's program, never run: what type checkers make of it is what users see in their editors."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any, assert_type

import httpx

import elluminate
from elluminate import (
    Answer,
    AsyncClient,
    BatchStatusEvent,
    Client,
    ConflictError,
    ExperimentProgress,
    ExperimentStatusEvent,
    LLMConfig,
    RateLimitError,
    RetryConfig,
    TaskStatus,
    evaluate,
)
from elluminate.schemas import (
    AddedRows,
    CollectionColumn,
    ColumnTypeEnum,
    Criterion,
    CriterionSet,
    Experiment,
    ExperimentFilter,
    ExperimentResults,
    Project,
    PromptResponse,
    PromptResponseFilter,
    PromptTemplate,
    Rating,
    ResponseFormat,
    TemplateVariables,
    TemplateVariablesCollection,
    TemplateVariablesCollectionWithEntries,
    UCEPayloadV1,
)


def templates(client: Client) -> PromptTemplate:
    template = client.create_prompt_template("Explain", template="Explain {{concept}}.")
    assert_type(template, PromptTemplate)
    assert_type(template.placeholders, set[str])
    assert_type(client.get_prompt_template(name="Explain", version=2), PromptTemplate)
    assert_type(client.get_or_create_prompt_template("Explain", "x"), tuple[PromptTemplate, bool])
    assert_type(client.list_prompt_templates(), list[PromptTemplate])
    assert_type(template.new_version([{"role": "user", "content": "Explain."}]), PromptTemplate)
    assert_type(template.list_criteria(), list[Criterion])
    assert_type(template.generate_criteria(delete_existing=True), list[Criterion])
    assert_type(template.get_or_generate_criteria(), tuple[list[Criterion], bool])
    assert_type(template.render_messages(concept="recursion"), list[dict[str, Any]])
    return template


def collections(client: Client, template: PromptTemplate) -> TemplateVariablesCollectionWithEntries:
    collection = client.create_collection("Concepts", variables=[{"concept": "recursion"}])
    assert_type(collection, TemplateVariablesCollectionWithEntries)
    assert_type(collection.variables, list[TemplateVariables])
    assert_type(client.get_collection(id=20), TemplateVariablesCollectionWithEntries)
    assert_type(
        client.get_or_create_collection("Concepts", {"description": "x"}),
        tuple[TemplateVariablesCollectionWithEntries, bool],
    )
    assert_type(client.list_collections(template), list[TemplateVariablesCollection])
    assert_type(collection.add_many([{"concept": "closures"}], skip_existing=True), AddedRows)
    assert_type(collection.generate_variables(template), TemplateVariables)
    assert_type(collection.clear(), TemplateVariablesCollectionWithEntries)
    return collection


def criteria(client: Client, template: PromptTemplate) -> CriterionSet:
    criterion_set = client.create_criterion_set("Quality", ["Is it correct?"])
    assert_type(criterion_set, CriterionSet)
    assert_type(criterion_set.criteria, list[Criterion] | None)
    assert_type(client.get_criterion_set(name="Quality"), CriterionSet)
    assert_type(client.list_criterion_sets(), list[CriterionSet])
    assert_type(
        client.get_or_create_criterion_set("Quality", {"criteria": ["Is it?"]}), tuple[CriterionSet, bool]
    )
    assert_type(criterion_set.add_criterion("Is it short?"), Criterion)
    assert_type(criterion_set.add_criteria(["Is it short?"]), list[Criterion])
    assert_type(criterion_set.link_template(template), CriterionSet)
    criterion_set.unlink_template(template)
    return criterion_set


def models(client: Client) -> LLMConfig:
    config = client.create_llm_config("Small", "small-1", "key", temperature=0.5, reasoning_effort=None)
    assert_type(config, LLMConfig)
    assert_type(client.get_llm_config(name="Small"), LLMConfig)
    assert_type(client.list_llm_configs(), list[LLMConfig])
    assert_type(
        client.get_or_create_llm_config("Small", {"llm_model_name": "small-1", "api_key": "key"}),
        tuple[LLMConfig, bool],
    )
    return config


def experiments(client: Client) -> Experiment:
    template = templates(client)
    collection = collections(client, template)
    experiment = client.run_experiment(
        "First try", template, collection, models(client), criteria=["Is it correct?"], n_epochs=3, timeout=60
    )
    assert_type(experiment, Experiment)
    assert_type(experiment.results, ExperimentResults | None)
    as_published: Iterator[PromptResponse] = experiment.responses()
    assert_type(next(as_published), PromptResponse)
    assert_type(experiment.responses()[0], PromptResponse)
    assert_type(experiment.rated_responses[0].ratings[0], Rating)
    assert_type(experiment.rated_responses[0].response_text, str)
    assert_type(experiment.rated_responses[0].template_variables, dict[str, Any])
    created = client.create_experiment(
        "Second", template, collection, criterion_set=criteria(client, template)
    )
    assert_type(created.run(n_epochs=2), Experiment)
    assert_type(created.clone("Third", rating_version=None), Experiment)
    assert_type(created.fetch_responses(), Experiment)
    assert_type(created.add_responses(["It is."], collection.variables), list[PromptResponse])
    assert_type(created.rate_responses(), list[list[Rating]])
    assert_type(client.get_experiment(name="Second"), Experiment)
    assert_type(client.list_experiments(collection=collection), list[Experiment])
    assert_type(evaluate(template, "Concepts"), Experiment)
    answered = client.run_experiment(
        "Mine", None, collection, target=lambda concept: Answer(concept, input_tokens=3), max_concurrency=20
    )
    assert_type(answered, Experiment)
    assert_type(elluminate.evaluate("Explain", collection), Experiment)
    assert_type(client.compare(experiment, "Second"), elluminate.ExperimentComparison)
    assert_type(created.compare_with(experiment, level=0.01), elluminate.ExperimentComparison)
    assert_type(created.statistics(), elluminate.ExperimentStatistics)
    assert_type(elluminate.statistics.rows_needed(0.1), int)
    client.delete_experiment(created)
    client.delete_collection(collection)
    return experiment


def streams(client: Client, experiment: Experiment) -> ExperimentProgress | None:
    progress = None
    stream = client.stream_experiment("Fourth", experiment.prompt_template, experiment.collection)
    assert_type(stream, Iterator[ExperimentStatusEvent])
    for event in stream:
        assert_type(event.status, TaskStatus)
        assert_type(event.logs_delta, str | None)
        assert_type(event.result, Experiment | None)
        progress = event.progress
    for batch in client.stream_batch_rate(experiment.rated_responses, polling_interval=1):
        assert_type(batch, BatchStatusEvent)
        assert_type(batch.result, list[list[Rating]] | None)
    return progress


def files_and_lists(client: Client, path: Path) -> None:
    collection = client.get_collection(name="Concepts")
    assert_type(collection.add_from_csv(path, skip_existing=True), AddedRows)
    assert_type(collection.add_from_jsonl("rows.jsonl", key=["concept"]).updated, list[TemplateVariables])
    assert_type(collection.iter_entries(), Iterator[TemplateVariables])
    assert_type(collection.update_entry(collection.variables[0], {"concept": "x"}), TemplateVariables)
    assert_type(
        collection.update(columns=["concept", CollectionColumn(name="more")]), TemplateVariablesCollection
    )
    assert_type(client.iter_experiments(ExperimentFilter(experiment_name="x")), Iterator[Experiment])
    assert_type(client.with_options(timeout=5, max_retries=0), Client)
    assert_type(client.select_project(client.list_projects()[0]), Project)

    def show(progress: ExperimentProgress) -> None:
        print(progress.percent_complete)

    experiment = client.run_experiment("First", None, collection, progress=show)
    assert_type(experiment.run(progress=True), Experiment)
    assert_type(experiment.iter_responses(PromptResponseFilter(epoch=1)), Iterator[PromptResponse])
    assert_type(experiment.to_dicts(), list[dict[str, Any]])
    assert_type(UCEPayloadV1.from_openai([{"role": "user", "content": "x"}]).to_uce_dict(), dict[str, Any])
    assert_type(ResponseFormat(response_schema={}).response_schema, dict[str, Any] | None)
    print(ColumnTypeEnum.CONVERSATION.value)


def own_http_client(own: httpx.Client, asynchronous: httpx.AsyncClient) -> None:
    Client(http_client=own)
    AsyncClient(http_client=asynchronous)


async def asynchronously(client: AsyncClient) -> Experiment:
    template = await client.create_prompt_template("Explain", template="Explain {{concept}}.")
    assert_type(template, PromptTemplate)
    collection = await client.get_collection(name="Concepts")
    assert_type(collection, TemplateVariablesCollectionWithEntries)
    assert_type(await collection.aadd_many([{"concept": "x"}], key="concept"), AddedRows)
    assert_type(await template.anew_version("Explain."), PromptTemplate)
    stream = client.stream_experiment("First", template, collection)
    assert_type(stream, AsyncGenerator[ExperimentStatusEvent, None])
    async for event in stream:
        assert_type(event, ExperimentStatusEvent)
    experiment = await client.run_experiment("Second", template, collection)
    assert_type(experiment, Experiment)
    assert_type(await experiment.arun(), Experiment)
    assert_type(await experiment.arate_responses(), list[list[Rating]])
    assert_type(await client.get_or_create_prompt_template("Explain", "x"), tuple[PromptTemplate, bool])
    await client.close()
    return experiment


async def as_context(url: str) -> list[Experiment]:
    async with AsyncClient(url, retry_config=RetryConfig(max_attempts=1)) as client:
        assert_type(client, AsyncClient)
        return await client.list_experiments()


def errors(url: str) -> float | None:
    with Client(base_url=url, api_key="key") as client:
        assert_type(client, Client)
        try:
            client.list_collections()
        except ConflictError as conflict:
            assert_type(conflict.resource_id, int | None)
        except RateLimitError as limited:
            assert_type(limited.retry_after, float | None)
            return limited.retry_after
    return None
