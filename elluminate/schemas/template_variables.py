"""Rows of collections."""

from __future__ import annotations

from typing import Any

from attrs import define
from elluminate_api import models as api
from elluminate_api.types import one_line

from elluminate._binding import Bound, unbound


@define(kw_only=True, repr=False)
class TemplateVariables(Bound, api.TemplateVariables):
    """One row of a collection, that is one test case: `input_values` maps column names to values."""

    _session: Any = unbound()

    __repr__ = one_line
