"""Where everything is kept: tables, the engine that reads and writes them, and their migrations."""
