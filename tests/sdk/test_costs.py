"""What answers and verdicts came to: in results, summaries and exports, known or unknown, not 0 for want of a price."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from elluminate import Client, ExperimentFailedWarning
from elluminate.schemas import Experiment, LLMConfig, ModelCosts, RatingMode
from elluminate.schemas.response_rows import judging_cost
from tests.support.model_server import ModelServer, failure

OF_AN_ANSWER = (11 * 2.0 + 7 * 8.0) / 1_000_000


def run(client: Client, name: str, llm_config: LLMConfig | None, **fields: Any) -> Experiment:
    template, _ = client.get_or_create_prompt_template("Costs", "Describe {{place}}.")
    collection, _ = client.get_or_create_collection(
        "Costs", {"variables": [{"place": "Ulm"}, {"place": "Bonn"}]}
    )
    return client.run_experiment(
        name, template, collection, criteria=["Is it short?", "Is it true?"], llm_config=llm_config, **fields
    )


def priced_config(client: Client, model_server: ModelServer, **fields: Any) -> LLMConfig:
    return client.create_llm_config(
        "Priced",
        llm_model_name="scripted",
        api_key="a-key",
        llm_base_url=model_server.base_url,
        **{"input_price_per_mtok": 2.0, "output_price_per_mtok": 8.0, **fields},
    )


def test_prices_of_a_config_are_the_costs_of_its_answers(
    client: Client, model_server: ModelServer, tmp_path: Path
) -> None:
    config = priced_config(client, model_server)
    assert (config.input_price_per_mtok, config.output_price_per_mtok) == (2.0, 8.0)
    experiment = run(client, "Priced", config)

    results = experiment.results
    assert results is not None
    answers, judging = results.answer_costs, results.judge_costs
    assert answers is not None
    assert judging is not None
    assert answers.cost_usd == pytest.approx(2 * OF_AN_ANSWER)
    assert results.estimated_total_cost_usd == pytest.approx(2 * OF_AN_ANSWER)
    assert (answers.count, answers.is_known, answers.input_tokens, answers.output_tokens) == (2, True, 22, 14)
    assert (judging.count, judging.priced_count, judging.cost_usd) == (4, 0, None)
    assert (judging.input_tokens, judging.output_tokens) == (44, 28)
    assert results.cost_usd is None
    assert "Estimated cost: answers 0.0002 USD, judging unknown" in results.summary()

    experiment.to_csv(tmp_path / "priced.csv")
    with (tmp_path / "priced.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["cost_usd"]) for row in rows] == pytest.approx([OF_AN_ANSWER] * 2)
    assert [row["judge_cost_usd"] for row in rows] == ["", ""]


def test_a_later_price_does_not_change_what_was_paid(client: Client, model_server: ModelServer) -> None:
    config = priced_config(client, model_server)
    run(client, "Before", config)
    client.delete_llm_config(config)
    again = priced_config(client, model_server, input_price_per_mtok=100.0)
    run(client, "After", again)

    before, after = (client.get_experiment(name=name).results for name in ("Before", "After"))
    assert before is not None
    assert after is not None
    assert before.estimated_total_cost_usd == pytest.approx(2 * OF_AN_ANSWER)
    assert after.estimated_input_cost_usd == pytest.approx(2 * 11 * 100.0 / 1_000_000)


def test_a_model_without_a_price_has_an_unknown_cost(client: Client) -> None:
    experiment = run(client, "Unpriced", None)
    results = experiment.results
    assert results is not None
    assert results.answer_costs == ModelCosts(
        count=2, priced_count=0, input_tokens=22, output_tokens=14, cost_usd=None
    )
    assert "Estimated cost: answers unknown, judging unknown" in results.summary()
    assert [row["cost_usd"] for row in experiment.to_dicts()] == [None, None]


def test_the_judge_is_priced_by_the_settings(
    client: Client, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ELLUMINATE_LLM_INPUT_PRICE_PER_MTOK", "2")
    monkeypatch.setenv("ELLUMINATE_LLM_OUTPUT_PRICE_PER_MTOK", "8")
    with Client(base_url="local::memory:priced-judge") as priced:
        experiment = run(priced, "Both priced", None)
        results = experiment.results
        assert results is not None
        assert results.cost_usd == pytest.approx(6 * OF_AN_ANSWER)
        assert "Estimated cost: answers 0.0002 USD, judging 0.0003 USD" in results.summary()
        assert [row["judge_cost_usd"] for row in experiment.to_dicts()] == pytest.approx(
            [2 * OF_AN_ANSWER] * 2
        )


def test_criteria_that_are_judged_together_share_the_cost_of_their_call(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELLUMINATE_LLM_INPUT_PRICE_PER_MTOK", "2")
    monkeypatch.setenv("ELLUMINATE_LLM_OUTPUT_PRICE_PER_MTOK", "8")
    with Client(base_url="local::memory:priced-together") as priced:
        judging = run(priced, "Together", None, rating_mode=RatingMode.FAST).results
    assert judging is not None
    assert judging.judge_costs is not None
    assert (judging.judge_costs.count, judging.judge_costs.input_tokens) == (4, 22)
    assert judging.judge_costs.cost_usd == pytest.approx(2 * OF_AN_ANSWER)


def test_the_offline_model_is_known_to_be_free() -> None:
    with Client(base_url="local::memory:") as client:
        results = run(client, "Offline", None).results
    assert results is not None
    assert results.cost_usd == 0.0
    assert "Estimated cost: answers 0.0000 USD, judging 0.0000 USD" in results.summary()


def test_an_answer_that_was_refused_costs_nothing(client: Client, model_server: ModelServer) -> None:
    model_server.answer = lambda _: failure(400, "No.")
    with pytest.warns(ExperimentFailedWarning):
        run(client, "Failed", priced_config(client, model_server))
    (row, _) = client.get_experiment(name="Failed").to_dicts()
    assert row["error"] is not None
    assert (repr(row["cost_usd"]), repr(row["judge_cost_usd"])) == ("0.0", "0.0")


def test_what_a_judge_that_gave_no_verdict_cost_is_not_known() -> None:
    asked = SimpleNamespace(
        ratings=[], missing_verdicts=[SimpleNamespace(reason="It timed out.")], error=None
    )
    assert judging_cost(asked) is None  # type: ignore[arg-type]


def test_uploaded_answers_cost_what_they_say_they_did(client: Client, model_server: ModelServer) -> None:
    experiment = run(client, "Priced", priced_config(client, model_server))
    made = next(experiment.iter_responses())
    other = experiment.clone("Uploaded")
    other.add_responses(
        [made.response_text], [made.prompt.template_variables], metadata=[made.generation_metadata]
    )
    results = client.get_experiment(name="Uploaded").results
    assert results is not None
    assert results.estimated_total_cost_usd == pytest.approx(OF_AN_ANSWER)


@pytest.mark.parametrize(
    ("costs", "words"),
    [
        (ModelCosts(count=3, priced_count=3, cost_usd=0.01234), "0.0123 USD"),
        (ModelCosts(count=3, priced_count=2, cost_usd=0.01), "at least 0.0100 USD (1 of 3 not priced)"),
        (ModelCosts(count=3, priced_count=0), "unknown"),
        (ModelCosts(count=0, priced_count=0, cost_usd=0.0), "0.0000 USD"),
    ],
)
def test_costs_in_words(costs: ModelCosts, words: str) -> None:
    assert str(costs) == words
