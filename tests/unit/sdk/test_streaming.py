"""Streams and waits against scripted polls: what a connection does not survive, they do."""

from __future__ import annotations

import types
import uuid
import warnings
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from elluminate import (
    APIError,
    AuthenticationError,
    ExperimentFailedWarning,
    InvalidResponseError,
    NotFoundError,
    RetryConfig,
    RetryExhaustedError,
    ServerError,
    TaskFailedError,
    WaitTimeoutError,
    _following,
)
from elluminate._transport import AsyncTransport, BlockingTransport
from elluminate.streaming import ExperimentStatusEvent, TaskStatus
from tests.unit.sdk import answers
from tests.unit.sdk.conftest import WiredWorld
from tests.unit.sdk.wire import Answer, Reply, Wire, page_of

TASK = "task-1"


class Clock:
    """Monotonic time that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(world: WiredWorld, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()

    async def sleep(_: object, seconds: float) -> None:
        await clock.sleep(seconds)

    monkeypatch.setattr(BlockingTransport, "sleep", sleep)
    monkeypatch.setattr(AsyncTransport, "sleep", sleep)
    monkeypatch.setattr(_following, "time", types.SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def poll(status: str, **changes: Any) -> Reply:
    """A poll of an old server: without generation_task_id."""
    return Reply(json=answers.task(status, **changes))


class Run:
    """An experiment that runs on the wire: its polls are scripted, everything else is there."""

    def __init__(self, world: WiredWorld, wire: Wire, **settings: Any) -> None:
        self.world, self.wire = world, wire
        wire.on("GET", "/prompt_templates/10", Reply(json=answers.template()))
        wire.on("GET", "/collections/20", Reply(json=answers.collection()))
        wire.on("POST", "/experiments", Reply(json=answers.experiment(generation_task_id=TASK)))
        finished = answers.experiment(results=answers.results())
        wire.on("GET", "/experiments/70", Reply(json=finished))
        wire.on("GET", "/responses", page_of(answers.response()))
        self.client = world.client(**settings)
        self.parts = (
            world.call(self.client, "get_prompt_template", id=10),
            world.call(self.client, "get_collection", id=20),
        )

    def stream(self, *polls: Answer, **given: Any) -> list[ExperimentStatusEvent]:
        self.wire.then(*polls)
        events: list[ExperimentStatusEvent] = self.world.call(
            self.client, "stream_experiment", "First try", *self.parts, **given
        )
        return events

    def run(self, *polls: Answer, **given: Any) -> Any:
        self.wire.then(*polls)
        return self.world.call(self.client, "run_experiment", "First try", *self.parts, **given)

    @property
    def polls(self) -> list[httpx.URL]:
        return [request.url for request in self.wire.requests if "/generation/" in request.url.path]


@pytest.fixture
def run(world: WiredWorld, wire: Wire, clock: Clock) -> Run:
    return Run(world, wire, retry_config=RetryConfig(max_attempts=1))


def statuses(events: list[ExperimentStatusEvent]) -> list[str]:
    return [event.status.value for event in events]


def test_a_stream_from_its_start_to_its_result(run: Run, clock: Clock) -> None:
    counted = {"total_responses": 2, "completed_ratings": 0}
    events = run.stream(
        poll("PENDING"),
        poll("STARTED", completed_responses=1, **counted),
        poll("STARTED", completed_responses=2, **counted),
        poll("SUCCESS", completed_responses=2, completed_ratings=2, total_responses=2),
        polling_interval=0.25,
    )
    assert statuses(events) == ["PENDING", "PENDING", "STARTED", "STARTED", "SUCCESS"]
    progress = [event.progress for event in events]
    assert progress[:2] == [None, None]
    assert [step.responses_generated for step in progress[2:] if step] == [1, 2, 2]
    assert progress[4] is not None
    assert progress[4].percent_complete == 100.0
    assert [event.is_complete for event in events] == [False, False, False, False, True]
    assert [event.result is None for event in events] == [True, True, True, True, False]
    result = events[4].result
    assert result is not None
    assert result.results is not None
    assert result.results.mean_all_ratings.yes == 0.75
    assert [response.id for response in result.responses()] == [80]
    assert clock.waits == [0.25, 0.25, 0.25]
    assert result.results is result.result


INTERRUPTIONS: dict[str, Callable[[], Answer]] = {
    "refused": lambda: httpx.ConnectError("refused"),
    "reset": lambda: httpx.ReadError("reset"),
    "cut": lambda: httpx.RemoteProtocolError("server disconnected without sending a response"),
    "timeout": lambda: httpx.ReadTimeout("slow"),
    "429": lambda: Reply(429, json={"detail": "slower"}),
    "500": lambda: Reply(500, text="Internal Server Error"),
    "502": lambda: Reply(502, text="<html>Bad Gateway</html>"),
    "503": lambda: Reply(503, json={"detail": "restarting"}),
    "504": lambda: Reply(504),
    "html": lambda: Reply(200, text="<html>We will be back</html>"),
    "empty": lambda: Reply(200),
    "cut json": lambda: Reply(200, text='{"status": "STAR'),
}


@pytest.mark.parametrize("retries", [1, 3])
@pytest.mark.parametrize("trouble", INTERRUPTIONS)
def test_trouble_in_the_middle_never_ends_a_stream(
    world: WiredWorld, wire: Wire, clock: Clock, trouble: str, retries: int
) -> None:
    run = Run(world, wire, retry_config=RetryConfig(max_attempts=retries))
    broken = [INTERRUPTIONS[trouble]() for _ in range(6)]
    events = run.stream(poll("STARTED"), *broken, poll("STARTED"), poll("SUCCESS"))
    assert statuses(events) == ["PENDING", "STARTED", "STARTED", "SUCCESS"]
    assert events[-1].result is not None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Reply(401, json={"detail": "revoked"}), AuthenticationError),
        (Reply(404, json={"detail": "deleted"}), NotFoundError),
        (Reply(400, json={"detail": "odd"}), APIError),
    ],
)
def test_an_answer_that_waiting_cannot_mend_ends_a_stream(
    run: Run, answer: Reply, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        run.stream(poll("STARTED"), answer)


def test_a_server_that_stays_away_is_reported_after_ten_minutes(run: Run, clock: Clock) -> None:
    run.wire.on("GET", f"/experiments/70/generation/{TASK}", Reply(503, json={"detail": "gone"}))
    with pytest.raises(ServerError, match="gone"):
        run.stream(polling_interval=10)
    assert 600.0 < clock.now - 1000.0 <= 620.0


def test_log_lines_are_neither_lost_nor_doubled(run: Run) -> None:
    """A server that keeps the whole log, and gives what comes after the reader's cursor."""
    log = "".join(f"line {number}\n" for number in range(40))
    polled = 0

    def give(request: httpx.Request) -> Reply:
        nonlocal polled
        polled += 1
        grown = min(len(log), polled * 37)
        cursor = int(request.url.params["log_cursor"])
        answer = answers.task(
            "SUCCESS" if cursor == len(log) else "STARTED",
            logs_delta=log[cursor:grown] or None,
            log_cursor=grown,
        )
        if polled % 3 == 2:
            raise httpx.ReadError("the answer was lost on its way")
        return Reply(json=answer) if polled % 5 else Reply(502)

    run.wire.on("GET", f"/experiments/70/generation/{TASK}", give)
    events = run.stream()
    assert "".join(event.logs_delta or "" for event in events) == log
    assert all(event.logs_delta != "" for event in events)
    readers = {url.params["connection_uuid"] for url in run.polls}
    assert len(readers) == 1
    assert uuid.UUID(readers.pop()).version == 4


def test_a_server_that_counts_log_lines_itself(run: Run) -> None:
    events = run.stream(
        poll("STARTED", logs_delta="one\n"),
        poll("STARTED", logs_delta=None),
        poll("STARTED", logs_delta=""),
        poll("SUCCESS", logs_delta="two\n"),
    )
    assert [event.logs_delta for event in events] == [None, "one\n", None, None, "two\n"]
    assert {url.params["log_cursor"] for url in run.polls} == {"0"}


def test_two_streams_are_two_readers_of_the_log(run: Run) -> None:
    run.stream(poll("SUCCESS"))
    run.stream(poll("SUCCESS"))
    assert len({url.params["connection_uuid"] for url in run.polls}) == 2


def test_waiting_without_a_stream_asks_for_no_log(run: Run) -> None:
    run.run(poll("SUCCESS"))
    assert set(run.polls[0].params) == set()


def test_an_unknown_status_counts_as_running(run: Run) -> None:
    events = run.stream(poll("WARMING_UP"), poll("SUCCESS"))
    assert statuses(events) == ["PENDING", "WARMING_UP", "SUCCESS"]
    assert not (events[1].is_complete or events[1].is_success or events[1].is_failure)
    assert not events[1].status.is_known


def test_a_task_that_hands_over_is_followed(run: Run) -> None:
    events = run.stream(
        poll("STARTED", generation_task_id=TASK),
        poll("STARTED", generation_task_id="task-2"),
        poll("STARTED", generation_task_id="task-2"),
        poll("SUCCESS", generation_task_id=None),
    )
    assert statuses(events)[1:] == ["STARTED", "STARTED", "STARTED", "SUCCESS"]
    assert [url.path.rpartition("/")[2] for url in run.polls] == [TASK, TASK, "task-2", "task-2"]


@pytest.mark.parametrize("claimed", ["SUCCESS", "FAILURE", "REVOKED"])
def test_the_end_of_a_superseded_task_is_not_the_experiments(run: Run, claimed: str) -> None:
    events = run.stream(
        poll(claimed, error_msg="superseded", generation_task_id="task-2"),
        poll("SUCCESS", generation_task_id="task-2"),
    )
    assert statuses(events) == ["PENDING", "STARTED", "SUCCESS"]
    assert events[1].error_msg is None
    assert run.polls[1].path.endswith("/task-2")


@pytest.mark.parametrize(("fault", "ending"), [(False, "SUCCESS"), (True, "FAILURE")])
def test_a_slot_that_stays_free_means_that_the_task_is_over(run: Run, fault: bool, ending: str) -> None:
    free = poll("STARTED", generation_task_id=None, has_internal_error=fault)
    events = run.stream(poll("STARTED", generation_task_id=TASK), free, free, free)
    assert statuses(events) == ["PENDING", "STARTED", "STARTED", "STARTED", ending]


def test_a_slot_that_is_free_for_a_moment_means_nothing(run: Run) -> None:
    free = poll("STARTED", generation_task_id=None)
    held = poll("STARTED", generation_task_id=TASK)
    events = run.stream(free, free, held, free, free, held, poll("SUCCESS", generation_task_id=None))
    assert statuses(events)[-1] == "SUCCESS"
    assert len(events) == 8


@pytest.fixture
def half_hour_polls(run: Run, clock: Clock) -> None:
    """A run that never ends, on a server that takes half an hour for an answer."""

    def give(request: httpx.Request) -> Reply:
        clock.now += 1800.0
        return poll("STARTED")

    run.wire.on("GET", f"/experiments/70/generation/{TASK}", give)


@pytest.mark.usefixtures("half_hour_polls")
def test_ten_hours_are_the_end(run: Run, clock: Clock) -> None:
    events = run.stream(polling_interval=10)
    assert events[-1].status is TaskStatus.TIMEOUT
    assert events[-1].is_failure
    assert events[-1].error_msg == "experiment 70 did not end within 10 hours"
    assert events[-1].result is None
    assert 36_000.0 < clock.now - 1000.0 < 36_000.0 + 1810.0


@pytest.mark.usefixtures("half_hour_polls")
def test_a_run_that_takes_ten_hours_has_failed(run: Run) -> None:
    with pytest.raises(TaskFailedError, match="did not end within 10 hours") as caught:
        run.run()
    assert caught.value.status == TaskStatus.TIMEOUT


@pytest.mark.parametrize("seconds", [0.05, 1, 7.5, 60])
def test_a_wait_of_ones_own_length(run: Run, clock: Clock, seconds: float) -> None:
    run.wire.on("GET", f"/experiments/70/generation/{TASK}", poll("STARTED"))
    with pytest.raises(WaitTimeoutError, match=rf"not end within {seconds:g} seconds; it goes on") as caught:
        run.run(timeout=seconds)
    assert isinstance(caught.value, TimeoutError)
    assert clock.now - 1000.0 == pytest.approx(seconds)


def test_a_result_that_comes_at_the_last_moment_is_taken(run: Run, clock: Clock) -> None:
    def give(request: httpx.Request) -> Reply:
        return poll("SUCCESS" if clock.now - 1000.0 >= 5.0 else "STARTED")

    run.wire.on("GET", f"/experiments/70/generation/{TASK}", give)
    assert run.run(timeout=5.0).results is not None


def test_a_server_that_holds_polls_back_tells_the_end_at_once(run: Run, clock: Clock) -> None:
    ends_at = clock.now + 17.5

    def give(request: httpx.Request) -> Reply:
        clock.now += min(float(request.url.params.get("wait", 0.0)), max(0.0, ends_at - clock.now))
        return poll("SUCCESS" if clock.now >= ends_at else "STARTED")

    run.wire.on("GET", f"/experiments/70/generation/{TASK}", give)
    assert run.run().results is not None
    assert clock.now == pytest.approx(ends_at)
    assert clock.waits == []
    held = [float(url.params.get("wait", 0.0)) for url in run.polls]
    assert held[:11] == [0.0] + [1.0] * 10  # a second first, and then a tenth of the time so far
    assert held[12:14] == pytest.approx([1.1, 1.21])


def test_a_poll_is_held_back_no_longer_than_is_waited(run: Run, clock: Clock) -> None:
    def give(request: httpx.Request) -> Reply:
        clock.now += float(request.url.params.get("wait", 0.0))
        return poll("STARTED")

    run.wire.on("GET", f"/experiments/70/generation/{TASK}", give)
    with pytest.raises(WaitTimeoutError, match=r"not end within 2\.5 seconds"):
        run.run(timeout=2.5)
    assert clock.now - 1000.0 == pytest.approx(2.5)


def test_a_server_that_holds_nothing_back_is_asked_for_it_once(run: Run, clock: Clock) -> None:
    run.run(*[poll("STARTED")] * 5, poll("SUCCESS"))
    assert [url.params.get("wait") for url in run.polls] == [None, "1.0", None, None, None, None]
    assert clock.waits == pytest.approx([0.1] * 4)


def test_after_trouble_a_poll_is_not_held_back(run: Run, clock: Clock) -> None:
    run.run(poll("STARTED"), Reply(503), poll("STARTED"), Reply(503), poll("SUCCESS"))
    assert [url.params.get("wait") for url in run.polls] == [None, "1.0", None, "1.0", None]
    assert len(clock.waits) == 2


def test_a_stream_is_not_held_back(run: Run) -> None:
    run.stream(poll("STARTED"), poll("STARTED"), poll("SUCCESS"))
    assert all("wait" not in url.params for url in run.polls)


def test_a_wait_slows_down_to_three_seconds(run: Run, clock: Clock) -> None:
    run.run(*[poll("STARTED")] * 50, poll("SUCCESS"))
    assert clock.waits[:10] == pytest.approx([0.1] * 10)
    assert clock.waits[11] == pytest.approx(0.11)  # a tenth of the time so far
    assert clock.waits[-1] == 3.0
    assert clock.waits == sorted(clock.waits)


def test_a_run_that_failed_as_a_whole_is_a_warning_and_what_there_is(run: Run) -> None:
    with pytest.warns(ExperimentFailedWarning, match="'First try' failed: the model was away"):
        experiment = run.run(poll("FAILURE", error_msg="the model was away"))
    assert [response.id for response in experiment.rated_responses] == [80]


@pytest.mark.parametrize("status", ["REVOKED", "REJECTED", "TIMEOUT"])
def test_a_run_that_was_ended_is_an_error(run: Run, status: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TaskFailedError, match=f"ended {status}: by hand") as caught:
            run.run(poll(status, error_msg="by hand"))
    assert (caught.value.status, caught.value.error_msg) == (status, "by hand")


@pytest.mark.parametrize("status", ["FAILURE", "REVOKED", "REJECTED", "TIMEOUT"])
def test_a_stream_tells_how_it_ended_and_raises_nothing(run: Run, status: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        events = run.stream(poll(status, error_msg="so it is"))
    assert (events[-1].status.value, events[-1].error_msg, events[-1].result) == (status, "so it is", None)


def test_an_experiment_with_nothing_to_do(run: Run) -> None:
    run.wire.on("POST", "/experiments", Reply(json=answers.experiment(generation_task_id=None)))
    events = run.stream()
    assert statuses(events) == ["PENDING", "SUCCESS"]
    assert events[1].result is not None
    assert run.polls == []
    assert run.run().results is not None


def test_an_experiment_that_is_only_created(run: Run) -> None:
    assert run.run(generate=False).results is None
    assert run.polls == []


def test_trouble_before_the_first_event_is_the_callers(run: Run) -> None:
    run.wire.on("POST", "/experiments", Reply(503, json={"detail": "restarting"}))
    with pytest.raises(ServerError) as caught:
        run.stream()
    assert not isinstance(caught.value, RetryExhaustedError)


def test_an_answer_that_breaks_the_contract_is_told_at_once(
    world: WiredWorld, wire: Wire, clock: Clock
) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        Run(world, wire).stream(poll("STARTED"), Reply(json={"status": 7}))
    assert caught.value.json_path == "$.status"
    assert len(clock.waits) == 1
