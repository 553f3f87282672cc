"""One package per tag of the contract, one module per operation."""
