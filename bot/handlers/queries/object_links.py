"""Links from objects that differ to the forge and to Argo CD."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from bot.core.applications import argocd
from bot.core.applications.application import Application
from bot.core.applications.deployer_status import DeployerStatus
from bot.core.drift.fact import most_important_first
from bot.core.drift.model import Check
from bot.core.objects.field_line import field_line
from bot.messages.object_links import ObjectLink, ObjectLinks
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.git import Repository
from bot.ports.isolation import unexpected_as_port_error

# Bounds for links to the line of a field; in other files, links lead to the object.
_MAX_FILES: Final = 20
_MAX_BYTES: Final = 200_000  # of one file


def object_links(
    ports: Ports,
    applications: Mapping[str, Application],
    statuses: Mapping[str, DeployerStatus],
    checks: Sequence[Check],
) -> ObjectLinks:
    """The links of the objects that differ in these checks. `statuses` are by application."""
    links = {
        (check.application, object_drift.key): [*source, *page]
        for check in checks
        for object_drift, source, page in zip(
            check.drift,
            _sources(ports, applications.get(check.application), check),
            _pages(statuses.get(check.application), check),
            strict=True,
        )
    }
    return lambda check, object_drift: links.get((check.application, object_drift.key), ())


def _pages(status: DeployerStatus | None, check: Check) -> list[list[ObjectLink]]:
    """The page of each object in its deployer's UI, if known."""
    if status is None or not status.page:
        return [[] for _ in check.drift]
    pages = (argocd.object_page(status.page, *object_drift.key) for object_drift in check.drift)
    return [[ObjectLink(status.deployer, page)] for page in pages]


def _sources(ports: Ports, application: Application | None, check: Check) -> list[list[ObjectLink]]:
    """Where git declares each object: the line of its first difference, or else its directory."""
    key = application.repository.key if application else ""
    if application is None or check.revision is None or key not in ports.forges:
        return [[] for _ in check.drift]
    forge, directory = ports.forges[key], application.source.path
    contents: Mapping[str, bytes] = {}
    with suppress(PortError), unexpected_as_port_error(f"the lines of {check.application}"):
        contents = _contents(ports.repositories[key], check)
    sources = []
    for object_drift in check.drift:
        location = object_drift.location
        if location is None:
            sources.append([ObjectLink(f"{directory or '.'}/", forge.source_url(check.revision, directory))])
            continue
        line = location.line
        if object_drift.fields and location.file in contents:
            first = object_drift.fields[0]
            line = field_line(contents[location.file], line, first.path, first.desired)
        label = f"{location.file.removeprefix(f'{directory}/')}:{line}"
        sources.append([ObjectLink(label, forge.source_url(check.revision, location.file, line))])
    return sources


def _contents(repository: Repository, check: Check) -> dict[str, bytes]:
    """The files that declare the most important objects, by path, without large ones. Raises PortError."""
    drift = most_important_first(check.drift)
    located = [object_drift.location.file for object_drift in drift if object_drift.location and object_drift.fields]
    paths = list(dict.fromkeys(located))[:_MAX_FILES]
    if not paths or check.revision is None:
        return {}
    files_of_paths = zip(paths, repository.files_of(check.revision, paths), strict=True)
    return {path: files[0].content for path, files in files_of_paths if files and len(files[0].content) <= _MAX_BYTES}
