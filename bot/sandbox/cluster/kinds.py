"""The kinds that the sandbox cluster serves, built-in or defined by a CustomResourceDefinition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from bot.sandbox.cluster.schema import ANY, Schema, builtin, from_crd

VERBS = ("create", "delete", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Kind:
    """One served kind. `group` "" is the core group; `subresources` can contain `status` and `scale`.

    With `counts`, the server maintains its metadata.generation.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    counts: bool = False
    custom: bool = False
    schema: Schema = field(default=ANY, compare=False, repr=False)

    @property
    def api_version(self) -> str:
        """The apiVersion in manifests: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def singular(self) -> str:
        """The kind in lower case."""
        return self.kind.lower()

    @property
    def resource(self) -> str:
        """The name in error messages: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def path(self) -> str:
        """The root of its group version: `/api/v1`, `/apis/apps/v1`."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    def whole(self, body: bytes) -> bytes:
        """Add apiVersion and kind to an object's JSON."""
        return orjson.dumps({"kind": self.kind, "apiVersion": self.api_version})[:-1] + b"," + body[1:]


# group/version, then one kind per line: kind, plural, short names, flags
# (c cluster-scoped, s status, x scale, g generation, a in category "all")
TABLE = """
v1
  ConfigMap configmaps cm -
  Event events ev -
  LimitRange limitranges limits -
  Namespace namespaces ns cs
  PersistentVolumeClaim persistentvolumeclaims pvc s
  Pod pods po sga
  ResourceQuota resourcequotas quota s
  Secret secrets - -
  Service services svc sa
  ServiceAccount serviceaccounts sa -
admissionregistration.k8s.io/v1
  MutatingWebhookConfiguration mutatingwebhookconfigurations - cg
  ValidatingWebhookConfiguration validatingwebhookconfigurations - cg
apiextensions.k8s.io/v1
  CustomResourceDefinition customresourcedefinitions crd,crds csg
apps/v1
  DaemonSet daemonsets ds sga
  Deployment deployments deploy sxga
  ReplicaSet replicasets rs sxga
  StatefulSet statefulsets sts sxga
autoscaling/v2
  HorizontalPodAutoscaler horizontalpodautoscalers hpa sa
batch/v1
  CronJob cronjobs cj sga
  Job jobs - sga
networking.k8s.io/v1
  Ingress ingresses ing sg
  IngressClass ingressclasses - cg
  NetworkPolicy networkpolicies netpol g
policy/v1
  PodDisruptionBudget poddisruptionbudgets pdb sg
rbac.authorization.k8s.io/v1
  ClusterRole clusterroles - c
  ClusterRoleBinding clusterrolebindings - c
  Role roles - -
  RoleBinding rolebindings - -
scheduling.k8s.io/v1
  PriorityClass priorityclasses pc cg
storage.k8s.io/v1
  StorageClass storageclasses sc c
"""


def builtin_kinds() -> list[Kind]:
    """The built-in kinds."""
    kinds, group, version = [], "", ""
    for line in TABLE.strip().splitlines():
        if not line.startswith(" "):
            group, _, version = line.rpartition("/")
            continue
        kind, plural, short, flags = line.split()
        kinds.append(
            Kind(
                group,
                version,
                kind,
                plural,
                namespaced="c" not in flags,
                short_names=() if short == "-" else tuple(short.split(",")),
                categories=("all",) if "a" in flags else (),
                subresources=("status",) * ("s" in flags) + ("scale",) * ("x" in flags),
                counts="g" in flags,
                schema=builtin()[kind],
            )
        )
    return kinds


def kinds_of_crd(crd: Mapping[str, Any]) -> list[Kind]:
    """The kinds of a CustomResourceDefinition, one per served version, storage version first."""
    spec = crd["spec"]
    names = spec["names"]
    versions = sorted((v for v in spec["versions"] if v.get("served")), key=lambda v: not v.get("storage"))
    return [
        Kind(
            spec["group"],
            version["name"],
            names["kind"],
            names["plural"],
            namespaced=spec["scope"] == "Namespaced",
            short_names=tuple(names.get("shortNames", ())),
            categories=tuple(names.get("categories", ())),
            subresources=tuple(name for name in ("status", "scale") if name in version.get("subresources", {})),
            counts=True,
            custom=True,
            schema=from_crd(
                version.get("schema", {}).get("openAPIV3Schema", {"type": "object"}),
                f"{'.'.join(reversed(spec['group'].split('.')))}.{version['name']}.{names['kind']}",
            ),
        )
        for version in versions
    ]
