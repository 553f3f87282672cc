"""Personas and multi-turn experiments through the clients, against a server in this process."""

import concurrent.futures
from collections.abc import Iterator
from pathlib import Path

import pytest

from elluminate import AsyncClient, Client, ConflictError, NotFoundError, ValidationError

pytestmark = pytest.mark.anyio


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with Client(base_url=f"local:{tmp_path / 'test.db'}") as client:
        yield client


def test_a_persona_is_made_changed_read_and_deleted(client: Client) -> None:
    ada = client.create_persona("Ada", "Curious.", domain_knowledge="Things fall.")
    older = client.update_persona(ada, description="Patient.")
    assert (older.id, older.version, older.domain_knowledge) == (ada.id, 2, "Things fall.")
    renamed = client.update_persona(older, name="Ada L.", domain_knowledge="")
    assert (renamed.name, renamed.version, renamed.domain_knowledge) == ("Ada L.", 3, None)

    assert client.get_persona(name="Ada L.") == renamed
    assert client.get_persona(name="Ada L.", version=1).description == "Curious."
    assert client.get_persona(id=ada.id, version=2).description == "Patient."
    assert client.list_personas() == [renamed]
    with pytest.raises(NotFoundError, match="9"):
        client.get_persona(id=ada.id, version=9)

    client.delete_persona(renamed)
    with pytest.raises(NotFoundError, match=r"'Ada L\.'"):
        client.get_persona(name="Ada L.")


def test_a_group_is_made_changed_and_deleted(client: Client) -> None:
    ada, grace = client.create_persona("Ada", "Curious."), client.create_persona("Grace", "Exact.")
    group = client.create_persona_group("Pupils", [grace, ada], "Who asks")
    assert [persona.name for persona in group.personas] == ["Grace", "Ada"]
    with pytest.raises(ConflictError, match="'Pupils'"):
        client.delete_persona(ada)

    fewer = client.update_persona_group(group, personas=[ada])
    assert ([one.name for one in fewer.personas], fewer.description) == (["Ada"], "Who asks")
    assert client.get_persona_group(name="Pupils") == client.get_persona_group(id=group.id) == fewer
    client.delete_persona_group(fewer)
    assert client.list_persona_groups() == []
    client.delete_persona(ada)


def test_racing_callers_get_one_persona_and_one_group(client: Client) -> None:
    def get_or_create(_number: int) -> tuple[int, bool, int, bool]:
        persona, made = client.get_or_create_persona("Ada", {"description": "Curious."})
        group, grouped = client.get_or_create_persona_group("Pupils", {"personas": [persona]})
        return persona.id, made, group.id, grouped

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(get_or_create, range(16)))

    assert len({(persona, group) for persona, _, group, _ in results}) == 1
    assert (sum(made for _, made, _, _ in results), sum(made for _, _, _, made in results)) == (1, 1)


def test_what_cannot_be_is_refused_before_anything_is_sent(client: Client) -> None:
    ada = client.create_persona("Ada", "Curious.")
    with pytest.raises(ValidationError, match="what it is like"):
        client.get_or_create_persona("Grace")
    with pytest.raises(ValidationError, match="at least one persona"):
        client.get_or_create_persona_group("Nobody")
    with pytest.raises(ValidationError, match=r"personas\[1\]"):
        client.create_persona_group("Pupils", [ada, "Grace"])  # type: ignore[list-item]
    with pytest.raises(ValidationError, match="nothing to change"):
        client.update_persona(ada)


def test_conversations_are_held_and_rated(client: Client) -> None:
    ada = client.create_persona("Ada", "Curious.")
    scenarios = client.create_scenario_set("Lessons")
    scenarios.add_scenarios(
        [{"goal": "Understand rain", "expected_conversation_outcome": "Can explain clouds"}]
    )
    tutor = client.create_prompt_template("Tutor", messages=[{"role": "system", "content": "Be kind."}])
    experiment = client.create_experiment(
        "Talks",
        tutor,
        evaluation_mode="MULTI_TURN",
        scenario_set=scenarios,
        persona_group_id=client.create_persona_group("Pupils", [ada]).id,
        criterion_set=client.create_criterion_set("Quality", ["Is it about rain?"]),
    )
    experiment.run()

    read = client.get_experiment(id=experiment.id)
    (response,) = read.responses()
    assert response.persona is not None
    assert (response.persona.name, response.persona.version) == ("Ada", 1)
    assert response.termination_reason == "persona_ended"
    assert response.messages[0]["role"] == "user"
    assert [rating.rating.value for rating in response.ratings] == ["YES"]
    assert read.collection.name == "Lessons"


def test_exported_rows_say_who_talked_and_how_it_ended(client: Client, tmp_path: Path) -> None:
    personas = [client.create_persona(name, "Curious.") for name in ("Mia", "Tom")]
    collection = client.create_collection("Lessons to export", variables=[{"goal": "Understand rain"}])
    experiment = client.create_experiment(
        "To export",
        None,
        collection,
        evaluation_mode="MULTI_TURN",
        persona_group_id=client.create_persona_group("To export", personas),
        criterion_set=client.create_criterion_set("To export", ["Is it about rain?"]),
    ).run()

    rows = experiment.to_dicts()
    assert [(row["persona"], row["termination_reason"]) for row in rows] == [
        ("Mia", "persona_ended"),
        ("Tom", "persona_ended"),
    ]
    assert len({(row["row_id"], row["epoch"], row["persona"]) for row in rows}) == len(rows)
    experiment.to_csv(tmp_path / "talks.csv")
    header, *lines = (tmp_path / "talks.csv").read_text(encoding="utf-8").splitlines()
    assert header.startswith("response_id,row_id,epoch,persona,termination_reason,input.goal,")
    assert [",Mia," in line for line in lines if line[0].isdigit()] == [True, False]

    template = client.create_prompt_template("To export", template="Explain {{goal}}.")
    alone = client.run_experiment("Without personas", template, collection, criteria=["Is it short?"])
    assert not {"persona", "termination_reason"} & alone.to_dicts()[0].keys()


async def test_async_clients_have_the_same_methods() -> None:
    async with AsyncClient(base_url="local::memory:") as client:
        ada, created = await client.get_or_create_persona("Async Ada", {"description": "Curious."})
        group, grouped = await client.get_or_create_persona_group("Async pupils", {"personas": [ada]})
        assert (created, grouped) == (True, True)
        assert group in await client.list_persona_groups()
        group = await client.update_persona_group(group, description="All of them")
        await client.delete_persona_group(group)
        await client.delete_persona(await client.update_persona(ada, description="Patient."))
