"""The self-hosted backend of elluminate: the contract, served."""
