"""Collected only when this folder is asked for by its path: a thousand requests are too slow for the plain suite."""

from tests.support.lanes import asked_for_alone

pytest_ignore_collect = asked_for_alone("memory")
