from __future__ import annotations

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class PutEntries:
    """What became of rows that were added or updated.

    Attributes:
        rows: The rows of the file, in its order, as they are now.
        added_ids: Ids of those that were added.
        updated_ids: Ids of those that were there and have other values now. The rest was there as it is.
    """

    rows: list[TemplateVariables]
    added_ids: list[int]
    updated_ids: list[int]

    __repr__ = one_line


from ..models.template_variables import TemplateVariables  # noqa: E402
