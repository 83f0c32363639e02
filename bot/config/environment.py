"""Finds malformed credentials and URLs in the environment.

Libraries quote these in their errors, or report another cause. No sentence here contains a value.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

_TOKEN: Final = (
    "is not one token: it contains a space, a line break, or a character that is not ASCII. Copy the token again."  # noqa: S105
)
_URL: Final = (
    "is not a URL with a host and a valid port. Percent-encode special characters in its user name and password,"
    " such as %23 for #."
)
_HEADERS: Final = (
    "is not a list of headers such as api-key=KEY,name=VALUE. Percent-encode special characters in values, such as %2C"
    " for a comma. Line breaks and characters that are not ASCII are not allowed."
)
_HEADER_NAME: Final = r"[!#-'*+.0-9A-Z^-z|~-]+"


def malformed(environ: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each variable that HTTP requests can't use, with what to do. Blank ones count as unset."""
    for name, value in environ.items():
        for pattern, is_valid, sentence in _VARIABLES:
            if value.strip() and re.fullmatch(pattern, name) and not is_valid(value):
                yield f"{name} {sentence}"


def _is_token(value: str) -> bool:
    return re.fullmatch(r"[!-~]+", value.strip()) is not None


def _is_url(value: str) -> bool:
    """Whether it is a URL, or only its authority, as in a proxy variable that is `proxy.example:3128`."""
    authority, rest = re.fullmatch(r"(?:[^:/?#@]+://)?([^/?#\\]*)(.*)", value, re.DOTALL).groups()  # type: ignore[union-attr]
    if re.search(r"[\x00-\x20\x7f]", value) or "@" in rest:  # an unescaped /, ?, # or \ before the @
        return False
    try:
        parts = urlsplit(f"//{authority}")
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _are_headers(value: str) -> bool:
    headers = [header.strip().partition("=") for header in value.split(",") if header.strip()]
    return all(
        equals and re.fullmatch(_HEADER_NAME, name.strip()) and re.fullmatch(r"[ -~\t]*", unquote(text).strip())
        for name, equals, text in headers
    )


_VARIABLES: Final[tuple[tuple[str, Callable[[str], bool], str], ...]] = (
    (r"SLACK_(BOT|APP)_TOKEN|GITHUB_TOKEN|GITLAB_TOKEN|BITBUCKET_TOKEN", _is_token, _TOKEN),
    (r"(?i:https?|all)_(?i:proxy)|OTEL_EXPORTER_OTLP_((TRACES|METRICS)_)?ENDPOINT", _is_url, _URL),
    (r"OTEL_EXPORTER_OTLP_((TRACES|METRICS)_)?HEADERS", _are_headers, _HEADERS),
)
