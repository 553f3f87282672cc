from __future__ import annotations

import datetime

from attrs import define

from ..types import one_line


@define(kw_only=True, repr=False)
class DailyUsageStats:
    """Usage on one day.

    Attributes:
        date: The day, in UTC.
        requests: Number of responses.
        input_tokens: Tokens of the prompts.
        output_tokens: Tokens of the answers.
    """

    date: datetime.date
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    __repr__ = one_line
