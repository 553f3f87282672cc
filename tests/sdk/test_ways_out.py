"""What warnings say of verdicts that are missing: what a retry brings, and what mends those that it never brings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from elluminate_api import models as api

from elluminate import IncompleteResultsWarning, checks
from elluminate.schemas import Criterion
from elluminate.schemas.results import VerdictCounts
from elluminate.schemas.ways_out import ways_out
from tests.support.worlds import World, entered
from tests.unit.sdk import answers

FILL = "fill the row's cell, or mend the check or leave it out for that row, and create another experiment"
MEND = "mend it, give it to checks.python() once more, and experiment.retry_failed() calls it"


@pytest.fixture(params=["blocking", "async"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with entered(request.param) as world:
        yield world


@pytest.fixture
def client(base_url: str, world: World) -> Iterator[Any]:
    with world.opened(base_url=base_url) as client:
        world.call(client, "create_prompt_template", "T", "Name {{topic}}.")
        rows = [{"topic": "tides", "word": ""}, {"topic": "rain", "word": "rain"}]
        world.call(client, "create_collection", "C", variables=rows)
        yield client


def test_each_kind_of_reason_has_its_way_out(
    world: World, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    says: list[Any] = ["yes"]

    def named(response: str) -> Any:
        return says[0]

    def run(name: str, *criteria: Any) -> tuple[Any, str]:
        with pytest.warns(IncompleteResultsWarning) as told:
            experiment = world.call(client, "run_experiment", name, "T", "C", criteria=list(criteria))
        (message,) = (str(one.message) for one in told)
        return experiment, message

    for number, check in enumerate((checks.contains("{{word}}"), checks.max_words("{{topic}}"))):
        message = run(f"Cells {number}", check)[1]
        assert message.endswith(FILL) and "retry_failed" not in message

    experiment, message = run("Functions", checks.python(named))
    assert message.endswith(MEND) and FILL not in message and "brings what" not in message
    says[0] = True
    assert world.call(experiment, "retry_failed").results.verdicts.missing == 0

    def raises(response: str) -> bool:
        raise ConnectionError("away\nfor now")

    experiment, message = run("All", checks.contains("{{word}}"), checks.python(raises))
    assert ". experiment.retry_failed() brings what else is missing. A check says" in message
    assert message.endswith(FILL) and MEND not in message
    says[0] = None
    message = run("Both", checks.contains("{{word}}"), checks.python(named))[1]
    assert FILL in message and message.endswith(MEND) and "brings what" not in message
    capsys.readouterr()
    experiment.print_results_summary()
    assert "2 not judged: ConnectionError: away for now\n" in capsys.readouterr().out


def test_a_check_that_nobody_has_followed_yet_is_retried() -> None:
    logs = "Generated 1/2\nREVOKED: The run was cancelled."
    experiment = msgspec.convert(answers.experiment(logs=logs), api.Experiment)
    check = {"type": "max_words", "value": "5"}
    criterion = msgspec.convert(answers.criterion(40, "Short.", check=check), Criterion)

    def way(reason: str) -> str:
        why = api.MissingVerdictReason(cause=api.MissingVerdictCause.NOT_JUDGED, reason=reason, count=1)
        counts = VerdictCounts(
            expected=1,
            given=0,
            pending=0,
            missing_answer_failed=0,
            missing_not_judged=1,
            reasons=[why],
            missing_for_other_reasons=0,
        )
        return ways_out(experiment, counts, {40: counts}, [criterion])

    for reason in ("The run was cancelled.", "No judge was asked.", "The run ended TIMEOUT before it came."):
        assert way(reason) == "experiment.retry_failed() brings what is missing"
    assert way("The answer has no text.").endswith(FILL)
