"""The models that answer and judge: OpenAI-compatible endpoints, and the built-in offline model."""
