"""Progress of runs, responses row by row, and experiments as tables: blocking and async."""

import csv
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from elluminate import AsyncClient, Client, ExperimentProgress, NoResultsError, ValidationError
from elluminate.schemas import (
    CriterionIn,
    Experiment,
    ExperimentFilter,
    PromptResponseFilter,
    PromptTemplateFilter,
)

pytestmark = pytest.mark.anyio

ROWS = [{"place": f"Zürich {number}", "n": str(number)} for number in range(3)]
CRITERIA: list[str | CriterionIn] = [
    "Is it short?",
    CriterionIn(criterion_str="Does it name {{place}}?", label="names it"),
]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Client(base_url="local::memory:") as client:
        yield client


@pytest.fixture(scope="module")
def experiment(client: Client) -> Experiment:
    template, _ = client.get_or_create_prompt_template("Watched", "Describe {{place}}.")
    collection, _ = client.get_or_create_collection("Watched", {"variables": ROWS})
    return client.run_experiment("Watched", template, collection, criteria=CRITERIA, n_epochs=2)


def test_a_criterion_that_was_changed_since_goes_by_its_text_as_it_was_judged(
    client: Client, experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = client.create_criterion_set("Judged before", ["Is it short?", "Is it kind?", "Is it true?"])
    client.run_experiment(
        "Judged before", experiment.prompt_template, experiment.collection, criterion_set=questions
    )
    short, kind, _ = questions.criteria or []
    short.update(criterion_str="Is it brief?")
    kind.delete()

    judged = client.get_experiment(name="Judged before")
    capsys.readouterr()
    judged.print_results_summary()
    shown = capsys.readouterr().out
    assert all(f"  {text}: " in shown for text in ("Is it short?", "Is it kind?", "Is it true?"))
    assert "riterion" not in shown and "brief" not in shown
    columns = [name for name in judged.to_dicts()[0] if name.startswith("rating.")]
    assert sorted(columns) == ["rating.Is it kind?", "rating.Is it short?", "rating.Is it true?"]


def test_progress_reaches_a_function(client: Client, experiment: Experiment) -> None:
    told: list[ExperimentProgress] = []
    again = experiment.clone("Told")
    again.run(progress=told.append)
    assert told
    assert told[-1].total_responses == 3
    assert all(before != after for before, after in pairwise(told))


def test_progress_is_a_line_on_stderr(
    client: Client, experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    client.run_experiment("Shown", experiment.prompt_template, experiment.collection, progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Shown: " in shown.err
    assert " of 3 answered" in shown.err
    assert shown.err.endswith("\n")


def test_progress_must_be_a_bool_or_a_function(client: Client, experiment: Experiment) -> None:
    with pytest.raises(ValidationError, match="progress must be True, False or a function, not 'yes'"):
        client.run_experiment("No", experiment.prompt_template, experiment.collection, progress="yes")  # type: ignore[arg-type]
    assert [e.name for e in client.iter_experiments(ExperimentFilter(experiment_name="No"))] == []


def test_responses_are_iterated_without_fetching_them(client: Client, experiment: Experiment) -> None:
    bare = client.get_experiment(id=experiment.id, fetch_responses=False)
    assert [r.id for r in bare.iter_responses()] == [r.id for r in experiment.rated_responses]
    assert bare.rated_responses == []
    second = [r.epoch for r in bare.iter_responses(PromptResponseFilter(epoch=2))]
    assert second == [2, 2, 2]


def test_an_experiment_is_a_table(experiment: Experiment, tmp_path: Path) -> None:
    rows = experiment.to_dicts()
    assert len(rows) == 6
    first = rows[0]
    assert first["input.place"] == "Zürich 0"
    assert first["response"] == experiment.rated_responses[0].response_text
    assert first["error"] is None
    assert first["rating.names it"] in ("YES", "NO")
    assert len([name for name in first if name.startswith("rating.")]) == 2
    assert all(list(row) == list(first) for row in rows)

    experiment.to_jsonl(tmp_path / "out.jsonl")
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == rows
    experiment.to_csv(tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert [row["response"] for row in read] == [row["response"] for row in rows]
    assert read[0]["error"] == ""


def test_a_table_without_its_responses_is_refused(client: Client, experiment: Experiment) -> None:
    bare = client.get_experiment(id=experiment.id, fetch_responses=False)
    with pytest.raises(ValidationError, match="fetch_responses"):
        bare.to_dicts()


def test_results_and_tables_before_a_run_are_refused_with_the_way_out(
    client: Client, experiment: Experiment, tmp_path: Path
) -> None:
    never_run = client.create_experiment("Never run", experiment.prompt_template, experiment.collection)
    assert never_run.results is None
    for ask in (
        never_run.to_dicts,
        never_run.print_results_summary,
        lambda: never_run.to_csv(tmp_path / "x.csv"),
        lambda: never_run.to_jsonl(tmp_path / "x.jsonl"),
    ):
        with pytest.raises(NoResultsError, match=r"'Never run' has not been answered.*call run\(\)"):
            ask()
    assert list(tmp_path.iterdir()) == []
    nothing = client.create_collection("Without rows", columns=["place", "n"])
    empty = client.create_experiment("No rows", experiment.prompt_template, nothing)
    with pytest.raises(
        NoResultsError, match="'No rows' has no rows to answer; add rows to collection 'Without rows'"
    ):
        empty.to_dicts()


def test_criteria_go_by_their_text_in_a_table_and_by_a_label_of_their_own(experiment: Experiment) -> None:
    names = [name for name in experiment.to_dicts()[0] if name.startswith("rating.")]
    assert names == ["rating.Is it short?", "rating.names it"]


FORMULAS = ["=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(A1)", "\tx", "\rx", "'=1", "- a list"]
HARMLESS = ["-5", "+3.5e-3", "1=1", "'tis", "", "plain"]


def test_formulas_are_made_harmless_in_a_table_and_come_back_from_it(client: Client, tmp_path: Path) -> None:
    given = [{"=name": text, "number": number} for number, text in enumerate(FORMULAS + HARMLESS)]
    collection = client.create_collection("Formulas", variables=given)
    collection.to_csv(tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["'=name", "number"]
    assert [row[0] for row in rows] == [f"'{text}" for text in FORMULAS] + HARMLESS

    again = client.create_collection("Formulas again", columns=["=name", "number"])
    again.add_from_csv(tmp_path / "out.csv")
    assert [row["=name"] for row in again.to_dicts()] == FORMULAS + HARMLESS


def test_a_table_has_a_byte_order_mark_on_request(experiment: Experiment, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    experiment.to_csv(path)
    plain = path.read_bytes()
    experiment.to_csv(path, encoding="UTF_8_SIG")
    assert path.read_bytes() == b"\xef\xbb\xbf" + plain
    for encoding in ("cp1252", "no such", None, "\0", "\ud800"):
        with pytest.raises(
            ValidationError, match=f"encoding must be one of .*, not {re.escape(repr(encoding))}"
        ):
            experiment.to_csv(tmp_path / "other.csv", encoding=encoding)  # type: ignore[arg-type]
    assert not (tmp_path / "other.csv").exists()


def test_lists_are_iterated_by_filter(client: Client, experiment: Experiment) -> None:
    def experiments(**wanted: Any) -> list[str]:
        return [found.name for found in client.iter_experiments(ExperimentFilter(**wanted))]

    assert experiments(experiment_name="Watched") == ["Watched"]
    assert "Watched" in experiments(experiment_name_search="atche", date_from="2020-01-01")
    assert experiments(date_to="2020-01-01") == []

    client.create_prompt_template("Watched", "Describe {{place}} again.")
    versions = client.iter_prompt_templates(PromptTemplateFilter(name="Watched"))
    assert [template.version for template in versions] == [2, 1]
    latest = client.iter_prompt_templates(PromptTemplateFilter(name="Watched", version="latest"))
    assert [template.version for template in latest] == [2]
    with pytest.raises(ValidationError, match="goes with name"):
        next(client.iter_prompt_templates(PromptTemplateFilter(version="latest")))


def test_criteria_are_changed_and_removed(client: Client) -> None:
    criteria = client.create_criterion_set("Changed", ["Is it true?", "Is it short?"])
    first, second = criteria.criteria or []
    assert first.update("Is it really true?", label="truth") is first
    second.delete()
    stored = client.get_criterion_set(id=criteria.id).criteria or []
    assert [(c.id, c.criterion_str, c.label) for c in stored] == [(first.id, "Is it really true?", "truth")]
    with pytest.raises(ValidationError, match="nothing to change"):
        first.update()
    with pytest.raises(ValidationError, match="empty"):
        first.update(" ")


async def test_the_same_async() -> None:
    async with AsyncClient(base_url="local::memory:") as client:
        template, _ = await client.get_or_create_prompt_template("Async watched", "Describe {{place}}.")
        collection, _ = await client.get_or_create_collection("Async watched", {"variables": ROWS})
        told: list[ExperimentProgress] = []
        experiment = await client.run_experiment(
            "Async watched", template, collection, criteria=["Is it short?"], progress=told.append
        )
        assert told
        responses = [response.id async for response in experiment.aiter_responses()]
        assert responses == [response.id for response in experiment.rated_responses]
        assert "Async watched" in [e.name async for e in client.iter_experiments()]
        assert "Async watched" in [t.name async for t in client.iter_prompt_templates()]
        criterion = (experiment.criterion_set.criteria or [])[0]
        await criterion.aupdate(label="short")
        await criterion.adelete()
