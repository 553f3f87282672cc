"""The contract under test."""

from __future__ import annotations

import pytest

from tests.contract.document import Contract, contract_path, load


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load(contract_path())
