from __future__ import annotations

from typing import Annotated, Any

from attrs import define
from msgspec import UNSET, Meta
from msgspec import UnsetType as Unset

from ..models.check_type import CheckType
from ..models.number_place import NumberPlace
from ..types import one_line


@define(kw_only=True, repr=False)
class Check:
    """A rule by which the server decides a criterion at once, without a model. Each type takes the fields
    that its
    line names, and no other; `negate` goes with all but `python`.

    - `equals`: the answer is `value`; `ignore_case`, and `strip`, which leaves blanks around both
    aside.
    - `contains`: all of `values` are in the answer, or with `any_of` one of them; `ignore_case`.
    - `starts_with`: the answer begins with `value`; `ignore_case`.
    - `regex`: the pattern `value` is found in the answer, or with `full_match` is all of it;
    `ignore_case`. Patterns
      are those of RE2, which takes time in proportion to the text.
    - `is_json`: the answer is one JSON value. `json_schema`: one that fits `json_schema`, or the schema
    in `value`.
    - `max_words`, `min_words`, `max_characters`: of the answer, `value` is the number. Words stand
    between blanks.
    - `max_seconds`, `max_cost`: what the answer took, in seconds or US dollars, is at most `value`.
    Where it is not
      known there is no verdict.
    - `number`: a number of the answer (`which`) is `value`, give or take `tolerance`, or
    `relative_tolerance` times
      `value`, whichever is more.
    - `python`: the caller's program, called `name`, gives the verdict, and uploads it.

    Values may hold placeholders, which the row fills; what is filled into a pattern is taken literally.

    Attributes:
        type: What it looks at.
        value: What is compared with: a text, a pattern, a number in digits; at most 100000 characters.
        values: Texts, 1 to 1000.
        any_of: Whether one of the values is enough.
        ignore_case: Whether letters count as equal in either case.
        strip: Whether blanks around answer and value are left aside.
        full_match: Whether the pattern has to be all of the answer.
        json_schema: A JSON schema of 2020-12, or of the draft that its `$schema` names; it refers to itself
            alone.
        which: Which number of the answer. Absent is the last.
        tolerance: Largest difference, from 0.
        relative_tolerance: Largest difference as a share of the value, from 0.
        name: What the caller calls its function, 1 to 255 characters.
        negate: Whether the rule must not be met.
    """

    type: CheckType
    value: Annotated[str, Meta(max_length=100000)] | Unset = UNSET
    values: (
        Annotated[
            list[Annotated[str, Meta(min_length=1, max_length=100000)]], Meta(min_length=1, max_length=1000)
        ]
        | Unset
    ) = UNSET
    any_of: bool = False
    ignore_case: bool = False
    strip: bool = True
    full_match: bool = False
    json_schema: dict[str, Any] | Unset = UNSET
    which: NumberPlace | Unset = UNSET
    tolerance: Annotated[float, Meta(ge=0.0)] | Unset = UNSET
    relative_tolerance: Annotated[float, Meta(ge=0.0)] | Unset = UNSET
    name: Annotated[str, Meta(min_length=1, max_length=255)] | Unset = UNSET
    negate: bool = False

    __repr__ = one_line
