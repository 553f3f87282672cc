"""Credentials are sent to their server, and are said nowhere else."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

import elluminate
from elluminate import AsyncClient, Client, ConfigurationError, ElluminateError, RetryConfig
from elluminate._config import resolve_config
from tests.unit.sdk import answers
from tests.unit.sdk.conftest import WiredWorld
from tests.unit.sdk.wire import API_KEY, BASE_URL, Reply, Wire, page_of

TOKEN = "bearer-secret-77aa"
PROVIDER_KEY = "provider-secret-c3"
SECRETS = (API_KEY, TOKEN, PROVIDER_KEY)
PACKAGE = str(Path(elluminate.__file__).parent)

Trouble = Reply | Exception
TROUBLES: dict[str, Callable[[], Trouble]] = {
    "nothing": lambda: Reply(201, json=answers.llm_config()),
    "another origin": lambda: Reply(307, headers={"Location": "https://evil.test/"}),
    "circle": lambda: Reply(307, headers={"Location": "/api/v0/projects/1/llm_configs"}),
    "no json": lambda: Reply(200, text="<html>who are you?</html>"),
    "broken contract": lambda: Reply(200, json={"id": "seventy"}),
}
TROUBLES |= {
    str(status): partial(Reply, status, json={"detail": "refused"})
    for status in (400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504)
}
TROUBLES |= {
    fault.__name__: partial(fault, "it broke")
    for fault in (httpx.ConnectError, httpx.ReadTimeout, httpx.WriteError, httpx.RemoteProtocolError)
}
ECHOES: dict[str, Callable[[str], Reply]] = {
    "echo": lambda secret: Reply(400, text=f"X-API-Key: {secret}\nAuthorization: Bearer {secret}"),
    "echo in json": lambda secret: Reply(403, json={"detail": f"{secret} may not", "key": secret}),
    "echo in html": lambda secret: Reply(200, text=f"<html>{secret}</html>"),
    "echo in broken contract": lambda secret: Reply(200, json={"id": secret, secret: secret}),
}


def all_of(error: BaseException | None, seen: set[int] | None = None) -> Iterator[str]:
    """Everything that an exception shows: messages, attributes, what it was raised from, its frames' variables."""
    seen = set() if seen is None else seen
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield from (str(error), repr(error), repr(error.args), repr(getattr(error, "__notes__", "")))
    yield "".join(traceback.format_exception(error))
    for value in vars(error).values():
        yield repr(value)
        if isinstance(value, BaseException):
            yield from all_of(value, seen)
        elif isinstance(value, httpx.Request):
            yield repr(dict(value.headers))
        elif attrs.has(type(value)):
            yield repr(attrs.asdict(value))
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(PACKAGE):
            # What the caller gave is in the frame of the call; nothing below it may show it.
            yield from (
                repr(value)
                for name, value in frame.f_locals.items()
                if name not in ("api_key", "args", "kwargs")
            )
    yield from all_of(error.__cause__, seen)
    yield from all_of(error.__context__, seen)


def silent(texts: Iterator[str]) -> None:
    for text in texts:
        for secret in SECRETS:
            assert secret not in text


def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[str]:
    for record in caplog.records:
        yield record.getMessage()
        yield repr(vars(record))


@pytest.mark.parametrize("credential", [{"api_key": API_KEY}, {"api_key": None, "token": TOKEN}], ids=repr)
@pytest.mark.parametrize("trouble", [*TROUBLES, *ECHOES])
def test_no_failure_shows_a_credential(
    world: WiredWorld,
    wire: Wire,
    caplog: pytest.LogCaptureFixture,
    trouble: str,
    credential: dict[str, str | None],
) -> None:
    for name in ("", "elluminate", "httpx", "httpcore", "asyncio"):
        caplog.set_level(logging.DEBUG, name)
    client = world.client(**credential, retry_config=RetryConfig(max_attempts=2))
    secret = credential["api_key"] or TOKEN
    wire.on(
        "POST",
        "/llm_configs",
        lambda _: ECHOES[trouble](secret) if trouble in ECHOES else _given(TROUBLES[trouble]()),
    )
    raised = None
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            world.call(client, "create_llm_config", "Small", "small-1", PROVIDER_KEY)
        except ElluminateError as error:
            raised = error
    assert (raised is None) == (trouble == "nothing")
    header = "X-API-Key" if credential["api_key"] else "Authorization"
    assert secret in wire.requests[0].headers[header]
    silent(all_of(raised))
    silent(everything_logged(caplog))
    silent(str(warning.message) for warning in said)
    silent(iter((repr(client), str(client), client.get_info(), repr(client.session))))


def _given(trouble: Trouble) -> Reply:
    if isinstance(trouble, Exception):
        raise trouble
    return trouble


def test_an_echo_is_cut_out_and_the_rest_of_the_message_stays(world: WiredWorld, wire: Wire) -> None:
    wire.then(Reply(403, json={"detail": f"the key {API_KEY} may not"}))
    with pytest.raises(elluminate.PermissionDeniedError) as caught:
        world.call(world.client(), "get_llm_config", id=60)
    assert caught.value.message == "the key [redacted] may not"
    assert caught.value.response_info is not None
    assert caught.value.response_info.body == {"detail": "the key [redacted] may not"}
    assert caught.value.response_info.content_type == "application/json"


@pytest.mark.parametrize("key", ["k", "none"])
def test_what_stands_for_a_key_is_not_cut_out_of_words(key: str, world: WiredWorld, wire: Wire) -> None:
    wire.then(Reply(403, json={"detail": "nonetheless unknown key"}))
    with pytest.raises(elluminate.PermissionDeniedError) as caught:
        world.call(world.client(api_key=key), "get_llm_config", id=60)
    assert caught.value.message == "nonetheless unknown key"


def test_settings_do_not_show_their_secrets() -> None:
    config = resolve_config(
        base_url=BASE_URL,
        api_key=API_KEY,
        token=TOKEN,
        project_id=None,
        api_key_env="",
        token_env="",
        base_url_env="",
        timeout=1.0,
        proxy=f"http://user:{PROVIDER_KEY}@proxy.test",
        skip_version_check=False,
        fallback_to_newest=False,
        retries=None,
    )
    silent(iter((repr(config), str(config))))


@pytest.mark.parametrize(
    "base_url",
    [
        f"https://user:{API_KEY}@evals.test",
        f"https://{API_KEY}@evals.test:99999",
        f"https://user:{API_KEY}@[half",
        f"user:{API_KEY}@evals.test",
        f"https://evals.test?api_key={API_KEY}",
        f"https://evals.test/#{API_KEY}",
        f"ftp://evals.test/?key={API_KEY}",
    ],
)
def test_a_credential_in_the_base_url_is_refused_and_not_repeated(base_url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AsyncClient(base_url, api_key="k")
    silent(iter((str(caught.value), repr(caught.value))))


@pytest.mark.parametrize("wrong", [f"{API_KEY}\n", f" {API_KEY}", f"{API_KEY}é", f"{API_KEY}\x00"])
@pytest.mark.parametrize("argument", ["api_key", "token"])
def test_an_unusable_credential_is_refused_and_not_repeated(argument: str, wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=argument) as caught:
        AsyncClient(BASE_URL, **{argument: wrong})  # type: ignore[arg-type]
    silent(iter((str(caught.value), repr(caught.value))))


@pytest.mark.parametrize("proxy", [f"http://user:{API_KEY}@proxy.test:port", f"gopher://u:{API_KEY}@p.test"])
def test_an_unusable_proxy_is_refused_and_its_password_not_repeated(proxy: str) -> None:
    with pytest.raises(ConfigurationError, match="proxy") as caught:
        Client(BASE_URL, "k", proxy=proxy)
    silent(iter((str(caught.value), repr(caught.value))))


def test_models_do_not_show_a_providers_key(world: WiredWorld, wire: Wire) -> None:
    wire.then(page_of(answers.llm_config(api_key=PROVIDER_KEY)), page_of(answers.experiment()))
    client = world.client()
    (config,) = world.call(client, "list_llm_configs")
    (experiment,) = world.call(client, "list_experiments")
    assert config.api_key == PROVIDER_KEY
    silent(iter((repr(config), repr(experiment))))


def test_a_providers_key_does_not_travel_with_the_responses_it_made(world: WiredWorld, wire: Wire) -> None:
    wire.then(Reply(json=answers.experiment()), page_of())
    experiment = world.call(world.client(), "get_experiment", id=70)
    config = elluminate.LLMConfig(name="Mine", llm_model_name="mine-1", api_key=PROVIDER_KEY)
    rows = [elluminate.schemas.TemplateVariables(**_row_arguments())]
    wire.then(page_of(), Reply(json=None, text="null"), page_of(answers.response()))
    world.call(experiment, "add_responses", ["An answer."], rows, metadata=[config])
    sent = next(request for request in wire.requests if request.method == "POST")
    assert b"mine-1" in sent.content
    assert PROVIDER_KEY.encode() not in sent.content
    assert config.api_key == PROVIDER_KEY


def _row_arguments() -> dict[str, Any]:
    return {"id": 30, "input_values": {}, "collection": None, "created_at": None}


def test_errors_cross_process_boundaries_whole(world: WiredWorld, wire: Wire) -> None:
    wire.on("GET", "/llm_configs/60", Reply(503, json={"detail": "later"}, headers={"Retry-After": "1"}))
    with pytest.raises(elluminate.ServerError) as caught:
        world.call(world.client(), "get_llm_config", id=60)
    for twin in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert type(twin) is type(caught.value)
        assert str(twin) == str(caught.value)
        assert isinstance(twin, elluminate.RetryExhaustedError)
        assert (twin.attempts, twin.status_code, twin.retry_after) == (3, 503, 1.0)
        assert twin.response_info == caught.value.response_info


@pytest.mark.parametrize(
    "error",
    [
        elluminate.ModelNotBoundError("Experiment", "use the one that a client returns"),
        elluminate.TaskFailedError("it ended", status="REVOKED", error_msg="by hand"),
        elluminate.ConflictError("taken", resource_type="collection", resource_name="C", resource_id=4),
        elluminate.TaskMatchError("none", 400, accepted_tasks_total=3, reasons=["no such task"]),
        elluminate.WaitTimeoutError("not in time"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_made_here_cross_process_boundaries_whole(error: ElluminateError) -> None:
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is type(error)
    assert (str(twin), vars(twin)) == (str(error), vars(error))
