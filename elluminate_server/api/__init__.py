"""HTTP in, HTTP out: one module for each tag of the contract, and the pipeline that they share."""
