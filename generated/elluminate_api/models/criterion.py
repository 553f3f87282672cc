from __future__ import annotations

import datetime

from attrs import define
from msgspec import UNSET
from msgspec import UnsetType as Unset

from ..types import one_line


@define(kw_only=True, repr=False)
class Criterion:
    """One yes/no question that responses are rated by.

    Attributes:
        id: Id of this version of the criterion.
        criterion_str: The question. Placeholders are filled from the row that is rated.
        created_at: When this version was created.
        label: Short name.
        prompt_template: Template that the criterion was made for.
        template_variables: Row that the criterion is for; null means all rows.
        check: How it is decided by rule. Absent where a judge decides.
    """

    id: int
    criterion_str: str
    created_at: datetime.datetime
    label: str | None = None
    prompt_template: PromptTemplate | None = None
    template_variables: TemplateVariables | None = None
    check: Check | Unset = UNSET

    __repr__ = one_line


from ..models.check import Check  # noqa: E402
from ..models.prompt_template import PromptTemplate  # noqa: E402
from ..models.template_variables import TemplateVariables  # noqa: E402
