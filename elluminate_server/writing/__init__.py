"""What may be stored: checks and inserts that several handlers share."""
