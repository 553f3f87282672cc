"""Two experiments on one page say what the SDK's `compare` says of them."""

import html
import re
from pathlib import Path

import pytest

from elluminate import AsyncClient
from elluminate_server.pages.comparing import word_diff
from elluminate_server.reading.comparisons import compare
from elluminate_server.store.engine import Store
from tests.server.pages.conftest import Browser
from tests.server.pages.filling import fill

pytestmark = pytest.mark.anyio


async def test_a_comparison_says_what_changed(browser: Browser, store: Store) -> None:
    a = await fill(store, rows=30, name="Before", answer="It is long and winding, {topic}.")
    b = await fill(
        store, rows=33, name="After", answer="It is short, {topic}.", criteria=("Is it short?", "Is it new?")
    )
    page = await browser.see(f"/projects/1/compare?ids={b}&ids={a}")
    said = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())

    assert "First Before Second After" in said
    assert "30 rows in common; 0 only in the first, 3 only in the second." in said
    assert "Criteria only in the first: Is it right?; Is it kind?." in said
    assert "not enough evidence" in said
    assert "<del>long" in page or "Rows that got" not in page
    swapped = await browser.see(f"/projects/1/compare?ids={b}&ids={a}&swap=1")
    (address,) = re.findall(r'href="([^"]*)">Swap them', page)
    assert html.unescape(address) == f"/projects/1/compare?ids={a}&ids={b}&swap=1"
    assert "First After Second Before" in " ".join(re.sub(r"<[^>]*>", " ", swapped).split())


@pytest.mark.parametrize(
    "query", ["", "ids=1", "ids=1&ids=1", "ids=1&ids=2&ids=3", "ids=x&ids=1", "ids=1&ids=77"]
)
async def test_other_than_two_are_not_compared(browser: Browser, store: Store, query: str) -> None:
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
            found = await compare(session, a.id, b.id)

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
        assert theirs.p_holm is None or ours.p == theirs.p_holm


def test_words_that_differ_are_marked_on_their_side() -> None:
    before, after = word_diff("The moon does it. Slowly.", "The sun does it.")
    assert [(one.kind, one.text) for one in before] == [
        ("same", "The "),
        ("gone", "moon"),
        ("same", " does it."),
        ("gone", " Slowly."),
    ]
    assert [(one.kind, one.text) for one in after] == [
        ("same", "The "),
        ("new", "sun"),
        ("same", " does it."),
    ]
    assert "".join(one.text for one in word_diff("a" * 9, "b " * 5000)[1]) == "b " * 5000
