"""Evaluate prompts: a template times test cases times a model, judged against yes/no criteria."""

__version__ = "0.1.0"
