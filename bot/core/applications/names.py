"""Names the applications that resources declare: a resource that is created later never changes an older one's name."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from bot.core.applications.resource_ref import ResourceRef

_FORMS: Final = (
    "{name}",
    "{cluster}/{name}",
    "{namespace}/{name}",
    "{cluster}/{namespace}/{name}",
    "{cluster}/{namespace}/{kind}/{name}",
)


def assign_names(
    source_names: Mapping[ResourceRef, Collection[str]], taken: Iterable[str]
) -> dict[tuple[ResourceRef, str], str]:
    """A unique name for each source of each resource, by resource and source name; none if every form is taken.

    Resources get their names in order of age: the first form that no older resource of the same name shares, and that
    makes no name that is `taken`, by the configuration or by an older resource.
    """
    names: dict[tuple[ResourceRef, str], str] = {}
    used_names = set(taken)
    used_forms: defaultdict[str, set[str]] = defaultdict(set)
    for resource in sorted(source_names, key=lambda resource: resource.age):
        forms = {form: _format(form, resource) for form in _FORMS}
        for form, base in forms.items():
            candidates = {source: f"{base}.{source}" if source else base for source in source_names[resource]}
            if base not in used_forms[form] and used_names.isdisjoint(candidates.values()):
                names |= {(resource, source): name for source, name in candidates.items()}
                used_names.update(candidates.values())
                break
        for form, base in forms.items():
            used_forms[form].add(base)
    return names


def _format(form: str, resource: ResourceRef) -> str:
    return form.format(
        cluster=resource.cluster, namespace=resource.namespace, kind=resource.kind.lower(), name=resource.name
    )
