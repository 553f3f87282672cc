"""The page for labels says what `experiment.agreement()` says, and draws as `experiment.next_to_label()` does."""

import re
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete, select

from elluminate import AsyncClient
from elluminate_server.reading.labelling import has_labels, load_judges, load_labelling, next_pair
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Experiment, Label, Rating, Response
from tests.server.pages.conftest import Browser
from tests.server.pages.filling import fill
from tests.server.pages.test_looking import HOME, texts

pytestmark = pytest.mark.anyio


async def test_the_figures_and_the_draw_are_those_of_the_sdk(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    async with AsyncClient(base_url=f"local:{file}") as client:
        collection, _ = await client.get_or_create_collection(
            "C", {"variables": [{"concept": f"thing {number}"} for number in range(14)]}
        )
        template, _ = await client.get_or_create_prompt_template("T", template="Explain {{concept}}.")
        experiment = await client.run_experiment(
            "E", template, collection, criteria=["Is it short?", "Is it right?"], n_epochs=2
        )
        async with Store(f"sqlite+aiosqlite:///{file}") as store:
            async with store.read() as session:
                row = await session.get_one(Experiment, experiment.id)
                assert not await has_labels(session, row.id)
                told = await experiment.aagreement()
                for ours, theirs in zip(await load_judges(session, row) or (), told.judges, strict=True):
                    assert ours.status == theirs.status
            drawn = await experiment.anext_to_label(10)
            for number, item in enumerate(drawn):
                async with store.read() as session:
                    pair = await next_pair(session, experiment.id, None, 0)
                assert pair is not None
                assert (pair.response_id, pair.criterion_id) == (item.response_id, item.criterion.id)
                await item.alabel(["YES", "NO", "YES", "UNSURE", "NO"][number % 5])
            for item in await experiment.anext_to_label(20):
                await item.alabel("YES")
            told = await experiment.aagreement()
            async with store.read() as session:
                found = await load_judges(session, row) or ()
                labelling = await load_labelling(session, experiment.id, None, 0)
        assert (labelling.labelled, labelling.total) == (30, 56)
        for ours, theirs in zip(found, told.judges, strict=True):
            assert (ours.criterion, ours.status) == (theirs.criterion, theirs.status)
            assert ours.judge == (theirs.rating_version or "", theirs.model or "")
            assert ours.why_no_interval == theirs.why_no_interval
            for name, value in ours.figures._asdict().items():
                assert getattr(theirs, name) == value, name
        assert sum(one.figures.n for one in found) == 28


async def test_labels_tell_what_the_judge_is_worth(browser: Browser, store: Store) -> None:
    experiment_id = await fill(store, rows=60, criteria=["Is it short?", "Is it right?"])
    here = f"/projects/1/label?experiment={experiment_id}"
    said = texts(await browser.see(f"{HOME}/{experiment_id}"))
    assert "judge not validated: no labels . What people say of some answers" in said
    assert "How far the judge agrees" not in texts(await browser.see(here))
    async with store.write() as session:
        found = await session.execute(
            select(Rating.response_id, Rating.criterion_id, Rating.rating)
            .join(Response, Response.id == Rating.response_id)
            .where(Response.experiment_id == experiment_id)
            .order_by(Rating.id)
        )
        short = min(row.criterion_id for row in found.all())
        for number, (response_id, criterion_id, rating) in enumerate(
            (
                await session.execute(
                    select(Rating.response_id, Rating.criterion_id, Rating.rating).where(
                        Rating.criterion_id == short
                    )
                )
            ).all()
        ):
            value = "YES" if number == 1 else rating
            session.add(
                Label(
                    experiment_id=experiment_id,
                    response_id=response_id,
                    criterion_id=criterion_id,
                    labeller=7,
                    key_name="k",
                    value=value,
                )
            )
    page = await browser.see(here)
    told = texts(page)
    assert (
        "Is it short? judge not validated: 60 labels; the lower bound of its true negative rate is 0." in told
    )
    assert "Is it right? judge" not in told
    assert re.search(r"unknown judge 60 .* 85\.0% .* 85\.0%", told)  # pass rate, and the corrected one
    said = texts(await browser.see(f"{HOME}/{experiment_id}"))
    assert (
        "Is it short? judge not validated: 60 labels; the lower bound of its true negative rate is 0." in said
    )
    assert (
        "Is it right? judge not validated: no labels; at least two rows to which it says YES must be labelled"
        in said
    )
    assert "What people say of some answers" not in said


async def test_labels_are_drawn_from_both_sides(
    browser: Browser, store: Store, api: httpx.AsyncClient
) -> None:
    experiment_id = await fill(store, rows=98, criteria=["Is it short?"])  # of seven verdicts one is NO
    sides = []
    for _ in range(20):
        async with store.read() as session:
            pair = await next_pair(session, experiment_id, None, 1)
            assert pair is not None
            sides.append(
                await session.scalar(select(Rating.rating).where(Rating.response_id == pair.response_id))
            )
        async with store.write() as session:
            session.add(
                Label(
                    experiment_id=experiment_id,
                    response_id=pair.response_id,
                    criterion_id=pair.criterion_id,
                    labeller=1,
                    key_name="k",
                    value="YES",
                )
            )
    assert sides[:10].count("NO") == 5 == sides[10:].count("NO")
    assert sides[:10] != ["YES", "NO"] * 5 and sides[:10] != ["NO", "YES"] * 5
    async with store.write() as session:
        await session.execute(delete(Label))
