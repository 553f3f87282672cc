"""The pipeline that every request goes through, and what handlers are given by it."""
