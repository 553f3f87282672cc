from __future__ import annotations

import datetime

from attrs import define


@define(kw_only=True)
class Criterion:
    """One yes/no question."""

    id: int
    criterion_str: str
    created_at: datetime.datetime
    label: str | None = None
    prompt_template: PromptTemplate | None = None
    template_variables: TemplateVariables | None = None


from ..models.prompt_template import PromptTemplate  # noqa: E402
from ..models.template_variables import TemplateVariables  # noqa: E402
