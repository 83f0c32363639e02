"""How far a rollout has come: what its merge changed, against what the cluster holds."""

from collections.abc import Mapping, Sequence

from bot.core.application import Application
from bot.core.drift import ObjectDrift
from bot.core.ignore import IgnoreRule
from bot.core.manifest import Manifest, ManifestError
from bot.core.rollout import Observation, Rollout
from bot.handlers.drift_check import differences, look, remaining
from bot.handlers.memory import Rules
from bot.handlers.rendered import Rendered
from bot.ports import PortError, Ports, RenderError


def observe(
    ports: Ports,
    rollout: Rollout,
    applications: Mapping[str, Application],
    rendered: Rendered,
    ignore: Sequence[IgnoreRule] = (),
) -> dict[str, Observation]:
    """One look at each part that is not live yet, by application. What a rule ignores does not hold up a rollout."""
    return {
        part.application: _part(ports, rollout, applications.get(part.application), rendered, ignore)
        for part in rollout.parts
        if part.live_at is None
    }


def _part(
    ports: Ports,
    rollout: Rollout,
    application: Application | None,
    rendered: Rendered,
    ignore: Sequence[IgnoreRule],
) -> Observation:
    if application is None:
        return Observation(error="it is no longer in the configuration")
    try:
        changed, removed = _merged(ports, rollout, application, rendered)
        cluster = ports.clusters[application.cluster]
        targets = [(manifest, application.namespace) for manifest in (*changed, *removed)]
        live = look(cluster, targets, rules=Rules(tuple(ignore)))
        found = differences(changed, namespace=application.namespace, live=live)
        present, unknown = remaining(removed, namespace=application.namespace, live=live)
    except (PortError, ManifestError) as error:
        return Observation(error=str(error))
    missing = (
        *(line for each in found.drift for line in _missing(each)),
        *(f"{manifest.kind} {manifest.name} is gone from git and still in the cluster" for manifest in present),
    )
    blind = (*found.unknown, *unknown)
    return Observation(missing=missing, error=" ".join(blind) if blind and not missing else None)


def _merged(
    ports: Ports, rollout: Rollout, application: Application, rendered: Rendered
) -> tuple[list[Manifest], list[Manifest]]:
    """The manifests that the merge made or changed, and those it removed."""
    repository = ports.repositories[rollout.repository]
    after = {
        manifest.key: manifest for manifest in rendered.manifests(repository, rollout.revision, application.source)
    }
    before: dict[object, Manifest] = {}
    if rollout.parent and repository.tree_id(rollout.parent, application.path):
        try:
            parent = rendered.manifests(repository, rollout.parent, application.source)
            before = {manifest.key: manifest for manifest in parent}
        except (ManifestError, RenderError):
            before = {}  # the merge mended what could not be read: everything in it counts as changed
    changed = [each for key, each in after.items() if key not in before or before[key].object != each.object]
    removed = [each for key, each in before.items() if key not in after]
    return changed, removed


def _missing(found: ObjectDrift) -> list[str]:
    """What has not arrived. What somebody added by hand is drift and does not hold up a rollout."""
    if found.change == "missing":
        return [f"{found.kind} {found.name}"]
    return [f"{found.kind} {found.name}: {field.path}" for field in found.fields if field.change != "added"]
