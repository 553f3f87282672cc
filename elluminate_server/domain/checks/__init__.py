"""Criteria that a rule decides: what a rule may say, and what it says about an answer. No model, no I/O."""
