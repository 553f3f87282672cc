"""Single braces: which are taken for a placeholder that was meant, and which are text."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from elluminate import SingleBracesWarning, UnfilledBracesWarning
from elluminate._braces import warn_of_single_braces, warn_of_unfilled_braces


def told(text: Any, *columns: str) -> list[str]:
    """What is said of a prompt when it is stored, or, with columns, when it is run."""
    messages = [{"role": "user", "content": text}]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if columns:
            warn_of_unfilled_braces(
                "Explain", messages, {"other"} if "{{other}}" in text else (), (), columns
            )
        else:
            warn_of_single_braces(messages)
    assert {one.category for one in caught} <= {SingleBracesWarning}
    assert {one.filename for one in caught} <= {__file__}
    return [str(one.message) for one in caught]


MEANT = {
    "Explain {topic}.": "{{topic}}",
    "Explain {topic} in {number_of_words} words.": "{{topic}}, {{number_of_words}}",
    "Topic: {topic}": "{{topic}}",
    'Explain "{topic}"!': "{{topic}}",
    "Count {animal}s.": "{{animal}}",
    "<document>{document}</document>": "{{document}}",
    "Review this:\n```python\n{code}\n```\nBe brief.": "{{code}}",
    "{topic}": "{{topic}}",
    "{greeting}{name}": "{{greeting}}",
    '{"answer": "{answer}"}': "{{answer}}",
}


@pytest.mark.parametrize("text", MEANT)
def test_a_name_in_single_braces_reads_like_a_placeholder(text: str) -> None:
    [said] = told(text)
    assert "no placeholder, so that it is the same for every row" in said
    assert f"write {MEANT[text]} to have a row's value filled in" in said
    assert 'warnings.simplefilter("ignore", SingleBracesWarning)' in said


TEXT = [
    "Explain tides.",
    "Explain {{topic}}.",
    "Explain {{topic}} as {style}.",
    "Explain {{ topic }}: {answer}",
    '{"topic": "tides", "words": 30}',
    '{ "topic" : { "name" : null } }',
    "{'topic': 'tides'}",
    "{topic: tides}",
    "{}",
    "{0} {1}",
    "{a, b, c}",
    "Let S be {x}.",
    "{...}",
    r"Simplify \frac{number}{other} and x^{power}.",
    r"\begin{document}Text\end{document}",
    "echo ${HOME} #{name} %{name} @{name}",
    "GET /users/{id}/posts/{post_id}",
    "onClick={handler}",
    "function f() { return 1; }",
    "if (x) { y(); } else { z(); }",
    "Fix `{name}` in this line.",
    "Fix f\"Hello {name}\" and rf'{path}'.",
    'Fix "Hello {name}".format(name=name).',
    "Fix:\n```python\nprint(f'{name}')\nbody { color }\n```\n",
    "Fix:\n```\nclass A {name}",
    "{{{topic}}}",
    "{{topic}",
    "struct{}",
    "word{topic}",
    'Write a Rust fn main() { println!("{name}"); }',
    "Fix:\nfn main() -> Point {\n    let {name} = point;\n}",
    "What does `use` do in import { useState } from 'react'?",
    'Explain console.log("{name}") to a child.',
]


@pytest.mark.parametrize("text", TEXT)
def test_other_braces_are_text(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("GET /users/{id}", ("id", "name")),
        ("Explain {{other}} as {style}.", ("other", "style")),
        ("Let S be {x}.", ("x",)),
        ("word{topic}", ("topic",)),
        ("Fix `{topic}`.", ("topic",)),
    ],
)
def test_a_column_in_single_braces_is_told_wherever_it_stands(text: str, columns: tuple[str, ...]) -> None:
    [said] = told(text, *columns)
    assert "prompt template 'Explain' has {" in said
    assert "the collection has such a column; write {{" in said
    assert 'warnings.simplefilter("ignore", SingleBracesWarning)' in said


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("Explain {{other}} as {style}.", ("other",)),
        ("Explain {{other}}, which {other} is.", ("other",)),
        ('{{other}}: {"style": "plain"}', ("other", "style")),
        ("GET /users/{id}", ("topic",)),
    ],
)
def test_a_run_says_nothing_of_what_is_no_column(text: str, columns: tuple[str, ...]) -> None:
    assert told(text, *columns) == []


def test_a_run_says_that_all_rows_get_one_prompt() -> None:
    assert "same for every row" in told("Explain {subject}.", "topic")[0]


def test_what_is_nearly_a_column_is_told_in_code_as_well() -> None:
    [said] = told('Write a Rust fn main() { println!("{topics}"); }', "topic")
    assert "the prompt has {topics} and no placeholder" in said
    assert "write {{topic}} to" in said


def test_instructions_alone_are_said_nothing_of_before_their_rows_are_known() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_single_braces([{"role": "system", "content": "Call the user {name}."}])


def test_where_rows_bring_what_is_asked_only_columns_are_told() -> None:
    messages = [{"role": "system", "content": "Call the user {name}."}]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not warn_of_unfilled_braces("Kind", messages, (), (), ("talk",), is_asked_alone=False)
    with pytest.warns(SingleBracesWarning, match="the collection has such a column"):
        assert warn_of_unfilled_braces("Kind", messages, (), (), ("talk", "name"), is_asked_alone=False)


def test_parts_of_messages_are_read_and_what_is_no_text_is_not() -> None:
    assert told(
        [{"type": "text", "text": "Explain {topic}."}, {"type": "image_url", "image_url": {"url": "{x}"}}]
    )
    assert told(None) == []


@pytest.mark.parametrize(
    ("text", "columns", "said"),
    [
        ("Greet {{First name}}.", ("First name",), "rename the column 'First name'"),
        ("Greet {{ First name }}.", ("First name",), "rename the column 'First name'"),
        ("Mail {{e.mail}}.", ("e.mail",), "rename the column 'e.mail'"),
        ("Say {{topic|upper}}.", ("topic",), "write {{topic}}"),
        ("Say {{topic.name}}.", ("topic",), "write {{topic}}"),
        ("Say {{ topic[0] }}.", ("topic",), "write {{topic}}"),
    ],
)
def test_a_column_in_double_braces_that_is_no_placeholder(
    text: str, columns: tuple[str, ...], said: str
) -> None:
    with pytest.warns(UnfilledBracesWarning) as caught:
        warn_of_unfilled_braces("Explain", [{"role": "user", "content": text}], (), (), columns)
    assert [one.category for one in caught] == [UnfilledBracesWarning]
    assert said in str(caught[0].message)


@pytest.mark.parametrize(
    "text", ["Say {{topic}}.", "{{ topic }}", "Jinja: {{ items | length }}", "$x_{{i,j}}$", "{{}}"]
)
def test_what_else_stands_in_double_braces_is_left_alone(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_unfilled_braces(
            "Explain", [{"role": "user", "content": text}], {"topic"}, (text,), ("topic", "city")
        )


@pytest.mark.parametrize(
    ("text", "columns", "says"),
    [
        (
            "Explain {{m b}}.",
            ["m_b"],
            "has {{m b}}, which is sent as it stands; a placeholder is the column's name alone: write {{m_b}}",
        ),
        ("Explain {{ First-Name }}.", ["first_name"], "write {{first_name}}"),
        ("Explain {{topc name}}.", ["topic_name", "age"], "write {{topic_name}}"),
        ("Explain {{something else}}.", ["age"], "is that of a column; there is age"),
        ("Explain {{First name}}.", ["First name"], "rename the column 'First name'"),
    ],
)
def test_words_in_double_braces_are_no_placeholder(text: str, columns: list[str], says: str) -> None:
    with pytest.warns(UnfilledBracesWarning) as caught:
        warn_of_unfilled_braces("Explain", [{"role": "user", "content": text}], (), (), columns)

    (warning,) = caught
    assert says in str(warning.message)


@pytest.mark.parametrize(
    "text",
    [r"\\frac{{a b}}{2}", "{{a | upper}}", "{{#if a}}", "f{{a b}}", "{{{a b}}}", "{{a.b c}}", "${{a b}}"],
)
def test_other_things_in_double_braces_are_text(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_unfilled_braces("Explain", [{"role": "user", "content": text}], ("other",), (), ["other"])
