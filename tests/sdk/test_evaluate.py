"""evaluate(): what it takes from the template, and what it refuses before anything is created."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from elluminate import Client, NotFoundError, ValidationError, evaluate
from elluminate.evaluate import reset_default_client


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with Client(base_url=f"local:{tmp_path / 'test.db'}") as client:
        client.create_collection("Concepts", variables=[{"concept": "tides"}, {"concept": "rain"}])
        yield client


def test_the_linked_criteria_are_taken_also_by_an_object_that_is_older_than_the_link(client: Client) -> None:
    template = client.create_prompt_template("Explain", template="Explain {{concept}}.")
    linked = client.create_criterion_set("Linked", ["Is it short?"])
    linked.link_template(client.get_prompt_template(id=template.id))
    assert template.criterion_set_id is None

    for which in (template, "Explain"):
        experiment = evaluate(which, "Concepts", client=client)
        assert experiment.criterion_set.name == "Linked"
        assert [len(response.ratings) for response in experiment.responses()] == [1, 1]
    assert len({experiment.name for experiment in client.list_experiments()}) == 2


def test_without_criteria_nothing_is_created(client: Client) -> None:
    template = client.create_prompt_template("Bare", template="Explain {{concept}}.")
    for which in (template, "Bare"):
        with pytest.raises(ValidationError, match=r"'Bare' has no linked criterion set.*criterion_set=…"):
            evaluate(which, "Concepts", client=client)
    with pytest.raises(NotFoundError, match="'Nothing'"):
        evaluate("Nothing", "Concepts", client=client)
    assert client.list_experiments() == []

    given = client.create_criterion_set("Given", ["Is it short?", "Is it kind?"])
    experiment = evaluate("Bare", "Concepts", given, name="With criteria", client=client)
    assert [len(response.ratings) for response in experiment.responses()] == [2, 2]


def test_the_client_of_the_process_is_made_from_the_environment(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = client.create_prompt_template("Explain", template="Explain {{concept}}.")
    client.create_criterion_set("Linked", ["Is it short?"]).link_template(template)
    monkeypatch.setenv("ELLUMINATE_BASE_URL", f"local:{tmp_path / 'test.db'}")
    reset_default_client()
    try:
        evaluate("Explain", "Concepts", name="By the process")
    finally:
        reset_default_client()
    assert client.get_experiment(name="By the process").results is not None


def test_answers_that_are_there_are_evaluated_without_a_template(client: Client) -> None:
    logged = client.create_collection("Log", variables=[{"question": "Why?", "answer": "Because."}])
    [answers] = [column.id for column in logged.columns if column.name == "answer"]
    criteria = client.create_criterion_set("Of answers", ["Does it answer {{question}}?"])
    with pytest.raises(ValidationError, match="without a prompt template no criteria are linked"):
        evaluate(None, "Log", response_column_id=answers, client=client)

    experiment = evaluate(None, "Log", criteria, response_column_id=answers, client=client)

    (response,) = experiment.responses()
    assert (response.response_text, response.prompt.messages) == ("Because.", [])
    assert len(response.ratings) == 1
    assert experiment.name.startswith("Log (")
    [row] = experiment.to_dicts()
    assert "Because." in row.values()
    again = experiment.clone("Judged again")
    assert len(again.run().responses()) == 1


def test_an_empty_collection_is_said_to_have_no_rows(client: Client) -> None:
    client.create_prompt_template("Explain", template="Explain {{concept}}.")
    client.create_collection("Empty")
    with pytest.raises(
        ValidationError, match=r"\{\{concept\}\}, and collection 'Empty' has no rows yet, nor columns"
    ):
        client.run_experiment("New", "Explain", "Empty", criteria=["Is it short?"])
    assert client.list_criterion_sets() == []
