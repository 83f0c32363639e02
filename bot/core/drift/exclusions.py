"""Fields that are compared differently or never: the server's metadata, deployers' labels, and restart annotations."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.core.objects.managed_fields import LAST_APPLIED
from bot.core.objects.path import Segment
from bot.core.objects.resource import mapping

_ROOT: Final = frozenset(("apiVersion", "kind", "status"))
_NESTED_METADATA: Final = frozenset(
    (
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    )
)
_METADATA: Final = (_NESTED_METADATA | {"name", "namespace", "generateName"}) - {"deletionTimestamp"}
_NONE: Final[frozenset[str]] = frozenset()

# Of an object that is being deleted. A finalizer may keep it for a long time.
DELETION: Final = ("metadata", "deletionTimestamp")
DELETION_PATH: Final = ".".join(DELETION)
# Fields that only controllers fill in, after the object exists: what a person owns there was added by hand. The garbage
# collector deletes an object with an owner that does not exist. `secrets` are those of a ServiceAccount.
ADDED_LATER: Final = frozenset((("metadata", "ownerReferences"), ("secrets",)))

# Labels and annotations by which a deployer recognizes the objects it applied.
DEPLOYER_MARKS: Final = frozenset(
    (
        LAST_APPLIED,
        "argocd.argoproj.io/installation-id",
        "argocd.argoproj.io/instance",
        "argocd.argoproj.io/tracking-id",
        "applyset.kubernetes.io/part-of",
        "helm.toolkit.fluxcd.io/name",
        "helm.toolkit.fluxcd.io/namespace",
        "kustomize.toolkit.fluxcd.io/checksum",
        "kustomize.toolkit.fluxcd.io/name",
        "kustomize.toolkit.fluxcd.io/namespace",
        "meta.helm.sh/release-name",
        "meta.helm.sh/release-namespace",
    )
)
# Deployers set these too, but so do people: they count as deployers' marks unless someone has set them by hand.
SHARED_MARKS: Final = frozenset(("app.kubernetes.io/instance", "app.kubernetes.io/managed-by"))

# Labels and annotations of objects that the API server and its controllers fill in. The generation of a DaemonSet's
# template is recorded under the name of the manager that changed the template.
_SERVER_KEYS: Final = frozenset(
    (
        "deployment.kubernetes.io/revision",
        "deprecated.daemonset.template.generation",
        "kubernetes.io/metadata.name",
    )
)
# Labels that the API server adds to a Job's template and, if the Job has no labels, to the Job.
_JOB_KEYS: Final = frozenset(
    (
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "controller-uid",
        "job-name",
    )
)
# Prefixes of labels and annotations that only Kubernetes' own controllers write.
# https://kubernetes.io/docs/reference/labels-annotations-taints/
_CONTROLLER_PREFIXES: Final = frozenset(
    (
        "autoscaling.alpha.kubernetes.io",
        "batch.kubernetes.io",
        "control-plane.alpha.kubernetes.io",
        "deployment.kubernetes.io",
        "endpoints.kubernetes.io",
        "pv.kubernetes.io",
        "volume.beta.kubernetes.io",
        "volume.kubernetes.io",
    )
)
_RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"
_DUMPED: Final = frozenset((LAST_APPLIED,))  # in the template of a SealedSecret, for example, if it is from a dump
_TEMPLATES: Final = ("template", "Template", "Templates")  # endings of the names of template fields


def uncompared_keys(path: Sequence[Segment]) -> frozenset[str]:
    """The keys that are never compared in the mapping at a path."""
    if not path:
        return _ROOT
    last = path[-1]
    if last == "metadata":
        return _METADATA if len(path) == 1 else _NESTED_METADATA if _is_object_metadata(path, len(path)) else _NONE
    if last not in ("annotations", "labels") or not _is_object_metadata(path, len(path) - 1):
        return _NONE
    return DEPLOYER_MARKS if len(path) == 2 else _DUMPED


def holds_labels(path: Sequence[Segment]) -> bool:
    """Whether this is the `labels` or `annotations` of an object or of a template."""
    return len(path) > 1 and path[-1] in ("labels", "annotations") and path[-2] == "metadata"


def is_label(path: Sequence[Segment]) -> bool:
    """Whether this is one label or annotation of an object or of a template."""
    return len(path) > 2 and path[-2] in ("labels", "annotations") and _is_object_metadata(path, len(path) - 2)


def is_filled_in_label(path: Sequence[Segment], *, of_job: bool) -> bool:
    """Whether this is a label or annotation that the API server or one of its controllers fills in."""
    is_generated = (of_job and path[-1] in _JOB_KEYS) or (len(path) == 3 and path[-1] in _SERVER_KEYS)
    return is_generated and is_label(path)


def is_controller_label(path: Sequence[Segment]) -> bool:
    """Whether this is a label or annotation whose prefix only Kubernetes' own controllers use."""
    key = path[-1]
    return isinstance(key, str) and key.partition("/")[0] in _CONTROLLER_PREFIXES and is_label(path)


def is_shared_mark(path: Sequence[Segment]) -> bool:
    """Whether this is a label of the object that deployers use as a mark, and people for their own purposes."""
    return len(path) == 3 and path[-1] in SHARED_MARKS and is_label(path)


def has_deployer_mark(live: Mapping[str, Any]) -> bool:
    """Whether a live object has a mark that only deployers set: people use `kubectl apply` too."""
    metadata = mapping(live, "metadata")
    keys = mapping(metadata, "labels").keys() | mapping(metadata, "annotations").keys()
    return not keys.isdisjoint(DEPLOYER_MARKS - {LAST_APPLIED})


def is_restart_stamp(path: Sequence[Segment]) -> bool:
    """Whether this is the annotation that `kubectl rollout restart` sets."""
    return path[-1] == _RESTARTED_AT and tuple(path[-4:-1]) == ("template", "metadata", "annotations")


def is_in_template(path: Sequence[Segment]) -> bool:
    """Whether this is inside the template of other objects, where the server fills in only defaults."""
    return "template" in path or "jobTemplate" in path


def _is_object_metadata(path: Sequence[Segment], length: int) -> bool:
    """Whether the first `length` segments lead to the metadata of an object or of a template.

    Other fields, such as those of custom resources, may be named `metadata` too.
    """
    if length < 2 or path[length - 1] != "metadata":
        return length == 1 and path[0] == "metadata"
    parent = path[length - 2]
    if not isinstance(parent, str):  # a list of templates
        parent = path[length - 3]
    return isinstance(parent, str) and parent.endswith(_TEMPLATES)
