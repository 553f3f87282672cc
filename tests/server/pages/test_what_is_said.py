"""What an experiment's page and the page of comparisons say, and how: digits, units, order, folds."""

import re

import httpx
import pytest
from sqlalchemy import delete, select, update

from elluminate.suites.origins import Origin, described
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Criterion, Experiment, LogLine, Rating, Response, Task, WorkItem
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


async def test_an_experiment_says_where_it_comes_from_and_that_nothing_was_measured(
    browser: Browser, store: Store
) -> None:
    experiment = await fill(store, rows=3, criteria=["Is it short?"])
    origin = Origin(suite="Towns <b>", model="small", branch="main", commit="0123456789abcdef", digest="9")

    async def said(**changed: object) -> str:
        async with store.write() as session:
            await session.execute(update(Experiment).values(**changed))
        page = await browser.see(f"{HOME}/{experiment}")
        check_harmless(page)
        return texts(page)

    shown = await said(description=described("What it is for.\nAnd more.", origin))
    assert (
        "done · What it is for. And more. "
        "Run of the suite Towns <b> for the model small, on the branch main, at the commit 0123456789a…. Template"
    ) in shown
    assert "digest" not in shown
    assert "done Run of the suite Towns <b> for the model small. Template" in await said(
        description=described("", Origin(suite="Towns <b>", model="small"))
    )
    assert "done · elluminate suite: {} Template" in await said(description="elluminate suite: {}")
    assert "measure nothing" not in shown
    offline, other = {"answered_by_model": "offline"}, {"answered_by_model": "gpt-x"}
    for answers, verdicts, words in (
        (offline, other, "answered"),
        (other, offline, "judged"),
        (offline, offline, "answered and judged"),
    ):
        async with store.write() as session:
            await session.execute(update(Response).values(generation_metadata=answers))
            await session.execute(update(Rating).values(generation_metadata=verdicts))
        assert (
            f"The built-in offline model {words}: these figures show how things look, and measure nothing."
        ) in await said(description="")


async def test_a_retry_is_offered_for_what_it_may_bring(browser: Browser, store: Store) -> None:
    experiment = await fill(store, rows=4, criteria=["Is it short?", "It names the topic."])
    async with store.write() as session:
        short, named = (await session.scalars(select(Criterion.id).order_by(Criterion.id))).all()
        answers = (await session.execute(select(Response.id, Response.entry_id).order_by(Response.id))).all()
        session.add(
            Task(id="f" * 32, project_id=1, experiment_id=experiment, kind="experiment", status="SUCCESS")
        )
        await session.flush()
        for answer, entry in answers[:2]:
            reason = {str(named): "The row has no text for {{topic}}, so that there is nothing to look for."}
            session.add(
                WorkItem(
                    task_id="f" * 32, entry_id=entry, response_id=answer, state="done", rating_errors=reason
                )
            )

    async def said(rule: dict[str, str], *missing: tuple[int, int]) -> str:
        async with store.write() as session:
            await session.execute(update(Criterion).where(Criterion.id == named).values(rule=rule))
            for place, criterion in missing:
                await session.execute(
                    delete(Rating).where(
                        Rating.response_id == answers[place].id, Rating.criterion_id == criterion
                    )
                )
        page = await browser.see(f"{HOME}/{experiment}")
        check_harmless(page)
        if "#missing" in page:
            assert '<h2 id="missing">' in page
        assert ('/retry-failed"' in page) == ("Retry what is missing" in page)
        return texts(page)

    rule = {"type": "contains", "value": "{{topic}}"}
    assert "etry" not in await said(rule)
    shown = await said(rule, (0, named), (1, named))
    assert "A retry would bring none of the 2 verdicts that are missing: why ." in shown
    assert "Retry what is missing" not in shown
    shown = await said(rule, (2, short))
    assert "Retry what is missing It may bring 1 of 3 verdicts; the others stay missing: why ." in shown
    assert "It may bring 2 of 4 verdicts" in await said(rule, (2, named))
    assert "It may bring 1 of 4 verdicts" in await said({"type": "python", "value": "f"})
    async with store.write() as session:
        await session.execute(update(WorkItem).values(rating_errors=None))
    shown = await said(rule)
    assert "Retry what is missing" in shown
    assert "It may bring" not in shown


async def test_long_reasons_and_notes_are_folded(
    browser: Browser, api: httpx.AsyncClient, store: Store
) -> None:
    one, other = [
        await fill(store, rows=1, name=name, criteria=["Is it short?"], reasoning="Because of it. " * 100)
        for name in ("One", "Other")
    ]
    async with store.write() as session:
        answer = await session.scalar(select(Response.id).where(Response.experiment_id == one))
        criterion = await session.scalar(select(Rating.criterion_id).where(Rating.response_id == answer))
        await session.execute(update(Response).values(annotation="A note. " * 100))
        await session.execute(update(Rating).where(Rating.response_id != answer).values(rating="YES"))
    label = {"response_id": answer, "criterion_id": criterion, "value": "NO", "reason": "It drags. " * 100}
    put = await api.put("/labels", json={"labels": [label]})
    assert put.status_code == 200, put.text
    page = await browser.see(f"/projects/1/responses/{answer}")
    check_harmless(page)
    for text in ("Because of it. ", "A note. ", "It drags. "):
        assert re.search(
            rf'<details><summary>({text})+[^<]*…</summary><div class="text">({text}){{100}}', page
        )
        assert page.count(f"{text * 100}") == 1
    compared = await browser.see(f"/projects/1/compare?ids={one}&ids={other}")
    check_harmless(compared)
    assert len(re.findall(r"<details><summary>(?:Because of it. )+", compared)) == 2
    label["reason"] = "It drags."
    assert (await api.put("/labels", json={"labels": [label]})).status_code == 200
    async with store.write() as session:
        await session.execute(update(Rating).values(reasoning="Because of it."))
        await session.execute(update(Response).values(annotation="A note."))
    page = await browser.see(f"/projects/1/responses/{answer}")
    assert "<details><summary>" not in page.partition("<main")[2]
    assert "NO : It drags. " in texts(page)
