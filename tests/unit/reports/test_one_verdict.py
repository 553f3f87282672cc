"""Exit code, JUnit, Markdown, HTML and JSON are made of one object, and say the same of it, whatever it is."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from elluminate.gates import RateThreshold, RegressionThreshold, Thresholds, check, not_measured
from elluminate.reports import FORMATS, report_in
from elluminate.suites.result import SuiteResult, SuiteRun
from tests.support.figures import comparison_of, figures_of, rate_of, verdicts_of

shares = st.floats(0, 1)
texts = st.text(max_size=40)
rates = st.one_of(
    st.builds(rate_of, st.none(), n=st.just(0)),
    st.builds(rate_of, shares, n=st.just(1)),
    st.tuples(shares, shares, shares).map(sorted).map(lambda three: rate_of(three[1], three[0], three[2])),
)
counts = st.integers(0, 3)
thresholds_of_rates = st.builds(RateThreshold, at_least=shares, lower_bound=st.none() | shares)
wanted = st.builds(
    Thresholds,
    pass_rate=st.none() | thresholds_of_rates,
    passing=st.none() | thresholds_of_rates,
    criteria=st.dictionaries(st.just("Is it <b>short</b>?"), thresholds_of_rates, max_size=1),
    no_regression=st.none() | st.builds(RegressionThreshold, margin=st.none() | shares),
    max_cost_usd=st.none() | st.floats(0, 10),
)
figures = st.builds(
    figures_of,
    rates,
    name=texts,
    passing=rates,
    criteria=rates.map(lambda rate: [("Is it <b>short</b>?", rate)]),
    verdicts=st.builds(verdicts_of, counts, counts, counts, counts),
    cost=st.tuples(st.none() | st.floats(0, 10), st.none() | st.floats(0, 10)),
)
comparisons = st.none() | st.builds(
    comparison_of,
    st.sampled_from(["better", "worse", "not enough evidence"]),
    st.floats(-1, 0),
    st.floats(0, 1),
    missing=counts,
)


@st.composite
def runs(draw: st.DrawFn) -> SuiteRun:
    if draw(st.booleans()):
        there, comparison = draw(figures), draw(comparisons)
        gate = check(there, draw(wanted), comparison)
        return SuiteRun(model=draw(texts), gate=gate, statistics=there, comparison=comparison)
    return SuiteRun(model=draw(texts), gate=not_measured(draw(texts), draw(texts)))


results = st.builds(SuiteResult, suite=texts, runs=st.lists(runs(), max_size=3).map(tuple))


@given(results)
def test_all_say_the_same(result: SuiteResult) -> None:
    outcomes = [finding.outcome for run in result.runs for finding in run.gate.findings]
    exit_code = 2 if "not measured" in outcomes or not outcomes else 1 if "failed" in outcomes else 0

    assert result.exit_code == exit_code
    assert _of_junit(report_in(result, ".xml")) == exit_code
    assert _of_markdown(report_in(result, ".md")) == exit_code
    assert _of_html(report_in(result, ".html")) == exit_code
    assert json.loads(report_in(result, ".json"))["exit_code"] == exit_code
    assert str(result).split("\n", 1)[0].endswith(result.outcome)


def _of_junit(text: str) -> int:
    root = ElementTree.fromstring(text)
    cases, errors, failures = (len(root.findall(f".//{kind}")) for kind in ("testcase", "error", "failure"))
    assert [root.get(name) for name in ("tests", "errors", "failures")] == [
        str(cases),
        str(errors),
        str(failures),
    ]
    return 2 if errors or not cases else 1 if failures else 0


def _of_markdown(text: str) -> int:
    said = text.splitlines()[0].rpartition(": ")[2]
    assert len(text) < 65_536
    return {"passed": 0, "failed": 1, "not measured": 2}[said]


def _of_html(text: str) -> int:
    found: Any = re.search(r'<p class="outcome ([a-z-]+)">', text)
    return {"passed": 0, "failed": 1, "not-measured": 2}[found.group(1)]


@given(results)
def test_nothing_of_them_is_markup(result: SuiteResult) -> None:
    markdown, page = report_in(result, ".md"), report_in(result, ".html")

    assert set(re.findall(r"<[^>]*>", markdown)) <= {"<code>", "</code>", "<details>", "</details>"}
    assert "<b>short" not in page
    assert "<script" not in page


def test_every_format_is_there() -> None:
    assert list(FORMATS) == [".html", ".md", ".xml", ".json"]
