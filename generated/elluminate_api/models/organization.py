from __future__ import annotations

import datetime

from attrs import define


@define(kw_only=True)
class Organization:
    """Owner of projects.

    Attributes:
        stripe_subscription_id: Key must be present, may be null.
    """

    id: int
    name: str
    domain: str
    stripe_subscription_id: str | None
    created_at: datetime.datetime
    updated_at: datetime.datetime
