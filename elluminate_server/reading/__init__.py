"""Stored rows as the contract's models: found, loaded, presented."""
