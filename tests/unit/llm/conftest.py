from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support.model_server import ModelServer

# How long an example takes says something about the machine, not about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running
