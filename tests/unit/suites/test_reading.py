"""Suite files: what they say, and all that is wrong with them, with line and column."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from elluminate_api.types import UNSET
from jsonschema import Draft202012Validator

from elluminate import ValidationError
from elluminate.suites.reading import load_suite, suite_from_text
from elluminate.suites.schema import schema_of_suites
from elluminate.suites.suite import Suite, SuiteError
from elluminate_server.domain.checks import patterns

WHOLE = """\
name: Arithmetic
description: Sums.
template:
  - {role: system, content: Answer with a number.}
  - {role: user, content: "What is {{question}}?"}
rows:
  - {question: 1 + 1, answer: 2}
  - {question: 2 + 2, answer: 4}
criteria:
  - Is it correct?
  - {text: "Is it {{answer}}?", label: right}
models:
  - default
  - {name: small, model: tiny-1, base_url: https://llm.example/v1, api_key_env: TINY_KEY, temperature: 0}
judge: v1
rating_mode: fast
epochs: 3
cache: 3600
timeout: 600
thresholds:
  pass_rate: 0.9
  passing: {at_least: 0.8, lower_bound: 0.5}
  criteria: {right: 1}
  no_regression: {branch: main, margin: 0.02, required: true}
  max_cost_usd: 0.5
  confidence: 0.9
"""

SHORT = "name: A\ntemplate: 'Hi {{name}}'\nrows: [{name: Ada}]\ncriteria: [Is it short?]\n"


def read(text: str) -> Suite:
    return suite_from_text(text, Path("suite.yaml"))


def problems(text: str) -> list[str]:
    with pytest.raises(SuiteError) as caught:
        read(text)
    return str(caught.value).splitlines()


def test_all_of_a_suite_is_read() -> None:
    suite = read(WHOLE)

    assert (suite.name, suite.description, suite.judge, suite.epochs, suite.cache, suite.timeout) == (
        "Arithmetic",
        "Sums.",
        "v1",
        3,
        3600,
        600,
    )
    assert suite.template is not None
    assert suite.template.messages == [
        {"role": "system", "content": "Answer with a number."},
        {"role": "user", "content": "What is {{question}}?"},
    ]
    assert suite.rows == [{"question": "1 + 1", "answer": 2}, {"question": "2 + 2", "answer": 4}]
    assert [(one.criterion_str, one.label) for one in suite.criteria or ()] == [
        ("Is it correct?", None),
        ("Is it {{answer}}?", "right"),
    ]
    default, small = suite.models
    assert (default.name, default.settings) == ("default", None)
    assert small.settings == {
        "temperature": 0,
        "llm_model_name": "tiny-1",
        "llm_base_url": "https://llm.example/v1",
    }
    assert small.api_key_env == "TINY_KEY"
    thresholds = suite.thresholds
    assert thresholds.pass_rate is not None and thresholds.pass_rate.at_least == 0.9
    assert thresholds.passing is not None and thresholds.passing.lower_bound == 0.5
    assert list(thresholds.criteria) == ["Is it {{answer}}?"]
    assert thresholds.no_regression is not None and thresholds.no_regression.margin == 0.02
    assert (thresholds.max_cost_usd, thresholds.confidence) == (0.5, 0.9)
    assert suite.baseline is not None
    assert (suite.baseline.branch, suite.baseline.against, suite.baseline.is_required) == ("main", None, True)


def test_checks_stand_beside_questions(tmp_path: Path) -> None:
    (tmp_path / "checks_of_a_suite.py").write_text("def good(response):\n    return True\n", encoding="utf-8")
    path = tmp_path / "suite.yaml"
    given = "['Is it short?', {contains: '{{name}}'}, {max_words: 5, label: brief}, {python: 'checks_of_a_suite:good'}]"
    path.write_text(
        SHORT.replace("[Is it short?]", given) + "thresholds: {criteria: {brief: 1}}\n", encoding="utf-8"
    )

    suite = load_suite(path)

    assert [one.criterion_str for one in suite.criteria or ()] == [
        "Is it short?",
        "The answer contains {{name}}.",
        "The answer has at most 5 words.",
        "The function checks_of_a_suite:good accepts the answer.",
    ]
    assert [one.check is UNSET for one in suite.criteria or ()] == [True, False, False, False]
    assert list(suite.thresholds.criteria) == ["The answer has at most 5 words."]


def test_a_suite_may_be_json(tmp_path: Path) -> None:
    path = tmp_path / "suite.json"
    path.write_text(
        json.dumps(
            {"name": "A", "template": "Hi {{name}}", "rows": [{"name": "Zoë"}], "criteria": ["Is it short?"]}
        ),
        encoding="utf-8",
    )
    assert load_suite(path).rows == [{"name": "Zoë"}]


def test_rows_may_stand_in_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("name,age\nAda,36\n", encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text('{"name": "Ada", "age": 36}\n', encoding="utf-8")
    read_rows = []
    for name in ("rows.csv", "rows.jsonl"):
        path = tmp_path / "suite.yaml"
        path.write_text(SHORT.replace("[{name: Ada}]", name), encoding="utf-8")
        read_rows.append(load_suite(path).rows)
    assert read_rows == [[{"name": "Ada", "age": "36"}], [{"name": "Ada", "age": 36}]]


@pytest.mark.parametrize(
    "text",
    [
        "name;age\nAda;3,6\n",
        "name\tage\nAda\t3,6\n",
        'name,age\nAda,"3,6"\n',
        '"na;me",name,age\n1,Ada,"3,6"\n',
    ],
    ids=["semicolons", "tabs", "commas", "both"],
)
def test_rows_of_a_spreadsheet_are_read_however_it_separates_cells(text: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8-sig")
    path = tmp_path / "suite.yaml"
    path.write_text(SHORT.replace("[{name: Ada}]", "rows.csv"), encoding="utf-8")

    rows = load_suite(path).rows or []

    assert [(row["name"], row["age"]) for row in rows] == [("Ada", "3,6")]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (("template:", "tempalte:"), "2:1: unknown key 'tempalte'; did you mean 'template'?"),
        (("template:", "prompt:"), "2:1: unknown key 'prompt'; did you mean 'template'?"),
        (("name: A\n", "name: ''\n"), "1:1: name: is empty"),
        (("name: A\n", "name: 5\n"), "1:1: name: must be a text, not 5"),
        (("name: A\n", ""), "1:1: lacks 'name'"),
        (("[{name: Ada}]", "[{name: Ada}, 5]"), "3:21: rows[2]: must be a mapping, not 5"),
        (
            ("[{name: Ada}]", "rows.txt"),
            "3:1: rows must be a list, or the path of a .csv or .jsonl file, not 'rows.txt'",
        ),
        pytest.param(
            ("[{name: Ada}]", "../../../../../../../../../../../../dev/null"),
            "is a pipe or a device, and not a file",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev/null"),
        ),
        (("[{name: Ada}]", "none.csv"), "3:1: there is no file 'none.csv' in the folder '"),
        (("[{name: Ada}]", "none.csv"), "'; a path of rows begins at the suite's folder"),
        (
            ("[{name: Ada}]", "[{nam: Ada}]"),
            "2:1: {{name}} has no value in row 1; the rows have the columns nam",
        ),
        (("[Is it short?]", "[]"), "4:1: criteria: is empty"),
        (("[Is it short?]", "[' ']"), "4:12: the criterion is empty"),
        (("[Is it short?]", "[a?, b?, a?]"), "4:20: the criterion 'a?' stands twice"),
        (("[Is it short?]", "[{txt: a?}]"), "4:12: a check has one of the names"),
        (("[Is it short?]", "[{label: a}]"), "4:12: a criterion is a question, a mapping like"),
        (("[Is it short?]", "[{equals: '{{nope}}', text: So?}]"), "4:12: {{nope}} has no value in row 1"),
        (("[Is it short?]", "[{python: 'nowhere_at_all:good'}]"), "4:12: 'nowhere_at_all:good': the module"),
        (
            ("[Is it short?]", "[{python: good}]"),
            "4:12: the check python is written module:function, such as",
        ),
        (
            ("[Is it short?]", "[{python: 'a:b', negate: true}]"),
            "4:12: the check python takes text and label",
        ),
        (
            ("[Is it short?]", "[a?, {text: b, regex: '(a'}]"),
            '4:26: the pattern "(a" cannot be used: missing )',
        ),
        (
            ("[Is it short?]", "[{regex: {pattern: 'a(?=b)'}}]"),
            '4:13: the pattern "a(?=b)" cannot be used: invalid perl operator',
        ),
        (
            ("[Is it short?]", "[{json_schema: {type: nonsense}}]"),
            "4:13: the schema cannot be used: $.type: ",
        ),
        (("[Is it short?]", "['Is it {{nme}}?']"), "4:12: {{nme}} has no value in row 1"),
        (("criteria: [Is it short?]\n", ""), "1:1: criteria or criterion_set is needed"),
        (("criteria:", "epochs: 0\ncriteria:"), "4:1: epochs: must be at least 1, not 0"),
        (("criteria:", "epochs: 1.5\ncriteria:"), "4:1: epochs: must be a whole number, not 1.5"),
        (("criteria:", "collection: X\ncriteria:"), "4:1: collection excludes rows; give one of them"),
        (("criteria:", "target_timeout: 5\ncriteria:"), "4:1: target_timeout says how a target is called"),
        (("criteria:", "target: evals\ncriteria:"), "4:1: target: must be module:function, not 'evals'"),
        (("criteria:", "models: [a, a]\ncriteria:"), "4:13: the model 'a' stands twice"),
        (
            ("criteria:", "models: [{name: a, model: b, api_key: sk-123456}]\ncriteria:"),
            "4:30: models[1]: unknown key 'api_key'; a key must not stand in a file: name its environment variable",
        ),
        (
            ("criteria:", "models: [{name: a, model: b, api_key_env: sk-123456}]\ncriteria:"),
            "4:30: models[1].api_key_env: must be the name of an environment variable",
        ),
        (("criteria:", "thresholds: {pass_rate: 90}\ncriteria:"), "90 % is 0.9"),
        (("criteria:", "thresholds: {}\ncriteria:"), "4:1: thresholds: is empty"),
        (
            ("criteria:", "thresholds: {criteria: {x: 1}}\ncriteria:"),
            "no criterion has the text or label 'x'; there is 'Is it short?'",
        ),
        (
            ("criteria:", "thresholds: {no_regression: {margin: 0.1}}\ncriteria:"),
            "needs against (the name of",
        ),
        (
            ("criteria:", "thresholds: {no_regression: {against: X, branch: main}}\ncriteria:"),
            "needs against (the name of",
        ),
        (
            ("criteria:", "rating_mode: quick\ncriteria:"),
            "4:1: rating_mode: must be detailed or fast, not 'quick'",
        ),
    ],
)
def test_what_is_wrong_is_told_with_line_and_column(change: tuple[str, str], wanted: str) -> None:
    told = "\n".join(problems(SHORT.replace(*change)))

    assert wanted in told
    assert all(line.startswith("suite.yaml:") for line in told.splitlines() if line)
    assert "sk-123456" not in told


@pytest.mark.parametrize(
    ("pattern", "is_told"),
    [
        ("(a", True),
        ("[a", True),
        ("*a", True),
        ("a)", True),
        ("a\\\\", True),
        ("[z-a]", True),
        ("{{name}}(", True),
        ("(?i)a", False),
        ("a(?i)b", False),
        ("\\\\pL+\\\\z", False),
        ("\\\\Q(", False),
        ("^*", False),
    ],
)
def test_without_re2_a_pattern_is_refused_where_every_engine_refuses_it(
    pattern: str, is_told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = f'[{{regex: "{pattern}"}}]'
    monkeypatch.setitem(sys.modules, "re2", None)
    patterns.compiled.cache_clear()
    if is_told:
        (told,) = problems(SHORT.replace("[Is it short?]", given))
        assert told.startswith("suite.yaml:4:13: the pattern ")
    else:
        assert read(SHORT.replace("[Is it short?]", given)).criteria
        monkeypatch.undo()
        assert read(SHORT.replace("[Is it short?]", given)).criteria, "RE2 takes it"


def test_all_that_is_wrong_is_told_at_once() -> None:
    text = """\
name: A
tempalte: "Hi {{name}}"
rows: [{name: Ada}, 5]
criteria:
  - {max_wrds: 3}
  - 7
  - {regex: "((("}
  - {python: "nomod:fn"}
  - {max_words: 3, label: short, tone: kind}
  - "Is it {{nme}}?"
models: [{name: a}, a]
thresholds:
  pass_rate: 90
  criteria: {nope: 1, short: 1}
"""
    wanted = [
        "2:1: unknown key 'tempalte'; did you mean 'template'?",
        "3:21: rows[2]: must be a mapping",
        "5:5: a check has one of the names",
        "6:5: criteria[2]: must be a text or a mapping, not 7",
        '7:6: the pattern "(((" cannot be used',
        "8:5: 'nomod:fn': the module 'nomod' cannot be imported",
        "9:5: a check has one of the names",
        "10:5: {{nme}} has no value in row 1; the rows have the columns name",
        "11:10: models[1]: lacks 'model'",
        "13:3: thresholds.pass_rate: must be at most 1",
        "14:14: no criterion has the text or label 'nope'; there is 'The pattern ",
    ]
    told = problems(text)
    assert len(told) == len(wanted), told
    for line, problem in zip(told, wanted, strict=True):
        assert line.startswith(f"suite.yaml:{problem}"), line

    none_left = problems(SHORT.replace("[Is it short?]", "[7]") + "thresholds: {criteria: {nope: 1}}\n")
    assert none_left[1].endswith("no criterion has the text or label 'nope'; there is none that can be used")
    many = problems(SHORT.replace("[{name: Ada}]", f"{[*range(30)]}"))
    assert (len(many), many[-1].partition(": ")[2]) == (21, "and 10 more from here on")


@pytest.mark.parametrize("text", ["", "5", "- a", "just words"])
def test_what_is_no_mapping_is_no_suite(text: str) -> None:
    assert problems(text)[0].startswith(
        "suite.yaml:1:1: a suite is a mapping with name, template, rows and criteria"
    )


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_bytes(b"name: \xff")
    with pytest.raises(ValidationError, match="is not UTF-8"):
        load_suite(path)
    with pytest.raises(FileNotFoundError):
        load_suite(tmp_path / "none.yaml")


def test_a_model_that_is_not_in_it_is_refused() -> None:
    suite = read(WHOLE)

    assert [model.name for model in suite.with_models(["small", "small"]).models] == ["small"]
    with pytest.raises(ValidationError, match="has no model 'large'; it has 'default', 'small'"):
        suite.with_models(["large"])


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema_of_suites())
