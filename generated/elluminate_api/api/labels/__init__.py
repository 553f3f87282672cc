"""Request builders of one tag of the contract."""
