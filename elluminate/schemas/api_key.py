"""API keys of a project, with the secret kept out of what is printed."""

from __future__ import annotations

from typing import Any

from attrs import define
from elluminate_api import models as api

from elluminate._binding import Bound, unbound


@define(kw_only=True, repr=False)
class ApiKey(Bound, api.ApiKey):
    """An API key of a project. `key` is the key itself, in the answer to `create_api_key` only."""

    _session: Any = unbound()
