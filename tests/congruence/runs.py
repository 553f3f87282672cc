"""Experiments: run in every way, failed and tried again, cancelled, judged by name, cloned, streamed, compared."""

from __future__ import annotations

from typing import Any

import pytest

from elluminate import (
    ConflictError,
    ExperimentFailedWarning,
    NotFoundError,
    ValidationError,
    checks,
    evaluate,
)
from elluminate.evaluate import reset_default_client
from elluminate.schemas import ExperimentFilter, GenerationParams, PromptResponseFilter, RatingMode
from elluminate.streaming import TaskStatus
from tests.congruence.caller import Caller
from tests.congruence.resources import Resources


async def runs(call: Caller, made: Resources) -> None:
    """Run, stream, rate, list and evaluate."""
    explain, concepts, quality = made.explain, made.concepts, made.quality
    first = await call.do(
        "run_experiment", "First", explain, concepts, criteria=["Is it short?", "Is it kind?"]
    )
    await call.do("run_experiment", "First", explain, concepts, raises=ConflictError)
    second = await call.do(
        "create_experiment", "Second", made.shorter, concepts, criterion_set=quality, llm_config=made.small
    )
    told: list[Any] = []
    await call.of(
        second, "run", n_epochs=2, generation_params=GenerationParams(temperature=0.1), progress=told.append
    )
    assert told[-1].percent_complete == 100
    clone = await call.of(second, "clone", "Clone", description="As the second")
    await call.of(clone, "run", rating_mode=RatingMode.FAST)
    await call.do("get_experiment", name="Second")
    await call.do("get_experiment", id=first.id, fetch_responses=False)
    await call.of(clone, "fetch_responses")
    second_epoch = await call.each_of(second, "iter_responses", PromptResponseFilter(epoch=2))
    assert [response.epoch for response in second_epoch] == [2] * len(concepts.variables)
    await _external(call, made)
    streamed = await call.follow(
        "stream_experiment", "Streamed", explain, concepts, criteria=["Is it short?"], polling_interval=0.1
    )
    assert streamed.status == TaskStatus.SUCCESS
    rated = await call.follow("stream_batch_rate", list(streamed.result.responses()), polling_interval=0.1)
    assert len(rated.result) == len(streamed.result.rated_responses)
    await call.blocking(
        evaluate, "Explain", "Concepts", "Quality", "Small", name="Evaluated", rating_version="latest"
    )
    reset_default_client()
    await call.do("list_experiments")
    await call.do("list_experiments", collection=concepts, llm_config=made.small)
    of_clones = ExperimentFilter(experiment_name_search="clon")
    await call.each(call.client.iter_experiments(of_clones), "iter_experiments")
    await comparing(call, first, second, quality)
    await _labels(call, first)
    of_program = checks.python(
        lambda response: (len(response) > 3, "It says something."), name="says something"
    )
    decided = [of_program, {"max_words": 900}]
    programmed = await call.do("run_experiment", "Programmed", explain, concepts, criteria=decided)
    assert {rating.rating.value for one in programmed.rated_responses for rating in one.ratings} == {"YES"}


async def _labels(call: Caller, first: Any) -> None:
    """What a person says, listed, withdrawn, in a file, and held against the judge."""
    # What is drawn hangs on ids, whose order is nobody's promise.
    await call.of(first, "next_to_label", 0, raises=ValidationError)
    response = first.responses()[0]
    label = await call.of(response.ratings[0], "label", "NO", reason="So it is.")
    await call.of(response, "label", "Is it kind?", "MAYBE", raises=ValidationError)
    await call.of(response, "label", response.ratings[1].criterion, "YES")
    await call.of(response, "rating_history")
    path = call.folder / "labels.csv"
    listed = await call.do("list_labels", "First")
    listed.to_csv(path)
    assert len(await call.do("import_labels", path)) == len(listed)
    await call.do("delete_label", label)
    # Withdrawn twice is not tried: through faults, a repeated DELETE that finds nothing has done what was asked.
    earlier = await call.do("list_labels", "First", earlier=True)
    assert [each.superseded_at is not None for each in earlier if each.id == label.id] == [True]
    found = await call.of(first, "agreement")
    assert len(found.judges) == 2


async def _external(call: Caller, made: Resources) -> None:
    """Answers from elsewhere, and answers that stand in a column."""
    concepts, quality = made.concepts, made.quality
    bare = await call.do("create_experiment", "External", made.explain, concepts, criterion_set=quality)
    await call.of(bare, "add_responses", ["A function that calls itself."], [concepts.variables[0]])
    await call.of(bare, "rate_responses")
    transcript = [{"role": "user", "content": "And then?"}, {"role": "assistant", "content": "It ends."}]
    added = await call.of(bare, "add_responses", [transcript], [concepts.variables[1]], epoch=2)
    await call.of(bare, "rate_responses", added, RatingMode.FAST)
    (column,) = (column.id for column in concepts.columns if column.name == "reader")
    answered = await call.do(
        "run_experiment",
        "Answers of a column",
        made.explain,
        concepts,
        criterion_set=quality,
        response_column_id=column,
    )
    assert next(answered.responses()).response_text == "a child"


async def judges(call: Caller, made: Resources) -> None:
    """The judges there are, asked by name."""
    known = [judge.key for judge in await call.do("list_rating_versions")]
    assert known == ["offline", "mock"]
    for version in ("latest", "mock", "v1999_01"):
        judged = await call.do(
            "run_experiment",
            f"Judged by {version}",
            made.explain,
            made.concepts,
            criterion_set=made.quality,
            rating_version=version,
        )
        assert judged.rating_version in known
    await call.of(judged, "clone", "As judged", rating_version="mock")


async def failures(call: Caller, made: Resources) -> None:
    """What fails is tried again, and what runs is cancelled."""
    scripted = await call.do(
        "create_llm_config",
        "Scripted",
        "scripted",
        "not-a-key",
        llm_base_url=call.provider.base_url,
        max_connections=1,
    )
    call.provider.fail(len(made.concepts.variables), status=400)
    with pytest.warns(ExperimentFailedWarning, match="'Fails' failed"):
        failed = await call.do("run_experiment", "Fails", made.explain, made.concepts, scripted, made.quality)
    assert all(response.error for response in failed.responses())
    for response in failed.responses():
        await call.of(response, "annotate", "The provider refused it.")
    await call.of(failed, "retry_failed", raises=ConflictError)
    again = await call.of(failed, "retry_failed", discard_annotations=True)
    assert not any(response.error for response in again.responses())
    await call.of(again, "retry_failed")

    asked = len(call.provider.requests)

    async def cancel() -> None:
        await call.wait(call.provider.wait_for_requests, asked + 1)
        running = await call.do("get_experiment", name="Cancelled", fetch_responses=False)
        await call.of(running, "cancel")
        await call.of(running, "wait_until_finished", timeout=10)

    with call.provider.held():
        ended = await call.follow(
            "stream_experiment",
            "Cancelled",
            made.explain,
            made.concepts,
            scripted,
            polling_interval=0.1,
            meanwhile=cancel,
        )
    assert ended.status == TaskStatus.REVOKED


async def comparing(call: Caller, first: Any, second: Any, quality: Any) -> None:
    """Samples of one experiment and of two, the map, notes and statistics."""
    await call.do("list_response_samples", first)
    await call.do(
        "list_response_samples", second, sort_by="output-tokens-desc", exclude_perfect_responses=True
    )
    noted = await call.of(first.rated_responses[1], "annotate", "Right, but too long.")
    (sample,) = await call.do("list_response_samples", first, show_only_annotated_responses=True)
    assert sample.prompt_response_ids == [noted.id]
    await call.of(noted, "annotate", "")
    await call.do("get_experiment_map", first, page=2, limit=1)
    await call.do("list_comparison_samples", first, second)
    rows = second.rated_responses
    worse = await call.do(
        "create_experiment", "Worse", second.prompt_template, first.collection, None, quality
    )
    variables = [response.prompt.template_variables for response in rows if response.epoch == 1]
    await call.of(worse, "add_responses", ["?" * 3000] * len(variables), variables)
    await call.of(worse, "rate_responses")
    criteria = [criterion.id for criterion in quality.criteria]
    listed = {}
    for kind in ("improved", "regressed"):
        listed[kind] = await call.do("list_comparison_samples", second, worse, kind)
        await call.do("list_comparison_samples", second, worse, kind, criterion_ids=criteria[:1])
        await call.do(
            "list_comparison_samples", second, worse, kind, categorical_filters={"reader": ["a child"]}
        )
    assert listed["regressed"]
    await call.do("compare", first, second.id)
    await call.of(worse, "compare_with", second, level=0.1)
    await call.of(second, "statistics", confidence=0.9)
    await call.do("get_response_stats", days=1)
    await call.do("get_response_stats", llm_config=second.llm_config)


async def deleting(call: Caller, made: Resources) -> None:
    """Everything goes, and is not found any more."""
    first = await call.do("get_experiment", name="First", fetch_responses=False)
    await call.do("delete_experiment", first)
    await call.do("get_experiment", name="First", raises=NotFoundError)
    await call.do("delete_criterion_set", made.quality)
    await call.do("delete_llm_config", made.small)
    await call.do("delete_collection", made.concepts)
    await call.do("delete_prompt_template", made.shorter)
    await call.do("get_prompt_template", name="Explain")
