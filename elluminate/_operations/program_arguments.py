"""What `run_experiment` takes beside a program, and what cannot go with one."""

from __future__ import annotations

from attrs import frozen

from elluminate._checks import checked_whole
from elluminate._following import TASK_LIMIT_SECONDS
from elluminate._showing import shown
from elluminate.exceptions import ValidationError

AT_ONCE = 8
"""Calls of a program at a time, unless told otherwise."""
MOST_AT_ONCE = 1_000
_MOST_RETRIES = 100


@frozen(kw_only=True)
class Asking:
    """How a program is asked.

    Attributes:
        at_once: Most calls at a time.
        retries: How often a call that raised is made again.
        timeout: Seconds that a call may take; None for any.
    """

    at_once: int = AT_ONCE
    retries: int = 0
    timeout: float | None = None

    def checked(self) -> Asking:
        """The same, if it can be used.

        Raises:
            ValidationError: A value cannot.
        """
        checked_whole(self.at_once, "max_concurrency", low=1, high=MOST_AT_ONCE)
        checked_whole(self.retries, "target_retries", low=0, high=_MOST_RETRIES)
        seconds = self.timeout
        is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if seconds is not None and not (is_number and 0 < seconds <= TASK_LIMIT_SECONDS):
            raise ValidationError(
                f"target_timeout must be a number of seconds above 0 and up to {TASK_LIMIT_SECONDS:g}, not "
                f"{shown(seconds)}; for example 30, or None"
            )
        return self

    def refuse_without_target(self) -> None:
        """Refuse what says how a program is asked where there is none.

        Raises:
            ValidationError: Something is said.
        """
        for name, is_said in (
            ("max_concurrency", self.at_once != AT_ONCE),
            ("target_retries", self.retries != 0),
            ("target_timeout", self.timeout is not None),
        ):
            if is_said:
                raise ValidationError(
                    f"{name}=… says how target=… is called, and there is none; the calls of a model are bounded by its "
                    "LLM config (max_connections, max_retries, timeout)"
                )


def refuse_beside_target(*, generate: bool = True, **given: object) -> None:
    """Refuse what says how a model is asked: a program is asked instead of one.

    Raises:
        ValidationError: Something is given.
    """
    if not generate:
        raise ValidationError(
            "generate=False cannot go with target=…: the program is called at once; leave one of the two out"
        )
    wrong = [name for name, value in given.items() if value is not None and value is not False]
    if wrong:
        names = " and ".join(f"{name}=…" for name in wrong)
        raise ValidationError(
            f"{names} cannot go with target=…: the program answers, and no model is asked; leave {names} out"
        )
