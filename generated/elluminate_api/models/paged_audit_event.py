from __future__ import annotations

from typing import Annotated

from attrs import define
from msgspec import Meta

from ..types import one_line


@define(kw_only=True, repr=False)
class PagedAuditEvent:
    """One page of the audit log.

    Attributes:
        items: Lines of this page.
        count: Number of items over all pages.
    """

    items: list[AuditEvent]
    count: Annotated[int, Meta(ge=0)]

    __repr__ = one_line


from ..models.audit_event import AuditEvent  # noqa: E402
