"""Links from an object that differs to the forge and to Argo CD."""

from collections.abc import Mapping, Sequence

from bot.core.applications import argocd
from bot.core.applications.application import Application
from bot.core.applications.deployer_status import DeployerStatus
from bot.core.drift.model import Check, ObjectDrift
from bot.messages.object_links import ObjectLink, ObjectLinks
from bot.ports.forge import Forge


def object_links(
    applications: Mapping[str, Application], forges: Mapping[str, Forge], statuses: Mapping[str, DeployerStatus]
) -> ObjectLinks:
    """The links of any object of these applications. `statuses` are by application."""

    def links(check: Check, object_drift: ObjectDrift) -> Sequence[ObjectLink]:
        application, status = applications.get(check.application), statuses.get(check.application)
        forge = forges.get(application.repository.key) if application else None
        result = []
        if application and forge and check.revision:
            result.append(_source(forge, check.revision, application.source.path, object_drift))
        if status and status.page:
            identity = object_drift.api_version, object_drift.kind, object_drift.namespace, object_drift.name
            result.append(ObjectLink(status.deployer, argocd.object_page(status.page, *identity)))
        return result

    return links


def _source(forge: Forge, revision: str, path: str, object_drift: ObjectDrift) -> ObjectLink:
    """The line that declares the object, or the application's directory if that is not known."""
    location = object_drift.location
    if location is None:
        return ObjectLink(f"{path or '.'}/", forge.source_url(revision, path))
    return ObjectLink(f"{location.file}:{location.line}", forge.source_url(revision, location.file, location.line))
