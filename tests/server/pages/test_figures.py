"""Figures of pages are those of the results, whatever became of the criteria; and what repetitions tell."""

import datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select, update

from elluminate.statistics import pass_at_k, pass_hat_k, rate
from elluminate_server.reading.figures import load_rates
from elluminate_server.reading.matrices import MatrixFilter, count_rows, load_rows, neighbours_of
from elluminate_server.store.columns import utc_now
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Criterion, Experiment, Rating, Response
from tests.server.pages.conftest import Browser
from tests.server.pages.filling import fill
from tests.server.pages.test_looking import HOME, texts

pytestmark = pytest.mark.anyio


async def test_verdicts_on_what_was_replaced_count_as_in_the_results(
    browser: Browser, api: httpx.AsyncClient, store: Store
) -> None:
    experiment_id = await fill(store, rows=6, epochs=2, criteria=["Is it short?", "Is it right?"])

    async def check(given: int, share: float) -> None:
        results = (await api.get(f"/experiments/{experiment_id}")).json()["results"]
        async with store.read() as session:
            rates = (await load_rates(session, [experiment_id]))[experiment_id]
        assert results["verdicts"]["given"] == given
        assert sum(rates.given.values()) == given
        assert {str(one): count for one, count in rates.given.items()} == {
            one: counts["given"]
            for one, counts in results["verdicts_by_criterion_id"].items()
            if counts["given"]
        }
        assert results["mean_all_ratings"]["yes"] == pytest.approx(rates.overall.estimate)
        assert rates.overall.estimate == pytest.approx(share)
        assert f"All criteria {share:.1%} " in texts(await browser.see(f"{HOME}/{experiment_id}"))

    # Every seventh verdict is NO: of twelve answers the first, the seventh and the eighth have one each.
    await check(24, 21 / 24)
    async with store.read() as session:
        one = await session.scalar(select(Criterion.id).where(Criterion.criterion_str == "Is it right?"))
        answers = (await session.scalars(select(Response.id).order_by(Response.id))).all()
    edited = (await api.put(f"/criteria/{one}", json={"criterion_str": "Is it true?"})).json()
    assert edited["id"] != one
    await check(24, 21 / 24)
    async with store.write() as session:
        later = utc_now() + datetime.timedelta(seconds=1)
        judged_anew = answers[:4]
        await session.execute(update(Response).where(Response.id.in_(judged_anew)).values(judged_as_of=later))
        await session.execute(
            insert(Rating),
            [{"response_id": answer, "criterion_id": edited["id"], "rating": "NO"} for answer in judged_anew],
        )
    await check(24, 17 / 24)
    async with store.read() as session:
        rates = (await load_rates(session, [experiment_id]))[experiment_id]
    assert rates.passed == {(0, 2): 3, (2, 2): 3}
    assert rates.passing == rate([[False] * 2] * 3 + [[True] * 2] * 3)


async def test_rows_are_sorted_and_filtered_by_the_verdicts_that_count(
    api: httpx.AsyncClient, store: Store
) -> None:
    experiment_id = await fill(store, rows=4, criteria=["Is it right?"])

    async def shown(**wanted: Any) -> list[int]:
        """The places of the rows that are shown, by their answers."""
        async with store.read() as session:
            experiment = await session.get_one(Experiment, experiment_id)
            rows = await load_rows(session, experiment, MatrixFilter(**wanted), offset=0, limit=9)
            assert await count_rows(session, experiment, MatrixFilter(**wanted)) == len(rows)
            return [answers.index(row.responses[0][0]) for row in rows]

    async with store.read() as session:
        answers = list((await session.scalars(select(Response.id).order_by(Response.id))).all())
        one = await session.scalar(select(Criterion.id))
    # The first verdict is NO, the others are YES.
    assert await shown() == [0, 1, 2, 3]
    assert await shown(verdict="NO") == [0]
    edited = (await api.put(f"/criteria/{one}", json={"criterion_str": "Is it true?"})).json()["id"]
    assert await shown(verdict="NO") == [0]
    async with store.write() as session:
        later = utc_now() + datetime.timedelta(seconds=1)
        anew = answers[:3]
        await session.execute(update(Response).where(Response.id.in_(anew)).values(judged_as_of=later))
        verdicts = zip((answers[0], answers[2]), ("YES", "NO"), strict=True)
        await session.execute(
            insert(Rating),
            [{"response_id": answer, "criterion_id": edited, "rating": said} for answer, said in verdicts],
        )
    # The second lacks its verdict, the third is NO now.
    assert await shown() == [1, 2, 0, 3]
    assert await shown(verdict="NO") == [2]
    assert await shown(verdict="YES") == [0, 3]
    assert await shown(verdict="YES", criterion_id=one) == [3]
    assert await shown(verdict="missing") == await shown(verdict="missing", criterion_id=edited) == [1]
    async with store.read() as session:
        experiment = await session.get_one(Experiment, experiment_id)
        beside = await neighbours_of(session, experiment, answers[2], MatrixFilter())
    assert beside == (answers[1], answers[0])


async def test_an_experiment_with_epochs_says_how_steady_its_rows_are(browser: Browser, store: Store) -> None:
    experiment_id = await fill(store, rows=8, epochs=3, criteria=["Is it short?"])
    rows = [[(3 * row + epoch) % 7 != 0 for epoch in range(3)] for row in range(8)]
    flaky = sum(0 < sum(one) < 3 for one in rows)
    said = texts(await browser.see(f"{HOME}/{experiment_id}"))

    assert f"All 3 answers pass ( pass^3 ) {pass_hat_k(rows, 3):.1%} " in said
    assert f"One of 3 passes ( pass@3 ) {pass_at_k(rows, 3):.1%} Flaky rows {flaky} " in said
    assert "Of 8 rows with 3 answers: an answer passes when it meets all criteria" in said
    async with store.write() as session:
        await session.execute(update(Response).values(input_price_per_mtok=0.0, output_price_per_mtok=0.0))
    said = texts(await browser.see(f"{HOME}/{experiment_id}"))
    assert said.partition("Cost of the answers ")[2].startswith("free Cost of judging")
    alone = await fill(store, rows=3, name="Alone")
    assert "Flaky" not in await browser.see(f"{HOME}/{alone}")
