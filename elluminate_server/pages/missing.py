"""Why verdicts are missing, in words."""

import attrs

from elluminate_server.reading.overviews import Account

__all__ = ["Reason", "reasons_of"]

_MOST_REASONS = 20
_CAUSES = {"answer_failed": "the answer failed", "not_judged": "the answer was not judged"}


@attrs.frozen
class Reason:
    """Why some verdicts are missing.

    Attributes:
        count: How many.
        cause: Whether the answer failed, or was not judged.
        reason: What went wrong.
    """

    count: int
    cause: str
    reason: str


def reasons_of(account: Account | None) -> list[Reason]:
    """The most frequent reason first; none where nothing is missing, or it is not counted yet."""
    if account is None or account.verdicts is None:
        return []
    return [
        Reason(one.count, _CAUSES.get(one.cause, str(one.cause)), one.reason)
        for one in account.verdicts.reasons[:_MOST_REASONS]
    ]
