"""The examples in the docstrings of the rules and the models are true."""

import doctest
import importlib
import pkgutil

import pytest

import elluminate_server.domain
import elluminate_server.llm

MODULES = [
    module.name
    for package in (elluminate_server.domain, elluminate_server.llm)
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_are_true(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name), raise_on_error=False)
    assert failed == 0
