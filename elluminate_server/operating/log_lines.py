"""Log lines, as text for people and as JSON for machines; both name the request and the task that they belong to."""

import datetime
import logging
import re

import msgspec

from elluminate_server.operating.context import current_request_id, current_task_id

__all__ = ["JsonLines", "TextLines", "begin_log", "without_keys"]


def begin_log(log_level: str, log_format: str = "text") -> None:
    """Log to standard error, in a process of our own.

    Args:
        log_level: `critical`, `error`, `warning`, `info` or `debug`.
        log_format: `text` for people, or `json`: one object a line.
    """
    handler = logging.StreamHandler()
    handler.addFilter(without_keys)
    handler.setFormatter(JsonLines() if log_format == "json" else TextLines())
    logging.basicConfig(handlers=[handler])
    logging.getLogger("elluminate_server").setLevel(log_level.upper())
    logging.captureWarnings(log_format == "json")  # else they would be lines that are no JSON


class TextLines(logging.Formatter):
    """`2026-11-22 10:00:00,000 WARNING elluminate_server.http: what happened [request 3f0c9d6a7b1e4c52]`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line without its traceback."""
        ids = (("request", current_request_id.get()), ("task", current_task_id.get()))
        told = ", ".join(f"{kind} {value}" for kind, value in ids if value is not None)
        line = super().formatMessage(record)
        return f"{line} [{told}]" if told else line


class JsonLines(logging.Formatter):
    """One JSON object a line: `time` (UTC, ISO 8601), `level`, `logger`, `message`, and where there is one
    `request_id`, `task_id`, `exception` (the traceback), `stack`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; line breaks within a value are escaped."""
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": current_request_id.get(),
            "task_id": current_task_id.get(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        elif record.exc_text:
            line["exception"] = record.exc_text
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return msgspec.json.encode(
            {name: _encodable(value) for name, value in line.items() if value is not None}
        ).decode()


_KEY = re.compile(r"elm_[A-Za-z0-9_-]{8,}")
"""An API key of this server, which somebody put where an id belongs, or into a query."""


def without_keys(record: logging.LogRecord) -> bool:
    """Have no line hold an API key: above all those of the web server, which hold what was asked for."""
    message = record.getMessage()
    if "elm_" in message:
        record.msg, record.args = _KEY.sub("elm_[key]", message), None
    return True


def _encodable(text: str) -> str:
    """The text without lone surrogates, which no UTF-8 has: they come from bytes that were no text."""
    return text.encode("utf-8", "backslashreplace").decode()
