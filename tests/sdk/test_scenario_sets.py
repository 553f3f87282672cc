"""Scenario sets through the clients, against a server in this process."""

import concurrent.futures
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elluminate import APIError, AsyncClient, Client, ConflictError, NotFoundError, ValidationError
from elluminate.schemas import ScenarioIn
from elluminate.schemas.scenario_set import ScenarioSet

pytestmark = pytest.mark.anyio

GOAL: dict[str, Any] = {"goal": "Learn why it rains", "expected_conversation_outcome": "Can explain it"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with Client(base_url=f"local:{tmp_path / 'test.db'}") as client:
        yield client


def test_a_set_is_made_filled_changed_and_deleted(client: Client) -> None:
    pupils = client.create_scenario_set("Pupils", "Who ask", fields=["year"])
    mood = pupils.add_field("mood", "calm")
    renamed = pupils.rename_field(mood, "temper")
    assert [(field.name, field.default_value) for field in pupils.fields] == [
        ("year", ""),
        ("temper", "calm"),
    ]

    added = pupils.add_scenarios(
        [{**GOAL, "field_values": {"year": "5"}}, ScenarioIn(**GOAL), GOAL], skip_existing=True
    )
    assert [one.field_values for one in added] == [
        {"year": "5", "temper": "calm"},
        {"year": "", "temper": "calm"},
    ]
    assert pupils.scenarios_count == 2
    assert pupils.add_scenarios([]) == []

    added[0].goal = "Learn why it snows"
    added[0].field_values = {"temper": "wild"}
    stored = pupils.update_scenario(added[0])
    assert (stored.goal, stored.field_values) == ("Learn why it snows", {"year": "", "temper": "wild"})
    assert pupils.get_scenario(stored.id) == stored

    pupils.delete_field(renamed)
    pupils.delete_scenario(added[1])
    assert [(one.id, one.field_values) for one in pupils.list_scenarios()] == [(stored.id, {"year": ""})]

    students = client.update_scenario_set(pupils, name="Students")
    assert (students.name, students.description, students.scenarios_count) == ("Students", "Who ask", 1)
    client.delete_scenario_set(students)
    with pytest.raises(NotFoundError, match="Students"):
        client.get_scenario_set(name="Students")


async def test_every_method_has_an_async_spelling() -> None:
    async with AsyncClient(base_url="local::memory:") as client:
        pupils = await client.create_scenario_set(fields=["year"])
        field = await pupils.aadd_field("mood")
        field = await pupils.arename_field(field, "temper")
        (scenario,) = await pupils.aadd_scenarios([GOAL])
        scenario.field_values["year"] = "6"
        await pupils.aupdate_scenario(scenario)
        assert (await pupils.aget_scenario(scenario.id)).field_values == {"year": "6", "temper": ""}
        await pupils.adelete_field(field)
        await pupils.adelete_scenario(scenario)
        assert await pupils.alist_scenarios() == []
        read = await client.get_scenario_set(id=pupils.id)
        assert [one.name for one in read.fields] == ["year"]


def test_sets_are_found_by_their_whole_name(client: Client) -> None:
    client.create_scenario_set("Pupils of grade 5")
    made = client.create_scenario_set("Pupils")

    assert client.get_scenario_set(name="Pupils").id == made.id
    assert [one.name for one in client.list_scenario_sets("pupils")] == ["Pupils of grade 5", "Pupils"]
    with pytest.raises(NotFoundError):
        client.get_scenario_set(name="pupils")


def test_racing_callers_get_one_set(client: Client) -> None:
    def get_or_create(_number: int) -> tuple[ScenarioSet, bool]:
        return client.get_or_create_scenario_set("Raced", {"fields": ["year"]})

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(get_or_create, range(24)))

    assert len({found.id for found, _ in results}) == 1
    assert sum(created for _, created in results) == 1


def test_a_taken_name_says_who_has_it(client: Client) -> None:
    client.create_collection("Rows")
    with pytest.raises(APIError, match="collection named 'Rows'") as refused:
        client.get_or_create_scenario_set("Rows")
    assert refused.value.status_code == 400

    pupils = client.create_scenario_set("Pupils", fields=["year"])
    with pytest.raises(ConflictError, match="'year'"):
        pupils.add_field("year")


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ({"goal": "a"}, r"scenarios\[1\] lacks expected_conversation_outcome"),
        ({**GOAL, "year": "5"}, "'year'.*field_values"),
        ({**GOAL, "goal": " "}, "goal must be a text"),
        ({**GOAL, "field_values": ["5"]}, "field_values must map"),
        ("a", "ScenarioIn or a dict"),
    ],
)
def test_what_is_no_scenario_is_refused_before_anything_is_sent(
    client: Client, scenario: object, words: str
) -> None:
    pupils = client.create_scenario_set()
    with pytest.raises(ValidationError, match=words):
        pupils.add_scenarios([GOAL, scenario])  # type: ignore[list-item]
    assert pupils.list_scenarios() == []
