"""Criteria that need no model: a rule decides them at once, beside criteria that a judge decides.

Each function returns a criterion, which goes wherever criteria go: `run_experiment(criteria=[…])`,
`create_criterion_set(…)`, `criterion_set.add_criteria(…)`. Texts may hold `{{placeholders}}`, which the row fills. A
rule looks at the text of the answer's last assistant message. Where it cannot tell (a cost that is not known, a
row without a number) there is no verdict, and the reason stands with the missing one: never a YES or a NO.

Every function takes these, too:

- `negate`: the rule must not be met.
- `text`: the sentence that says what is checked, by which comparisons pair criteria; one is made where none is given.
- `label`: a short name for tables, at most 255 characters.

Example:
    >>> from elluminate import checks
    >>> checks.equals("{{answer}}").criterion_str
    'The answer equals {{answer}}.'
"""

from __future__ import annotations

from elluminate.checks._mappings import from_mapping
from elluminate.checks._measures import max_characters, max_cost, max_seconds, max_words, min_words, number
from elluminate.checks._programs import python
from elluminate.checks._texts import (
    contains,
    equals,
    is_json,
    json_schema,
    not_contains,
    not_equals,
    not_regex,
    regex,
    starts_with,
)

__all__ = [
    "contains",
    "equals",
    "from_mapping",
    "is_json",
    "json_schema",
    "max_characters",
    "max_cost",
    "max_seconds",
    "max_words",
    "min_words",
    "not_contains",
    "not_equals",
    "not_regex",
    "number",
    "python",
    "regex",
    "starts_with",
]
