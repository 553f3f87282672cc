"""Which model is asked, and with whose key."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from elluminate_server.llm import providers, roles
from elluminate_server.llm.anthropic import AnthropicModel
from elluminate_server.llm.endpoint import Endpoint
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.openai_compatible import OpenAICompatibleModel
from elluminate_server.llm.providers import ModelDefaults, Models, Provider
from elluminate_server.llm.simulated_user import END_MARK
from elluminate_server.llm.types import Answer, JudgeCase, Model, ModelError, ObjectShape, UserCase
from tests.support.model_server import ModelServer
from tests.unit.llm.openai_calls import provider_within

URL = "http://llm.example/v1"

pytestmark = pytest.mark.anyio

USER = [{"role": "user", "content": "Hello"}]


async def _keys_seen(models: Models, *asked: Model) -> None:
    try:
        for model in asked:
            await model.answer(USER)
    finally:
        await models.aclose()


def test_nothing_configured_means_offline_for_both() -> None:
    models = Models()
    config = ModelConfig(config_name="GPT", model="gpt-4o", api_key="k", input_price_per_mtok=5.0)
    for model in (models.model_for(None), models.model_for(config), models.judge_model()):
        assert model.config.public["llm_model_name"] == "offline"
        assert model.config.input_price_per_mtok == 0.0


async def test_a_config_with_its_own_endpoint_never_gets_the_default_key() -> None:
    with ModelServer() as default, ModelServer() as own:
        models = Models(ModelDefaults(base_url=default.base_url, model="d", api_key="default-key"))
        config = ModelConfig(config_name="c", model="m", base_url=own.base_url)
        await _keys_seen(models, models.model_for(config))
        assert "authorization" not in own.requests[0].headers
        assert default.requests == []


@pytest.mark.parametrize(
    ("key", "sent"), [(None, "default-key"), ("", "default-key"), ("own-key", "own-key")]
)
async def test_a_config_without_an_endpoint_goes_to_the_default_one_under_its_own_name(
    key: str | None, sent: str
) -> None:
    with ModelServer() as default:
        models = Models(ModelDefaults(base_url=default.base_url, model="d", api_key="default-key"))
        model = models.model_for(ModelConfig(config_name="c", model="m", api_key=key))
        await _keys_seen(models, model)
        assert model.config.model == default.requests[0].json["model"] == "m"
        assert default.requests[0].headers["authorization"] == f"Bearer {sent}"


async def test_no_config_goes_to_the_default_model() -> None:
    with ModelServer() as default:
        models = Models(ModelDefaults(base_url=default.base_url + "/", model="d", api_key="default-key"))
        await _keys_seen(models, models.model_for(None), models.judge_model())
        assert [request.json["model"] for request in default.requests] == ["d", "d"]
        assert {request.headers["authorization"] for request in default.requests} == {"Bearer default-key"}


async def test_a_judge_elsewhere_does_not_get_the_answering_models_key() -> None:
    with ModelServer() as default, ModelServer() as judge:
        defaults = ModelDefaults(
            base_url=default.base_url,
            model="d",
            api_key="default-key",
            judge_base_url=judge.base_url,
            judge_model="j",
        )
        models = Models(defaults)
        await _keys_seen(models, models.judge_model())
        assert judge.requests[0].json["model"] == "j"
        assert "authorization" not in judge.requests[0].headers


def test_a_judge_alone_leaves_the_answers_to_the_offline_model() -> None:
    models = Models(ModelDefaults(judge_base_url="http://judge.example/v1", judge_model="j"))
    assert models.model_for(None).config.model == "offline"
    assert models.judge_model().config.model == "j"


def test_a_key_alone_belongs_to_openai() -> None:
    config = Models(ModelDefaults(model="gpt-4o", api_key="k")).model_for(None).config
    assert (config.base_url, config.model) == ("https://api.openai.com/v1", "gpt-4o")


@pytest.mark.parametrize(
    ("given", "variable"),
    [
        ({"base_url": "http://x"}, "ELLUMINATE_LLM_MODEL"),
        ({"api_key": "k"}, "ELLUMINATE_LLM_MODEL"),
        ({"model": "m"}, "ELLUMINATE_LLM_BASE_URL"),
        ({"judge_base_url": "http://x"}, "ELLUMINATE_JUDGE_MODEL"),
        ({"judge_model": "m"}, "ELLUMINATE_JUDGE_BASE_URL"),
    ],
)
def test_half_a_default_is_refused_with_the_variable_to_set(given: dict[str, Any], variable: str) -> None:
    with pytest.raises(ValueError, match=variable):
        ModelDefaults(**given)


def test_overrides_replace_what_they_set_and_keep_the_rest() -> None:
    config = ModelConfig(config_name="c", model="m", temperature=0.5, max_tokens=9)
    changed = config.with_overrides(
        {"temperature": None, "top_p": 0.0, "max_connections": 3, "verbosity": None}
    )
    assert (changed.temperature, changed.top_p, changed.max_tokens, changed.max_connections) == (
        0.5,
        0.0,
        9,
        3,
    )
    assert config.with_overrides(None) == config


def test_temperature_and_reasoning_effort_push_each_other_out() -> None:
    config = ModelConfig(config_name="c", model="m", temperature=0.5)
    effort = config.with_overrides({"reasoning_effort": "low"})
    assert (effort.temperature, effort.reasoning_effort) == (None, "low")
    warm = effort.with_overrides({"temperature": 1.0})
    assert (warm.temperature, warm.reasoning_effort) == (1.0, None)


class Parrot:
    """A provider: a config and one verb. It says what it is told to say."""

    def __init__(self, config: ModelConfig, endpoint: Endpoint) -> None:
        self.config = config
        self.asked: list[str] = []
        self.says = ""

    async def answer(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
        preferred_shape: ObjectShape | None = None,
    ) -> Answer:
        self.asked.append(str(messages[0]["content"]))
        return Answer(messages=[{"role": "assistant", "content": self.says}], input_tokens=3)


async def test_a_provider_of_one_verb_judges_proposes_and_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "PROVIDERS", {**providers.PROVIDERS, "custom_api": Provider(Parrot)})
    config = ModelConfig(
        config_name="c", model="m", inference_type="custom_api", base_url="http://parrot.example"
    )
    model = provider_within(Models().model_for(config))
    assert isinstance(model, Parrot)
    case = JudgeCase(criterion="Is it short?", prompt_messages=USER, response_messages=[])
    user = UserCase(name="Ada", description="Curious.", goal="tides")

    model.says = '{"reasoning": "Fine.", "rating": "NO"}'
    verdict = await roles.judge(model, case, "fast")
    assert (verdict.rating, verdict.reasoning, verdict.input_tokens) == ("NO", "Fine.", 3)
    model.says = '{"criteria": ["Is it a?", "Is it b?", "Is it c?"]}'
    assert await roles.propose_criteria(model, USER) == ["Is it a?", "Is it b?", "Is it c?"]
    model.says = '{"topic": "tides"}'
    assert await roles.propose_row(model, USER, ["topic"], []) == {"topic": "tides"}
    model.says = f"Thanks! {END_MARK}"
    turn = await roles.play_user(model, user)
    assert (turn.text, turn.ends) == ("Thanks!", True)
    assert [asked.split(",")[0][:20] for asked in model.asked] == [
        "You are a strict",
        "You write evaluation",
        "You invent test case",
        "You play Ada",
    ]


@pytest.mark.parametrize(
    ("inference_type", "kind"), [("openai", OpenAICompatibleModel), ("anthropic", AnthropicModel)]
)
def test_the_inference_type_says_which_provider_it_is(inference_type: str, kind: type[Model]) -> None:
    config = ModelConfig(
        config_name="c", model="m", inference_type=inference_type, base_url="http://llm.example"
    )
    assert isinstance(provider_within(Models().model_for(config)), kind)


def test_botario_is_refused_with_its_reason() -> None:
    config = ModelConfig(config_name="c", model="m", inference_type="botario", base_url="http://llm.example")
    with pytest.raises(
        ModelError, match=r"'botario', a protocol .* not published.*'openai' with its base URL"
    ):
        Models().model_for(config)


def test_a_provider_with_one_address_is_asked_there() -> None:
    config = ModelConfig(config_name="c", model="claude", inference_type="anthropic", api_key="k")
    assert Models().model_for(config).config.base_url == "https://api.anthropic.com"


@pytest.mark.parametrize(
    ("given", "answers", "judges"),
    [
        pytest.param({"model": "local"}, True, True, id="both"),
        pytest.param({"model": "local", "judge_model": "local"}, True, True, id="both, named"),
        pytest.param({"model": "m", "base_url": URL, "judge_model": "local"}, False, True, id="the judge"),
        pytest.param(
            {"model": "local", "judge_model": "m", "judge_base_url": URL}, True, False, id="the answering one"
        ),
        pytest.param({"model": "local", "base_url": URL}, False, False, id="a model of that name elsewhere"),
    ],
)
def test_the_model_in_this_process_is_asked_where_it_is_named_without_an_endpoint(
    given: dict[str, Any], answers: bool, judges: bool
) -> None:
    models = Models(ModelDefaults(**given, sampling={"temperature": 0.3, "max_connections": 9}))
    assert (models.model_for(None).config.inference_type == "local") is answers
    assert (models.judge_model().config.inference_type == "local") is judges
    if answers:
        config = models.model_for(None).config
        assert (config.temperature, config.max_connections) == (0.3, 1)
        other = ModelConfig(config_name="c", model="other")
        assert models.model_for(other).config.model == "SmolLM2-135M-Instruct"
