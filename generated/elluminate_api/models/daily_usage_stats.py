from __future__ import annotations

import datetime

from attrs import define


@define(kw_only=True)
class DailyUsageStats:
    """Usage on one day."""

    date: datetime.date
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
