"""Iterating a long list holds a few pages of it, however long it is; leaving early reads no further."""

import gc
import json

import httpx
import pytest

from elluminate import AsyncClient, Client
from elluminate._paging import PAGES_IN_FLIGHT
from elluminate.schemas import Experiment, PromptResponse
from tests.unit.sdk import answers

pytestmark = pytest.mark.anyio

PAGE, PAGES = 20, 80
RESPONSES = json.dumps(
    {"items": [answers.response(number) for number in range(PAGE)], "count": PAGE * PAGES}
).encode()
FEW = 2 * PAGES_IN_FLIGHT + 2
LARGE_PAGE = 1_000


class Server:
    """A project with one experiment, and as many responses to it as nobody wants to hold."""

    def __init__(self, responses: bytes = RESPONSES) -> None:
        self.pages = 0
        self.responses = responses

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/responses"):
            self.pages += 1
            return httpx.Response(200, content=self.responses)
        if request.url.path.endswith("/projects"):
            return httpx.Response(200, json={"items": [answers.project()], "count": 1})
        return httpx.Response(200, json=answers.experiment())

    async def answer_async(self, request: httpx.Request) -> httpx.Response:
        return self.answer(request)


def held() -> int:
    gc.collect()
    return sum(type(thing) is PromptResponse for thing in gc.get_objects())


def test_the_garbage_collector_rests_while_a_page_is_read() -> None:
    items = [answers.response(number) for number in range(LARGE_PAGE)]
    server, collections = Server(json.dumps({"items": items, "count": LARGE_PAGE}).encode()), 0

    def count(phase: str, _: dict[str, int]) -> None:
        nonlocal collections
        collections += phase == "start"

    with httpx.Client(transport=httpx.MockTransport(server.answer)) as own:
        client = Client("https://long.test", "key", skip_version_check=True, http_client=own)
        experiment: Experiment = client.get_experiment(id=1, fetch_responses=False)
        gc.callbacks.append(count)
        try:
            experiment.fetch_responses()
        finally:
            gc.callbacks.remove(count)
    assert len(experiment.rated_responses) == LARGE_PAGE
    assert collections <= 3


def test_a_blocking_loop_holds_a_few_pages() -> None:
    server, most, seen = Server(), 0, 0
    with httpx.Client(transport=httpx.MockTransport(server.answer)) as own:
        client = Client("https://long.test", "key", skip_version_check=True, http_client=own)
        experiment: Experiment = client.get_experiment(id=1, fetch_responses=False)
        before = held()
        for seen, _ in enumerate(experiment.iter_responses(), 1):
            if seen % (PAGE * 20) == 0:
                most = max(most, held() - before)
    assert seen == PAGE * PAGES
    assert 0 < most <= FEW * PAGE


async def test_an_async_loop_holds_a_few_pages_and_reads_no_further_than_it_goes() -> None:
    server, most, seen = Server(), 0, 0
    async with httpx.AsyncClient(transport=httpx.MockTransport(server.answer_async)) as own:
        client = AsyncClient("https://long.test", "key", skip_version_check=True, http_client=own)
        experiment = await client.get_experiment(id=1, fetch_responses=False)
        before = held()
        responses = experiment.aiter_responses()
        async for _ in responses:
            seen += 1
            if seen % (PAGE * 20) == 0:
                most = max(most, held() - before)
            if seen == PAGE * PAGES // 2:
                break
        await responses.aclose()
    assert 0 < most <= FEW * PAGE
    assert server.pages <= PAGES // 2 + PAGES_IN_FLIGHT
