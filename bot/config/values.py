"""The types of the scalars in the file, with validators and, if several keys use a type, a description.

Scalars are read as written: `branch: 1.10` is the branch 1.10, and `namespace: on` is the namespace on. A validator
raises an empty ValueError to report "expected" and the field's description, or one with its own text.
"""

import os
import re
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path, PurePosixPath
from typing import Annotated
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from bot.core.git.target_revision import TargetRevision
from bot.core.globs import parse_glob

_NO_CREDENTIAL = "must not contain a credential; set secrets in the environment"


def matching(pattern: str) -> AfterValidator:
    """Require a full match."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError
        return text

    return AfterValidator(check)


def parsed_by(parse: Callable[[str], object]) -> AfterValidator:
    """Require that `parse` accepts the text; its ValueError has the explanation."""

    def check(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(check)


def check_database_url(text: str) -> str:
    """Require a SQLAlchemy URL with a known dialect and an installed driver, without connecting."""
    from sqlalchemy.engine import make_url  # noqa: PLC0415  only needed if a URL is configured
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError  # noqa: PLC0415

    try:
        url = make_url(text)
        url.get_dialect().import_dbapi()
    except ImportError:
        raise ValueError(
            f"no driver for {url.drivername} is installed; for PostgreSQL: pip install 'gitops-bot[postgresql]'"
        ) from None
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise ValueError from None
    if url.get_backend_name() == "sqlite" and (url.database or ":memory:") == ":memory:":
        raise ValueError("the state must be kept in a file, such as sqlite:///state.db")
    return text


def _split_url(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        raise ValueError from None  # the error may quote a password


def _http_url(text: str) -> str:
    parts = _split_url(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError
    if "@" in parts.netloc:
        raise ValueError(_NO_CREDENTIAL)
    return text.rstrip("/")


def _git_url(text: str) -> str:
    # Git would read a leading dash as an option, and `ext::` runs a command (gitremote-helpers(7)).
    if not text or text.startswith("-") or "\n" in text or re.match(r"\w+::", text):
        raise ValueError
    if " " in text and not re.search("[/:]", text):  # words, not a relative path
        raise ValueError
    if text.startswith(("http://", "https://")):
        _http_url(text)
    if _split_url(text).password is not None:
        raise ValueError(_NO_CREDENTIAL)
    return text


def _address(value: object) -> object:
    if not isinstance(value, str):
        return value
    host, _, port = value.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError
    return host.removeprefix("[").removesuffix("]"), int(port)


def _duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(?:(\d{1,4})h)?(?:(\d{1,4})m)?(?:(\d{1,4})s)?", value, re.ASCII)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    duration = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) < duration <= timedelta(days=1):
        raise ValueError
    return duration


def _duration_or_none(value: object) -> object:
    return timedelta(0) if value == "0s" else _duration(value)


def _time_of_day(value: object) -> object:
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value, re.ASCII) is None:
        raise ValueError
    return time.fromisoformat(value)


def _time_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError from None


def _repository_path(text: str) -> str:
    path = PurePosixPath(text)
    if not text or path.is_absolute() or ".." in path.parts or "\n" in text:
        raise ValueError
    return str(path)


def _revision(text: str) -> str:
    if TargetRevision(text).is_invalid():
        raise ValueError
    return text


def _expand_user(value: object) -> object:
    return os.path.expanduser(value) if isinstance(value, str) else value  # noqa: PTH111  pathlib's raises for ~nobody


A_NAME = "a name of at most 63 letters, digits, '.', '_' and '-'"
A_CHANNEL = "a channel ID such as C0123456789 (in Slack: the channel's name > About, at the bottom)"
A_DURATION = "a duration such as 30s, 5m or 1h30m, from 1s to 24h"
A_TIME_OF_DAY = "a time of day such as '22:00', from '00:00' to '23:59'"
WHO_MAY = 'a list of user IDs (U…, W…) and user group IDs (S…), or ["*"] for the whole workspace'

Name = Annotated[str, matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")]
Namespace = Annotated[
    str,
    matching(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"),
    Field(description="a namespace of at most 63 lowercase letters, digits and '-'"),
]
Flag = Annotated[bool, Field(description="true or false")]
Glob = Annotated[str, parsed_by(parse_glob)]
FieldManager = Annotated[Glob, matching(r"\S+")]  # a name or a pattern

Channel = Annotated[str, matching(r"[CG][A-Z0-9]{2,}"), Field(description=A_CHANNEL)]
UserId = Annotated[str, matching(r"[UW][A-Z0-9]{2,}")]
UserOrGroupId = Annotated[str, matching(r"[UWS][A-Z0-9]{2,}")]
Allowed = Annotated[tuple[Annotated[str, matching(r"\*|[UWS][A-Z0-9]{2,}")], ...], Field(description=WHO_MAY)]
EmailOrLogin = Annotated[str, matching(r"[^\s@]+(@[^\s@]+)?")]

Duration = Annotated[timedelta, BeforeValidator(_duration), Field(description=A_DURATION)]
DurationOrNone = Annotated[
    timedelta, BeforeValidator(_duration_or_none), Field(description=f"{A_DURATION}, or 0s for none")
]
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
TimeZone = Annotated[str, parsed_by(_time_zone), Field(description="a time zone such as Europe/Madrid")]

# Without a trailing slash.
HttpUrl = Annotated[str, AfterValidator(_http_url), Field(description="an http or https URL")]
# (host, port), written as `0.0.0.0:3000` or `[::]:3000`.
Address = Annotated[
    tuple[str, int],
    BeforeValidator(_address),
    Field(description="an address and port such as 0.0.0.0:3000"),
    WithJsonSchema({"type": "string"}),
]
DatabaseUrl = Annotated[
    str,
    AfterValidator(check_database_url),
    Field(description="a SQLAlchemy URL such as sqlite:///state.db or postgresql+psycopg://user@host/database"),
]

GitUrl = Annotated[str, AfterValidator(_git_url)]
# As in git-check-ref-format(1), and without a leading dash.
Branch = Annotated[
    str, matching(r"(?=.{1,255}\Z)(?![-./])(?!.*(\.\.|//|@\{|/\.|\.lock(/|$)))[^\x00-\x20\x7f~^:?*\[\\]+(?<![./])")
]
Revision = Annotated[str, AfterValidator(_revision)]
RepositoryPath = Annotated[str, AfterValidator(_repository_path)]  # relative to the root, and inside it
RepositoryGlob = Annotated[Glob, AfterValidator(_repository_path)]
LocalPath = Annotated[Path, BeforeValidator(_expand_user)]
