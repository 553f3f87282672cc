"""Answers with status 200 that are no JSON: asked for again where an endpoint has been understood before."""

import pytest

from elluminate_server.llm.endpoint import MOST_UNREADABLE
from tests.support.model_server import ModelServer
from tests.unit.llm.endpoint_calls import BODY, ask, endpoint

pytestmark = pytest.mark.anyio

PAGE = b"<html><body>Sign in</body></html>"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elluminate_server.llm.endpoint.backoff", lambda *_: 0.0)


@pytest.mark.parametrize("script", ["send_html", "malform"], ids=["a proxy's page", "JSON that breaks off"])
async def test_what_is_no_json_is_asked_for_again_at_an_endpoint_that_was_understood(
    server: ModelServer, script: str
) -> None:
    async with endpoint(server.base_url) as asked:
        await ask(asked)
        getattr(server, script)(MOST_UNREADABLE)
        assert b'"An answer to: Explain tides."' in await ask(asked, retries=5)
    assert len(server.requests) == 1 + MOST_UNREADABLE + 1


@pytest.mark.parametrize("retries", [0, 1])
async def test_it_is_asked_for_as_often_as_retries_allow(server: ModelServer, retries: int) -> None:
    async with endpoint(server.base_url) as asked:
        await ask(asked)
        server.send_html(9)
        assert await ask(asked, retries=retries) == PAGE
    assert len(server.requests) == 1 + 1 + retries


async def test_it_is_given_back_in_the_end_for_its_reader_to_refuse(server: ModelServer) -> None:
    async with endpoint(server.base_url) as asked:
        await ask(asked)
        server.send_html(9)
        assert await ask(asked, retries=9) == PAGE
    assert len(server.requests) == 1 + MOST_UNREADABLE + 1


async def test_an_endpoint_that_never_was_understood_is_not_asked_again(server: ModelServer) -> None:
    async with endpoint(server.base_url) as asked:
        server.send_html(2)
        assert [await ask(asked, retries=5) for _ in range(2)] == [PAGE, PAGE]
        assert len(server.requests) == 2
        assert len(await ask(asked)) > len(BODY)
