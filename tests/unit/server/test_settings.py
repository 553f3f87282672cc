"""Settings: what variables mean, and what is said of those that cannot be used."""

from typing import Any

import pytest

from elluminate_server.llm.model_config import MAX_CONNECTIONS, ModelConfig
from elluminate_server.settings import MEMORY, Settings, SettingsError, normalise_database_url


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("evals.db", "sqlite+aiosqlite:///evals.db"),
        ("/data/evals.db", "sqlite+aiosqlite:////data/evals.db"),
        ("sqlite:///evals.db", "sqlite+aiosqlite:///evals.db"),
        ("sqlite+aiosqlite:////data/evals.db", "sqlite+aiosqlite:////data/evals.db"),
        (":memory:", MEMORY),
        ("sqlite://", MEMORY),
        ("sqlite:///:memory:", MEMORY),
        ("postgres://db/evals", "postgresql+psycopg://db/evals"),
        ("postgresql://u:p@db/evals", "postgresql+psycopg://u:p@db/evals"),
        ("  evals.db ", "sqlite+aiosqlite:///evals.db"),
    ],
)
def test_a_database_is_a_path_or_a_url(given: str, url: str) -> None:
    assert normalise_database_url(given) == url
    assert Settings(database_url=given).database_url == url


def test_a_database_in_memory_has_no_name_here() -> None:
    with pytest.raises(SettingsError, match=r"ELLUMINATE_DATABASE_URL is ':memory:foo'.* Say :memory:"):
        normalise_database_url(":memory:foo")


def test_an_unknown_database_is_refused_without_its_password() -> None:
    with pytest.raises(SettingsError, match="ELLUMINATE_DATABASE_URL has the scheme 'mysql'") as caught:
        normalise_database_url("mysql://root:hunter2@db/evals")
    assert "hunter2" not in str(caught.value)


def test_variables_are_read_and_empty_ones_count_as_unset() -> None:
    settings = Settings.from_environment(
        {
            "ELLUMINATE_DATABASE_URL": "x.db",
            "ELLUMINATE_API_KEY": "12345678",
            "ELLUMINATE_PAGE_SIZE": "7",
            "ELLUMINATE_RUN_TIME_LIMIT": "1.5",
            "ELLUMINATE_LLM_MODEL": " ",
            "ELLUMINATE_PROCESS_KEY": "never from outside",
        }
    )

    assert settings.database_url == "sqlite+aiosqlite:///x.db"
    assert (settings.api_key, settings.page_size, settings.run_time_limit) == ("12345678", 7, 1.5)
    assert (settings.llm_model, settings.process_key) == (None, None)


def test_overrides_win_and_none_is_no_override() -> None:
    environment = {"ELLUMINATE_DATABASE_URL": "x.db", "ELLUMINATE_PAGE_SIZE": "7"}
    settings = Settings.from_environment(environment, database_url="y.db", page_size=None)

    assert (settings.database_url, settings.page_size) == ("sqlite+aiosqlite:///y.db", 7)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ELLUMINATE_PAGE_SIZE", "many"),
        ("ELLUMINATE_PAGE_SIZE", "0"),
        ("ELLUMINATE_RESPONSE_PAGE_SIZE", "1001"),
        ("ELLUMINATE_MAX_BODY_BYTES", "-1"),
        ("ELLUMINATE_MAX_COLUMNS", "0"),
        ("ELLUMINATE_MAX_REQUEST_CELLS", "10"),
        ("ELLUMINATE_MAX_ANSWER_BYTES", "0"),
        ("ELLUMINATE_LLM_MAX_ANSWER_BYTES", "1023"),
        ("ELLUMINATE_JUDGE_MAX_TOKENS", "-1"),
        ("ELLUMINATE_LLM_PATIENCE", "-1"),
        ("ELLUMINATE_LLM_INPUT_PRICE_PER_MTOK", "-0.5"),
        ("ELLUMINATE_JUDGE_OUTPUT_PRICE_PER_MTOK", "free"),
        ("ELLUMINATE_LLM_TIMEOUT", "0.5"),
        ("ELLUMINATE_LLM_TIMEOUT", "soon"),
        ("ELLUMINATE_LLM_MAX_RETRIES", "1.5"),
        ("ELLUMINATE_LLM_MAX_CONNECTIONS", "0"),
        ("ELLUMINATE_LLM_TEMPERATURE", "2.1"),
        ("ELLUMINATE_JUDGE_TEMPERATURE", "hot"),
        ("ELLUMINATE_JUDGE_TIMEOUT", "36001"),
        ("ELLUMINATE_JUDGE_MAX_RETRIES", "101"),
        ("ELLUMINATE_JUDGE_MAX_CONNECTIONS", "1001"),
        ("ELLUMINATE_IDEMPOTENCY_LIFETIME", "59"),
        ("ELLUMINATE_MAX_CONCURRENT_CALLS", "1.5"),
        ("ELLUMINATE_RUN_TIME_LIMIT", "nan"),
        ("ELLUMINATE_METRICS", "perhaps"),
        ("ELLUMINATE_RUN_TIME_LIMIT", "soon"),
    ],
)
def test_a_bad_value_is_named_with_its_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({variable: value})
    assert caught.value.variable == variable
    assert variable in str(caught.value)
    assert value.rstrip(".0") in str(caught.value)


@pytest.mark.parametrize("key", ["short", "with blank in it", "x" * 513, "schl\u00fcssel-lang"])
def test_an_unusable_key_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(SettingsError, match="ELLUMINATE_API_KEY") as caught:
        Settings(api_key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("whose", ["llm", "judge"])
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("zzz", "'zzz' is not the address of an endpoint: a base URL starts with http:// or https://"),
        ("localhost:8080/v1", "'localhost:8080/v1' is not the address of an endpoint"),
        ("ftp://llm.example/v1", "'ftp://llm.example/v1' is not the address of an endpoint"),
        ("http://", "'http://' is not the address of an endpoint"),
        (
            "http://llm.example:port/v1",
            "'http://llm.example:port/v1' .* its port is no number from 0 to 65535",
        ),
        ("http://[::1/v1", "it cannot be read as a URL"),
        (
            "http://user:hunter2@llm.example/v1",
            "'http://llm.example/v1' was given with one: put the key into {key}",
        ),
        ("http://user:hun/ter2@llm.example/v1", "'http://llm.example/v1' is not the address"),
        ("user:hunter2@llm.example/v1", "'llm.example/v1' is not the address of an endpoint"),
        ("http://user:hunter2@[llm.example/v1", "it cannot be read as a URL"),
        ("http://user:hunter2@llm\u2100example/v1", "it cannot be read as a URL"),
        ("https://llm.example/v1?key=hunter2", "'https://llm.example/v1' was given with one"),
        ("https://llm.example/v1#hunter2", "'https://llm.example/v1' was given with one"),
    ],
)
def test_an_address_that_cannot_be_asked_is_refused_without_its_password(
    whose: str, address: str, said: str
) -> None:
    variable, key = f"ELLUMINATE_{whose.upper()}_BASE_URL", f"ELLUMINATE_{whose.upper()}_API_KEY"
    with pytest.raises(
        SettingsError, match=f"^{variable} cannot be used. .*{said.format(key=key)}"
    ) as caught:
        Settings.from_environment({variable: address, "ELLUMINATE_LLM_MODEL": "m"})
    assert caught.value.variable == variable
    assert "hun" not in str(caught.value)


@pytest.mark.parametrize("whose", ["llm", "judge"])
@pytest.mark.parametrize("key", ["two words", "hunter2\nX-More: yes", "schl\u00fcssel", "nul\0"])
def test_a_model_s_key_that_cannot_be_sent_is_refused_and_not_shown(whose: str, key: str) -> None:
    given: dict[str, Any] = {f"{whose}_api_key": key, "llm_model": "m"}
    with pytest.raises(SettingsError, match=f"^ELLUMINATE_{whose.upper()}_API_KEY cannot be sent") as caught:
        Settings(**given)
    assert key not in str(caught.value)


def test_an_endpoint_needs_a_model() -> None:
    with pytest.raises(SettingsError, match="ELLUMINATE_LLM_MODEL"):
        Settings(llm_base_url="https://llm.example/v1")


@pytest.mark.parametrize(("given", "asked"), [("", None), ("0", None), ("4096", 4096)])
def test_a_judge_is_asked_for_a_limit_only_where_one_is_set(given: str, asked: int | None) -> None:
    settings = Settings.from_environment(
        {
            "ELLUMINATE_LLM_BASE_URL": "https://llm.example/v1",
            "ELLUMINATE_LLM_MODEL": "m",
            "ELLUMINATE_JUDGE_MAX_TOKENS": given,
        }
    )
    defaults = settings.model_defaults()
    judging, answering = defaults.judging(), defaults.answering()
    assert judging is not None
    assert answering is not None
    assert (judging.max_tokens, answering.max_tokens) == (asked, None)


def own_models(**variables: str) -> tuple[ModelConfig, ModelConfig]:
    """The default model and the judge of a server with these settings."""
    given = {"LLM_BASE_URL": "https://llm.example/v1", "LLM_MODEL": "m"} | variables
    settings = Settings.from_environment({f"ELLUMINATE_{name}": value for name, value in given.items()})
    defaults = settings.model_defaults()
    answering, judging = defaults.answering(), defaults.judging()
    assert answering is not None
    assert judging is not None
    return answering, judging


def calling(config: ModelConfig) -> tuple[float | None, int | None, int]:
    return config.timeout, config.max_retries, config.max_connections


def test_the_servers_own_models_are_asked_as_the_settings_say() -> None:
    answering, judging = own_models(
        LLM_TIMEOUT="30.5",
        LLM_MAX_RETRIES="0",
        LLM_MAX_CONNECTIONS="7",
        LLM_TEMPERATURE="0.3",
        LLM_MAX_TOKENS="500",
        JUDGE_TIMEOUT="90",
        JUDGE_MAX_RETRIES="2",
        JUDGE_MAX_CONNECTIONS="9",
        JUDGE_TEMPERATURE="0.1",
        JUDGE_MAX_TOKENS="800",
    )
    assert (*calling(answering), answering.sent_temperature, answering.max_tokens) == (30.5, 0, 7, 0.3, 500)
    assert (*calling(judging), judging.sent_temperature, judging.max_tokens) == (90, 2, 9, 0.1, 800)
    assert judging.temperature == 0.1


def test_the_judge_is_called_as_the_default_model_is_but_answers_by_its_own_settings() -> None:
    answering, judging = own_models(
        LLM_TIMEOUT="30",
        LLM_MAX_RETRIES="1",
        LLM_MAX_CONNECTIONS="7",
        LLM_TEMPERATURE="1",
        LLM_MAX_TOKENS="5",
    )
    assert calling(judging) == calling(answering) == (30, 1, 7)
    assert (judging.temperature, judging.sent_temperature, judging.max_tokens) == (None, 0, None)


@pytest.mark.parametrize(
    ("of_judge", "expected"),
    [
        pytest.param({}, (2.0, 8.0), id="the-same-model"),
        pytest.param({"JUDGE_OUTPUT_PRICE_PER_MTOK": "0"}, (2.0, 0.0), id="a-price-of-its-own"),
        pytest.param({"JUDGE_MODEL": "other"}, (None, None), id="another-model"),
        pytest.param({"JUDGE_BASE_URL": "https://other.example/v1"}, (None, None), id="another-endpoint"),
    ],
)
def test_the_judge_has_the_default_models_prices_where_it_is_the_same(
    of_judge: dict[str, str], expected: tuple[float | None, float | None]
) -> None:
    answering, judging = own_models(LLM_INPUT_PRICE_PER_MTOK="2", LLM_OUTPUT_PRICE_PER_MTOK="8", **of_judge)
    assert (answering.input_price_per_mtok, answering.output_price_per_mtok) == (2.0, 8.0)
    assert (judging.input_price_per_mtok, judging.output_price_per_mtok) == expected


def test_what_is_not_set_is_left_to_the_endpoint() -> None:
    answering, judging = own_models()
    assert (*calling(answering), answering.sent_temperature, answering.max_tokens) == (
        None,
        None,
        MAX_CONNECTIONS,
        None,
        None,
    )
    assert calling(judging) == calling(answering)
    assert own_models(MAX_CONCURRENT_CALLS="3")[1].max_connections == 3


def test_secrets_are_not_in_the_repr() -> None:
    settings = Settings(
        database_url="postgresql://u:secret-1@db/x",
        api_key="secret-two",
        process_key="secret-3",
        llm_model="m",
        llm_api_key="secret-4",
        judge_model="j",
        judge_api_key="secret-5",
    )

    assert "secret" not in repr(settings)
    assert "secret" not in repr(settings.model_defaults())


def test_what_private_endpoints_are_asked_is_read_and_never_follows_from_the_environment_alone() -> None:
    given = {
        "ELLUMINATE_ALLOW_PRIVATE_ENDPOINTS": "llm.internal, 10.1.0.0/16",
        "ELLUMINATE_LLM_BASE_URL": "http://10.9.9.9/v1",
        "ELLUMINATE_LLM_MODEL": "m",
        "ELLUMINATE_SERVES_THIS_MACHINE_ONLY": "true",
    }
    settings = Settings.from_environment(given)
    reach = settings.reach()

    assert (settings.serves_this_machine_only, reach.allows_private) == (False, False)
    assert set(reach.hosts) == {"llm.internal"}
    assert set(reach.own) == {("10.9.9.9", 80)}
    assert Settings.from_environment({}, serves_this_machine_only=True).reach().allows_private


def test_a_private_endpoint_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsError, match=r"ELLUMINATE_ALLOW_PRIVATE_ENDPOINTS holds '10\.0\.0\.0/99'"):
        Settings(allow_private_endpoints="10.0.0.0/99")


def test_a_model_in_this_process_that_is_not_installed_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("elluminate_server.settings.missing_packages", lambda: ["llama_cpp"])
    with pytest.raises(SettingsError, match=r"ELLUMINATE_JUDGE_MODEL.*needs llama_cpp.*local-llm"):
        Settings(judge_model="local")
    Settings(llm_model="local", llm_base_url="http://127.0.0.1:1/v1")
    monkeypatch.setattr("elluminate_server.settings.missing_packages", list)
    assert Settings(llm_model="local").model_defaults().model == "local"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("ELLUMINATE_BROKER_URL", "kafka://user:hunter2@host", id="no broker of Celery's"),
        pytest.param("ELLUMINATE_BROKER_URL", "redis.example", id="no URL"),
        pytest.param("ELLUMINATE_QUEUE", "two words", id="no name of a queue"),
    ],
)
def test_a_broker_that_cannot_be_used_is_refused_without_its_password(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable) as caught:
        Settings.from_environment({variable: value})
    assert "hunter2" not in str(caught.value)


def test_a_broker_is_read_from_the_environment_and_not_shown() -> None:
    url = "amqps://user:hunter2@broker.example//"
    settings = Settings.from_environment({"ELLUMINATE_BROKER_URL": url, "ELLUMINATE_QUEUE": "evals"})
    assert (settings.broker_url, settings.queue) == (url, "evals")
    assert "hunter2" not in repr(settings)


def test_processes_that_share_a_secret_key_make_the_same_marks() -> None:
    key, other = "0123456789" * 4, "9876543210" * 4
    one, same = Settings(secret_key=key).marks_secret(), Settings(secret_key=f"{key},{other}").marks_secret()
    assert one is not None
    assert (one, len(one)) == (same, 32)
    assert Settings(secret_key=other).marks_secret() != one
    assert Settings().marks_secret() is None
