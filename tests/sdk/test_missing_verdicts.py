"""What a caller sees of verdicts that are missing: a judge that fails for one criterion, for some rows, for all."""

import asyncio
import csv
import json
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from elluminate import (
    AsyncClient,
    Client,
    ConflictError,
    ExperimentFailedWarning,
    IncompleteResultsWarning,
    NoCriteriaWarning,
    NoRowsWarning,
)
from elluminate.schemas import Experiment, VerdictCounts
from tests.support.model_server import CapturedRequest, ModelServer, refusal

TOPICS = ["tides", "rain", "wind"]
VERDICT = '{"reasoning": "So it is.", "rating": "YES"}'
HARD, EASY = "Is it hard to judge?", "Is it short?"


def says_nothing(model_server: ModelServer, *texts: str) -> None:
    """Let the judge give nothing usable where the request holds all of the texts."""
    usual = model_server.verdict
    model_server.verdict = lambda request: (
        "I would rather not say." if all(text in str(request.json) for text in texts) else usual(request)
    )


def run(client: Client, **changes: Any) -> Experiment:
    template, _ = client.get_or_create_prompt_template("Explain", template="Explain {{topic}}.")
    collection, _ = client.get_or_create_collection(
        "Topics", {"variables": [{"topic": one} for one in TOPICS]}
    )
    return client.run_experiment("Run", template, collection, **{"criteria": [HARD, EASY], **changes})


def summary(experiment: Experiment, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    experiment.print_results_summary()
    return capsys.readouterr().out


def counts(found: VerdictCounts | None) -> tuple[int, int, int, int]:
    """Expected, given, missing because the answer failed, missing because it was not judged."""
    assert found is not None
    return found.expected, found.given, found.missing_answer_failed, found.missing_not_judged


def test_a_criterion_that_cannot_be_judged_is_told_everywhere(
    client: Client, model_server: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    says_nothing(model_server, HARD)
    with pytest.warns(IncompleteResultsWarning) as told:
        experiment = run(client)

    assert len(told) == 1
    message = str(told[0].message)
    assert "3 of 6 verdicts are missing" in message
    assert f"3 of 3 for {HARD!r}" in message
    assert "nothing usable" in message
    assert "experiment.retry_failed()" in message
    assert told[0].filename == __file__

    results = experiment.results
    assert results is not None
    assert counts(results.verdicts) == (6, 3, 0, 3)
    assert results.pass_rate == 1.0
    assert [
        [(one.criterion_id, one.cause) for one in response.missing_verdicts or []]
        for response in experiment.responses()
    ] == [[((experiment.criterion_set.criteria or [])[0].id, "not_judged")]] * 3

    shown = summary(experiment, capsys)
    assert "Pass rate: 100.0% (3 of 6 verdicts, 3 missing)" in shown
    assert f"{HARD}: not measured (0 of 3 verdicts, 3 missing)" in shown
    assert f"{EASY}: 100.0% yes, 0.0% no, 95 % interval 43.9% to 100.0% by 3 rows\n" in shown
    assert "Missing verdicts: 3 of 6\n  3 not judged: " in shown

    experiment.to_csv(tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row[f"rating.{HARD}"] for row in rows] == [""] * 3
    assert all("nothing usable" in row[f"missing.{HARD}"] for row in rows)
    assert [(row[f"rating.{EASY}"], row[f"missing.{EASY}"]) for row in rows] == [("YES", "")] * 3


def test_rows_that_cannot_be_judged_are_told(client: Client, model_server: ModelServer) -> None:
    says_nothing(model_server, "rain")
    with pytest.warns(
        IncompleteResultsWarning, match="2 of 6 verdicts are missing: 1 of 3 for .*; 1 of 3 for "
    ):
        experiment = run(client)
    assert [len(response.missing_verdicts or []) for response in experiment.responses()] == [0, 2, 0]


def test_with_no_verdict_at_all_the_rate_is_not_measured(
    client: Client, model_server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    says_nothing(model_server)
    with pytest.warns() as told:
        experiment = run(client)
    (only,) = told
    assert only.category is ExperimentFailedWarning
    assert issubclass(ExperimentFailedWarning, IncompleteResultsWarning)
    for words in (
        "'Run' failed: ",
        "6 of 6 verdicts are missing: ",
        "nothing usable",
        "retry_failed() brings",
    ):
        assert words in str(only.message)
    assert experiment.results is not None
    assert experiment.results.pass_rate is None
    shown = summary(experiment, capsys)
    assert "Pass rate: not measured (0 of 6 verdicts, 6 missing)" in shown
    assert "0.0%" not in shown


def test_answers_that_failed_are_told_apart(
    client: Client, model_server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(request: CapturedRequest) -> Any:
        return refusal() if "wind" in str(request.json) else "Air that moves."

    model_server.answer = answer
    with pytest.warns(IncompleteResultsWarning, match="scripted refusal"):
        experiment = run(client)
    assert experiment.results is not None
    assert counts(experiment.results.verdicts) == (6, 4, 2, 0)
    assert "  2 without an answer: " in summary(experiment, capsys)


def test_the_last_event_of_a_stream_tells(client: Client, model_server: ModelServer) -> None:
    says_nothing(model_server, HARD)
    template = client.create_prompt_template("Explain", template="Explain {{topic}}.")
    collection = client.create_collection("Topics", variables=[{"topic": one} for one in TOPICS])

    def last(name: str, *criteria: str) -> Any:
        events = list(client.stream_experiment(name, template, collection, criteria=criteria))
        assert all(event.verdicts is None for event in events[:-1])
        return events[-1]

    with pytest.warns(IncompleteResultsWarning):
        some = last("Some", HARD, EASY)
    assert some.is_success
    assert counts(some.verdicts) == (6, 3, 0, 3)
    assert some.result.results.verdicts == some.verdicts
    with pytest.warns(IncompleteResultsWarning):
        none = last("None", HARD)
    assert none.is_failure
    assert counts(none.verdicts) == (3, 0, 0, 3)
    assert none.result is None


class WithoutExtensions(httpx.HTTPTransport):
    """Answers as of a server that does not account for verdicts."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.read()
        if "json" not in response.headers.get("content-type", ""):
            return response
        answer = json.loads(response.content, object_hook=self._without)
        headers = {
            n: v for n, v in response.headers.items() if n not in ("content-length", "content-encoding")
        }
        return httpx.Response(response.status_code, headers=headers, json=answer)

    def _without(self, found: dict[str, Any]) -> dict[str, Any]:
        extensions = {
            "missing_verdicts",
            "verdicts",
            "verdicts_by_criterion_id",
            "num_truncated_responses",
            "num_refused_responses",
            "num_empty_responses",
        }
        return {name: value for name, value in found.items() if name not in extensions}


def test_on_a_server_that_does_not_account_for_verdicts_the_client_does(
    base_url: str, client: Client, model_server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    says_nothing(model_server, HARD)
    model_server.answer = lambda request: refusal() if "wind" in str(request.json) else "It is so."
    with (
        httpx.Client(transport=WithoutExtensions()) as http,
        Client(base_url=base_url, http_client=http) as other,
    ):
        with pytest.warns(IncompleteResultsWarning, match="4 of 6 verdicts are missing"):
            experiment = run(other)
        bare = other.get_experiment(id=experiment.id, fetch_responses=False)
        assert bare.results is not None
        assert bare.results.verdicts is None
    told = client.get_experiment(id=experiment.id)
    assert experiment.results is not None
    assert told.results is not None
    assert experiment.results.verdicts_by_criterion_id is not None
    assert told.results.verdicts_by_criterion_id is not None
    assert counts(experiment.results.verdicts) == counts(told.results.verdicts) == (6, 2, 2, 2)
    assert [(one, counts(of)) for one, of in experiment.results.verdicts_by_criterion_id.items()] == [
        (one, counts(of)) for one, of in told.results.verdicts_by_criterion_id.items()
    ]
    assert [
        [(one.criterion_id, one.cause) for one in response.missing_verdicts or []]
        for response in experiment.responses()
    ] == [
        [(one.criterion_id, one.cause) for one in response.missing_verdicts or []]
        for response in told.responses()
    ]
    assert "The server does not tell why." in summary(experiment, capsys)


def test_an_outage_in_the_middle_is_told_and_a_retry_brings_exactly_what_is_missing(
    client: Client, model_server: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    topics = [f"topic{number:02}" for number in range(20)]
    given: Counter[str] = Counter()
    outage = {"begins after": 31, "is over": False}

    def reply(request: CapturedRequest) -> Any:
        if not outage["is over"] and sum(given.values()) >= outage["begins after"]:
            return refusal("scripted outage")
        asked = str(request.json["messages"])
        criterion = next((one for one in (HARD, EASY) if request.kind == "verdict" and one in asked), "")
        given[f"{request.kind} {next(topic for topic in topics if topic in asked)} {criterion}"] += 1
        return f"About {asked[:20]}" if request.kind == "answer" else VERDICT

    model_server.answer = model_server.verdict = reply
    template = client.create_prompt_template("Explain", template="Explain {{topic}}.")
    collection = client.create_collection("Topics", variables=[{"topic": topic} for topic in topics])
    with pytest.warns(IncompleteResultsWarning, match="scripted outage"):
        events = list(client.stream_experiment("Outage", template, collection, criteria=[HARD, EASY]))

    experiment = events[-1].result or client.get_experiment(name="Outage")
    results = experiment.results
    assert results is not None
    assert results.verdicts is not None
    assert events[-1].verdicts == results.verdicts
    assert (results.verdicts.expected, results.verdicts.is_complete) == (40, False)
    verdicts_before = sum(count for call, count in given.items() if call.startswith("verdict"))
    assert results.verdicts.given == verdicts_before
    assert f"Missing verdicts: {40 - verdicts_before} of 40" in summary(experiment, capsys)
    rows = experiment.to_dicts()
    assert len(rows) == 20
    told = sum(1 for row in rows for criterion in (HARD, EASY) if row[f"missing.{criterion}"])
    assert told == 40 - verdicts_before

    outage["is over"] = True
    with warnings.catch_warnings():
        warnings.simplefilter("error", IncompleteResultsWarning)
        experiment.retry_failed()

    assert results is not experiment.results
    assert experiment.results is not None
    assert counts(experiment.results.verdicts) == (40, 40, 0, 0)
    assert "Missing" not in summary(experiment, capsys)
    assert len(given) == 20 + 40
    assert set(given.values()) == {1}, "no call that was answered is made twice"
    assert all(row[f"rating.{HARD}"] == row[f"rating.{EASY}"] == "YES" for row in experiment.to_dicts())


def test_rating_again_brings_what_is_missing_and_warns_of_what_it_does_not(
    client: Client, model_server: ModelServer
) -> None:
    usual = model_server.verdict
    says_nothing(model_server, HARD)
    with pytest.warns(IncompleteResultsWarning):
        experiment = run(client)
    with pytest.warns(IncompleteResultsWarning, match="1 of 2 verdicts are missing"):
        experiment.rate_responses(experiment.rated_responses[:1])
    model_server.verdict = usual
    with warnings.catch_warnings():
        warnings.simplefilter("error", IncompleteResultsWarning)
        experiment.rate_responses()
    assert experiment.results is not None
    assert experiment.results.verdicts is not None
    assert experiment.results.verdicts.is_complete
    assert all(response.missing_verdicts == [] for response in experiment.responses())


def test_a_run_without_criteria_warns_and_its_summary_says_so(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.warns(NoCriteriaWarning, match="'Run' has no criteria"):
        experiment = run(client, criteria=[])
    assert "Pass rate: not measured (no criteria)" in summary(experiment, capsys)
    planned = experiment.clone("Planned")
    with pytest.warns(NoCriteriaWarning, match="'Planned' has no criteria"):
        planned.run()


@pytest.mark.parametrize("way", ["run_experiment", "stream_experiment", "run"])
def test_a_run_over_nothing_warns(client: Client, way: str) -> None:
    template, _ = client.get_or_create_prompt_template("Explain", template="Explain {{topic}}.")
    empty = client.create_collection(f"Empty, {way}", columns=["topic"])
    with pytest.warns(
        NoRowsWarning,
        match=rf"'Nothing' had nothing to ask: collection 'Empty, {way}' has no rows, .* collection.add_many\(\[…\]\)",
    ) as told:
        if way == "run":
            criteria = client.create_criterion_set("Easy", [EASY])
            client.create_experiment("Nothing", template, empty, criterion_set=criteria).run()
        else:
            told_of = getattr(client, way)("Nothing", template, empty, criteria=[EASY])
            assert isinstance(told_of, Experiment) or list(told_of)[-1].is_success
    assert [one.category for one in told] == [NoRowsWarning]
    assert told[0].filename == __file__
    empty.add_many([{"topic": "fog"}])
    with warnings.catch_warnings():
        warnings.simplefilter("error", NoRowsWarning)
        client.run_experiment("Something", template, empty, criteria=[EASY])


def test_the_same_async(base_url: str, model_server: ModelServer) -> None:
    says_nothing(model_server, HARD)

    async def program() -> Experiment:
        async with AsyncClient(base_url=base_url) as other:
            template, _ = await other.get_or_create_prompt_template("Explain", template="Explain {{topic}}.")
            collection, _ = await other.get_or_create_collection("Topics", {"variables": [{"topic": "fog"}]})
            return await other.run_experiment("Async", template, collection, criteria=[HARD, EASY])

    with pytest.warns(IncompleteResultsWarning, match="1 of 2 verdicts are missing") as told:
        experiment = asyncio.run(program())
    assert [one.filename for one in told] == [__file__]
    assert experiment.results is not None
    assert counts(experiment.results.verdicts) == (2, 1, 0, 1)


def test_progress_tells_failures_apart(
    client: Client, model_server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    model_server.fail(1, status=400)
    says_nothing(model_server, HARD)
    with pytest.warns(IncompleteResultsWarning):
        run(client, progress=True)
    told = capsys.readouterr().err.splitlines()[-1]
    assert told == "Run: 100 %, 2 of 3 answered, 0 rated, 1 failed, 2 not judged by every criterion"


def test_answers_of_a_column_are_not_said_to_come_by_a_retry(
    client: Client, model_server: ModelServer
) -> None:
    rows = [{"question": "Why?", "answer": "So."}, {"question": "What?", "answer": ""}]
    collection = client.create_collection("Logged", variables=rows)
    answers = next(column.id for column in collection.columns if column.name == "answer")

    def told(name: str) -> str:
        with pytest.warns(IncompleteResultsWarning) as caught:
            client.run_experiment(name, None, collection, criteria=[EASY], response_column_id=answers)
        assert len(caught) == 1
        return str(caught[0].message)

    way_out = "correct the rows of collection 'Logged' that have none, and create another experiment"
    assert told("One lacks an answer").endswith(f". The answers come from a column: {way_out}")
    says_nothing(model_server)
    assert told("Both lack a verdict").endswith(
        f"{way_out}. experiment.retry_failed() has the answers judged that are there"
    )
    with pytest.raises(ConflictError, match="Correct the rows and create another experiment"):
        client.get_experiment(name="One lacks an answer").retry_failed()


@pytest.mark.parametrize("hidden", [(), ("Is it kind?",)])
def test_older_verdicts_that_stand_where_the_judge_fails_are_told(
    client: Client, model_server: ModelServer, hidden: tuple[str, ...]
) -> None:
    experiment = run(client, criteria=[HARD, EASY, *hidden])
    for criterion in (experiment.criterion_set.criteria or [])[2:]:
        criterion.delete()  # its verdicts stay, and nobody is asked for them again
    usual = model_server.verdict
    says_nothing(model_server, "rain", HARD)
    everything = 6 + 3 * len(hidden)
    says = (
        rf"^experiment 'Run': 1 of {everything} verdicts could not be given anew, so that older ones stand: 1 for "
        rf"'{HARD}'\. The judge gave nothing usable in their place; rate_responses\(\) asks it again$".replace(
            "?", r"\?"
        )
    )
    with pytest.warns(IncompleteResultsWarning, match=says) as caught:
        experiment.rate_responses()
    assert [one.filename for one in caught] == [__file__]
    with pytest.warns(IncompleteResultsWarning, match=says.replace("experiment 'Run': ", "")) as caught:
        list(client.stream_batch_rate(experiment.rated_responses))
    assert [one.filename for one in caught] == [__file__]

    model_server.verdict = usual
    with warnings.catch_warnings():
        warnings.simplefilter("error", IncompleteResultsWarning)
        experiment.rate_responses()
        list(client.stream_batch_rate(experiment.rated_responses))


def test_what_is_missing_and_what_stands_is_told_at_once(client: Client, model_server: ModelServer) -> None:
    experiment = run(client, criteria=[HARD])
    experiment.criterion_set.add_criteria([EASY])
    says_nothing(model_server, "rain")
    with pytest.warns(IncompleteResultsWarning) as caught:
        experiment.rate_responses()
    (only,) = caught
    assert "1 of 6 verdicts are missing" in str(only.message)
    assert "1 of 5 verdicts could not be given anew, so that older ones stand" in str(only.message)
