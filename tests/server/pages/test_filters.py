"""Filters of pages: by category columns as the API filters by them, and told where they cannot be read."""

import html
import json
import re

import httpx
import pytest
from sqlalchemy import select

from elluminate_server.store.engine import Store
from elluminate_server.store.tables import CollectionColumn, Criterion, Experiment, Prompt, Response
from tests.server.conftest import World
from tests.server.pages.conftest import Browser
from tests.server.pages.filling import fill
from tests.server.pages.test_looking import HOME, texts

pytestmark = pytest.mark.anyio

NAME = "region's & \u00e4"


async def test_rows_are_filtered_by_category_columns(
    browser: Browser, api: httpx.AsyncClient, world: World, store: Store
) -> None:
    assert world
    experiment_id = await fill(store, rows=9, criteria=["Is it short?"])
    async with store.write() as session:
        experiment = await session.get_one(Experiment, experiment_id)
        for place, (name, allowed) in enumerate([(NAME, None), ("size", ["S", "L", "XL"]), ('a"b', None)], 1):
            column = CollectionColumn(collection_id=experiment.collection_id, name=name, position=place)
            column.column_type, column.categorical_values = "category", allowed
            session.add(column)
        prompts = await session.scalars(
            select(Prompt).where(Prompt.experiment_id == experiment_id).order_by(Prompt.id)
        )
        for number, prompt in enumerate(prompts):
            region = ["US", "D\u00fc", ""][number % 3]
            prompt.input_values = {**prompt.input_values, NAME: region, "size": "SL"[number % 2], 'a"b': "x"}
    path = f"{HOME}/{experiment_id}"

    page = await browser.see(path)
    offered = re.findall(r'<select name="category\.([^"]*)">(.*?)</select>', page)
    assert [(html.unescape(name), re.findall(r'value="([^"]*)"', options)) for name, options in offered] == [
        (NAME, ["", "D\u00fc", "US"]),
        ("size", ["", "S", "L", "XL"]),
    ]
    asked: list[tuple[dict[str, str | list[str]], int]] = [
        ({NAME: "US"}, 3),
        ({NAME: "D\u00fc", "size": "S"}, 1),
        ({NAME: ["US", "D\u00fc"]}, 6),
        ({"size": "XL"}, 0),
    ]
    for wanted, count in asked:
        query = {f"category.{name}": values for name, values in wanted.items()}
        said = (await browser.http.get(path, params=query)).text
        assert len(re.findall(r">answer</a>", said)) == count, wanted
        lists = {name: [values] if isinstance(values, str) else values for name, values in wanted.items()}
        told = await api.get(
            f"/experiments/{experiment_id}", params={"categorical_filters": json.dumps(lists)}
        )
        results = told.json()["results"]
        assert (0 if results is None else results["verdicts"]["expected"]) == count, told.json()["results"]

    for asked_for in ({"category.Size": "S"}, {"Category.size": "S"}):
        said = html.unescape(await browser.see(path, **asked_for))
        assert "does not count here. Capital and small letters count: it is category.size." in said

    # An answer is opened within the filter: the next one is that of the filter, too.
    query = {f"category.{NAME}": ["US", "D\u00fc"], "sort": "row"}
    within = (await browser.http.get(path, params=query)).text
    numbers = [int(one) for one in re.findall(r"/responses/(\d+)\?[^\"]*\">answer", within)]
    (address, *_) = re.findall(rf'href="([^"]*/responses/{numbers[1]}\?[^"]*)">answer', within)
    answer = await browser.see(html.unescape(address))
    assert f"/responses/{numbers[2]}?" in answer
    assert numbers[2] == numbers[1] + 2  # the row between them has another region
    assert "does not count here" not in answer


async def test_what_cannot_be_read_is_told(browser: Browser, store: Store) -> None:
    experiment_id = await fill(store, rows=2)
    other_id = await fill(store, rows=1, name="Other")
    async with store.read() as session:
        other = await session.get_one(Experiment, other_id)
        foreign = await session.scalar(
            select(Criterion.id).where(Criterion.criterion_set_id == other.criterion_set_id)
        )
        answer = await session.scalar(select(Response.id).where(Response.experiment_id == experiment_id))
    one = f"{HOME}/{experiment_id}"
    for path, query, told in (
        (
            HOME,
            {"status": "late"},
            "status='late' in the address does not count here. It has to be one of running",
        ),
        (HOME, {"from": "soon"}, "from='soon' in the address does not count here. It has to be a day"),
        (HOME, {"to": "2026-02-30"}, "to='2026-02-30' in the address"),
        (
            HOME,
            {"model": "\u00bd"},
            "model='\u00bd' in the address does not count here. It has to be a whole number",
        ),
        (HOME, {"page": "-1"}, "page='-1' in the address"),
        (HOME, {"collection": "<b>"}, "collection='<b>' in the address"),
        (
            one,
            {"verdict": "MAYBE"},
            "verdict='MAYBE' in the address does not count here. It has to be one of YES, NO",
        ),
        (one, {"criterion": "x"}, "criterion='x' in the address"),
        (one, {"sort": "best"}, "It has to be one of worst, row."),
        (one, {"q": "x" * 1001}, "It may have 1000 characters."),
        (one, {"category.mood": "good"}, "The collection has no category columns."),
        (
            one,
            {"criterion": "999"},
            "criterion='999' in the address does not count here. The experiment is not",
        ),
        (one, {"critterion": "1"}, "critterion='1' in the address means nothing here."),
        (one, {"criterion": str(foreign)}, f"criterion='{foreign}' in the address does not count here."),
        (f"/projects/1/label?experiment={experiment_id}&criterion=999", {}, "criterion='999' in the address"),
        (f"{HOME.removesuffix('experiments')}responses/{answer}", {"criterion": "999"}, "is not judged by"),
        (f"/projects/1/label?experiment={experiment_id}&criterion=x", {}, "criterion='x' in the address"),
    ):
        page = await browser.see(path, **query)
        (notice,) = re.findall(r'<p class="notice" role="alert">(.*?)</p>', page)
        assert told in html.unescape(notice)
    for path, query in ((HOME, {"status": "over", "from": "2026-01-31"}), (one, {"verdict": "NO", "q": "x"})):
        assert "does not count here" not in texts(await browser.see(path, **query))


async def test_what_is_given_twice_is_told_and_many_are_counted(browser: Browser, store: Store) -> None:
    one = f"{HOME}/{await fill(store, rows=2)}"

    async def notices(path: str) -> list[str]:
        found = re.findall(r'<p class="notice" role="alert">(.*?)</p>', await browser.see(path))
        return [html.unescape(text) for text in found]

    assert await notices(f"{one}?verdict=YES&verdict=NO&sort=row&sort=row&q=a&q=") == [
        "verdict='YES' in the address does not count here. It is given more than once, and the last one counts."
    ]
    twice = await notices(f"{HOME}?model=x&model=y&page=2&page=1")
    assert [text.partition(" in the address")[0] for text in twice] == ["model='x'", "model='y'", "page='2'"]
    many = "&".join(f"category.c{number}=x" for number in range(102))
    said = await notices(f"{one}?{many}")
    assert len(said) == 6
    assert said[-1] == "And 97 more."
