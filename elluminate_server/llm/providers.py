"""Which model answers for an LLM config, and which one judges.

The rules:

- A config with a base URL is asked at that endpoint, with its own key and no other.
- A config without one is asked at the server's default endpoint, under the config's own model name, with the
  config's own key when it has one and the default key otherwise.
- No config means the server's default model.
- When the server has no default endpoint, the built-in offline model answers for both, and says so: its
  `config.model` is `offline`, never the name of a model that was not asked.
- The model `local`, without an endpoint, is the one in this process (`llm/local_model.py`). Where it is the default, it
  answers for every config without a base URL, and says so, too.
- A default key is only ever sent to the endpoint it was configured with.

A provider is a class with one verb (`Model.answer`). `PROVIDERS` says which one an LLM config's inference type
means.

- A config of a provider that has one address alone (Anthropic) is asked there when it names none.
"""

import functools
import hashlib
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from elluminate_server.llm.addresses import check_address
from elluminate_server.llm.counted import CountedModel
from elluminate_server.llm.fences import nonce_from
from elluminate_server.llm.gates import Caller, Gate
from elluminate_server.llm.key_headers import KeyHeaders, anthropic_key, azure_key, bearer, no_header
from elluminate_server.llm.local_model import LOCAL_CONFIG, LOCAL_MODEL, LocalModel
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.offline import OfflineModel
from elluminate_server.llm.prices import PricedModel
from elluminate_server.llm.reach import ALLOWING_VARIABLE, AddressRefusedError, Reach
from elluminate_server.llm.traced import TracedModel
from elluminate_server.llm.types import MAX_MODEL_ANSWER_BYTES, Model, ModelError
from elluminate_server.operating.meters import Meters

if TYPE_CHECKING:
    from elluminate_server.llm.endpoint import Endpoint
    from elluminate_server.llm.http_calls import Calls

__all__ = ["PROVIDER_NAMES", "ModelDefaults", "Models", "Provider"]

OPENAI_BASE_URL = "https://api.openai.com/v1"
"""Where a key without a base URL belongs."""

JUDGE_TEMPERATURE = 0.0
"""The judge's, where none is set and it takes one: the same answer should get the same verdict."""

_CALLING = ("timeout", "max_retries", "max_connections")
"""Settings that say how a model is called, not how it answers."""

_PRICES = ("input_price_per_mtok", "output_price_per_mtok")
"""Settings that hold for a model at an endpoint, whoever asks it."""


@attrs.frozen(kw_only=True)
class ModelDefaults:
    """The server's own models, from its settings.

    An endpoint counts as configured when a base URL or a key is given; a key alone belongs to OpenAI. The
    judge's URL and model fall back to the answering model's; its key only when both are at the same endpoint.

    Attributes:
        base_url: OpenAI-compatible endpoint of the model that answers.
        model: Its name there.
        api_key: Its key.
        judge_base_url: Endpoint of the model that judges.
        judge_model: Its name there.
        judge_api_key: Its key.
        sampling: Further fields of the answering model's `ModelConfig`: timeout, max_retries, max_connections,
            temperature, max_tokens, prices. None counts as not given.
        judge_sampling: The same of the judge. How it is called (timeout, max_retries, max_connections) falls back to
            the answering model's, its prices where both are one; its temperature to 0, for models that take one.

    Raises:
        ValueError: An endpoint without a model name, or a model name without an endpoint.
    """

    base_url: str | None = None
    model: str | None = None
    api_key: str | None = attrs.field(default=None, repr=False)
    judge_base_url: str | None = None
    judge_model: str | None = None
    judge_api_key: str | None = attrs.field(default=None, repr=False)
    sampling: Mapping[str, Any] = attrs.field(factory=dict)
    judge_sampling: Mapping[str, Any] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        endpoint, judge_endpoint = self.base_url or self.api_key, self.judge_base_url or self.judge_api_key
        _check_pair("ELLUMINATE_LLM", endpoint, self.model)
        if not self._judges_itself:
            _check_pair("ELLUMINATE_JUDGE", judge_endpoint or endpoint, self.judge_model or self.model)

    @property
    def _answers_itself(self) -> bool:
        """Whether the model that answers is in this process."""
        return self.model == LOCAL_MODEL and not (self.base_url or self.api_key)

    @property
    def _judges_itself(self) -> bool:
        """Whether the model that judges is in this process."""
        if self.judge_base_url or self.judge_api_key:
            return False
        return self._answers_itself if self.judge_model is None else self.judge_model == LOCAL_MODEL

    def answering(self) -> ModelConfig | None:
        """The default model that answers; None when no endpoint is configured."""
        if not self.model:
            return None
        if self._answers_itself:
            return attrs.evolve(LOCAL_CONFIG, **_sampled(self.sampling))
        return ModelConfig(
            config_name=self.model,
            model=self.model,
            base_url=self.base_url or OPENAI_BASE_URL,
            api_key=self.api_key or None,
            **_given(self.sampling),
        )

    def judging(self) -> ModelConfig | None:
        """The default model that judges; None when no endpoint is configured."""
        model = self.judge_model or self.model
        if not model:
            return None
        if self._judges_itself:
            return attrs.evolve(
                LOCAL_CONFIG, preferred_temperature=JUDGE_TEMPERATURE, **_sampled(self.judge_sampling)
            )
        base_url = self.judge_base_url or self.base_url or OPENAI_BASE_URL
        key = self.judge_api_key
        if not key and _same_endpoint(base_url, self.base_url or OPENAI_BASE_URL):
            key = self.api_key
        is_the_same = model == self.model and _same_endpoint(base_url, self.base_url or OPENAI_BASE_URL)
        shared = (*_CALLING, *_PRICES) if is_the_same else _CALLING
        calling = {name: value for name, value in _given(self.sampling).items() if name in shared}
        return ModelConfig(
            config_name=model,
            model=model,
            base_url=base_url,
            api_key=key or None,
            preferred_temperature=JUDGE_TEMPERATURE,
            **{**calling, **_given(self.judge_sampling)},
        )


@attrs.frozen
class Provider:
    """How the models of an inference type are asked.

    Attributes:
        make: Makes a model; imports what it needs when it is first used.
        key_headers: Where the key goes.
        base_url: Address of a config that names none; None for the server's default endpoint.
        has_default: Whether the server's default endpoint may be asked in this way.
        calls: What the endpoint of a config is called, and what makes what sends to it; None for HTTP calls to its
            address.
    """

    make: Callable[[ModelConfig, "Endpoint"], Model]
    key_headers: KeyHeaders = bearer
    base_url: str | None = None
    has_default: bool = True
    calls: Callable[[ModelConfig], tuple[str, Callable[[], "Calls"]]] | None = None


def _openai_compatible(config: ModelConfig, endpoint: "Endpoint") -> Model:
    from elluminate_server.llm.openai_compatible import OpenAICompatibleModel

    return OpenAICompatibleModel(config, endpoint)


def _anthropic(config: ModelConfig, endpoint: "Endpoint") -> Model:
    from elluminate_server.llm.anthropic import AnthropicModel

    return AnthropicModel(config, endpoint)


def _custom_api(config: ModelConfig, endpoint: "Endpoint") -> Model:
    from elluminate_server.llm.custom_api import CustomApiModel

    return CustomApiModel(config, endpoint)


def _any_llm_calls(config: ModelConfig) -> tuple[str, Callable[[], "Calls"]]:
    from elluminate_server.llm.any_llm import AnyLlmCalls, address_of

    return address_of(config), lambda: AnyLlmCalls(config)


PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider(_openai_compatible),
    "anthropic": Provider(_anthropic, anthropic_key, "https://api.anthropic.com"),
    "any_llm": Provider(_openai_compatible, no_header, calls=_any_llm_calls),
    "custom_api": Provider(_custom_api, no_header, has_default=False),
}
"""Inference type to provider."""

PROVIDER_NAMES = ("anthropic", "any_llm")
"""Those of them that a config names as its provider."""

AZURE = Provider(_openai_compatible, azure_key)
"""The provider of the type `openai` where an API version is given."""


def _provider_of(config: ModelConfig) -> Provider:
    if config.inference_type == "openai" and config.api_version:
        return AZURE
    if config.inference_type in PROVIDERS:
        return PROVIDERS[config.inference_type]
    raise ModelError(
        f"LLM config {config.config_name!r} has the inference type {config.inference_type!r}, "
        f"{_REFUSED.get(config.inference_type, 'which this backend does not know')}. Use an OpenAI-compatible "
        "endpoint: inference type 'openai' with its base URL."
    )


_REFUSED = {
    "botario": "a protocol of the hosted platform that is not published",
}


class Models:
    """The models of one server.

    There is one gate for every endpoint and key, whatever configs it is asked with. HTTP connection pools are made when
    first used, one for each of them, and belong to the event loop they are used in. Close them with `aclose`.

    Args:
        defaults: The server's own models.
        reach: Which places are asked; public, private and loopback addresses unless given.
        max_answer_bytes: Most bytes of a provider's answer that are read.
        secret: What the marks in judges' prompts are made from; random, for this process alone, when not given.
        meters: Where calls are counted; None where they are not.
    """

    def __init__(
        self,
        defaults: ModelDefaults | None = None,
        *,
        reach: Reach | None = None,
        max_answer_bytes: int = MAX_MODEL_ANSWER_BYTES,
        secret: bytes | None = None,
        meters: Meters | None = None,
    ) -> None:
        self.reach = reach or Reach()
        self._defaults = defaults or ModelDefaults()
        self._secret = secret or secrets.token_bytes(32)
        # Each call of a judge asks for it, and computing it lets another thread go first.
        self._nonce_of = functools.lru_cache(1_000)(self._new_nonce)
        self._max_answer_bytes = max_answer_bytes
        self._meters = meters
        self._endpoints: dict[_Address, Endpoint] = {}
        self._ask_for_places: Callable[[], None] | None = None

    @functools.cached_property
    def _default(self) -> ModelConfig | None:
        return self._defaults.answering()

    @functools.cached_property
    def _judge(self) -> ModelConfig | None:
        return self._defaults.judging()

    def share_gates(self, ask: Callable[[], None]) -> None:
        """Have every gate give no more places than it is allowed; called before any model is asked for.

        Args:
            ask: Told when calls wait to be allowed; see `gates.Gate`.
        """
        self._ask_for_places = ask

    def gates(self) -> Mapping[str, Gate]:
        """The gates that were needed so far, by a name that is the same in all processes, and tells no key."""
        return {address.digest: endpoint.gate for address, endpoint in self._endpoints.items()}

    def model_for(self, config: ModelConfig | None, caller: Caller | None = None) -> Model:
        """The model that answers for an LLM config, or the default one.

        Args:
            config: The LLM config; None for the default model.
            caller: Who asks; None for a request that somebody waits for.

        Raises:
            ModelError: The config's inference type, address or key cannot be used; before anything is sent.
        """
        if config is None:
            default = self._default
            return OfflineModel() if default is None else self._at_endpoint(default, caller)
        provider = _provider_of(config)
        if config.base_url or provider.base_url or provider.calls is not None:
            given = attrs.evolve(config, base_url=config.base_url or provider.base_url)
            return self._at_endpoint(given, caller)
        if not provider.has_default:
            raise ModelError(
                f"LLM config {config.config_name!r} has no base URL, and there is none that its inference type "
                f"{config.inference_type!r} could mean: set llm_base_url to the address of the service."
            )
        default = self._default
        if default is None:
            return OfflineModel()
        if default.inference_type == LOCAL_MODEL:
            return self._at_endpoint(default, caller)
        prices = {name: getattr(default, name) for name in _PRICES} if config.model == default.model else {}
        own = {name: getattr(config, name) for name in _PRICES}
        given = attrs.evolve(
            config,
            base_url=default.base_url,
            api_key=config.api_key or default.api_key,
            **{**prices, **_given(own)},
        )
        return self._at_endpoint(given, caller)

    def judge_model(self, caller: Caller | None = None) -> Model:
        """The model that judges; `caller` as in `model_for`."""
        config = self._judge
        return OfflineModel() if config is None else self._at_endpoint(config, caller)

    def nonce_of(self, experiment_id: int) -> str:
        """What the marks carry in all that the judge of an experiment is shown.

        The same for its calls, so that what they begin with can be cached; unknown to those who write what is judged.
        """
        return self._nonce_of(experiment_id)

    def _new_nonce(self, experiment_id: int) -> str:
        return nonce_from(self._secret, f"experiment {experiment_id}")

    def calls_at_gates(self) -> tuple[int, int]:
        """How many calls are under way, and how many wait, at all endpoints."""
        gates = [endpoint.gate for endpoint in list(self._endpoints.values())]
        return sum(gate.under_way for gate in gates), sum(gate.waiting for gate in gates)

    async def aclose(self) -> None:
        """Close every connection pool. Models made before are not usable afterwards."""
        endpoints = list(self._endpoints.values())
        self._endpoints.clear()
        for endpoint in endpoints:
            await endpoint.aclose()

    def _check_reach_beyond(self, config: ModelConfig) -> None:
        """Refuse calls whose addresses nobody here sees where a server has to see them.

        Raises:
            ModelError: It is such a server.
        """
        if not self.reach.allows_private:
            raise ModelError(
                f"LLM config {config.config_name!r} has the provider {config.inference_type!r}, whose package chooses "
                "and connects to addresses by itself. This server asks public addresses alone, and cannot check them "
                f"there: whoever runs it can allow it, with {ALLOWING_VARIABLE}=true."
            )
        if config.base_url:
            check_address(config.base_url)
            try:
                self.reach.check_written(config.base_url)
            except AddressRefusedError as error:
                raise ModelError(
                    f"The model endpoint {config.base_url} {error.refused}. {error.way_out}"
                ) from None

    def _at_endpoint(self, config: ModelConfig, caller: Caller | None) -> Model:
        if config.inference_type == LOCAL_MODEL:
            return PricedModel(TracedModel(LocalModel(config)))
        from elluminate_server.llm.endpoint import Endpoint

        provider = _provider_of(config)
        base_url, calls = (config.base_url or OPENAI_BASE_URL).rstrip("/"), None
        if provider.calls is not None:
            self._check_reach_beyond(config)
            base_url, calls = provider.calls(config)
        address = _Address(
            base_url=base_url,
            api_key=config.api_key or None,
            key_headers=provider.key_headers,
        )
        if address not in self._endpoints:
            self._endpoints[address] = Endpoint(
                base_url=address.base_url,
                api_key=address.api_key,
                key_headers=address.key_headers,
                reach=self.reach,
                max_answer_bytes=self._max_answer_bytes,
                calls=None if calls is None else calls(),
                ask=self._ask_for_places,
            )
        model = provider.make(config, self._endpoints[address].called_by(caller or Caller()))
        model = model if self._meters is None else CountedModel(model, self._meters)
        return PricedModel(TracedModel(model))


@attrs.frozen(kw_only=True)
class _Address:
    """What two configs must share to share a gate and a connection pool."""

    base_url: str
    api_key: str | None = attrs.field(repr=False)
    key_headers: KeyHeaders

    @property
    def digest(self) -> str:
        text = "\0".join((self.base_url, self.api_key or "", getattr(self.key_headers, "__name__", "")))
        return hashlib.sha256(text.encode()).hexdigest()


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _sampled(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the model in this process takes of settings."""
    return {name: settings[name] for name in ("temperature", "max_tokens") if settings.get(name) is not None}


def _check_pair(prefix: str, endpoint: str | None, model: str | None) -> None:
    if model == LOCAL_MODEL and not endpoint:
        return
    if endpoint and not model:
        raise ValueError(
            f"An endpoint is configured, but no model: set {prefix}_MODEL to the model's name there."
        )
    if model and not endpoint:
        raise ValueError(
            f"{prefix}_MODEL is {model!r}, but no endpoint is configured: "
            f"set {prefix}_BASE_URL (or {prefix}_API_KEY alone for OpenAI itself)."
        )


def _same_endpoint(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/")
