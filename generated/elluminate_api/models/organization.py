from __future__ import annotations

import datetime

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class Organization:
    """Owner of projects.

    Attributes:
        id: Id of the organization.
        name: Name of the organization.
        domain: E-mail domain of the organization. May be empty.
        stripe_subscription_id: Billing reference. Always present; null on servers without billing.
        created_at: When the organization was created.
        updated_at: When the organization last changed.
    """

    id: int
    name: str
    domain: str
    stripe_subscription_id: str | None
    created_at: datetime.datetime
    updated_at: datetime.datetime

    __repr__ = one_line
