"""Endpoints that refuse response formats, each in its own way, and what is remembered of that."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from elluminate_server.llm import roles
from elluminate_server.llm.model_config import ModelConfig
from elluminate_server.llm.providers import Models
from elluminate_server.llm.response_formats import FormatSupport, steps_of
from elluminate_server.llm.types import JudgeCase, Model, ModelError, ObjectShape
from tests.support.model_server import PROPOSED_CRITERIA, ModelServer, Reply, failure

pytestmark = pytest.mark.anyio

USER = [{"role": "user", "content": "Explain tides."}]
CASE = JudgeCase(
    criterion="Is it short?",
    prompt_messages=USER,
    response_messages=[{"role": "assistant", "content": "The moon."}],
)
OUTAGE = failure(500, "Internal Server Error")


async def ask(server: ModelServer, *calls: Callable[[Model], Awaitable[Any]], **changes: Any) -> list[Any]:
    """What the calls give, one after the other, in one process; an error as its text."""
    models = Models()
    results = []
    given = {"config_name": "test", "model": "m", "base_url": server.base_url, "max_retries": 0}
    try:
        for call in calls:
            model = models.model_for(ModelConfig(**{**given, **changes}))
            try:
                results.append(await call(model))
            except ModelError as error:
                results.append(str(error))
    finally:
        await models.aclose()
    return results


async def verdict(model: Model) -> str:
    return (await roles.judge(model, CASE, "fast")).rating


def formats(server: ModelServer) -> list[str | None]:
    """The types of the formats that were asked for, in the order of the requests."""
    return [(request.json.get("response_format") or {}).get("type") for request in server.requests]


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(failure(400, "response_format is not supported"), id="400 with an error object"),
        pytest.param(Reply(b"Sorry, no grammars here.", 400, content_type="text/plain"), id="400 with prose"),
        pytest.param(Reply(b'{"detail": [{"loc": ["body"]}]}', 422), id="422 of a validator"),
        pytest.param(failure(501, "Not Implemented"), id="501"),
        pytest.param(Reply(b"404 page not found", 404, content_type="text/plain"), id="404"),
        pytest.param(Reply(b"", 405), id="405"),
    ],
)
async def test_an_endpoint_that_refuses_schemas_is_asked_with_less_from_then_on(
    server: ModelServer, refusal: Reply
) -> None:
    server.refused_formats = {"json_schema": refusal}
    assert await ask(server, verdict, verdict) == ["YES", "YES"]
    assert formats(server) == ["json_schema", "json_object", "json_object"]
    # Some endpoints know schemas only there.
    known = server.requests[1].json["response_format"]["schema"]["properties"]
    assert (known["rating"]["enum"], known["reasoning"]["maxLength"]) == (["YES", "NO"], 600)


async def test_an_endpoint_that_writes_by_a_grammar_is_told_more(server: ModelServer) -> None:
    server.refused_formats = {"json_schema": failure(500)}

    async def criteria(model: Model) -> list[str]:
        return await roles.propose_criteria(model, USER)

    assert await ask(server, criteria) == [list(PROPOSED_CRITERIA)]
    plain, limited = (request.json["response_format"] for request in server.requests)
    assert plain["json_schema"]["schema"]["properties"]["criteria"] == {
        "type": "array",
        "items": {"type": "string"},
    }
    wanted = limited["schema"]["properties"]["criteria"]
    assert (wanted["minItems"], wanted["maxItems"]) == (3, 5)
    for question in PROPOSED_CRITERIA:
        assert re.search(wanted["items"]["pattern"], question)
    for nothing in ("", "...", "Short?", "It is short and simple.", "Does it explain [topic] well?"):
        assert not re.search(wanted["items"]["pattern"], nothing)


async def test_an_endpoint_that_refuses_every_format_is_asked_without(server: ModelServer) -> None:
    refusal = failure(400, "unknown field response_format")
    server.refused_formats = {"json_schema": refusal, "json_object": refusal}
    assert await ask(server, verdict, verdict) == ["YES", "YES"]
    assert formats(server) == ["json_schema", "json_object", None, None]


async def test_a_refusal_by_500_is_believed_when_it_comes_again(server: ModelServer) -> None:
    server.refused_formats = {"json_schema": OUTAGE}
    assert await ask(server, verdict, verdict, verdict) == ["YES", "YES", "YES"]
    assert formats(server) == ["json_schema", "json_object"] * 2 + ["json_object"]


async def test_a_refusal_by_500_is_not_tried_again_with_the_same_format(server: ModelServer) -> None:
    server.refused_formats = {"json_schema": OUTAGE, "json_object": OUTAGE}
    assert await ask(server, verdict, max_retries=5) == ["YES"]
    assert formats(server) == ["json_schema", "json_object", None]


async def test_an_outage_in_the_first_call_costs_an_endpoint_nothing_later(server: ModelServer) -> None:
    server.reply(OUTAGE)
    assert await ask(server, verdict, verdict, verdict) == ["YES", "YES", "YES"]
    assert formats(server) == ["json_schema", "json_object", "json_schema", "json_schema"]


async def test_calls_at_the_same_time_count_once_against_an_endpoint(server: ModelServer) -> None:
    async def five(model: Model) -> list[str]:
        return list(await asyncio.gather(*(verdict(model) for _ in range(5))))

    server.refused_formats = {"json_schema": OUTAGE}

    async def recover(model: Model) -> None:
        server.refused_formats = {}

    results = await ask(server, five, recover, verdict, verdict)
    assert results == [["YES"] * 5, None, "YES", "YES"]
    assert formats(server)[-2:] == ["json_schema", "json_schema"]


async def test_an_outage_is_the_endpoints_own_when_it_fails_without_a_format_too(server: ModelServer) -> None:
    server.reply(*[OUTAGE] * 3)
    failed, good = await ask(server, verdict, verdict)
    assert "answered 500: Internal Server Error" in failed
    assert good == "YES"
    assert formats(server) == ["json_schema", "json_object", None, "json_schema"]


async def test_an_outage_is_retried_as_usual_once_a_format_was_taken(server: ModelServer) -> None:
    async def fail_once(model: Model) -> None:
        server.fail(1, status=500, retry_after=0.01)

    assert await ask(server, verdict, fail_once, verdict, max_retries=1) == ["YES", None, "YES"]
    assert formats(server) == ["json_schema"] * 3


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_format_is_asked_for_again_when_the_endpoint_was_busy_or_away(
    server: ModelServer, status: int
) -> None:
    server.reply(failure(status))
    assert await ask(server, verdict) == ["YES"]
    assert formats(server) == ["json_schema", "json_schema"]


async def test_an_unknown_model_is_not_asked_with_less(server: ModelServer) -> None:
    server.fail(1, status=404, message="The model `m` does not exist.")
    failed, good = await ask(server, verdict, verdict)
    assert "The model `m` does not exist." in failed
    assert good == "YES"
    assert formats(server) == ["json_schema", "json_schema"]


@pytest.mark.parametrize("status", [401, 403])
async def test_what_is_no_refusal_of_a_format_is_not_asked_with_less(
    server: ModelServer, status: int
) -> None:
    server.reply(failure(status))
    failed, good = await ask(server, verdict, verdict)
    assert f"answered {status}" in failed
    assert good == "YES"
    assert formats(server) == ["json_schema", "json_schema"]


async def test_a_bad_request_for_another_reason_stays_an_error_and_costs_an_endpoint_nothing(
    server: ModelServer,
) -> None:
    server.fail(3, status=400, message="maximum context length exceeded")
    failed, good = await ask(server, verdict, verdict)
    assert "maximum context length" in failed
    assert good == "YES"
    assert formats(server) == ["json_schema", "json_object", None, "json_schema"]


async def test_another_model_at_the_same_endpoint_is_asked_afresh(server: ModelServer) -> None:
    server.refused_formats = {"json_schema": failure(400)}

    models = Models()
    try:
        for name in ("m", "m", "other"):
            config = ModelConfig(config_name="test", model=name, base_url=server.base_url)
            await verdict(models.model_for(config))
    finally:
        await models.aclose()
    asked = [request.json["model"] for request in server.requests]
    assert asked == ["m", "m", "m", "other", "other"]
    assert formats(server) == ["json_schema", "json_object", "json_object", "json_schema", "json_object"]


def test_one_schema_that_is_refused_does_not_count_against_those_that_were_taken() -> None:
    support = FormatSupport()
    taken, refused = (steps_of(ObjectShape(name, {name: {"type": "string"}})) for name in "ab")
    support.remember(0, taken[0], [], support.doubts)
    support.remember(1, refused[1], [400], support.doubts)
    assert support.first_step == 0


async def test_waiting_for_refusals_is_no_part_of_the_answers_time(server: ModelServer) -> None:
    server.latency = 0.2
    server.refused_formats = {"json_schema": failure(400), "json_object": failure(400)}

    async def times(model: Model) -> tuple[float, float]:
        judged = await roles.judge(model, CASE, "fast")
        return judged.duration_seconds, judged.waited_seconds

    ((duration, waited),) = await ask(server, times)
    assert waited >= 0.4
    assert 0.2 <= duration < waited


async def test_a_templates_own_format_is_never_dropped(server: ModelServer) -> None:
    server.refused_formats = {"json_schema": failure(400, "response_format is not supported")}

    async def answer(model: Model) -> None:
        form = {"type": "json_schema", "json_schema": {"name": "mine", "schema": {"type": "object"}}}
        await model.answer(USER, response_format=form)

    failed, judged, failed_again = await ask(server, answer, verdict, answer)
    assert "response_format is not supported" in failed
    assert judged == "YES"
    assert "response_format is not supported" in failed_again
    assert formats(server) == ["json_schema", "json_schema", "json_object", "json_schema"]
