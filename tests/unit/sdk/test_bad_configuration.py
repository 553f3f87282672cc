"""Clients that cannot be made: each mistake is named with its value and the way out, before any request."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from elluminate import AsyncClient, Client, ConfigurationError, RetryConfig
from tests.unit.sdk.conftest import WiredWorld
from tests.unit.sdk.wire import API_KEY, BASE_URL, Wire, page_of

KINDS = [Client, AsyncClient]


@pytest.mark.parametrize("kind", KINDS)
def test_no_credentials(kind: type[Client | AsyncClient], wire: Wire) -> None:
    with pytest.raises(ConfigurationError) as caught:
        kind(BASE_URL)
    for way_out in ("api_key=", "token=", "ELLUMINATE_API_KEY", "ELLUMINATE_OAUTH_TOKEN", "local:", BASE_URL):
        assert way_out in str(caught.value)
    assert wire.startup == []


@pytest.mark.parametrize("empty", [{"api_key": ""}, {"token": ""}, {"api_key": "", "token": ""}])
def test_a_given_credential_that_is_empty_is_not_replaced_by_the_environments(
    monkeypatch: pytest.MonkeyPatch, empty: dict[str, str]
) -> None:
    monkeypatch.setenv("ELLUMINATE_API_KEY", API_KEY)
    with pytest.raises(ConfigurationError, match="no credentials"):
        AsyncClient(BASE_URL, **empty)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        " ",
        "evals.test",
        "evals.test:8000",
        "localhost:8000",
        "//evals.test",
        "ftp://evals.test",
        "file:///etc/hosts",
        "http:",
        "http://",
        "https:///api",
        "http://:8000",
        "http://evals test",
        "http://evals.test:port",
        "http://evals.test:99999",
        "http://evals.test:0",
        "http://[::1",
        "http://evals.test?x=1",
        "http://evals.test/#top",
        "http://name@evals.test",
        "http://name:word@evals.test/",
        "local",
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_malformed_base_url(kind: type[Client | AsyncClient], base_url: str, wire: Wire) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        kind(base_url, API_KEY)
    assert wire.startup == []


@pytest.mark.parametrize(
    "base_url", ["http://evals\x00.test", "http://[::1]x", "http://\u200b.test", "http://evals.test/\x7f"]
)
def test_a_base_url_that_only_the_http_library_refuses(world: WiredWorld, wire: Wire, base_url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"base_url .* is not a URL"):
        world.call(world.client(base_url=base_url), "list_collections")
    assert wire.startup == []


def test_the_variable_is_named_when_it_holds_the_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELLUMINATE_BASE_URL", "evals.test")
    with pytest.raises(
        ConfigurationError, match=r"ELLUMINATE_BASE_URL 'evals\.test' is not a base URL; for ex"
    ):
        AsyncClient(api_key=API_KEY)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        (f"{BASE_URL}/", BASE_URL),
        (f"  {BASE_URL}  ", BASE_URL),
        (f"{BASE_URL}/api/v0", BASE_URL),
        (f"{BASE_URL}/api/v0/", BASE_URL),
        ("HTTP://evals.test", BASE_URL),
        ("http://evals.test:8000//", "http://evals.test:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://evals.test/below/", "https://evals.test/below"),
        ("local:", "local:"),
        ("local:evals.db", "local:evals.db"),
    ],
)
def test_a_usable_base_url(given: str, used: str) -> None:
    assert AsyncClient(given, API_KEY).base_url == used


def test_arguments_win_over_the_environment_which_wins_over_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert AsyncClient(api_key="k").base_url == "https://app.elluminate.de"
    monkeypatch.setenv("ELLUMINATE_BASE_URL", "http://from.environment")
    monkeypatch.setenv("ELLUMINATE_API_KEY", "key-of-environment")
    monkeypatch.setenv("ELLUMINATE_OAUTH_TOKEN", "token-of-environment")
    client = AsyncClient()
    assert (client.base_url, client.api_key, client.token) == (
        "http://from.environment",
        "key-of-environment",
        "token-of-environment",
    )
    client = AsyncClient(BASE_URL, token="given")
    assert (client.base_url, client.api_key, client.token) == (BASE_URL, None, "given")


def test_variables_under_other_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_URL", BASE_URL)
    monkeypatch.setenv("MY_KEY", "mine")
    client = AsyncClient(base_url_env="MY_URL", api_key_env="MY_KEY")
    assert (client.base_url, client.api_key) == (BASE_URL, "mine")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"base_url": 8000}, "base_url must be a string.*8000"),
        ({"api_key": 12345}, "api_key must be a string, not int"),
        ({"api_key": None, "token": b"bytes"}, "token must be a string, not bytes"),
        ({"timeout": 0}, "timeout .* not 0"),
        ({"timeout": -1.5}, r"timeout .* not -1\.5"),
        ({"timeout": "60"}, "timeout .* not '60'"),
        ({"timeout": float("nan")}, "timeout .* not nan"),
        ({"timeout": float("inf")}, "timeout .* not inf"),
        ({"timeout": True}, "timeout .* not True"),
        ({"project_id": 0}, "project_id .* not 0"),
        ({"project_id": "7"}, "project_id .* not '7'"),
        ({"project_id": True}, "project_id .* not True"),
    ],
)
def test_a_setting_that_cannot_be_used(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        AsyncClient(**{"base_url": BASE_URL, "api_key": API_KEY, **settings})


@pytest.mark.parametrize("proxy", ["proxy.test:8080", "gopher://proxy.test", "http://proxy.test:port"])
def test_a_proxy_that_cannot_be_used(world: WiredWorld, wire: Wire, proxy: str) -> None:
    with pytest.raises(ConfigurationError, match=r"the proxy cannot be used: .*; check proxy="):
        world.call(world.client(proxy=proxy), "list_collections")
    assert wire.startup == []


def test_a_proxy_that_needs_another_package(
    world: WiredWorld, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(ConfigurationError, match=r"the proxy cannot be used: .*socksio"):
        world.call(world.client(proxy="socks5://proxy.test:1080"), "list_collections")
    assert wire.startup == []


def test_a_proxy_of_the_environment_that_cannot_be_used(
    world: WiredWorld, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "gopher://proxy.test")
    with pytest.raises(ConfigurationError, match="the environment's proxy settings"):
        world.call(world.client(), "list_collections")
    wire.on("GET", "/collections", page_of())
    assert world.call(world.client(proxy=""), "list_collections") == []


@pytest.mark.parametrize("missing", ["elluminate_server", "elluminate_server.serving"])
def test_a_local_address_without_the_server(
    world: WiredWorld, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    if "elluminate_server" in sys.modules:
        monkeypatch.delattr(sys.modules["elluminate_server"], "serving", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigurationError, match=r"'local:' .* is not installed; .*server"):
        world.call(world.client(base_url="local:", api_key=None), "list_collections")


@pytest.mark.parametrize("given", [{"max_attempts": 2}, 3, "often", RetryConfig])
@pytest.mark.parametrize("kind", KINDS)
def test_a_retry_config_of_another_kind(kind: type[Client | AsyncClient], given: Any, wire: Wire) -> None:
    with pytest.raises(
        ConfigurationError, match=r"retry_config must be a RetryConfig, as RetryConfig\(max_attempts=5\)"
    ):
        kind(BASE_URL, API_KEY, retry_config=given)
    assert wire.startup == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_attempts", "3"),
        ("max_attempts", 0),
        ("max_attempts", True),
        ("max_attempts", 1.5),
        ("min_wait", -1),
        ("min_wait", None),
        ("max_wait", float("nan")),
        ("max_wait", float("inf")),
        ("multiplier", 0.5),
    ],
)
def test_a_number_of_a_retry_config_that_cannot_be(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{name} must be a (whole )?number from [01], not "):
        RetryConfig(**{name: value})
