"""What an experiment's page and the page of comparisons say, and how: digits, units, order, folds."""

import re

import pytest
from sqlalchemy import select, update

from elluminate_server.store.engine import Store
from elluminate_server.store.tables import LogLine, Response, Task
from tests.server.pages.conftest import Browser
from tests.server.pages.filling import fill
from tests.server.pages.looking import check_harmless
from tests.server.pages.test_looking import HOME, texts

pytestmark = pytest.mark.anyio


async def test_figures_have_units_and_as_many_digits_as_tell_them_apart(
    browser: Browser, store: Store
) -> None:
    first = await fill(store, rows=30, name="First")
    second = await fill(store, rows=30, name="Second")
    async with store.write() as session:
        ids = (await session.scalars(select(Response.id).where(Response.experiment_id == first))).all()
        for place, one in enumerate(ids):
            await session.execute(
                update(Response).where(Response.id == one).values(duration_seconds=0.2 + place / 1000)
            )
        session.add(Task(id="f" * 32, project_id=1, experiment_id=first, kind="experiment", status="SUCCESS"))
        await session.flush()
        session.add_all([LogLine(task_id="f" * 32, line=f"Rated {number}/30.") for number in range(30)])
    page = await browser.see(f"{HOME}/{first}")
    check_harmless(page)
    borders = re.findall(r"<title>\d+ from ([\d.]+ s) to ([\d.]+ s)</title>", page)
    assert len(borders) == 20
    assert all(low != high for low, high in borders)
    assert borders[0] == ("0.200 s", "0.201 s")
    assert '<p class="soft">0.200 s to 0.229 s</p>' in page
    # The log of what is over comes after what it came to, and is folded.
    assert page.index('<details id="log">') > page.index('<h2 id="rows">')
    compared = texts(await browser.see(f"/projects/1/compare?ids={first}&ids={second}"))
    assert re.search(r"a difference of \+0\.0 points \(-1\d\.\d to \+1\d\.\d points\)", compared)
    assert " +0.0 points -10.4 to +10.4 points " in compared
