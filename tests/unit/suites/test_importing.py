"""What other tools have, as suites: 20 files of each, and files that nobody meant well with."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from elluminate_api.types import UNSET
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elluminate import ValidationError
from elluminate.__main__ import main
from elluminate.suites import load_suite
from elluminate.suites.importing import FORMATS, Imported, files_of, import_suites
from elluminate.suites.importing.parts import messages_of
from elluminate.suites.suite import Suite
from elluminate.suites.yaml_text import read_yaml
from elluminate_server.domain.checks.rules import checked_rule

DATA = Path(__file__).parents[2] / "data" / "imports"
KINDS = {"promptfoo": "promptfoo", "openai_evals": "openai-evals", "langfuse": "langfuse"}
EXPECTED: dict[str, dict[str, Any]] = {
    kind: json.loads((DATA / kind / "expected.json").read_text(encoding="utf-8")) for kind in KINDS
}
FILES = [(kind, name) for kind, files in EXPECTED.items() for name in files]


def written(imported: Imported, folder: Path) -> list[Suite]:
    """The suites, as they are read from the files that they are written into."""
    files = files_of(imported, folder / "suite.yaml")
    for path, text in files.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return [load_suite(path) for path in files if path.suffix == ".yaml"]


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_twenty_of_each_and_nearly_all_graders_are_converted(kind: str) -> None:
    graders = sum(one["graders"] for one in EXPECTED[kind].values())
    named = sum(len(one["named"]) for one in EXPECTED[kind].values())

    assert len(EXPECTED[kind]) == 20
    assert (graders - named) / graders >= 0.95


@pytest.mark.parametrize(("kind", "name"), FILES)
def test_a_file_becomes_suites_and_nothing_of_it_is_lost(kind: str, name: str, tmp_path: Path) -> None:
    expected = EXPECTED[kind][name]

    imported = import_suites(DATA / kind / name)
    suites = written(imported, tmp_path)

    named = [note.where for note in imported.notes if note.kind == "not converted" and "(type:" in note.what]
    assert named == expected["named"]
    assert imported.graders == expected["graders"]
    assert imported.converted + len(named) == imported.graders
    assert imported == import_suites(DATA / kind / name, KINDS[kind])  # type: ignore[arg-type]
    for suite, read in zip(imported.suites, suites, strict=True):
        assert read.rows == suite.data["rows"]
        for criterion in read.criteria or ():
            if criterion.check is not UNSET:
                checked_rule(msgspec.to_builtins(criterion.check))


def _assertions(value: Any) -> int:
    """Assertions of a configuration that has no templates and no files, counted without the importer."""
    if isinstance(value, list):
        return sum(map(_assertions, value))
    if not isinstance(value, dict):
        return 0
    own = [one for one in value.get("assert", ()) if one.get("type") != "assert-set"]
    return len(own) + sum(_assertions(one) for one in value.values())


@pytest.mark.parametrize("name", [name for name in EXPECTED["promptfoo"] if name != "09-csv.yaml"])
def test_as_many_assertions_are_counted_as_there_are(name: str) -> None:
    said = read_yaml((DATA / "promptfoo" / name).read_text(encoding="utf-8")).value

    assert _assertions(said) == EXPECTED["promptfoo"][name]["graders"]


def criteria_of(tmp_path: Path, *assertions: dict[str, Any], **variables: Any) -> list[Any]:
    path = tmp_path / "config.json"
    tests = [{"vars": {"q": "1", **variables}, "assert": list(assertions)}]
    path.write_text(json.dumps({"prompts": ["{{q}}"], "tests": tests}), encoding="utf-8")
    (suite,) = import_suites(path).suites
    return list(suite.data["criteria"])


@pytest.mark.parametrize(
    ("assertion", "criterion"),
    [
        ({"type": "equals", "value": "a"}, {"equals": {"value": "a", "strip": False}}),
        ({"type": "equals", "value": {"a": 1}}, {"json_schema": {"schema": {"const": {"a": 1}}}}),
        ({"type": "contains", "value": "a"}, {"contains": "a"}),
        ({"type": "not-contains", "value": "a"}, {"contains": "a", "negate": True}),
        ({"type": "icontains", "value": "a"}, {"contains": {"values": "a", "ignore_case": True}}),
        ({"type": "contains-all", "value": ["a", "b"]}, {"contains": ["a", "b"]}),
        ({"type": "contains-any", "value": "a, b"}, {"contains": {"values": ["a", "b"], "any_of": True}}),
        ({"type": "starts-with", "value": "a", "metric": "start"}, {"starts_with": "a", "label": "start"}),
        ({"type": "regex", "value": "a+"}, {"regex": "a+"}),
        ({"type": "is-json"}, {"is_json": True}),
        ({"type": "latency", "threshold": 1500}, {"max_seconds": 1.5}),
        ({"type": "cost", "threshold": 0.01}, {"max_cost": 0.01}),
        ({"type": "word-count", "value": {"max": 9}}, {"max_words": 9}),
        ({"type": "llm-rubric", "value": "is kind"}, "Does the answer meet this requirement: is kind"),
        (
            {"type": "context-recall", "value": "two years", "threshold": 0.8},
            "Does the context hold what this expected answer says: two years\nThe context: {{context}}",
        ),
    ],
)
def test_an_assertion_becomes_this_criterion(assertion: Any, criterion: Any, tmp_path: Path) -> None:
    assert criteria_of(tmp_path, assertion) == [criterion]


@pytest.mark.parametrize(
    "assertion",
    [
        {"type": "javascript", "value": "true"},
        {"type": "webhook", "value": "https://example"},
        {"type": "similar", "value": "a"},
        {"type": "regex", "value": "(?=a)b"},
        {"type": "contains", "value": "{{ q | upper }}"},
        {"type": "contains", "value": "a", "transform": "output.trim()"},
        {"type": "contains", "value": ""},
        {"type": "contains", "value": "file://expected.txt"},
        {"type": "contains-any", "value": ["a", "file://expected.txt"]},
        {"type": "latency"},
        {"type": "context-recall", "threshold": 0.8},
        {"type": "never heard of"},
        {"type": 5},
        "contains",
        {"type": "is-json", "value": {"type": "no such type"}},
        {"type": "assert-set", "threshold": 0.5, "assert": [{"type": "contains", "value": "a"}]},
    ],
)
def test_what_has_no_counterpart_is_named(assertion: Any, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    tests = [{"vars": {"q": "1"}, "assert": [assertion, {"type": "contains", "value": "1"}]}]
    path.write_text(json.dumps({"prompts": ["{{q}}"], "tests": tests}), encoding="utf-8")

    imported = import_suites(path)

    assert (imported.converted, imported.graders) == (1, 2)
    (note,) = [note for note in imported.notes if note.kind == "not converted"]
    assert note.where.startswith("tests[0].assert[0]")
    assert imported.suites[0].data["criteria"] == [{"contains": "1"}]


def test_what_differs_between_rows_becomes_a_column() -> None:
    imported = import_suites(DATA / "promptfoo" / "05-per-row.yaml")

    one, several = (suite.data for suite in imported.suites)
    assert [row["expected_3"] for row in one["rows"]] == ["Paris", "Rome", "Lima"]
    assert {"contains": "{{expected_3}}"} in one["criteria"]
    assert [row["expected_3_3"] for row in several["rows"]] == ["Tōkyō", "La  Paz"]


def test_braces_in_data_stay_braces() -> None:
    (suite,) = import_suites(DATA / "openai_evals" / "19-braces.jsonl").suites

    assert suite.data["template"] == [{"role": "user", "content": "{{input}}"}]
    assert suite.data["rows"][0] == {"input": "What is {{x}} in a template?", "ideal": "{{x}}"}


def test_a_variable_made_of_one_that_there_is_not_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    tests = [{"vars": {"input": "{{ x }}!", "other": "{{ input }}", "fine": 5}}]
    path.write_text(json.dumps({"prompts": ["Say {{input}}"], "tests": tests}), encoding="utf-8")

    imported = import_suites(path)

    assert [str(note) for note in imported.notes if note.kind == "not converted"] == [
        "not converted: tests[0].vars.input: the test has no variable 'x', so that {{x}} became nothing"
    ]


def test_a_key_never_gets_into_a_suite(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "prompts: ['{{q}}']\nproviders: [{id: 'openai:m', config: {apiKey: sk-hush-1}}]\ntests: [{vars: {q: 1}}]\n"
    )

    imported = import_suites(path)

    assert "hush" not in "".join(files_of(imported, tmp_path / "s.yaml").values())
    assert any(note.where == "providers[0].config.apiKey" for note in imported.notes)


def test_a_run_fails_where_it_does_there(tmp_path: Path) -> None:
    (of_promptfoo,) = written(import_suites(DATA / "promptfoo" / "01-texts.yaml"), tmp_path)

    assert of_promptfoo.thresholds.passing is not None
    assert of_promptfoo.thresholds.passing.at_least == 1.0
    (of_samples,) = import_suites(DATA / "openai_evals" / "01-match.jsonl").suites
    assert "thresholds" not in of_samples.data


def test_a_label_is_as_long_as_one_may_be(tmp_path: Path) -> None:
    (long,) = criteria_of(tmp_path, {"type": "contains", "value": "a", "metric": "m" * 300})
    (blank,) = criteria_of(tmp_path, {"type": "contains", "value": "a", "metric": " "})

    assert long["label"] == "m" * 255
    assert blank == {"contains": "a"}


def test_what_is_asked_twice_stands_once(tmp_path: Path) -> None:
    check = {"type": "string_check", "input": "{{sample.output_text}}", "reference": "a", "operation": "eq"}
    path = tmp_path / "eval.json"
    path.write_text(json.dumps({"testing_criteria": [{**check, "name": "one"}, {**check, "name": "two"}]}))

    imported = import_suites(path)
    (suite,) = written(imported, tmp_path)

    assert [one.label for one in suite.criteria or ()] == ["one"]
    assert imported.converted == imported.graders == 2


def test_files_elsewhere_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("hush")
    folder = tmp_path / "config"
    folder.mkdir()
    path = folder / "config.yaml"
    path.write_text(
        "prompts: ['{{q}}', 'file://../secret.txt']\ntests: [{vars: {q: 'file:///etc/hostname'}}]\n"
    )

    imported = import_suites(path)

    assert "hush" not in "".join(files_of(imported, folder / "s.yaml").values())
    assert [note.where for note in imported.notes][:2] == ["prompts[1]", "tests[0].vars.q"]


def test_many_rows_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text(
        "".join(json.dumps({"input": f"{n} {{{{x}}}}", "ideal": str(n)}) + "\n" for n in range(201))
    )

    (suite,) = written(import_suites(path), tmp_path)

    assert (tmp_path / "suite.rows.jsonl").exists()
    assert suite.rows is not None
    assert len(suite.rows) == 201


def test_the_command_writes_tells_and_never_overwrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(DATA / "promptfoo" / "14-programs.yaml", tmp_path / "promptfooconfig.yaml")
    monkeypatch.chdir(tmp_path)

    assert main(["import", "promptfooconfig.yaml"]) == 0
    told = capsys.readouterr()
    assert told.out == "4 of 5 graders converted.\n"
    assert "not converted: tests[0].assert[0]: (type: javascript)" in told.err
    text = Path("suite.yaml").read_text(encoding="utf-8")
    assert text.startswith("# not converted: tests[0].assert[0]: (type: javascript)")

    assert main(["import", "promptfooconfig.yaml"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert Path("suite.yaml").read_text(encoding="utf-8") == text
    assert main(["import", "promptfooconfig.yaml", "-o", "strict.yaml", "--strict"]) == 1
    assert Path("strict.yaml").exists()


def test_each_of_several_suites_is_named_and_has_its_own_notes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    config = {
        "prompts": ["Hi {{ name | upper }}", "Bye {{name}}"],
        "tests": [
            {"vars": {"name": "A"}, "assert": [{"type": "contains", "value": "A"}], "threshold": 1},
            {"vars": {"name": "B"}, "assert": [{"type": "regex", "value": "B"}]},
        ],
        "sharing": True,
    }
    Path("config.json").write_text(json.dumps(config), encoding="utf-8")

    assert main(["import", "config.json"]) == 0

    told = capsys.readouterr().err
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(Path().glob("*.yaml"))}
    assert len(texts) == 4 and all(f"\n  elluminate run {name}\n" in told for name in texts)
    heads = {name: re.findall(r"^# [a-z ]+: ([^:]+):", text, re.MULTILINE) for name, text in texts.items()}
    assert heads == {
        "suite-prompt-1.yaml": ["prompts[0]", "tests[0].threshold", "sharing"],
        "suite-prompt-1-part-2.yaml": ["prompts[0]", "sharing"],
        "suite-prompt-2.yaml": ["tests[0].threshold", "sharing"],
        "suite-prompt-2-part-2.yaml": ["sharing"],
    }


DEEP = "[" * 100_000
HOSTILE = {
    "empty": b"",
    "blank": b" \n\n",
    "other encoding": "prompts: [\u00e4]".encode("utf-16"),
    "not UTF-8": b"prompts: ['\xff']",
    "a number": b"5",
    "null": b"null",
    "deep JSON": f'{{"prompts": {DEEP}'.encode(),
    "deep closed JSON": f'{{"prompts": {"[" * 900}{"]" * 900}}}'.encode(),
    "deep YAML": f"prompts: {DEEP}".encode(),
    "cycle": b"prompts: &a [*a]\ntests: []\n",
    "bomb": b"a: &a [1,1,1,1,1,1,1,1,1,1]\n"
    + b"".join(b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 10)) for c in range(98, 106))
    + b"prompts: *i\n",
    "twice": b"prompts: [a]\nprompts: [b]\n",
    "NaN": b'{"prompts": ["a"], "tests": NaN}',
    "infinite": b'{"prompts": ["a"], "tests": [{"vars": {"a": 1e999}}]}',
    "long number": b'{"prompts": ["a"], "tests": [{"vars": {"a": ' + b"9" * 5000 + b"}}]}",
    "half a character": b'{"prompts": ["\\ud800"]}',
    "no prompts": b"tests: [{vars: {a: 1}}]\n",
    "prompts of numbers": b"prompts: [1, {}, null]\n",
    "programs": b"prompts: ['file://prompt.py']\n",
    "explosion": b"prompts: [a]\ntests: [{vars: {%s}}]\n"
    % b", ".join(b"v%d: [1,2,3,4,5,6,7,8,9,10]" % n for n in range(12)),
    "long text": b"prompts: [a]\ntests: [{vars: {a: '%s', b: '%s'}}]\n" % (b"x" * 100_000, b"{{a}}" * 1000),
    "bad lines": b'{"input": "a", "ideal": "b"}\n{"input": \n',
    "samples of numbers": b'{"input": 5, "ideal": "b"}\n{"input": 6}\n',
    "no items": b'{"items": []}',
    "items of numbers": b'{"items": [1, 2]}',
    "no samples": b"a:\n  class: evals.elsuite.basic.match:Match\n",
    "tag": b"prompts: !!python/object:os.system [a]\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_read_is_an_error_of_a_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    is_slow = name in ("bomb", "deep YAML")
    for ending in (".yaml",) if is_slow else (".yaml", ".json", ".jsonl"):
        path = tmp_path / f"given{ending}"
        path.write_bytes(HOSTILE[name])

        assert main(["import", str(path), "-o", str(tmp_path / "suite.yaml")]) == 2
        told = capsys.readouterr().err
        assert told.startswith("elluminate: ")
        assert "Traceback" not in told
        assert not (tmp_path / "suite.yaml").exists()


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml" in capsys.readouterr().err


KEYS = (
    "vars assert type value threshold metric id config label raw prompt role content tests input ideal name "
    "expectedOutput metadata mapping variable source jsonPath labels passing_labels operation reference range "
    "pass_threshold template item data_source input_messages options path $ref status a"
)
TEXTS = ["{{a}}", "{{ item.a }}", "file://x.yaml", "{% a %}", "- a: [", "{{sample.output_text}}"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20) | st.sampled_from(TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(
            KEYS.split()
        ), inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip
KINDS_OF_ASSERTIONS = (
    "equals contains icontains-any contains-all regex is-json not-llm-rubric factuality g-eval cost latency "
    "word-count assert-set context-recall string_check label_model score_model llm_as_judge"
)
ASSERTIONS = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS_OF_ASSERTIONS.split())},
    optional=dict.fromkeys(
        (
            "value",
            "threshold",
            "metric",
            "weight",
            "assert",
            "input",
            "labels",
            "operation",
            "prompt",
            "mapping",
        ),
        VALUES,
    ),
)
LISTS = st.lists(ASSERTIONS | VALUES, max_size=3) | VALUES
TESTS = st.lists(st.fixed_dictionaries({"vars": VALUES, "assert": LISTS}) | VALUES, max_size=3) | VALUES
WHOLES = st.one_of(
    st.fixed_dictionaries(
        {"prompts": st.lists(VALUES, max_size=2) | st.just(["{{a}}"])},
        optional={"tests": TESTS, "defaultTest": VALUES, "providers": VALUES, "scenarios": TESTS},
    ),
    st.fixed_dictionaries({"testing_criteria": LISTS}, optional={"data_source": VALUES, "runs": VALUES}),
    st.fixed_dictionaries({"items": st.lists(VALUES, max_size=3)}, optional={"prompts": VALUES, "evaluators": LISTS}),
    st.lists(st.fixed_dictionaries({"input": VALUES}, optional={"ideal": VALUES}), min_size=1, max_size=3),
    VALUES,
)  # fmt: skip


def test_a_role_that_is_no_text_makes_no_message() -> None:
    assert messages_of([{"role": ["user"], "content": "Hi"}]) is None


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(said=WHOLES, format=st.sampled_from([None, *FORMATS]))
def test_whatever_is_in_a_file_it_becomes_suites_or_an_error(said: Any, format: Any, tmp_path: Path) -> None:
    path = tmp_path / "given.json"
    try:
        path.write_text(json.dumps(said), encoding="utf-8")
    except RecursionError:
        return
    try:
        imported = import_suites(path, format)
        files_of(imported, tmp_path / "suite.yaml")
    except ValidationError:
        return
    assert 0 <= imported.converted <= imported.graders
