"""Running what failed a criterion again, alone, and comparing it with what was before: blocking and async."""

from collections.abc import Callable, Iterator

import pytest

from elluminate import AsyncClient, Client, ConflictError, NoResultsError, NotFoundError, ValidationError
from elluminate.schemas import CriterionIn, Experiment
from tests.support.model_server import CapturedRequest, ModelServer

pytestmark = pytest.mark.anyio

TOPICS = ["tides", "rain", "wind", "fog"]
SHORT, KIND = "Is it short?", "Is it kind?"
FAILS = {("rain", SHORT), ("wind", SHORT), ("wind", KIND)}
YES = '{"reasoning": "So it is.", "rating": "YES"}'
NO = '{"reasoning": "It is not.", "rating": "NO"}'


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    def verdict(request: CapturedRequest) -> str:
        asked = str(request.json["messages"])
        fails = any(topic in asked and criterion in asked for topic, criterion in FAILS)
        return NO if fails and "carefully" not in asked else YES

    with ModelServer() as server:
        server.verdict = verdict
        yield server


@pytest.fixture
def experiment(client: Client) -> Experiment:
    template = client.create_prompt_template("Explain", template="Explain {{topic}}.")
    collection = client.create_collection("Topics", variables=[{"topic": topic} for topic in TOPICS])
    criteria: list[str | CriterionIn] = [SHORT, CriterionIn(criterion_str=KIND, label="kind")]
    return client.run_experiment("Run", template, collection, criteria=criteria, n_epochs=2)


def topics(experiment: Experiment) -> list[str]:
    return [response.template_variables["topic"] for response in experiment.rated_responses]


async def test_a_clone_takes_another_prompt_by_object_or_by_name(
    client: Client, experiment: Experiment
) -> None:
    other = client.create_prompt_template("Shorter", template="Name {{topic}}.")
    assert experiment.clone("By object", prompt_template=other).prompt_template == other
    assert (await experiment.aclone("By name", prompt_template="Shorter")).prompt_template == other
    kept = experiment.clone("Kept").prompt_template
    assert kept is not None and experiment.prompt_template is not None
    assert kept.id == experiment.prompt_template.id
    holed = client.create_prompt_template("Holed", template="Name {{nothing}}.")
    with pytest.raises(ValidationError, match="has no such column"):
        experiment.clone("Holed", prompt_template=holed)


def test_what_failed_a_criterion_is_run_again_with_a_better_prompt_and_compared(
    client: Client, experiment: Experiment, model_server: ModelServer
) -> None:
    client.create_prompt_template("Explain", template="Explain {{topic}} carefully.")
    asked = len(model_server.requests)

    again = experiment.rerun(prompt_template="Explain")

    assert again.name == "Run (again)"
    assert topics(again) == ["rain", "rain", "wind", "wind"]  # two epochs, as before
    kinds = [request.kind for request in model_server.requests[asked:]]
    assert (kinds.count("answer"), kinds.count("verdict")) == (4, 8)
    assert again.results is not None
    assert again.results.pass_rate == 1.0
    assert again.criterion_set.id == experiment.criterion_set.id
    rows = {response.prompt.template_variables.id for response in again.responses()}
    improved = client.list_comparison_samples(experiment, again, filter_samples_by="improved")
    assert {sample.template_variables_id for sample in improved} == rows
    assert client.list_comparison_samples(experiment, again, filter_samples_by="regressed") == []


def test_a_single_criterion_or_some_responses_choose_the_rows(experiment: Experiment) -> None:
    kind = (experiment.criterion_set.criteria or [])[1]
    for failing in (KIND, "kind", kind):
        assert topics(experiment.rerun(failing=failing, n_epochs=1)) == ["wind"]
    assert topics(experiment.rerun(experiment.rated_responses[:3], n_epochs=1, name="Two")) == [
        "tides",
        "rain",
    ]
    bare = experiment.clone("Bare").run()
    assert topics(bare.rerun(failing=SHORT)) == ["rain", "wind"]


def test_names_are_the_first_that_are_free_unless_one_is_given(experiment: Experiment) -> None:
    first, second = experiment.rerun(failing=KIND), experiment.rerun(failing=KIND)
    assert [first.name, second.name] == ["Run (again)", "Run (again 2)"]
    with pytest.raises(ConflictError):
        experiment.rerun(failing=KIND, name="Run")


def test_what_cannot_be_run_again_is_refused_before_anything_is_made(
    client: Client, experiment: Experiment, model_server: ModelServer
) -> None:
    elsewhere = client.create_collection("Elsewhere", variables=[{"topic": "snow"}])
    foreign = client.run_experiment("Foreign", experiment.prompt_template, elsewhere, criteria=[SHORT])
    planned = experiment.clone("Planned")
    refusals: list[tuple[Callable[[], Experiment], str]] = [
        (
            lambda: experiment.rerun(failing="Is it blue?"),
            r"has no criterion 'Is it blue\?'; its criteria are 'Is it",
        ),
        (lambda: experiment.rerun([], failing=KIND), "exclude each other"),
        (lambda: experiment.rerun([]), "nothing to run again"),
        (lambda: experiment.rerun(foreign.rated_responses), "row of collection 'Elsewhere'"),
        (foreign.rerun, "no answer of experiment 'Foreign' failed a criterion"),
    ]
    for ask, words in refusals:
        with pytest.raises(ValidationError, match=words):
            ask()
    with pytest.raises(NoResultsError, match="'Planned' has not been answered"):
        planned.rerun()
    collection = client.get_collection(name="Topics")
    collection.delete_entry(collection.variables[0])
    with pytest.raises(NotFoundError, match="row in collection"):
        experiment.rerun(experiment.rated_responses[:1])
    assert {one.name for one in client.list_experiments()} == {"Run", "Foreign", "Planned"}


async def test_the_same_async(base_url: str, experiment: Experiment) -> None:
    async with AsyncClient(base_url=base_url) as client:
        again = await (await client.get_experiment(name="Run")).arerun(failing=KIND, n_epochs=1)
        assert topics(again) == ["wind"]
