"""`target=…`: a program of the caller's answers the rows, its answers are stored as they come, and are judged."""

from __future__ import annotations

import asyncio
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest

from elluminate import (
    Answer,
    AsyncClient,
    Client,
    ConflictError,
    ExperimentProgress,
    IncompleteResultsWarning,
    NoCriteriaWarning,
    NoResultsError,
    NoRowsWarning,
    RetryConfig,
    ValidationError,
    WaitTimeoutError,
    evaluate,
)
from elluminate_server.api import experiments
from elluminate_server.reading import experiments as reading
from elluminate_server.writing import planned_experiments
from tests.support.model_server import ModelServer
from tests.support.worlds import World, entered

NAMES = ["tides", "rain", "wind", "snow", "fog"]


@pytest.fixture(params=["blocking", "async"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with entered(request.param) as world:
        yield world


@pytest.fixture
def client(base_url: str, world: World) -> Iterator[Any]:
    with world.opened(base_url=base_url, retry_config=RetryConfig(min_wait=0.0)) as client:
        world.call(client, "create_collection", "C", variables=[{"topic": topic} for topic in NAMES])
        yield client


class Program:
    """A program under test, ordinary or async: it counts what it is asked, and raises for some rows."""

    def __init__(self, *failing: str) -> None:
        self.failing = set(failing)
        self.asked: list[str] = []

    def ordinary(self, topic: str) -> Any:
        self.asked.append(topic)
        if topic in self.failing:
            raise ValueError(f"no word about {topic}")
        return f"All about {topic}."

    async def asynchronous(self, topic: str) -> Any:
        await anyio.sleep(0)
        return self.ordinary(topic)

    def target(self, kind: str) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(self, kind)
        return found


@pytest.fixture(params=["ordinary", "asynchronous"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(world: World, client: Any, target: Callable[..., Any], name: str = "E", **more: Any) -> Any:
    given = {"criteria": ["Is it short?", "Is it kind?"], **more}
    return world.call(client, "run_experiment", name, None, "C", target=target, **given)


def judged(model_server: ModelServer) -> int:
    return sum(request.kind == "verdict" for request in model_server.requests)


def texts(experiment: Any) -> list[str]:
    return sorted(response.response_text for response in experiment.responses())


def test_every_row_is_answered_by_the_program_and_judged(
    world: World, client: Any, kind: str, model_server: ModelServer
) -> None:
    experiment = run(world, client, Program().target(kind))

    assert texts(experiment) == sorted(f"All about {topic}." for topic in NAMES)
    assert [len(response.ratings) for response in experiment.responses()] == [2] * 5
    assert experiment.results.verdicts.is_complete
    assert (experiment.prompt_template, experiment.answers_from_elsewhere) == (None, True)
    assert [response.prompt.messages for response in experiment.responses()] == [[]] * 5
    assert all(one.generation_metadata.duration_seconds >= 0 for one in experiment.responses())
    assert {request.kind for request in model_server.requests} == {"verdict"}


def test_what_the_program_raises_is_kept_row_by_row(world: World, client: Any, kind: str) -> None:
    with pytest.warns(IncompleteResultsWarning) as told:
        experiment = run(world, client, Program("rain", "fog").target(kind))

    errors = {one.template_variables["topic"]: one.error for one in experiment.responses()}
    assert errors == {
        **dict.fromkeys(NAMES),
        "rain": "ValueError: no word about rain",
        "fog": "ValueError: no word about fog",
    }
    counts = experiment.results.verdicts
    assert (counts.expected, counts.given, counts.missing_answer_failed) == (10, 6, 4)
    assert experiment.results.num_failed_responses == 2
    (warning,) = told
    assert "The same call of run_experiment(…, target=…) asks the program again" in str(warning.message)
    assert warning.filename.endswith("worlds.py")  # where this test's calls are made


def test_a_thousand_rows_of_which_a_tenth_raises_are_900_answers_and_100_errors(base_url: str) -> None:
    with Client(base_url=base_url) as client:
        rows = [{"topic": f"topic {number}"} for number in range(1_000)]
        collection = client.create_collection("Many", variables=rows)

        def answer(topic: str) -> str:
            if topic.endswith("7"):
                raise ValueError(topic)
            return topic

        with pytest.warns(NoCriteriaWarning):
            experiment = client.run_experiment("E", None, collection, target=answer, max_concurrency=16)
        failed = [one for one in experiment.responses() if one.error is not None]
        assert (len(experiment.responses()), len(failed)) == (1_000, 100)
        assert all(one.error == f"ValueError: {one.template_variables['topic']}" for one in failed)
        answered = {one.response_text for one in experiment.responses() if one.error is None}
        assert answered == {row["topic"] for row in rows if not row["topic"].endswith("7")}


def test_the_same_call_asks_again_for_what_failed_and_for_nothing_else(
    world: World, client: Any, kind: str, model_server: ModelServer
) -> None:
    program = Program("rain")
    with pytest.warns(IncompleteResultsWarning):
        first = run(world, client, program.target(kind))
    kept = {one.id for one in first.responses() if one.error is None}
    program.asked.clear()
    before = judged(model_server)
    program.failing.clear()

    again = run(world, client, program.target(kind))

    assert program.asked == ["rain"]
    assert again.id == first.id
    assert (len(again.responses()), kept < {one.id for one in again.responses()}) == (5, True)
    assert again.results.num_failed_responses == 0
    assert judged(model_server) - before == 2
    once_more = run(world, client, program.target(kind))
    assert program.asked == ["rain"]
    assert once_more.results.verdicts.is_complete
    assert judged(model_server) - before == 2


def test_verdicts_that_are_missing_are_asked_for_alone(
    world: World, client: Any, model_server: ModelServer
) -> None:
    usual = model_server.verdict
    model_server.verdict = lambda request: (
        "I would rather not say." if "kind" in request.criteria[0] else usual(request)
    )
    program = Program()
    with pytest.warns(IncompleteResultsWarning):
        first = run(world, client, program.ordinary)
    assert first.results.verdicts.missing_not_judged == 5
    model_server.verdict = usual
    before = judged(model_server)

    again = run(world, client, program.ordinary)

    assert again.results.verdicts.is_complete
    assert (judged(model_server) - before, len(program.asked)) == (5, 5)


def test_a_failure_with_a_note_stays_as_it_is(world: World, client: Any) -> None:
    program = Program("rain")
    with pytest.warns(IncompleteResultsWarning):
        first = run(world, client, program.ordinary)
    [failed] = [one for one in first.responses() if one.error is not None]
    world.call(failed, "annotate", "A known gap.")
    program.asked.clear()
    with pytest.warns(IncompleteResultsWarning):
        again = run(world, client, program.ordinary)
    assert program.asked == []
    assert [one.annotation for one in again.responses() if one.error is not None] == ["A known gap."]


def test_epochs_are_answers_of_their_own_and_more_of_them_go_on(world: World, client: Any) -> None:
    program = Program()
    experiment = run(world, client, program.ordinary, n_epochs=2)
    assert Counter(program.asked) == dict.fromkeys(NAMES, 2)
    assert Counter(one.epoch for one in experiment.responses()) == {1: 5, 2: 5}
    assert experiment.n_epochs == 2
    program.asked.clear()
    more = run(world, client, program.ordinary, n_epochs=3)
    assert (len(program.asked), len(more.responses())) == (5, 15)


def test_a_template_shows_what_was_asked(world: World, client: Any) -> None:
    template = world.call(client, "create_prompt_template", "T", template="Explain {{topic}}.")
    program = Program()
    experiment = world.call(
        client, "run_experiment", "E", template, "C", criteria=["Is it short?"], target=program.ordinary
    )
    asked = [response.prompt.messages[0]["content"] for response in experiment.responses()]
    assert asked == [f"Explain {topic}." for topic in NAMES]
    with pytest.raises(ConflictError, match="has another prompt template"):
        run(world, client, program.ordinary)
    with pytest.raises(ConflictError, match="come from elsewhere, and no model is asked for any"):
        world.call(experiment, "run")


def test_what_an_answer_took_is_stored_and_counted(world: World, client: Any) -> None:
    def answer(topic: str) -> Answer:
        messages = [{"role": "user", "content": topic}, {"role": "assistant", "content": "So."}]
        return Answer(
            messages,
            input_tokens=30,
            output_tokens=4,
            model="small-2",
            input_cost_usd=0.3,
            output_cost_usd=0.2,
        )

    experiment = run(world, client, answer)
    for response in experiment.responses():
        made = response.generation_metadata
        assert (made.input_tokens, made.output_tokens, made.answered_by_model) == (30, 4, "small-2")
        assert [message["role"] for message in response.messages] == ["user", "assistant"]
    assert experiment.results.answer_costs.cost_usd == pytest.approx(2.5)
    assert experiment.results.answer_costs.is_known


def test_what_is_no_answer_is_an_error_of_its_row(world: World, client: Any) -> None:
    returned = {
        "tides": None,
        "rain": "a\0b",
        "wind": "\ud800",
        "snow": [{"role": "assistant", "content": [{"type": "nothing"}]}],
        "fog": "So.",
    }
    with pytest.warns(IncompleteResultsWarning):
        experiment = run(world, client, lambda topic: returned[topic])
    errors = {one.template_variables["topic"]: one.error for one in experiment.responses()}
    assert errors.pop("fog") is None
    for topic, words in {
        "tides": "returned None",
        "rain": "NUL character",
        "wind": "cannot be sent as JSON",
        "snow": "The server refuses this answer: ",
    }.items():
        assert words in errors[topic], errors


def test_retries_are_made_before_a_row_fails(world: World, client: Any, kind: str) -> None:
    tries: Counter[str] = Counter()

    def flaky(topic: str) -> str:
        tries[topic] += 1
        if topic == "rain" and tries[topic] < 3:
            raise OSError("away")
        return "So."

    async def flaky_later(topic: str) -> str:
        return flaky(topic)

    target = flaky if kind == "ordinary" else flaky_later
    experiment = run(world, client, target, target_retries=2)
    assert tries["rain"] == 3
    assert experiment.results.num_failed_responses == 0


def test_a_program_that_hangs_is_left_after_its_time(world: World, client: Any, kind: str) -> None:
    released = threading.Event()

    def hanging(topic: str) -> str:
        if topic == "rain":
            released.wait(60)
        return "So."

    async def hanging_later(topic: str) -> str:
        if topic == "rain":
            await anyio.sleep_forever()
        return "So."

    target = hanging if kind == "ordinary" else hanging_later
    try:
        with pytest.warns(IncompleteResultsWarning):
            experiment = run(world, client, target, target_timeout=0.5)
    finally:
        released.set()
    errors = {one.template_variables["topic"]: one.error for one in experiment.responses()}
    assert errors["rain"] == "TimeoutError: no answer within 0.5 seconds (target_timeout)"


def test_a_call_that_may_take_no_longer_stores_what_it_has_and_goes_on_later(
    world: World, client: Any
) -> None:
    released = threading.Event()
    asked: list[str] = []

    def slow(topic: str) -> str:
        asked.append(topic)
        if topic != "tides":
            released.wait(60)
        return "So."

    try:
        with pytest.raises(WaitTimeoutError, match="the same call goes on with the rest"):
            run(world, client, slow, max_concurrency=1, timeout=0.5)
    finally:
        released.set()
    assert asked[:2] == ["tides", "rain"]
    program = Program()
    experiment = run(world, client, program.ordinary)
    assert "tides" not in program.asked
    assert experiment.results.verdicts.is_complete


def test_progress_is_told_from_the_first_answer_to_the_last_verdict(world: World, client: Any) -> None:
    told: list[ExperimentProgress] = []
    with pytest.warns(IncompleteResultsWarning):
        run(world, client, Program("rain").ordinary, progress=told.append)
    assert (told[0].responses_generated, told[0].total_responses, told[0].percent_complete) == (0, 5, 0)
    last = told[-1]
    assert (last.responses_generated, last.responses_failed, last.responses_rated) == (5, 1, 5)
    generated = [progress.responses_generated for progress in told]
    assert generated == sorted(generated)


def test_an_interrupt_stores_what_has_come_and_begins_no_more(
    world: World, client: Any, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program()
    counted = threading.Lock()

    def interrupted(topic: str) -> Any:
        with counted:
            if len(program.asked) == 2:
                raise KeyboardInterrupt
            return program.ordinary(topic)

    async def interrupted_later(topic: str) -> Any:
        return interrupted(topic)

    target = interrupted if kind == "ordinary" else interrupted_later
    with pytest.raises(KeyboardInterrupt):
        run(world, client, target, max_concurrency=1)
    assert (
        "Interrupted: 2 of 5 answers of experiment 'E' are stored. The same call" in capsys.readouterr().err
    )
    assert program.asked == NAMES[:2]

    experiment = run(world, client, program.target(kind))

    assert program.asked == NAMES
    assert experiment.results.verdicts.is_complete


def test_an_interrupt_that_comes_by_an_answer_loses_none(world: World, client: Any, kind: str) -> None:
    program = Program()
    begun = threading.Event()

    class Interrupting(list[Any]):
        """An answer that an interrupt comes by while it is made ready to be stored."""

        def __iter__(self) -> Any:
            if not begun.is_set():
                begun.set()
                raise KeyboardInterrupt
            return super().__iter__()

    def answer(topic: str) -> Any:
        said = program.ordinary(topic)
        return Interrupting([{"role": "assistant", "content": "Sand."}]) if topic == NAMES[-1] else said

    async def answer_later(topic: str) -> Any:
        return answer(topic)

    target = answer if kind == "ordinary" else answer_later
    with pytest.raises(KeyboardInterrupt):
        run(world, client, target, max_concurrency=1)
    assert program.asked == NAMES

    run(world, client, program.target(kind))

    assert program.asked == NAMES  # each once: what had come was stored


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_task_that_is_cancelled_stores_what_has_come(base_url: str, backend: str, kind: str) -> None:
    program = Program()
    released = threading.Event()

    async def story() -> Any:
        has_begun = anyio.Event()

        async def slow(topic: str) -> Any:
            if topic == "wind":
                has_begun.set()
                await anyio.sleep_forever()
            return program.ordinary(topic)

        def slow_in_a_thread(topic: str) -> Any:
            if topic == "wind":
                waiting.set()
                released.wait(60)
            return program.ordinary(topic)

        waiting = threading.Event()
        target = slow_in_a_thread if kind == "ordinary" else slow
        async with AsyncClient(base_url=base_url) as client:
            await client.create_collection("C", variables=[{"topic": topic} for topic in NAMES])
            criteria = ["Is it short?"]
            async with anyio.create_task_group() as tasks:

                async def call() -> None:
                    await client.run_experiment(
                        "E", None, "C", criteria=criteria, target=target, max_concurrency=1
                    )

                tasks.start_soon(call)
                with anyio.fail_after(60):
                    while not (has_begun.is_set() or waiting.is_set()):
                        await anyio.sleep(0.001)
                tasks.cancel_scope.cancel()
            released.set()
            there = await client.get_experiment(name="E")
            stored = sorted(one.template_variables["topic"] for one in there.responses())
            program.asked.clear()
            experiment = await client.run_experiment(
                "E", None, "C", criteria=criteria, target=program.ordinary
            )
            return stored, [len(one.ratings) for one in experiment.responses()]

    stored, ratings = anyio.run(story, backend=backend)
    assert (stored, ratings) == (["rain", "tides"], [1] * 5)
    assert "tides" not in program.asked and "rain" not in program.asked


def test_the_callers_loop_goes_on_while_an_ordinary_function_is_called(base_url: str) -> None:
    ticks: list[int] = []
    seen = threading.Event()

    def waits_for_the_loop(topic: str) -> str:
        assert seen.wait(60), "the event loop stands still"
        return topic

    async def tick() -> None:
        while True:
            ticks.append(1)
            seen.set()
            await asyncio.sleep(0.001)

    async def story() -> Any:
        async with AsyncClient(base_url=base_url) as client:
            await client.create_collection("C", variables=[{"topic": topic} for topic in NAMES])
            ticking: asyncio.Task[None] | None = None

            async def call() -> Any:
                return await client.run_experiment(
                    "E", None, "C", criteria=["Is it short?"], target=waits_for_the_loop, max_concurrency=2
                )

            running = asyncio.ensure_future(call())
            ticking = asyncio.ensure_future(tick())
            try:
                return await running
            finally:
                ticking.cancel()

    assert len(asyncio.run(story()).responses()) == 5


def test_a_blocking_client_inside_a_running_loop_calls_a_coroutine_function(base_url: str) -> None:
    async def answer(topic: str) -> str:
        await asyncio.sleep(0)
        return topic

    async def handler() -> Any:
        with Client(base_url=base_url) as client:
            client.create_collection("C", variables=[{"topic": topic} for topic in NAMES])
            return client.run_experiment("E", None, "C", criteria=["Is it short?"], target=answer)

    assert texts(asyncio.run(handler())) == sorted(NAMES)


def test_a_program_may_use_clients_of_its_own(world: World, client: Any, base_url: str) -> None:
    async def asks_the_server(topic: str) -> str:
        async with AsyncClient(base_url=base_url) as own:
            return f"{topic}: {(await own.get_collection(name='C')).name}"

    def asks_it_blocking(topic: str) -> str:
        with Client(base_url=base_url) as own:
            return f"{topic}: {own.get_collection(name='C').name}"

    for name, target in {"A": asks_the_server, "B": asks_it_blocking}.items():
        experiment = run(world, client, target, name)
        assert texts(experiment) == sorted(f"{topic}: C" for topic in NAMES)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a model": ({"llm_config": "Small"}, "llm_config=… cannot go with target=…"),
    "a cache": ({"cache": True}, "cache=… cannot go with target=…"),
    "a column and a model": (
        {"response_column_id": 1, "llm_config": "Small"},
        "llm_config=… and response_column_id=… cannot go with target=…",
    ),
    "no run": ({"generate": False}, "generate=False cannot go with target=…"),
    "no function": ({"target": "answer"}, "target must be a function of a row's values"),
    "another function": ({"target": lambda question: question}, r"parameters \(question\)|takes the row"),
    "no call at a time": ({"max_concurrency": 0}, "max_concurrency must be an integer between 1 and 1000"),
    "a retry too few": ({"target_retries": -1}, "target_retries must be an integer between 0 and 100"),
    "no time": ({"target_timeout": 0}, "target_timeout must be a number of seconds above 0"),
    "no number": ({"target_timeout": "30"}, "target_timeout must be a number of seconds"),
    "endless time": ({"target_timeout": float("inf")}, "target_timeout must be a number of seconds"),
}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [REFUSED[name] for name in REFUSED if name != "another function"],
    ids=[name for name in REFUSED if name != "another function"],
)
def test_what_cannot_go_with_a_program_is_refused_before_anything_is_made(
    world: World, client: Any, wrong: dict[str, Any], words: str
) -> None:
    program = Program()
    with pytest.raises(ValidationError, match=words):
        run(world, client, **{"target": program.ordinary, **wrong})
    assert program.asked == [] and world.call(client, "list_experiments") == []


def test_a_function_that_fits_no_row_makes_nothing(world: World, client: Any) -> None:
    with pytest.raises(ValidationError, match=r"parameters \(question, topic\).*has the columns \(topic\)"):
        run(world, client, lambda question, topic: "")
    assert world.call(client, "list_experiments") == [] == world.call(client, "list_criterion_sets")


@pytest.mark.parametrize(
    "more", [{"max_concurrency": 3}, {"target_retries": 1}, {"target_timeout": 5}], ids=lambda more: min(more)
)
def test_how_a_program_is_called_is_refused_where_there_is_none(
    world: World, client: Any, more: dict[str, Any]
) -> None:
    template = world.call(client, "create_prompt_template", "T", template="Explain {{topic}}.")
    with pytest.raises(ValidationError, match=r"says how target=… is called, and there is none"):
        world.call(client, "run_experiment", "E", template, "C", **more)


def test_an_experiment_that_is_made_of_something_else_is_not_gone_on_with(world: World, client: Any) -> None:
    template = world.call(client, "create_prompt_template", "T", template="Explain {{topic}}.")
    world.call(client, "create_collection", "Others", variables=[{"topic": "ice"}])
    world.call(client, "create_criterion_set", "S", ["Is it short?", "Is it kind?"])
    program = Program()
    run(world, client, program.ordinary)
    world.call(client, "run_experiment", "By a model", template, "C", criteria=["Is it short?"])

    for name, more, words in (
        ("E", {"criteria": ["Is it long?"]}, "has other criteria"),
        ("E", {"criteria": None, "criterion_set": "S"}, "has criterion set 'E Criteria"),
        ("By a model", {"criteria": ["Is it short?"]}, "gets its answers in another way"),
    ):
        with pytest.raises(ConflictError, match=words) as caught:
            run(world, client, program.ordinary, name, **more)
        assert caught.value.resource_name == name
    with pytest.raises(ConflictError, match="is over collection 'C'"):
        world.call(
            client,
            "run_experiment",
            *("E", None, "Others"),
            criteria=["Is it short?", "Is it kind?"],
            target=program.ordinary,
        )
    assert len(program.asked) == 5


def test_a_collection_without_rows_is_warned_of(world: World, client: Any) -> None:
    world.call(client, "create_collection", "Empty", columns=["topic"])
    with pytest.warns(NoRowsWarning):
        experiment = world.call(
            client, "run_experiment", "E", None, "Empty", criteria=["Is it short?"], target=Program().ordinary
        )
    assert experiment.responses() == []


def test_a_clone_is_answered_by_a_program_too_unless_it_has_a_template(world: World, client: Any) -> None:
    experiment = run(world, client, Program().ordinary)
    clone = world.call(experiment, "clone", "Again")
    assert clone.answers_from_elsewhere
    with pytest.raises(NoResultsError, match=r"call run_experiment\(…, target=…\) under this name"):
        clone.print_results_summary()
    answered = world.call(
        client,
        "run_experiment",
        "Again",
        None,
        "C",
        criterion_set=experiment.criterion_set,
        target=Program().ordinary,
    )
    assert (answered.id, len(answered.responses())) == (clone.id, 5)

    template = world.call(client, "create_prompt_template", "T", template="Explain {{topic}}.")
    by_model = world.call(experiment, "clone", "By a model", prompt_template=template)
    assert len(world.call(by_model, "run").responses()) == 5
    with pytest.raises(ValidationError, match="a rerun asks a model; give prompt_template=…"):
        world.call(experiment, "rerun", experiment.responses())


def test_evaluate_takes_a_program_and_goes_on_by_name(base_url: str) -> None:
    program = Program("rain")
    with Client(base_url=base_url) as client:
        client.create_collection("C", variables=[{"topic": topic} for topic in NAMES])
        client.create_criterion_set("S", ["Is it short?"])
        with pytest.raises(ValidationError, match="without a prompt template no criteria are linked"):
            evaluate(None, "C", client=client, target=program.ordinary)
        for expected in (1, 0):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", IncompleteResultsWarning)
                experiment = evaluate(None, "C", "S", name="E", client=client, target=program.ordinary)
            assert sum(one.error is not None for one in experiment.responses()) == expected
            program.failing.clear()
        assert len(program.asked) == 6


# --- servers that know nothing of programs, as the hosted platform


@pytest.fixture
def other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the server be one that has never heard of answers from elsewhere: it needs a template, and models."""
    created, loaded = planned_experiments._checked_elsewhere, reading.load_experiments

    def forgets(request: Any) -> bool:
        request.answers_from_elsewhere = None
        return created(request)

    async def does_not_tell(*args: Any, **kwargs: Any) -> Any:
        shown = await loaded(*args, **kwargs)
        for experiment in shown:
            experiment.answers_from_elsewhere = None
        return shown

    monkeypatch.setattr(planned_experiments, "_checked_elsewhere", forgets)
    monkeypatch.setattr(reading, "load_experiments", does_not_tell)
    monkeypatch.setattr(experiments, "load_experiments", does_not_tell)


def test_elsewhere_rows_that_failed_stay_unanswered_and_count_as_missing(
    other_server: None, world: World, client: Any, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program("rain")
    with pytest.warns(IncompleteResultsWarning, match=r"ValueError: no word about rain \(2\)") as told:
        experiment = run(world, client, program.target(kind))

    assert len(told) == 1
    assert len(experiment.responses()) == 4
    assert experiment.prompt_template.name == "Rows of C"
    assert [one.prompt.messages[0]["content"] for one in experiment.responses()] == [
        f"topic: {topic}" for topic in NAMES if topic != "rain"
    ]
    counts = experiment.results.verdicts
    assert (counts.expected, counts.given, counts.missing_answer_failed) == (10, 8, 2)
    assert [of_one.missing for of_one in experiment.results.verdicts_by_criterion_id.values()] == [1, 1]
    assert experiment.results.num_failed_responses == 1
    experiment.print_results_summary()
    assert "ValueError: no word about rain" in capsys.readouterr().out
    program.asked.clear()
    program.failing.clear()

    again = run(world, client, program.target(kind))

    assert program.asked == ["rain"]
    assert again.id == experiment.id
    assert again.results.verdicts.is_complete
    assert len(world.call(client, "list_prompt_templates")) == 1


def test_elsewhere_a_program_that_never_answers_has_results_that_say_so(
    other_server: None, world: World, client: Any
) -> None:
    with pytest.warns(IncompleteResultsWarning, match="10 of 10 verdicts are missing"):
        experiment = run(world, client, Program(*NAMES).ordinary)
    assert experiment.responses() == []
    assert experiment.results.pass_rate is None
    assert experiment.results.num_failed_responses == 5


def test_elsewhere_a_template_that_is_given_is_taken(other_server: None, world: World, client: Any) -> None:
    template = world.call(client, "create_prompt_template", "T", template="Explain {{topic}}.")
    experiment = world.call(
        client, "run_experiment", "E", template, "C", criteria=["Is it short?"], target=Program().ordinary
    )
    assert experiment.prompt_template.name == "T"
    assert experiment.results.verdicts.is_complete
