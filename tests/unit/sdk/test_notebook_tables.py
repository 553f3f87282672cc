"""What a notebook shows of models: small tables, in which nothing under test is markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import attrs
import pytest

from elluminate._notebooks import ShownInNotebooks, messages_table
from elluminate._tables import html_facts, html_table
from elluminate.schemas import Experiment, TemplateVariablesCollection
from tests.unit.sdk.shown_models import MADE, models

ATTACKS = {
    "script": "<script>alert(1)</script>",
    "end of a cell": "</td></tr></table><img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "comment": "<!-- --><style>*{color:red}</style>",
    "formula": r"$\href{javascript:alert(1)}{x}$ and \(x\)",
    "entity": "&lt;script&gt;&amp;",
    "link": "<a href='https://evil.test'>x</a><iframe src=//evil.test>",
    "control characters": "\x00\x1b[2J\ud800\uffff</table>",
}
MODELS = {type(model).__name__: model for model in models()}


class Page(HTMLParser):
    """HTML that is refused when there is anything in it but tables of text, as they were opened."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.cells: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ("table", "caption", "tr", "th", "td")
        for name, value in attrs:
            assert name in ("class", "style", "colspan")
            assert value is not None
            assert not re.search(r"color|background|url|expression|font-family", value)
        if tag == "table":
            assert ("class", "tex2jax_ignore mathjax_ignore") in attrs
        self._open.append(tag)
        self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        assert self._open[-1] in ("caption", "th", "td")
        self.cells[-1] += data

    def handle_comment(self, data: str) -> None:
        pytest.fail(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        pytest.fail(f"a declaration: {decl}")


def html_of(model: Any) -> str:
    html = model._repr_html_()
    assert isinstance(html, str)
    return html


def cells(model: Any) -> list[str]:
    return Page(html_of(model)).cells


def after(name: str, shown: list[str]) -> str:
    """The cell beside the one that says this."""
    return shown[shown.index(name) + 1]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_text_under_test_is_markup(attack: str) -> None:
    readable = re.sub("[\x00\x1b\ud800\uffff]", "\ufffd", attack)
    for model in models(attack):
        shown = cells(model)
        assert any(readable in cell for cell in shown), type(model)
        html_of(model).encode("utf-8")


def test_every_model_that_has_tables_is_among_these() -> None:
    found, left = set(), [ShownInNotebooks]
    while left:
        kinds = left.pop().__subclasses__()
        found |= {kind for kind in kinds if kind.__module__.startswith("elluminate.")}
        left += kinds
    # attrs makes a class of slots anew, so that there are two of a name
    assert {kind.__name__ for kind in found} - {"TemplateVariablesCollection"} == set(MODELS)


@pytest.mark.parametrize("text", ['"' * 5_000, "long " * 1_000, "\n" * 5_000, "a\nb" * 1_000])
def test_what_is_shown_is_bounded_in_rows_columns_and_characters(text: str) -> None:
    for model in models(text, rows=30, columns=15, criteria=25):
        html = html_of(model)
        assert len(html) < 600_000, type(model)  # at worst, where each character is escaped
        Page(html)
    for model in models("word", rows=30, columns=15, criteria=25):
        assert len(html_of(model)) < 70_000, type(model)


def test_what_is_left_out_is_counted() -> None:
    by_kind = {type(model).__name__: model for model in models("x" * 305, rows=21, columns=30, criteria=30)}
    rows = cells(by_kind["TemplateVariablesCollectionWithEntries"])
    assert "1 more row" in rows
    assert "20 more columns" in rows
    assert "x" * 300 + "… (5 more characters)" in rows
    assert "1 more row" in cells(by_kind["Responses"])
    assert "26 more columns" in cells(by_kind["Responses"])
    assert "1 more row" in cells(by_kind["Experiment"])
    assert "10 more rows" in cells(by_kind["CriterionSet"])
    assert "10 more rows" in cells(by_kind["TemplateVariables"])
    assert after("more inputs", cells(by_kind["PromptResponse"])) == "10 more"


def test_an_experiment_shows_what_it_is_made_of_its_rates_and_what_is_missing() -> None:
    shown = cells(MODELS["Experiment"])

    assert "Experiment: tides" in shown
    assert after("prompt template", shown) == "tides (version 2)"
    assert after("model", shown) == "tides (tides)"
    assert after("collection", shown) == "tides (3 rows)"
    assert after("status", shown) == "over"
    assert after("pass rate", shown) == (
        "66.7% (3 of 8 verdicts, 5 missing), 95 % interval 1.2% to 100.0% by 2 rows"
    )
    assert after("answers", shown) == "3 rated, 0 failed, cut off at the limit of tokens: 1"
    assert after("estimated cost", shown) == "answers 0.5000 USD"
    first = shown.index("tides1")
    assert shown[first : first + 5] == ["tides1", "66.7%", "3 of 4", "1", "0"]
    assert shown[first + 5 : first + 7] == ["34.2% to 100.0%", "2"]
    second = shown.index("tides2")
    assert shown[second : second + 5] == ["tides2", "not measured", "0 of 4", "4", "0"]
    assert "Missing verdicts: 5 of 8" in shown
    assert shown[shown.index("not judged") - 1 :][:3] == ["5", "not judged", "tides"]
    assert shown[shown.index("for other reasons") - 2] == "1"
    assert "failed: tides" in shown
    assert "YES: tides1\nYES: tides2\n1 missing" in shown


def test_an_experiment_shows_how_far_it_is() -> None:
    def status(**changes: Any) -> str:
        shown = cells(attrs.evolve(MODELS["Experiment"], **changes))
        return after("status", shown)

    assert status(results=None, rated_responses=[]) == "not run yet"
    assert status(results=None, rated_responses=[], generation_task_id="t") == "running"
    assert status(generation_task_id="t") == "running, 3 of 8 verdicts given"
    assert status(has_internal_error=True) == "ended by a fault"


def test_an_experiment_without_its_responses_says_which_method_reads_them() -> None:
    bare = attrs.evolve(MODELS["Experiment"], rated_responses=[])
    assert after("responses", cells(bare)) == "not fetched: fetch_responses() reads them"
    assert "responses" not in cells(MODELS["Experiment"])


def test_results_without_counts_show_the_rates_that_are_known() -> None:
    bare = attrs.evolve(MODELS["ExperimentResults"], verdicts=None, verdicts_by_criterion_id=None)
    shown = cells(bare)
    assert after("pass rate", shown) == "66.7%"
    first = shown.index("criterion 1")
    assert shown[first : first + 5] == ["criterion 1", "66.7%", "not told", "", ""]


def test_rates_of_which_nothing_is_missing_say_of_how_many_verdicts() -> None:
    results = MODELS["ExperimentResults"]
    whole = attrs.evolve(results.verdicts, given=8, missing_not_judged=0)
    assert after("pass rate", cells(attrs.evolve(results, verdicts=whole))) == "66.7% (8 verdicts)"


def test_models_that_are_made_by_hand_of_anything_never_raise() -> None:
    wrong: list[Any] = [None, object(), -1, "text", [None], {"a": None}, [[]], float("nan"), 10**5000]
    for model in models():
        kind: Any = type(model)
        if not attrs.has(kind):
            continue
        empty: Any = object.__new__(kind)
        assert empty._repr_html_() is None
        for value in wrong:
            for attribute in attrs.fields(kind):
                changed: Any = object.__new__(kind)
                for other in attrs.fields(kind):
                    object.__setattr__(changed, other.name, getattr(model, other.name))
                object.__setattr__(changed, attribute.name, value)
                html = changed._repr_html_()
                if html is not None:
                    Page(html)


def test_a_model_without_its_optional_parts_is_shown() -> None:
    collection = TemplateVariablesCollection(id=1, name="Topics")
    assert "Collection: Topics (0 rows)" in cells(collection)
    bare = Experiment(
        id=1,
        name="Bare",
        collection=collection,
        criterion_set=attrs.evolve(MODELS["CriterionSet"], criteria=None, linked_prompt_templates=None),
        llm_config=None,
        created_at=MADE,
        updated_at=MADE,
    )
    shown = cells(bare)
    assert after("prompt template", shown) == "none"
    assert after("model", shown) == "the server's default"
    assert "Criterion set: tides (its criteria were not fetched)" in cells(bare.criterion_set)


def test_a_key_of_a_provider_is_not_shown() -> None:
    assert all("sk-never-shown" not in html_of(model) for model in MODELS.values())


def test_messages_show_texts_of_parts_and_calls_of_tools() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "image_url", "image_url": {"url": "https://x.test"}}]
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "c1"}]}
    shown = Page(messages_table("said", [{"role": "user", "content": parts}, call])).cells
    assert after("user", shown) == "one\n{'type': 'image_url', 'image_url': {'url': 'https://x.test'}}"
    assert after("assistant", shown) == "[{'id': 'c1'}]"


def test_tables_count_rows_columns_lines_and_characters_that_they_leave_out() -> None:
    rows = [["a\n" * 20, *["x"] * 13]] * 3
    shown = Page(html_table("", ["c"] * 14, rows, most=2, total=9)).cells
    assert "7 more rows" in shown
    assert "3 more columns" in shown
    assert "a\n" * 14 + "a… (11 more characters)" in shown
    facts = Page(html_facts("all", [("empty", " "), ("full", "x")])).cells
    assert "empty" not in facts
    assert after("full", facts) == "x"


def test_verdicts_of_a_response_that_a_table_leaves_out_are_counted() -> None:
    (responses,) = [model for model in models("x", criteria=10) if type(model).__name__ == "Responses"]
    assert "\n".join([*(f"YES: x{number}" for number in range(1, 9)), "2 more", "1 missing"]) in cells(
        responses
    )
