"""Two experiments on one page say what the SDK's `compare` says of them."""

import html
import re
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete, select

from elluminate import AsyncClient
from elluminate_server.pages.differences import sides_of, word_diff
from elluminate_server.reading.comparisons import compare, load_side
from elluminate_server.store.engine import Store
from elluminate_server.store.tables import Criterion, Experiment, Rating, Response, Task
from tests.server.conftest import World, created
from tests.server.pages.conftest import Browser
from tests.server.pages.filling import fill

pytestmark = pytest.mark.anyio


async def test_a_comparison_says_what_changed(browser: Browser, store: Store) -> None:
    a = await fill(store, rows=30, name="Before", answer="It is long and winding, {topic}.")
    b = await fill(
        store, rows=33, name="After", answer="It is short, {topic}.", criteria=("Is it short?", "Is it new?")
    )
    page = await browser.see(f"/projects/1/compare?ids={b}&ids={a}")
    said = _said(page)

    assert "A Before B After" in said
    assert "30 rows in common; 0 only in A, 3 only in B." in said
    assert "Criteria only in A: Is it right?; Is it kind?." in said
    assert "not enough evidence" in said
    assert "<del>long" in page or "Rows that got" not in page
    swapped = await browser.see(f"/projects/1/compare?ids={b}&ids={a}&swap=1")
    (address,) = re.findall(r'href="([^"]*)">Swap them', page)
    assert html.unescape(address) == f"/projects/1/compare?ids={a}&ids={b}&base={b}"
    assert "A After B Before" in _said(swapped)
    assert "A After B Before" in _said(await browser.see(html.unescape(address)))


async def test_up_to_four_are_compared_with_one_of_them(
    browser: Browser, api: httpx.AsyncClient, world: World, store: Store
) -> None:
    yes, no = ["YES"] * 12, ["NO"] * 12
    a = await _judged(store, "Before", {"Is it short?": [*no[:8], *yes[:4]], "Is it kind?": yes})
    b = await _judged(store, "Better", {"Is it short?": yes, "Is it kind?": [*no[:2], *yes[:10]]})
    c = await _judged(store, "Alike", {"Is it short?": [*no[:8], *yes[:4]], "Is it kind?": yes})
    parts = ("prompt_template_id", "collection_id", "criterion_set_id", "llm_config_id")
    idle = await created(
        api,
        "/experiments",
        {"name": "Idle", "description": "", **{one: getattr(world, one) for one in parts}},
    )
    ids = f"ids={a}&ids={b}&ids={c}&ids={idle['id']}"
    page = await browser.see(f"/projects/1/compare?{ids}")
    said = _said(page)

    assert "A Before B Better C Alike D Idle" in said
    assert "D , Idle , has not been run." in said
    (short,) = re.findall(r"Is it short\? better [^/]*? 12 ", said)
    assert short.split()[-4:] == ["0.0156", "8", "0", "12"]  # p after Holm, better, worse, rows
    assert re.search(r"Is it kind\? not enough evidence .*? 0\.5 0 2 12 ", said)
    assert "C: not enough evidence : " in said
    assert "C against A criterion verdict" in said
    assert "D against A" not in said
    assert re.search(r"Side by side criterion A: Before B: Better C: Alike D: Idle All criteria 66.7%", said)
    assert "Rows that got better in B: 6" in said  # two got better by one criterion, and worse by the other
    assert "Rows that got worse" not in said
    other = _said(await browser.see(f"/projects/1/compare?{ids}&base={b}&changed={c}"))
    assert "A Better B Before C Alike" in other
    assert "Rows that got worse in C: 6" in other
    wrong = await browser.see(f"/projects/1/compare?{ids}&base=77")
    assert (
        f"base='77' in the address does not count here. It has to be one of {a}, {b}, {c}, {idle['id']}."
        in _said(wrong)
    )


async def test_what_ended_before_its_first_answer_says_why(browser: Browser, store: Store) -> None:
    a = await fill(store, rows=3, name="Before")
    b = await fill(store, rows=1, name="Ended")
    async with store.write() as session:
        await session.execute(delete(Response).where(Response.experiment_id == b))
        task = Task(id="e" * 32, project_id=1, experiment_id=b, kind="experiment")
        task.status, task.error_msg = "FAILURE", "The key was refused."
        session.add(task)
    said = _said(await browser.see(f"/projects/1/compare?ids={a}&ids={b}"))
    assert "B , Ended , ended before its first answer: The key was refused." in said
    assert "against A" not in said


async def test_missing_verdicts_are_told_with_their_reasons(browser: Browser, store: Store) -> None:
    a, b = [await fill(store, rows=100, name=name) for name in ("Before", "After")]
    said = _said(await browser.see(f"/projects/1/compare?ids={a}&ids={b}"))
    assert "A 3 the answer failed The endpoint is away." in said
    assert "B 3 the answer failed The endpoint is away." in said


def _said(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


async def _judged(store: Store, name: str, verdicts: dict[str, list[str]]) -> int:
    """An experiment with these verdicts by criterion, row by row."""
    rows = len(next(iter(verdicts.values())))
    experiment_id = await fill(store, rows=rows, name=name, criteria=list(verdicts))
    async with store.write() as session:
        found = (
            select(Rating, Criterion.criterion_str)
            .join(Response, Response.id == Rating.response_id)
            .join(Criterion, Criterion.id == Rating.criterion_id)
            .where(Response.experiment_id == experiment_id)
            .order_by(Response.id)
        )
        left = {text: iter(given) for text, given in verdicts.items()}
        for rating, text in (await session.execute(found)).all():
            rating.rating = next(left[text])
    return experiment_id


@pytest.mark.parametrize(
    "query",
    ["", "ids=1", "ids=1&ids=1", "ids=1&ids=2&ids=3&ids=4&ids=5", "ids=x&ids=1", "ids=1&ids=77"],
)
async def test_other_than_two_to_four_are_not_compared(browser: Browser, store: Store, query: str) -> None:
    await fill(store, rows=1)
    assert (await browser.http.get(f"/projects/1/compare?{query}")).status_code in (400, 404)


async def test_the_figures_are_those_of_the_sdk(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    async with AsyncClient(base_url=f"local:{file}") as client:
        experiments = []
        for prompt in ("Explain {{concept}}.", "Explain {{concept}} in one sentence, with an example."):
            template, _ = await client.get_or_create_prompt_template("T", template=prompt)
            collection, _ = await client.get_or_create_collection("C")
            await collection.aadd_many(
                variables=[{"concept": f"thing {number}"} for number in range(12)], skip_existing=True
            )
            criterion_set, _ = await client.get_or_create_criterion_set(name="S")
            if not criterion_set.criteria:
                await criterion_set.aadd_criteria(["Is it short?", "Is there an example?"])
                criterion_set = await client.get_criterion_set(name="S")
            experiments.append(
                await client.run_experiment(
                    name=prompt,
                    prompt_template=template,
                    collection=collection,
                    criterion_set=criterion_set,
                    n_epochs=2,
                )
            )
        a, b = experiments
        told = await b.acompare_with(a)
        async with Store(f"sqlite+aiosqlite:///{file}") as store, store.read() as session:
            sides = [await load_side(session, await session.get_one(Experiment, one.id)) for one in (a, b)]
            found = compare(*sides)

    assert found.overall is not None
    assert (found.rows, len(found.better), len(found.worse)) == (
        told.rows,
        len(told.overall.better),
        len(told.overall.worse),
    )
    for ours, theirs in zip((found.overall, *found.criteria), (told.overall, *told.criteria), strict=True):
        assert ours.verdict == theirs.verdict
        assert ours.weighed.difference == theirs.difference
        assert (ours.weighed.rate_a, ours.weighed.rate_b) == (theirs.rate_a, theirs.rate_b)
        assert (ours.better, ours.worse) == (len(theirs.better), len(theirs.worse))
        assert theirs.p_holm is None or ours.p == theirs.p_holm


def test_words_that_differ_are_marked_on_their_side() -> None:
    before, after = sides_of(word_diff("The moon does it. Slowly.", "The sun does it."))
    assert before == [
        ("same", "The "),
        ("gone", "moon"),
        ("same", " does it."),
        ("gone", " Slowly."),
    ]
    assert after == [
        ("same", "The "),
        ("new", "sun"),
        ("same", " does it."),
    ]
    assert "".join(text for _, text in sides_of(word_diff("a" * 9, "b " * 5000))[1]) == "b " * 5000
