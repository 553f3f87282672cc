"""Samples, comparisons, the map and statistics."""

import datetime
from typing import Any

import attrs
import httpx
import pytest

from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Persona, PersonaVersion, Rating, Response
from tests.server.conftest import World, created

pytestmark = pytest.mark.anyio


@attrs.frozen
class Rated:
    """Two experiments over the world's two rows, each rated by its two criteria.

    Attributes:
        rows: The rows.
        first: Responses of the world's experiment: tides twice (perfect), rain once (one criterion met).
        second_id: The other experiment.
        second: Its responses: tides (one met), rain (both met).
        criteria: The two criteria.
    """

    rows: list[int]
    first: list[int]
    second_id: int
    second: list[int]
    criteria: list[int]


@pytest.fixture
async def rated(api: httpx.AsyncClient, world: World, store: Store) -> Rated:
    collection = (await api.get(f"/collections/{world.collection_id}")).json()
    tides, rain = (row["id"] for row in collection["variables"])
    criterion_set = (await api.get(f"/criterion_sets/{world.criterion_set_id}")).json()
    short, right = (criterion["id"] for criterion in criterion_set["criteria"])
    other = await created(
        api,
        "/experiments",
        {
            "name": "Second",
            "description": "",
            "prompt_template_id": world.prompt_template_id,
            "collection_id": world.collection_id,
            "criterion_set_id": world.criterion_set_id,
        },
    )

    async def answered(experiment_id: int, row: int, seconds: float, tokens: int, epoch: int = 1) -> int:
        body = {
            "experiment_id": experiment_id,
            "template_variables_id": row,
            "epoch": epoch,
            "messages": [{"role": "assistant", "content": "x"}],
            "metadata": {"duration_seconds": seconds, "input_tokens": tokens, "output_tokens": tokens * 2},
        }
        found: int = (await created(api, "/responses", body))["id"]
        return found

    first = [world.response_id, await answered(world.experiment_id, tides, 2.0, 10, 2)]
    first.append(await answered(world.experiment_id, rain, 4.0, 30))
    second = [await answered(other["id"], tides, 1.0, 10), await answered(other["id"], rain, 1.0, 10)]
    verdicts = {
        first[0]: ("YES", "YES"),
        first[1]: ("YES", "YES"),
        first[2]: ("YES", "NO"),
        second[0]: ("NO", "YES"),
        second[1]: ("YES", "YES"),
    }
    async with store.write() as session:
        for response_id, ratings in verdicts.items():
            for criterion_id, rating in zip((short, right), ratings, strict=True):
                session.add(Rating(response_id=response_id, criterion_id=criterion_id, rating=rating))
    return Rated([tides, rain], first, other["id"], second, [short, right])


async def samples(api: httpx.AsyncClient, experiment_id: int, **query: Any) -> list[list[int]]:
    """Ids of the responses of each sample."""
    answer = await api.get("/responses/samples", params={"experiment_id": experiment_id, **query})
    assert answer.status_code == 200, answer.text
    assert {each["experiment_id"] for each in answer.json()} <= {experiment_id}
    return [each["prompt_response_ids"] for each in answer.json()]


async def test_samples_hold_all_responses_to_a_row_and_filters_decide_on_whole_samples(
    api: httpx.AsyncClient, world: World, rated: Rated
) -> None:
    tides, rain = rated.first[:2], rated.first[2:]
    experiment = world.experiment_id
    assert await samples(api, experiment) == [tides, rain]
    assert await samples(api, experiment, exclude_perfect_responses=True) == [rain]
    assert await samples(api, experiment, show_only_annotated_responses=True) == []
    await api.patch(f"/responses/{rated.first[1]}", json={"annotation": "look"})
    assert await samples(api, experiment, show_only_annotated_responses=True) == [tides]
    assert await samples(api, experiment, duration_seconds_max=2) == [tides]
    assert await samples(api, experiment, input_tokens_min=11) == [rain]
    assert await samples(api, experiment, output_tokens_min=20, duration_seconds_min=3) == [rain]
    # One response within one bound and another within the other: no response is within both.
    assert await samples(api, experiment, output_tokens_max=20, duration_seconds_min=3) == []
    assert await samples(api, experiment, criteria_filter_by="{'a': <Rating.YES>}") == [tides, rain]


@pytest.mark.parametrize(
    ("sort_by", "tides_first"),
    [
        ("rating-asc", False),
        ("rating-desc", True),
        ("duration-asc", True),
        ("duration-desc", False),
        ("input-tokens-asc", True),
        ("output-tokens-desc", False),
    ],
)
async def test_samples_are_sorted_by_means(
    api: httpx.AsyncClient, world: World, rated: Rated, sort_by: str, tides_first: bool
) -> None:
    tides, rain = rated.first[:2], rated.first[2:]
    expected = [tides, rain] if tides_first else [rain, tides]
    assert await samples(api, world.experiment_id, sort_by=sort_by) == expected


async def test_what_samples_cannot_be_listed_for_is_refused(
    api: httpx.AsyncClient, other: httpx.AsyncClient, world: World
) -> None:
    assert (await api.get("/responses/samples")).status_code == 422
    assert (await api.get("/responses/samples?experiment_id=99")).status_code == 404
    assert (await other.get(f"/responses/samples?experiment_id={world.experiment_id}")).status_code == 404
    unknown = await api.get(f"/responses/samples?experiment_id={world.experiment_id}&sort_by=best")
    assert unknown.status_code == 422


async def test_a_comparison_is_seen_from_b(api: httpx.AsyncClient, world: World, rated: Rated) -> None:
    async def compared(**query: Any) -> list[tuple[int, int]]:
        asked = {"experiment_a_id": world.experiment_id, "experiment_b_id": rated.second_id, **query}
        answer = await api.get("/responses/comparison/samples", params=asked)
        assert answer.status_code == 200, answer.text
        return [(each["experiment_id"], each["template_variables_id"]) for each in answer.json()]

    a, b = world.experiment_id, rated.second_id
    tides, rain = rated.rows
    short, right = rated.criteria
    assert await compared() == [(a, tides), (b, tides), (a, rain), (b, rain)]
    assert await compared(filter_samples_by="improved") == [(a, rain), (b, rain)]
    assert await compared(filter_samples_by="regressed") == [(a, tides), (b, tides)]
    assert await compared(filter_samples_by="improved", criterion_ids=[short]) == []
    assert await compared(filter_samples_by="regressed", criterion_ids=[short]) == [(a, tides), (b, tides)]
    assert await compared(filter_samples_by="improved", criterion_ids=[short, right]) == [
        (a, rain),
        (b, rain),
    ]
    assert await compared(categorical_filters='{"topic": ["rain"]}') == [(a, rain), (b, rain)]
    assert await compared(experiment_b_id=a, filter_samples_by="improved") == []
    for query in ({"experiment_b_id": 99}, {"categorical_filters": "{"}, {"filter_samples_by": "same"}):
        asked: dict[str, Any] = {"experiment_a_id": a, "experiment_b_id": b, **query}
        refused = await api.get("/responses/comparison/samples", params=asked)
        assert refused.status_code in {404, 422}, query


async def test_the_map_pages_over_samples(
    api: httpx.AsyncClient, world: World, rated: Rated, store: Store
) -> None:
    async with store.write() as session:
        failed = await session.get_one(Response, rated.first[0])
        failed.error = "no answer"
    path = f"/experiments/{world.experiment_id}/map"

    whole = (await api.get(path)).json()
    second = (await api.get(path, params={"page": 2, "limit": 1})).json()

    assert (whole["experiment_id"], whole["name"]) == (world.experiment_id, "First")
    assert (whole["num_samples"], whole["num_responses"]) == (2, 3)
    assert [each["template_variables_id"] for each in whole["samples"]] == rated.rows
    assert [each["response_id"] for each in whole["samples"][0]["responses"]] == rated.first[:2]
    first, _, last = (each for sample in whole["samples"] for each in sample["responses"])
    assert (first["has_error"], last["has_error"], last["has_trajectory"]) == (True, False, False)
    assert (last["num_criteria_passed"], last["num_criteria_failed"], last["epoch"]) == (1, 1, 1)
    assert whole["samples"][0]["persona"] is None
    assert second["samples"] == whole["samples"][1:] and second["num_samples"] == 2
    assert (await api.get(path, params={"page": 3, "limit": 1})).json()["samples"] == []
    huge = {"page": 9007199254740991, "limit": 9007199254740991}
    assert (await api.get(path, params=huge)).json()["samples"] == []
    assert (await api.get(path, params={"limit": 0})).status_code == 422
    assert (await api.get("/experiments/99/map")).status_code == 404


async def test_the_map_has_a_sample_for_each_persona_and_shows_agents_numbers(
    api: httpx.AsyncClient, world: World, rated: Rated, store: Store
) -> None:
    async with store.write() as session:
        ada, ben = Persona(project_id=1, name="Ada"), Persona(project_id=1, name="Ben")
        session.add_all([ada, ben])
        await session.flush()
        versions = [PersonaVersion(persona_id=one.id, version=3, description="d") for one in (ada, ben)]
        session.add_all(versions)
        await session.flush()
        for response_id, version in zip(rated.first, [*versions, versions[0]], strict=True):
            (await session.get_one(Response, response_id)).persona_version_id = version.id
        trial = await session.get_one(Response, rated.first[2])
        trial.trajectory = {"steps": []}
        trial.agent_trial = {"task_name": "rain-1", "steps": 7, "cost_usd": 0.5}
    path = f"/experiments/{world.experiment_id}/map"

    whole = (await api.get(path)).json()
    middle = (await api.get(path, params={"page": 2, "limit": 1})).json()["samples"]

    tides, rain = rated.rows
    assert (whole["num_samples"], whole["num_responses"]) == (3, 3)
    assert [(each["template_variables_id"], each["persona"]["name"]) for each in whole["samples"]] == [
        (tides, "Ada"),
        (tides, "Ben"),
        (rain, "Ada"),
    ]
    assert whole["samples"][0]["persona"]["version"] == 3
    assert middle == [whole["samples"][1]]
    (last,) = whole["samples"][2]["responses"]
    assert (last["task_name"], last["total_steps"], last["total_cost_usd"]) == ("rain-1", 7, 0.5)
    assert last["has_trajectory"] is True


async def test_statistics_have_a_bucket_for_each_day(
    api: httpx.AsyncClient, other: httpx.AsyncClient, world: World, rated: Rated, store: Store
) -> None:
    now = utc_now()
    async with store.write() as session:
        old = await session.get_one(Response, rated.first[2])
        old.created_at = now - datetime.timedelta(days=2)

    stats = (await api.get("/responses/stats", params={"days": 3})).json()
    today = (await api.get("/responses/stats", params={"days": 1})).json()

    assert [day["date"] for day in stats["daily_usage"]] == [
        str((now - datetime.timedelta(days=back)).date()) for back in (2, 1, 0)
    ]
    assert [day["requests"] for day in stats["daily_usage"]] == [1, 0, 4]
    assert [day["input_tokens"] for day in stats["daily_usage"]] == [30, 0, 30]
    assert [day["output_tokens"] for day in stats["daily_usage"]] == [60, 0, 60]
    assert (stats["total_responses"], stats["total_input_tokens"], stats["total_output_tokens"]) == (
        5,
        60,
        120,
    )
    assert (stats["min_duration_seconds"], stats["max_duration_seconds"]) == (1.0, 4.0)
    assert (stats["average_duration_seconds"], stats["average_input_tokens"]) == (2.0, 15.0)
    assert stats["average_rating"] == 0.8
    assert today["total_responses"] == 4
    assert len((await api.get("/responses/stats")).json()["daily_usage"]) == 30

    small = (await api.get("/responses/stats", params={"llm_config_id": world.llm_config_id})).json()
    assert small["total_responses"] == 3
    empty = (await other.get("/responses/stats")).json()
    assert (empty["total_responses"], empty["average_rating"], empty["average_input_tokens"]) == (0, None, 0)
    for query in ({"days": 0}, {"days": 91}):
        assert (await api.get("/responses/stats", params=query)).status_code == 422
    assert (await api.get("/responses/stats?llm_config_id=99")).status_code == 404
