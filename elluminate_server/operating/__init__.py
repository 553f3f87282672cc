"""What those who operate a server see of it: which request a log line belongs to, log lines, counts."""
