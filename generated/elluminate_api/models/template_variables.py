from __future__ import annotations

import datetime
from typing import Any

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class TemplateVariables:
    """One row of a collection, that is one test case.

    Attributes:
        id: Id of the row.
        input_values: Column name to value. A text in most columns, an object in conversation columns.
        collection: The collection that the row belongs to, without its rows. Where an answer lists rows of one
            collection, `elluminate_server` shows it whole with the first, and with the others without
            its description, columns and environment config.
        created_at: When the row was created.
        environment_config: Settings for an agent that works on this row.
    """

    id: int
    input_values: dict[str, Any]
    collection: TemplateVariablesCollection
    created_at: datetime.datetime
    environment_config: dict[str, Any] | None = None

    __repr__ = one_line


from ..models.template_variables_collection import TemplateVariablesCollection  # noqa: E402
