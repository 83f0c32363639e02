"""Which resource of Argo CD or Flux declares an application."""

from dataclasses import dataclass

from bot.core.objects.resource import Object, mapping, text
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText, Text


@dataclass(frozen=True, slots=True)
class ResourceRef:
    """The deployer's resource that declares an application, on `cluster`.

    `created` is its creationTimestamp as the API server wrote it, which nobody can choose or change; "" if unknown.
    """

    deployer: str
    kind: str
    cluster: str
    namespace: str
    name: str
    created: str = ""

    @classmethod
    def of(cls, deployer: str, kind: str, cluster: str, resource: Object) -> "ResourceRef":
        """The reference to a resource of this kind."""
        metadata = mapping(resource, "metadata")
        namespace, name, created = (text(metadata, key) for key in ("namespace", "name", "creationTimestamp"))
        return cls(deployer, kind, cluster, namespace, name, created)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies the resource, also after it was deleted and created again."""
        return self.cluster, self.kind, self.namespace, self.name

    @property
    def title(self) -> Text:
        """`Application argocd/shop on prod`."""
        return LocalizedText(
            texts.ORIGIN, kind=self.kind, namespace=self.namespace, name=self.name, cluster=self.cluster
        )

    @property
    def age(self) -> tuple[str, ...]:
        """What sorts resources, oldest first. Those of the same second are in a fixed order."""
        return self.created or "unknown", self.cluster, self.namespace, self.kind, self.name
