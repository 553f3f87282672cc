"""How many calls an endpoint is given at a time, and how fast: learned from what becomes of them.

Two things bound a provider: how many calls it works on at once, and how many it takes in a window of time. As long as
nothing is refused, an answer lets twice as many calls be under way as were with it, so that they double with every
round, and within it. A refusal does not say which of the two bounds was reached. So a first one lowers the number of
calls at a time, as TCP does after a loss: once for an episode, since the calls that were under way with it say the same
again; afterwards one more is tried from time to time, and rarely where it was refused before. Where refusals come
although few are under way, the window is the bound: what passed from one refusal to the next is the quota, and calls
are spaced by it. Where neither helps, an endpoint refuses at random, and is only left alone for as long as it asks.

No clock is read here, and nothing waits.
"""

import math

import attrs

from elluminate_server.llm.attempts import backoff

__all__ = ["FIRST_LIMIT", "Pace", "Sent"]

FIRST_LIMIT = 16
"""Calls at a time for an endpoint of which nothing is known."""

STEP_SECONDS = 1.0
"""Least time between one call more at a time and the next one more, once something was refused."""
HOLD_SECONDS = 30.0
"""The same where that many were refused before."""

AFTER_REFUSAL = 0.7
AFTER_TIME_OUT = 0.5
"""What is left of the number of calls at a time."""

FEW_AT_ONCE = 2
"""A refusal of a call that is one of so few does not come from their number."""
LONG_ANSWER = 0.25
"""Share of an attempt's time from which on answers are long, so that time-outs may come from the number of calls."""

ALIKE = 0.25
"""Share by which two numbers of calls differ at most that may both be a quota."""
QUOTA_SHARE = 0.95
"""How much is used of a quota that was found out."""
RATE_SECONDS = 10.0
"""Least time without a refusal after which calls are sent faster."""
FIRST_RATE_STEP = 0.03
LAST_RATE_STEP = 1.0
"""How much faster at first; twice as much each time, and no longer spaced at all when it would be twice as fast."""

LONGEST_PAUSE = 600.0
"""Seconds that an endpoint is left alone at a stretch, whatever it asks for: a pause of a day may end sooner, as where
its owner raises the quota. Then one call alone asks."""

FIRST_PAUSE = 0.5
"""Least time that an endpoint is taken to be closed after a refusal."""
REFUSALS_TO_BE_SURE = 3
SHARE_REFUSED = 0.2
"""A quota is none when so many calls that were spaced by it, and so great a share of them, are refused all the same."""
WHIM_SECONDS = 60.0
LONGEST_WHIM_SECONDS = 600.0
"""How long an endpoint that refuses at random is not slowed down for."""


@attrs.frozen
class Sent:
    """A call that is under way.

    Attributes:
        at: When it was sent.
        place: The how many-th it was of those under way then, from 1.
        limit: How many could be then.
    """

    at: float
    place: int
    limit: int


@attrs.define
class Pace:
    """What an endpoint has shown to take. All times are seconds of one clock.

    Attributes:
        limit: Calls at a time.
        rate: Calls per second; None where no quota is known.
        paused_until: Before then nothing is sent.
        asked_until: Until when the endpoint itself has asked for that, however long it is.
        is_probing: Whether one call alone is sent, to see whether the endpoint answers again. Once it does, the others
            follow as they did at the beginning, one call more with each answer.
    """

    limit: float = FIRST_LIMIT
    rate: float | None = None
    paused_until: float = -math.inf
    asked_until: float = -math.inf
    is_probing: bool = False
    _is_exploring: bool = True
    _resumed: float = math.inf
    _full_at: int | None = None
    _slowed_at: float = -math.inf
    _changed_at: float = -math.inf
    _seconds_per_answer: float = 0.0
    # The quota.
    _counted_from: float | None = None
    _passed: int = 0
    _passed_before: int = 0
    _next_at: float = -math.inf
    _rate_changed_at: float = -math.inf
    _rate_step: float = FIRST_RATE_STEP
    _longest_pause: float = FIRST_PAUSE
    _spaced: int = 0
    _spaced_in_vain: int = 0
    _whims_until: float = -math.inf
    _whim_seconds: float = WHIM_SECONDS
    # Pauses that nobody asked for.
    _failed_in_a_row: int = 0
    _paused_at: float = -math.inf

    @property
    def places(self) -> int:
        """How many calls may be under way now."""
        return 1 if self.is_probing else int(min(self.limit, self._resumed))

    @property
    def opens_at(self) -> float:
        """When the next call may be sent, if there is a place for it."""
        return max(self.paused_until, self._next_at)

    def send(self, now: float, under_way: int) -> Sent:
        """Take note of a call that is sent now, beside so many others."""
        if self.rate is not None:
            self._next_at = max(now, self._next_at) + 1 / self.rate
        return Sent(now, under_way + 1, self.places)

    def pause(self, now: float, seconds: float) -> None:
        """Send nothing for some time, because an answer has said so; `LONGEST_PAUSE` at most."""
        self.asked_until = max(self.asked_until, now + seconds)
        self.paused_until = max(self.paused_until, min(self.asked_until, now + LONGEST_PAUSE))
        if seconds > LONGEST_PAUSE:
            self.is_probing = True

    def closed_until(self, now: float) -> float:
        """Until when nothing is answered, as far as is known; minus infinity where a call may be sent now."""
        return max(self.paused_until, self.asked_until) if self.paused_until > now else -math.inf

    def _forget_what_was_asked(self, sent: Sent) -> None:
        """What becomes of a call that was sent after a pause is the newest word."""
        if sent.at >= self.paused_until:
            self.asked_until = -math.inf

    def answered(self, sent: Sent, now: float, allowed: float) -> None:
        """A call was answered.

        Args:
            sent: The call.
            now: The time.
            allowed: Seconds that it might have taken.
        """
        self._forget_what_was_asked(sent)
        took = now - sent.at
        self._seconds_per_answer += (took - self._seconds_per_answer) / (4 if self._seconds_per_answer else 1)
        self._failed_in_a_row = 0
        self._passed += 1
        if self.is_probing:
            self.is_probing, self._resumed = False, 2.0
        else:
            self._resumed = self._resumed + 1 if self._resumed < self.limit else math.inf
        if self.rate is not None:
            self._speed_up(now)
        if sent.at <= self._slowed_at or took > allowed / 2:
            return
        if self._is_exploring:
            # A call beside so many others was answered. Of twice as many nothing is known, and half of them would pass.
            self.limit = max(self.limit, 2.0 * sent.place)
        elif sent.place >= self.limit - 1 and now - self._changed_at >= self._seconds_to_next_step():
            self.limit += 1
            self._changed_at = now
            if self._full_at is not None and self.limit > self._full_at:
                self._full_at = None

    def refused(self, sent: Sent, now: float, asked: float | None) -> None:
        """A call was refused for load.

        Args:
            sent: The call.
            now: The time.
            asked: Seconds that the endpoint asks to be left alone; None when it does not say.
        """
        self._back_off(sent, now, asked)
        if now < self._whims_until:
            return
        if sent.at <= self._slowed_at or (self._counted_from is not None and not self._passed):
            # The same episode. Of calls that were sent together, the first one that was refused shows the bound.
            if self.rate is None and self._full_at is not None and 1 < sent.place < self._full_at:
                self._lower(sent.place, AFTER_REFUSAL)
            return
        is_full_again = self._full_at is not None and sent.place >= self._full_at
        if self.rate is None and self._is_quota(sent):
            self._space(now)
        elif is_full_again:
            self.limit = float(max(1, (self._full_at or 0) - 1))
        elif self.rate is not None:
            self._slow_down(now)
        elif sent.place > 1:
            self._lower(sent.place, AFTER_REFUSAL)
        self._begin_episode(now)

    def unreachable(self, sent: Sent, now: float, asked: float | None) -> None:
        """The endpoint is away, which says nothing about how many calls it takes."""
        self._back_off(sent, now, asked)
        self.is_probing = True

    def timed_out(self, sent: Sent, now: float, allowed: float) -> bool:
        """A call was not answered in time; whether there may have been too many of them."""
        if sent.place == 1 or (self._seconds_per_answer and self._seconds_per_answer < allowed * LONG_ANSWER):
            return False
        if sent.at > self._slowed_at and now >= self._whims_until:
            self._lower(sent.place, AFTER_TIME_OUT)
            self._full_at = None
            self._begin_episode(now)
        return True

    def _seconds_to_next_step(self) -> float:
        if self._full_at is not None and self.limit + 1 >= self._full_at:
            return max(HOLD_SECONDS, 4 * self._seconds_per_answer)
        return max(STEP_SECONDS, self._seconds_per_answer)

    def _lower(self, place: int, share: float) -> None:
        self.limit = float(min(self.limit, max(1, int(place * share))))
        self._full_at = place

    def _begin_episode(self, now: float) -> None:
        self._is_exploring = False
        self._slowed_at = self._changed_at = now
        self._counted_from, self._passed_before, self._passed = now, self._passed, 0

    def _back_off(self, sent: Sent, now: float, asked: float | None) -> None:
        self._forget_what_was_asked(sent)
        if sent.at > self._paused_at:
            # Calls that were under way before the last pause began say nothing new.
            self._failed_in_a_row += 1
            self._paused_at = now
            pause = backoff(self._failed_in_a_row)
            if asked is None or self._failed_in_a_row > 1:
                self.is_probing = True
            if asked is None or self._failed_in_a_row > 2:
                self.paused_until = max(self.paused_until, now + pause)
        if asked is not None:
            self.pause(now, asked)
        self._longest_pause = max(self._longest_pause, self.paused_until - now)

    # The quota

    def _is_quota(self, sent: Sent) -> bool:
        """Whether it is not the number of calls at a time: few are under way, or as many passed as the last time."""
        if self._counted_from is None:
            return False
        if sent.place <= max(FEW_AT_ONCE, int((self._full_at or 0) * AFTER_REFUSAL)):
            return True
        return abs(self._passed - self._passed_before) <= self._passed_before * ALIKE

    def _space(self, now: float) -> None:
        """Send no more in a time than what passed since the last refusal."""
        self.rate = self._passed_per_second(now) * QUOTA_SHARE
        self._rate_changed_at, self._rate_step = now, FIRST_RATE_STEP
        self._spaced = self._spaced_in_vain = 0
        self._longest_pause = FIRST_PAUSE
        self.limit = float(max(self.limit, (self._full_at or 0) - 1, FEW_AT_ONCE))

    def _slow_down(self, now: float) -> None:
        """The quota is smaller than it was thought to be, or it is none."""
        self._spaced += self._passed + 1
        self._spaced_in_vain += 1
        is_in_vain = self._spaced_in_vain >= self._spaced * SHARE_REFUSED
        if self._spaced_in_vain >= REFUSALS_TO_BE_SURE and is_in_vain:
            self.rate, self._next_at = None, -math.inf
            self.limit = max(self.limit, FIRST_LIMIT)
            self._whims_until = now + self._whim_seconds
            self._whim_seconds = min(2 * self._whim_seconds, LONGEST_WHIM_SECONDS)
            return
        # After each pause at least one call passes: what is sent less than that is not the endpoint's doing.
        least = 1 / self._longest_pause
        self.rate = max(min(self.rate or math.inf, self._passed_per_second(now)) * QUOTA_SHARE, least)
        self._rate_changed_at, self._rate_step = now, FIRST_RATE_STEP

    def _speed_up(self, now: float) -> None:
        if self.rate is None or now - self._rate_changed_at < max(RATE_SECONDS, 5 / self.rate):
            return
        if self._next_at < now:  # fewer are sent than might be, so that nothing was shown
            self._rate_changed_at = now
            return
        if self._rate_step >= LAST_RATE_STEP:
            self.rate, self._next_at = None, -math.inf
            return
        self.rate *= 1 + self._rate_step
        self._rate_changed_at, self._rate_step = now, min(2 * self._rate_step, LAST_RATE_STEP)

    def _passed_per_second(self, now: float) -> float:
        return self._passed / max(now - (self._counted_from or 0.0), 0.001)
