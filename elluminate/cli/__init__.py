"""What the command line's commands take and do, but for what the server's do."""
