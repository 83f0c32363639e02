"""Reads Argo CD's `Application` resources: the sources to watch, and the status that Argo CD reports.

Fields: https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml. A resource that the bot would render
differently from Argo CD is reported as unsupported, with the reason; no field is ignored silently.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import quote

from bot.core.applications.argocd_source import (
    SourceContext,
    read_chart,
    read_chart_source,
    read_revision,
    read_source,
    references_json,
)
from bot.core.applications.deployer_status import DeployerFailure, DeployerStatus, SyncMode
from bot.core.applications.destination import Destination
from bot.core.applications.discovery import (
    MAX_NOTES,
    MAX_PATTERNS,
    DiscoveredApplication,
    DiscoveryResult,
    UnsupportedResource,
    UnsupportedResourceError,
    annotated_channel,
    within_limit,
)
from bot.core.applications.git_target import GitTarget
from bot.core.applications.resource_ref import ResourceRef
from bot.core.drift.ignore_rules import IgnoreRule, PointerError, parse_pointer
from bot.core.drift.jq import JqError, parse_jq
from bot.core.globs import GlobBudget, GlobError
from bot.core.objects.resource import Object, items, mapping, text
from bot.core.objects.scalar_equality import parse_time
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText, Text

DEPLOYER: Final = "Argo CD"
APPLICATION: Final = ("argoproj.io", "Application")

# The ConfigMap whose `url` is the address of the UI.
# https://argo-cd.readthedocs.io/en/stable/operator-manual/argocd-cm-yaml/
SETTINGS: Final = "argocd-cm"

# The URL of the Argo CD that manages an Application, if there are several.
# https://argo-cd.readthedocs.io/en/stable/operator-manual/managed-by-url/
MANAGED_BY_URL: Final = "argocd.argoproj.io/managed-by-url"
_URL: Final = re.compile(r"https?://[\w.:\[\]-]{1,255}(?:/[\w.~%/-]{0,255})?", re.ASCII | re.IGNORECASE)
_RUNNING: Final = frozenset({"Running", "Terminating"})  # phases of an operation
_FAILED: Final = frozenset(("Failed", "Error"))
_MAX_WORD: Final = 128  # characters of a status or revision
_SOURCE_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,63}")
_MAX_SOURCES: Final = 100


def read_application(resource: Object, cluster: str, url: str = "", default_url: str = "") -> list[DiscoveryResult]:
    """One result for each source of an Application on `cluster`: an application, or why it isn't supported.

    `url` is the configured address of Argo CD's UI, and `default_url` the one to use if neither the configuration nor
    the Application has one; "" if they are not known.
    """
    origin = ResourceRef.of(DEPLOYER, APPLICATION[1], cluster, resource)
    page = _page(resource, url, default_url)
    sources = _sources(resource)
    if len(sources) > _MAX_SOURCES:
        reason = LocalizedText(texts.TOO_MANY_SOURCES, most=str(_MAX_SOURCES))
        return [UnsupportedResource(origin, _status(resource, None), reason)]
    has_several = bool(items(mapping(resource, "spec"), "sources"))
    rendered = [(index, source) for index, source in enumerate(sources) if not _is_values_source(source)]
    names = Counter(text(source, "name") for source in sources)
    context = SourceContext(origin.name, _target(resource).namespace, sources, references_json(sources))
    ignore, notes = _ignore_rules(items(mapping(resource, "spec"), "ignoreDifferences"))
    channel, channel_notes = annotated_channel(resource)
    notes = (*channel_notes, *notes)
    results: list[DiscoveryResult] = []
    for index, source in rendered:
        status = replace(_status(resource, index if has_several else None), page=page)
        source_name = _source_name(source, index, names) if len(rendered) > 1 else ""
        try:
            discovered = _discovered(origin, status, source_name, resource, source, context)
            results.append(replace(discovered, ignore=ignore, channel=channel, notes=notes))
        except UnsupportedResourceError as error:
            results.append(UnsupportedResource(origin, status, error.text, source_name))
    return results or [UnsupportedResource(origin, _status(resource, None), LocalizedText(texts.NO_SOURCE))]


def controller_namespace(resource: Object) -> str:
    """The namespace of the Argo CD that manages an Application."""
    return text(mapping(resource, "status"), "controllerNamespace") or text(mapping(resource, "metadata"), "namespace")


def object_page(page: str, api_version: str, kind: str, namespace: str | None, name: str) -> str:
    """The page of an object, on the page of its Application.

    https://github.com/argoproj/argo-cd/blob/master/ui/src/app/applications/components/utils.tsx (nodeKey)
    """
    group = api_version.rpartition("/")[0]
    return f"{page}?node={quote('/'.join((group, kind, namespace or '', name)))}"


def destination(resource: Object) -> Destination:
    """Where an Application deploys to; its namespace is "" if the Application names none."""
    declared = mapping(resource, "spec", "destination")
    return Destination(text(declared, "namespace"), text(declared, "server").rstrip("/"), text(declared, "name"))


def git_targets(resource: Object) -> Sequence[GitTarget]:
    """What an Application deploys from git."""
    namespace = destination(resource).namespace
    return [
        GitTarget.of(text(source, "repoURL"), text(source, "path"), namespace)
        for source in _sources(resource)
        if not text(source, "chart") and not _is_values_source(source)
    ]


def is_syncing(resource: Object) -> bool:
    """Whether an operation is requested or running. After a failed attempt, it isn't until the next one.

    https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/
    """
    phase = text(mapping(resource, "status", "operationState"), "phase")
    return not is_retrying(resource) and (resource.get("operation") is not None or phase in _RUNNING)


def is_retrying(resource: Object) -> bool:
    """Whether an operation failed and will be retried: its phase is then Running, but it has an end.

    https://github.com/argoproj/argo-cd/blob/master/controller/appcontroller.go (processRequestedAppOperation)
    """
    operation = mapping(resource, "status", "operationState")
    return text(operation, "phase") == "Running" and bool(text(operation, "finishedAt"))


def syncing_since(resource: Object) -> datetime | None:
    """When the running operation started; None if it has not started, or the Application does not say."""
    state = mapping(resource, "status", "operationState")
    return parse_time(text(state, "startedAt")) if text(state, "phase") in _RUNNING else None


def prunes(resource: Object) -> bool:
    """Whether an Application deletes objects by itself; otherwise, someone has to request it for a sync."""
    automated = mapping(resource, "spec", "syncPolicy", "automated")
    return automated.get("prune") is True and automated.get("enabled") is not False


def failure(resource: Object) -> DeployerFailure | None:
    """Why Argo CD could not sync an Application: its latest operation failed, or it has an error condition."""
    operation = mapping(resource, "status", "operationState")
    if phase := _failed_phase(resource):
        hooks = [
            f"Hook {text(hook, 'kind')} {text(hook, 'name')} failed: {text(hook, 'message')}"
            for hook in failed_hooks(operation)
        ]
        return DeployerFailure.reported(DEPLOYER, f"Sync{phase}", *hooks, operation.get("message"))
    return current_error(resource)


def current_error(resource: Object) -> DeployerFailure | None:
    """The first error condition of an Application, except one that repeats the failed operation."""
    for condition in items(mapping(resource, "status"), "conditions"):
        type_ = text(condition, "type") if isinstance(condition, Mapping) else ""
        if type_.endswith("Error") and not (_failed_phase(resource) and type_ == "SyncError"):
            return DeployerFailure.reported(DEPLOYER, type_, condition.get("message"))
    return None


def attempted(resource: Object) -> list[str]:
    """The revisions that the operation of a failed sync tried to apply, one for each source.

    https://pkg.go.dev/github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1#SyncOperationResult
    """
    if not _failed_phase(resource):
        return []
    result = mapping(resource, "status", "operationState", "syncResult")
    revisions = items(result, "revisions") or [result.get("revision")]
    return [revision for revision in revisions if isinstance(revision, str)]


def _failed_phase(resource: Object) -> str:
    """How the latest attempt to sync ended, Failed or Error; "" if it didn't fail. That of a retried one is unknown."""
    phase = text(mapping(resource, "status", "operationState"), "phase")
    if is_retrying(resource):
        return "Failed"
    return phase if phase in _FAILED else ""


def failed_hooks(operation: Object) -> list[Object]:
    """The results of an operation's failed hooks, which its message doesn't mention.

    Argo CD also gives other objects that it couldn't apply a `hookPhase`, but only hooks a `hookType`:
    https://pkg.go.dev/github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1#ResourceResult
    """
    return [
        result
        for result in items(mapping(operation, "syncResult"), "resources")
        if isinstance(result, Mapping) and text(result, "hookType") and text(result, "hookPhase") in _FAILED
    ]


def _sources(resource: Object) -> list[Object]:
    spec = mapping(resource, "spec")
    hydrator = mapping(spec, "sourceHydrator")
    if hydrator:
        # What Argo CD applies: the branch with the hydrated manifests.
        dry, synced = mapping(hydrator, "drySource"), mapping(hydrator, "syncSource")
        url = text(synced, "repoURL") or text(dry, "repoURL")
        return [{"repoURL": url, "path": text(synced, "path"), "targetRevision": text(synced, "targetBranch")}]
    sources = [source for source in items(spec, "sources") if isinstance(source, Mapping)]
    return sources or [mapping(spec, "source")]


def _discovered(
    origin: ResourceRef,
    status: DeployerStatus,
    source_name: str,
    resource: Object,
    source: Object,
    context: SourceContext,
) -> DiscoveredApplication:
    environment = {
        "ARGOCD_APP_NAME": _instance_name(origin, resource),
        "ARGOCD_APP_NAMESPACE": destination(resource).namespace,
        "ARGOCD_APP_PROJECT_NAME": text(mapping(resource, "spec"), "project"),
        "ARGOCD_APP_SOURCE_REPO_URL": text(source, "repoURL"),
        "ARGOCD_APP_SOURCE_PATH": text(source, "path"),
        "ARGOCD_APP_SOURCE_TARGET_REVISION": text(source, "targetRevision"),
    }
    context = replace(context, environment=environment)
    git: Object | None = source
    if chart := read_chart(source, status.revision):
        rendered, git = read_chart_source(source, context, chart)
        # The revision of a chart is its version, which is not comparable with a commit.
        revision = _deployed_revision(resource, context.sources.index(git)) if git else ""
        status = replace(status, revision=revision)
    else:
        rendered = read_source(source, context)
    return DiscoveredApplication(
        origin=origin,
        status=status,
        url=_url(git) if git else "",
        revision=read_revision(git or source),
        chart=None if git else chart,
        source=rendered,
        destination=_target(resource),
        source_name=source_name,
        prunes=prunes(resource),
    )


def _instance_name(origin: ResourceRef, resource: Object) -> str:
    """The name that Argo CD gives an Application, which contains its namespace unless Argo CD is in it.

    https://github.com/argoproj/argo-cd/blob/master/pkg/apis/application/v1alpha1/types.go (InstanceName)
    """
    is_elsewhere = origin.namespace not in ("", controller_namespace(resource))
    return f"{origin.namespace}_{origin.name}" if is_elsewhere else origin.name


def _target(resource: Object) -> Destination:
    declared = destination(resource)
    return replace(declared, namespace=declared.namespace or "default")


def _page(resource: Object, url: str, default_url: str) -> str:
    """An Application's page; "" if the address of Argo CD's UI is not known, or isn't one."""
    metadata = mapping(resource, "metadata")
    base = url or text(mapping(metadata, "annotations"), MANAGED_BY_URL) or default_url
    if not _URL.fullmatch(base):
        return ""
    path = "/".join(("applications", text(metadata, "namespace"), text(metadata, "name")))
    return f"{base.rstrip('/')}/{quote(path)}"


def _is_values_source(source: Object) -> bool:
    """Whether a source only provides values files to others."""
    return bool(text(source, "ref")) and not text(source, "path") and not text(source, "chart")


def _source_name(source: Object, index: int, names: Mapping[str, int]) -> str:
    """The name of the source at `index`, or else its number. `names` counts the names of all sources."""
    name = text(source, "name")
    is_unique = names[name] == 1 and not name.isdecimal()
    return name if is_unique and _SOURCE_NAME.fullmatch(name) else str(index + 1)


def _url(source: Object) -> str:
    url = text(source, "repoURL")
    if not url:
        raise UnsupportedResourceError(LocalizedText(texts.NO_SOURCE))
    return url


def _ignore_rules(entries: Sequence[object]) -> tuple[tuple[IgnoreRule, ...], tuple[Text, ...]]:
    """The rules of `ignoreDifferences`, and a sentence for each part that the bot cannot read and leaves out.

    A missing group is the core group; a missing name or namespace matches any.
    """
    rules: list[IgnoreRule] = []
    notes: list[Text] = []

    def readable(values: Sequence[object], parse: Callable[[str], object]) -> tuple[str, ...]:
        kept = []
        for value in values:
            try:
                parse(str(value))
                kept.append(str(value))
            except (PointerError, JqError, GlobError) as error:
                notes.append(LocalizedText(texts.RULE_LEFT_OUT, rule=str(value)[:100], why=error.text))
        return tuple(kept)

    kept, left_out = within_limit([entry for entry in entries if isinstance(entry, Mapping)], _selected)
    check_pattern = GlobBudget(MAX_PATTERNS).check
    for entry in kept:
        selectors = [text(entry, "kind") or "*", text(entry, "namespace") or "*", text(entry, "name") or "*"]
        selectors.append(text(entry, "group"))
        if len(readable(selectors, check_pattern)) < len(selectors):
            continue
        kind, namespace, name, group = selectors
        rules.append(
            IgnoreRule(
                kind=kind,
                namespace=namespace,
                name=name,
                group=group,
                json_pointers=readable(items(entry, "jsonPointers"), parse_pointer),
                jq_path_expressions=readable(items(entry, "jqPathExpressions"), parse_jq),
                managed_fields_managers=readable(items(entry, "managedFieldsManagers"), check_pattern),
                title=LocalizedText(texts.ITS_RULE),
            )
        )
    return tuple(rules), (*left_out, *notes)[:MAX_NOTES]


def _selected(rule: Object) -> int:
    """How many paths, expressions and managers a rule has."""
    return sum(len(items(rule, key)) for key in ("jsonPointers", "jqPathExpressions", "managedFieldsManagers"))


def _deployed_revision(resource: Object, index: int | None) -> str:
    """The commit or version of the source at `index` of several; None for an only source."""
    sync = mapping(resource, "status", "sync")
    revisions = items(sync, "revisions")
    return str(revisions[index]) if index is not None and index < len(revisions) else text(sync, "revision")


def _word(value: str) -> str:
    """A status or revision; "" if it can't be one. Whoever may write an Application may write any text there."""
    return value if len(value) <= _MAX_WORD and value.isprintable() and " " not in value else ""


def _status(resource: Object, index: int | None) -> DeployerStatus:
    """What Argo CD reports, with the revision of the source at `index` of several; None for an only source."""
    status = mapping(resource, "status")
    sync = mapping(status, "sync")
    automated = mapping(resource, "spec", "syncPolicy").get("automated")
    is_automatic = isinstance(automated, Mapping) and automated.get("enabled") is not False
    return DeployerStatus(
        DEPLOYER,
        sync=_word(text(sync, "status")),
        health=_word(text(mapping(status, "health"), "status")),
        revision=_word(_deployed_revision(resource, index)),
        sync_mode=SyncMode.AUTOMATIC if is_automatic else SyncMode.MANUAL,
        failure=failure(resource),
    )
