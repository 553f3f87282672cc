"""What an experiment was judged by is shown as it was, whatever becomes of its criterion set."""

import html
import re

import httpx
import pytest
from sqlalchemy import delete, select, update

from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Criterion, CriterionSet, Experiment, Rating, Response
from tests.server.pages.conftest import Browser
from tests.server.pages.filling import fill
from tests.server.pages.test_looking import HOME, texts

pytestmark = pytest.mark.anyio

KIND, SHORT, LATE, OWN = "Is it kind?", "Is it short?", "Was it added later?", "Is it about topic 1?"


async def test_a_changed_set_changes_no_experiment_that_was_judged(
    browser: Browser, api: httpx.AsyncClient, store: Store
) -> None:
    first = await fill(store, rows=6, name="First", criteria=[KIND, SHORT])
    second = await fill(store, rows=6, name="Second", criteria=[KIND, SHORT])
    async with store.read() as session:
        sets = (await session.scalars(select(CriterionSet.id).order_by(CriterionSet.id))).all()
        kind = await session.scalar(select(Criterion.id).where(Criterion.criterion_str == KIND).limit(1))
        entry = await session.scalar(
            select(Response.entry_id).where(Response.experiment_id == first).offset(1).limit(1)
        )
    pages = f"{HOME}/{first}", f"/projects/1/compare?ids={first}&ids={second}"
    before = [texts(await browser.see(page)) for page in pages]
    added = []
    for one in sets:
        body = {"criterion_set_id": one, "criteria": [{"criterion_str": LATE}]}
        added.append((await api.post("/criteria", json=body)).json()[0]["id"])
    edited = (await api.put(f"/criteria/{kind}", json={"criterion_str": "Is it friendly?"})).json()
    assert edited["id"] != kind
    assert [texts(await browser.see(page)) for page in pages] == before
    page = await browser.see(f"{HOME}/{first}")
    (listed,) = re.findall(r"<ol>(.*?)</ol>", page)
    assert re.findall(r"<li>(.*?)</li>", listed) == [KIND, SHORT]
    assert LATE not in await browser.see(f"/projects/1/label?experiment={first}")
    said = await browser.see(f"{HOME}/{first}", criterion=str(added[0]), verdict="missing")
    assert "The experiment is not judged by a criterion of that id." in texts(said)

    # A criterion that was there for one row alone is missing there, and is none of the others'.
    async with store.write() as session:
        own = Criterion(
            criterion_set_id=sets[0],
            entry_id=entry,
            criterion_str=OWN,
            label="own",
            position=9,
            created_at=await session.scalar(select(Criterion.created_at).where(Criterion.id == kind)),
        )
        session.add(own)
    page = html.unescape(await browser.see(f"{HOME}/{first}", sort="row"))
    (matrix,) = re.findall(r'aria-label="Rows and criteria".*?</table>', page, re.DOTALL)
    assert OWN in matrix
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", matrix, re.DOTALL)
    assert [texts(row).rpartition("answer ")[2].split()[2] for row in rows] == ["-", "missing", *"----"]
    only = await browser.see(f"{HOME}/{first}", criterion=str(own.id), verdict="missing")
    assert texts(only).endswith(" YES YES missing 1 row")

    # What is judged anew has the criteria of that moment, and its former verdicts do not count any more.
    async with store.write() as session:
        answers = (await session.scalars(select(Response.id).where(Response.experiment_id == second))).all()
        anew = update(Response).where(Response.id.in_(answers)).values(judged_as_of=utc_now())
        await session.execute(anew)
        session.add_all(Rating(response_id=one, criterion_id=added[1], rating="YES") for one in answers[:5])
    said = texts(await browser.see(f"{HOME}/{second}", sort="row"))
    assert said.count(LATE) == 4
    compared = texts(await browser.see(pages[1]))
    assert f"Only in B: {LATE}" in compared


async def test_before_a_run_the_criteria_are_those_of_the_set(
    browser: Browser, api: httpx.AsyncClient, store: Store
) -> None:
    experiment = await fill(store, rows=1, criteria=[KIND])
    async with store.write() as session:
        row = await session.get_one(Experiment, experiment)
        await session.execute(delete(Rating))
        await session.execute(delete(Response))
    page = await browser.see(f"{HOME}/{experiment}")
    assert f"<li>{KIND}</li>" in page
    body = {"criterion_set_id": row.criterion_set_id, "criteria": [{"criterion_str": LATE}]}
    assert (await api.post("/criteria", json=body)).status_code == 201
    page = await browser.see(f"{HOME}/{experiment}")
    assert f"<li>{KIND}</li><li>{LATE}</li>" in page
