"""Explains what is wrong in the file, and what is expected instead."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic_core import ErrorDetails

from bot.config.errors import Location, Mistake
from bot.config.sections.file import ConfigFile
from bot.config.sections.section import Section
from bot.config.values import A_NAME


def explain(error: ErrorDetails) -> Mistake:
    """Explain one of pydantic's errors."""
    location = error["loc"]
    if location[-1] == "[key]":
        expected = expected_at(location[:-1]) if location[0] == "slack" else A_NAME
        return Mistake(location[:-1], f"expected {expected}")
    if error["type"] == "extra_forbidden":
        section, _ = _schema(location[:-1])
        return Mistake(location, _unknown("key", str(location[-1]), section.fields_by_key()))
    section, expected = _schema(location)
    if error["type"] == "model_type":
        expected = f"a mapping with the keys {', '.join(section.fields_by_key())}"
    if error["type"] == "missing":
        return Mistake(location, f"missing; expected {expected}")
    reason = str(error.get("ctx", {}).get("error", ""))
    return Mistake(location, reason or f"expected {expected}")


def no_value(location: Location) -> Mistake:
    """Explain a key whose value is a YAML comment, as in `channel: #general`."""
    return Mistake(location, f"no value, because # starts a comment in YAML; expected {expected_at(location)}")


def undefined_references(data: Mapping[str, Any]) -> Iterator[Mistake]:
    """Applications in repositories or clusters that are not configured.

    Reads the raw data, so that these are reported together with pydantic's errors.
    """
    applications = data.get("applications")
    for name, application in applications.items() if isinstance(applications, dict) else ():
        for key, section in (("repository", "repositories"), ("cluster", "clusters")):
            configured = data.get(section) or {}
            reference = application.get(key) if isinstance(application, dict) else None
            if isinstance(reference, str) and isinstance(configured, dict) and reference not in configured:
                yield Mistake(("applications", name, key), _unknown(key, reference, configured))


def expected_at(location: Location) -> str:
    """The description of the innermost field on the path to a location."""
    return _schema(location)[1]


def _unknown(what: str, name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"unknown {what}; did you mean '{close[0]}'?"
    if re.search(r"token|secret|password|private", name, re.IGNORECASE):
        return f"unknown {what}; set secrets in the environment, such as SLACK_BOT_TOKEN and GITHUB_TOKEN"
    listed = ", ".join(sorted(names))
    return f"unknown {what}; expected one of {listed}" if listed else f"unknown {what}; none are configured"


def _schema(location: Location) -> tuple[type[Section], str]:
    """The section at or around a location, and the description of the innermost field on the path to it."""
    section: type[Section] = ConfigFile
    expected = ""
    parts = iter(location)
    for part in parts:
        info = section.fields_by_key().get(str(part))
        if info is None:
            break
        expected = info.description or ""
        inner = _section_in(info.annotation)
        if inner is None:
            break
        section = inner
        if get_origin(info.annotation) in {dict, tuple}:
            next(parts, None)  # skip the name or index of an item
    return section, expected


def _section_in(annotation: object) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next(filter(None, map(_section_in, get_args(annotation))), None)
