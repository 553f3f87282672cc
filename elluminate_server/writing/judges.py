"""Judges: which ones an experiment can be rated by, and which one a key means."""

from elluminate_api import models

from elluminate_server.execution.plans import MOCK_RATING_VERSION
from elluminate_server.settings import Settings

__all__ = ["judge_key", "judges"]

LATEST = "latest"
"""Stands for the newest stable judge, and is no judge's own key."""

OFFLINE = "offline"


MAX_KEY = 100


def judges(settings: Settings) -> list[models.RatingVersion]:
    """The judges of this server, the default first: the configured model, and the one that calls none."""
    config = settings.model_defaults().judging()
    if config is None:
        key, label = OFFLINE, "Built-in offline judge: deterministic, and measures nothing"
    else:
        key, label = _key_of(config.model), f"Model {config.model}"
    return [
        models.RatingVersion(
            key=key, label=label, stability=models.RatingVersionStability.STABLE, is_default=True
        ),
        models.RatingVersion(
            key=MOCK_RATING_VERSION,
            label="Offline judge for tests: calls no model",
            stability=models.RatingVersionStability.TEST,
            is_default=False,
        ),
    ]


def _key_of(model: str) -> str:
    # A model that is called like a key with a meaning must not take that meaning over.
    name = f"model:{model}" if model in {LATEST, MOCK_RATING_VERSION} else model
    return name[:MAX_KEY]


def judge_key(settings: Settings, wanted: str | None) -> str:
    """Key of the judge that will rate: the wanted one, or the default for a key that is not known."""
    known = judges(settings)
    return wanted if wanted in {judge.key for judge in known} and wanted is not None else known[0].key
