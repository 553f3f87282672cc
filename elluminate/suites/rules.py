"""Whether a server would take a check: what is wrong with its pattern or schema is told before anything is made."""

from __future__ import annotations

import re

import msgspec
from elluminate_api.models import Check, CheckType, CriterionIn
from elluminate_api.types import Unset

from elluminate._showing import quoted

__all__ = ["problem_with_rule"]

_WRONG_EVERYWHERE = re.compile(
    r"unterminated|unbalanced|missing \)|bad escape \(end of pattern\)|bad character range"
    r"|nothing to repeat at position 0"
)
"""What Python's engine says of patterns that RE2 refuses, too; in other things they differ."""


def problem_with_rule(criterion: CriterionIn) -> str | None:
    """Why a server would refuse the check of a criterion; None where it would not, or where that is not known here.

    Without RE2, which comes with the extra "server", of a pattern only what every engine refuses is told.

    Args:
        criterion: The criterion; of one without a check there is nothing to tell.
    """
    check = criterion.check
    if isinstance(check, Unset) or check is None:
        return None
    from elluminate_server.domain.checks.facts import RuleError
    from elluminate_server.domain.checks.rules import checked_rule

    try:
        checked_rule(msgspec.to_builtins(check))
    except RuleError as error:
        return error.problem
    except ModuleNotFoundError:
        return _problem_without_re2(check)
    return None


def _problem_without_re2(check: Check) -> str | None:
    if check.type != CheckType.REGEX or not isinstance(check.value, str) or r"\Q" in check.value:
        return None
    from elluminate_server.domain.rendering import PLACEHOLDER

    try:
        re.compile(PLACEHOLDER.sub("x", check.value))
    except re.error as error:
        if _WRONG_EVERYWHERE.match(str(error)):
            return f"the pattern {quoted(check.value)} cannot be used: {error}"
    except (OverflowError, RecursionError):
        return None
    return None
