"""statistics() and compare() against a server, by both clients, and on one without extensions."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from elluminate import AsyncClient, Client, NoResultsError, NotComparableError, NotFoundError, ValidationError
from elluminate.schemas import Experiment
from tests.sdk.test_missing_verdicts import WithoutExtensions
from tests.support.model_server import ModelServer

TOPICS = [f"topic {number}" for number in range(8)]
KIND, SHORT = "Is it kind?", "Is it short?"


@pytest.fixture
def pair(client: Client, model_server: ModelServer) -> tuple[Experiment, Experiment]:
    """The second is kind on every topic, the first only on the last one; both with criteria of their own."""
    model_server.answer = lambda request: str(request.json["messages"][-1]["content"])

    def verdict(request: Any) -> str:
        text = str(request.json)
        met = SHORT in text or "Kindly" in text or TOPICS[-1] in text
        return '{"reasoning": "So it is.", "rating": "%s"}' % ("YES" if met else "NO")

    model_server.verdict = verdict
    collection = client.create_collection("Topics", variables=[{"topic": topic} for topic in TOPICS])
    plain = client.create_prompt_template("Plain", template="Explain {{topic}}.")
    kind = client.create_prompt_template("Kind", template="Kindly explain {{topic}}.")
    return (
        client.run_experiment("Before", plain, collection, criteria=[KIND, SHORT]),
        client.run_experiment("After", kind, collection, criteria=[SHORT, KIND], n_epochs=2),
    )


def test_a_comparison_by_objects_ids_and_names(client: Client, pair: tuple[Experiment, Experiment]) -> None:
    before, after = pair
    found = client.compare(before, after)

    assert found.verdict == "better"
    assert {one.criterion: one.verdict for one in found.criteria} == {
        KIND: "better",
        SHORT: "not enough evidence",
    }
    assert [row.values["topic"] for row in found.better] == TOPICS[:-1]
    assert found.better[0].answers_after[0].answer == f"Kindly explain {TOPICS[0]}."
    assert found.better[0].answers_before[0].reasonings[KIND] == "So it is."
    for a, b in ((before.id, after.id), ("Before", "After"), (before.id, after)):
        assert client.compare(a, b).to_dicts() == found.to_dicts()
    assert after.compare_with(before) == found
    assert before.compare_with(after).verdict == "worse"
    assert client.compare(before, after, level=0.001).verdict == "not enough evidence"


def test_the_same_async(base_url: str, pair: tuple[Experiment, Experiment]) -> None:
    async def program() -> tuple[Any, Any, Any]:
        async with AsyncClient(base_url=base_url) as other:
            after = await other.get_experiment(name="After", fetch_responses=False)
            before = await other.get_experiment(name="Before", fetch_responses=False)
            return (
                await other.compare("Before", after),
                await after.acompare_with(before),
                await after.astatistics(),
            )

    by_client, by_experiment, told = asyncio.run(program())
    assert by_client == by_experiment == pair[1].compare_with(pair[0])
    assert told == pair[1].statistics()
    assert (told.overall.epochs, told.overall.rate.n) == (2, 8)


def test_on_a_server_without_extensions_it_is_the_same(
    base_url: str, pair: tuple[Experiment, Experiment]
) -> None:
    with (
        httpx.Client(transport=WithoutExtensions()) as http,
        Client(base_url=base_url, http_client=http) as other,
    ):
        assert other.compare("Before", "After") == pair[1].compare_with(pair[0])
        assert other.get_experiment(name="After").statistics().to_dicts() == pair[1].statistics().to_dicts()


def test_what_a_set_gets_after_the_runs_is_no_criterion_of_theirs(
    client: Client, base_url: str, pair: tuple[Experiment, Experiment]
) -> None:
    before = client.compare("Before", "After").to_dicts()
    for one in pair:
        one.criterion_set.add_criteria(["Was it added later?"])
    assert client.compare("Before", "After").to_dicts() == before
    with (
        httpx.Client(transport=WithoutExtensions()) as http,
        Client(base_url=base_url, http_client=http) as other,
    ):
        assert [one.criterion for one in other.compare("Before", "After").criteria] == [KIND, SHORT]


def test_what_a_criterion_said_before_it_was_reworded_counts_no_more_once_answers_are_judged_anew(
    client: Client, pair: tuple[Experiment, Experiment]
) -> None:
    name = pair[0].name
    before = pair[0].statistics()
    criteria = client.get_criterion_set(id=pair[0].criterion_set.id).criteria or []
    criteria[0].update("Is it kind to everybody?")
    client.get_experiment(name=name).rate_responses()

    experiment = client.get_experiment(name=name)
    found, results = experiment.statistics(), experiment.results
    assert results is not None and results.verdicts is not None and results.mean_all_ratings is not None
    verdicts = sum(one.verdicts.given for one in found.criteria)
    assert found.overall.verdicts.given == results.verdicts.given == verdicts
    assert len(experiment.rated_responses[0].ratings) == len(criteria) + 1, "the old verdict is there"
    assert found.overall.rate.estimate == pytest.approx(results.mean_all_ratings.yes)
    assert found.overall.rate.n == before.overall.rate.n
    compared = client.compare(name, pair[1].name)
    assert [one.criterion for one in compared.criteria] == [SHORT]


def test_statistics_read_the_responses_where_they_were_not_read(
    client: Client, pair: tuple[Experiment, Experiment], tmp_path: Path
) -> None:
    bare = client.get_experiment(name="Before", fetch_responses=False)
    found = bare.statistics(confidence=0.9)

    assert found.confidence == 0.9
    assert len(bare.rated_responses) == 8
    assert found.criteria[0].rate.estimate == pytest.approx(1 / 8)
    assert "90% interval" in str(found)
    found.to_csv(tmp_path / "statistics.csv")
    assert (tmp_path / "statistics.csv").read_text(encoding="utf-8").startswith("criterion,rate,low,high")


def test_what_cannot_be_compared_is_refused(client: Client, pair: tuple[Experiment, Experiment]) -> None:
    before, after = pair
    elsewhere = client.run_experiment(
        "Elsewhere",
        client.create_prompt_template("Other", template="Say {{word}}."),
        client.create_collection("Words", variables=[{"word": "one"}]),
        criteria=[KIND],
    )
    with pytest.raises(NotComparableError, match="'Before' and 'Elsewhere' have no row in common"):
        client.compare(before, elsewhere)
    planned = after.clone("Planned")
    with pytest.raises(NoResultsError, match="'Planned' has not been answered"):
        client.compare(before, planned)
    with pytest.raises(NoResultsError, match="'Planned' has not been answered"):
        planned.statistics()
    with pytest.raises(NotFoundError, match="no experiment named 'Nowhere'"):
        client.compare("Nowhere", before)
    wrong: Any
    for wrong in (None, 1.5, [before], True):
        with pytest.raises(ValidationError, match="a must be"):
            client.compare(wrong, after)
        with pytest.raises(ValidationError, match=r"other must be an Experiment .* client.compare\(a, b\)"):
            before.compare_with(wrong)
    for wrong in (0, 1, 5, "0.05", None, True):
        with pytest.raises(ValidationError, match=r"level must be above 0 and below 1, such as 0\.05, not"):
            client.compare(before, after, level=wrong)
        with pytest.raises(ValidationError, match="confidence must be above 0 and below 1, such as "):
            before.statistics(wrong)
