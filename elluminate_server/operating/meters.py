"""Counts of what a server does, in plain numbers: whoever asks for them has them written down (`metrics`)."""

import bisect
import contextlib
import logging
from collections import Counter
from collections.abc import Iterator

import attrs

__all__ = [
    "CALL_SECONDS",
    "OTHERS",
    "REQUEST_SECONDS",
    "Histogram",
    "Meters",
    "ModelLabels",
    "counting_log_lines",
]

REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the classes into which the times of requests fall."""

CALL_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)
"""The same of calls to models, and of what they wait."""

MOST_MODELS = 100
"""So many configs and models are told apart; configs are made by users, and each would cost a collector for ever."""

_LEVELS = ("info", "warning", "error", "critical")

OTHERS = "(others)"
"""What those beyond them are called."""


class Histogram:
    """How many values fell into each class, and their sum.

    Args:
        bounds: The classes' upper bounds, ascending; above the last one there is one more.
    """

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect.bisect_left(self.bounds, value)] += 1
        self.total += value


@attrs.frozen
class ModelLabels:
    """Which model was called.

    Attributes:
        provider: The inference type.
        config: Name of the LLM config; the model's name for one of the server's own.
        model: The model's name at its endpoint.
    """

    provider: str
    config: str
    model: str


@attrs.define
class ModelCounts:
    """What came of the calls to one model.

    Attributes:
        outcomes: `answered`, or what the last attempt was about (`llm.attempts.Kind`), to how often.
        tokens: `input`, `output`, `cached`, `reasoning` to how many, as far as providers tell.
        seconds: Times of the attempts that were answered.
        waited: What all calls waited before their last attempt: at gates, in pauses, in earlier attempts.
    """

    outcomes: Counter[str] = attrs.field(factory=Counter)
    tokens: Counter[str] = attrs.field(factory=Counter)
    seconds: Histogram = attrs.field(factory=lambda: Histogram(CALL_SECONDS))
    waited: Histogram = attrs.field(factory=lambda: Histogram(CALL_SECONDS))


class Meters:
    """What one server has done since it started.

    Attributes:
        requests: Method, route and status to the times of such requests.
        models: Which model to what came of its calls.
        leases_lost: Runs that were revoked, or taken over by another process.
        levels: Log level to its lines.
    """

    def __init__(self) -> None:
        self.requests: dict[tuple[str, str, int], Histogram] = {}
        self.models: dict[ModelLabels, ModelCounts] = {}
        self.leases_lost = 0
        # There from the start, because an increase is seen only of what was 0 before.
        self.levels: Counter[str] = Counter(dict.fromkeys(_LEVELS, 0))

    def requested(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            method: Its method; one of the contract's.
            route: Its path with `{name}` in the place of ids; `OTHERS` for what leads nowhere.
            status: Of its answer.
            seconds: Until the answer began.
        """
        key = (method, route, status)
        histogram = self.requests.get(key)
        if histogram is None:
            histogram = self.requests[key] = Histogram(REQUEST_SECONDS)
        histogram.add(seconds)

    def of_model(self, labels: ModelLabels) -> ModelCounts:
        """The counts of a model; one for all of those that come when many are told apart already."""
        found = self.models.get(labels)
        if found is None:
            if len(self.models) >= MOST_MODELS:
                labels = ModelLabels(OTHERS, OTHERS, OTHERS)
            found = self.models.setdefault(labels, ModelCounts())
        return found


@contextlib.contextmanager
def counting_log_lines(meters: Meters) -> Iterator[None]:
    """Count the lines of the server's log for as long as the block lasts."""
    logger, counts = logging.getLogger("elluminate_server"), _LevelCounts(meters)
    logger.addHandler(counts)
    try:
        yield
    finally:
        logger.removeHandler(counts)


class _LevelCounts(logging.Handler):
    """Counts log lines by their level, and writes nothing.

    Args:
        meters: Where they are counted.
    """

    def __init__(self, meters: Meters) -> None:
        super().__init__(logging.DEBUG)
        self._meters = meters

    def emit(self, record: logging.LogRecord) -> None:
        """Count a line."""
        # One at a time: the handler is locked.
        self._meters.levels[record.levelname.lower()] += 1
