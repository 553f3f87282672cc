"""`llm_config.test()`: one small call of the backend, blocking and async."""

from __future__ import annotations

from pathlib import Path

import pytest

from elluminate import AsyncClient, Client, ModelNotBoundError, NotFoundError, ValidationError
from elluminate.schemas import Experiment, LLMConfig, LLMConfigProblem, LLMConfigTest
from tests.support.model_server import ModelServer, completion, failure
from tests.support.serve_process import serving

pytestmark = pytest.mark.anyio

KEY = "sk-key-that-must-not-be-seen"


def config_at(client: Client, model_server: ModelServer) -> LLMConfig:
    return client.create_llm_config("Tested", "gpt-test", KEY, llm_base_url=model_server.base_url)


async def test_a_config_that_works_and_one_with_a_wrong_key(
    client: Client, base_url: str, model_server: ModelServer
) -> None:
    config = config_at(client, model_server)
    async with AsyncClient(base_url=base_url) as async_client:
        same = await async_client.get_llm_config(name="Tested")
        model_server.reply(completion("OK", model="gpt-2026"), completion("OK", model="gpt-2026"))
        for tested in (config.test(), await same.atest()):
            assert isinstance(tested, LLMConfigTest)
            assert (tested.ok, tested.reply, tested.problem) == (True, "OK", None)
            assert tested.answered_by_model == "gpt-2026"
            assert (tested.latency_seconds or 0) > 0
        wrong = failure(401, f"Incorrect API key provided: {KEY}.")
        model_server.reply(wrong, wrong)
        for tested in (config.test("Are you there?"), await same.atest("Are you there?")):
            assert (tested.ok, tested.problem) == (False, LLMConfigProblem.KEY)
            assert "Incorrect API key provided: [key]. (Check the LLM config's API key.)" in (
                tested.reason or ""
            )
            assert KEY not in repr(tested)
    asked = [request.json["messages"][0]["content"] for request in model_server.requests]
    assert asked == ["Reply with the one word: OK"] * 2 + ["Are you there?"] * 2


def test_nothing_of_it_is_stored(client: Client, model_server: ModelServer) -> None:
    config_at(client, model_server).test()
    assert client.get_response_stats(days=1).total_responses == 0


def test_a_config_that_is_gone_or_was_never_stored_cannot_be_tested(
    client: Client, model_server: ModelServer
) -> None:
    config = config_at(client, model_server)
    client.delete_llm_config(config)
    with pytest.raises(NotFoundError):
        config.test()
    with pytest.raises(ModelNotBoundError):
        LLMConfig(id=1, name="by hand").test()


@pytest.mark.parametrize("prompt", ["", " \n", 7])
def test_a_prompt_that_asks_nothing_is_refused(
    client: Client, model_server: ModelServer, prompt: str
) -> None:
    config = config_at(client, model_server)
    with pytest.raises(ValidationError, match="prompt"):
        config.test(prompt)
    assert model_server.requests == []


def test_the_default_model_of_a_response_is_not_stored(client: Client) -> None:
    template, _ = client.get_or_create_prompt_template("T", "Describe {{place}}.")
    collection, _ = client.get_or_create_collection("T", {"variables": [{"place": "Ulm"}]})
    experiment: Experiment = client.run_experiment("T", template, collection, criteria=["Is it short?"])
    made = next(experiment.iter_responses()).generation_metadata
    assert made is not None
    assert made.llm_model_config is not None
    with pytest.raises(ValidationError, match="'scripted' is not stored"):
        made.llm_model_config.test()


def test_a_server_that_shares_its_work_asks_an_endpoint_that_nobody_has_asked_yet(
    tmp_path: Path, model_server: ModelServer
) -> None:
    with (
        serving(tmp_path / "served.db") as served,
        Client(base_url=served.base_url, api_key=served.api_key) as client,
    ):
        told = config_at(client, model_server).test()
        assert (told.ok, told.problem) == (True, None), told
