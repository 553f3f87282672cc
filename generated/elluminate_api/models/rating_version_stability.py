from ..types import OpenEnum


class RatingVersionStability(OpenEnum):
    """Whether a judge is for everyday use (stable), offered ahead of time (preview), or for tests, without a model behind it (test). The key latest only ever stands for a stable one."""

    PREVIEW = "preview"
    STABLE = "stable"
    TEST = "test"
