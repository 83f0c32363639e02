"""Adds the IDs of the current trace to log records, and removes OTLP credentials from them."""

import logging
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

_PREFIX: Final = "OTEL_EXPORTER_OTLP_"
_MASK: Final = "***"
# Loggers whose errors quote URLs and headers.
_EXPORTING: Final = ("opentelemetry", "urllib3")


class TraceLogFilter(logging.Filter):
    """Changes records, but does not drop any. `environ` has the variables that configure OTLP."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__()
        self._secrets = sorted(set(_secrets(environ)), key=len, reverse=True)

    def filter(self, record: logging.LogRecord) -> bool:
        span = get_current_span().get_span_context()
        if span.is_valid:
            record.trace_id = format_trace_id(span.trace_id)
            record.span_id = format_span_id(span.span_id)
        if record.name.startswith(_EXPORTING):
            record.msg, record.args, record.exc_info = self._masked(record.getMessage()), None, None
        return True

    def _masked(self, message: str) -> str:
        for secret in self._secrets:
            message = message.replace(secret, _MASK)
        return message


def _secrets(environ: Mapping[str, str]) -> Iterator[str]:
    """The values of headers, and the paths of URLs, which contain a token for some vendors."""
    for variable, value in environ.items():
        if not variable.startswith(_PREFIX):
            continue
        if variable.endswith("HEADERS"):
            for header in value.split(","):
                secret = (header.partition("=")[2] or header).strip()
                yield from filter(None, (secret, unquote(secret)))
        if variable.endswith("ENDPOINT"):
            url = urlsplit(value)
            yield from filter(None, (url.path.strip("/"), url.password))
