"""The self-hosted backend of elluminate: the contract, served."""

__version__ = "0.1.0"
