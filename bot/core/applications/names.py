"""Names the applications that resources declare: no other resource ever changes or takes over the name of one."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from bot.core.applications.resource_ref import ResourceRef

ResourceKey = tuple[str, str, str, str]  # as in ResourceRef.key

_FORMS: Final = (
    "{name}",
    "{cluster}/{name}",
    "{namespace}/{name}",
    "{cluster}/{namespace}/{name}",
    "{cluster}/{namespace}/{kind}/{name}",
)


def assign_names(
    source_names: Mapping[ResourceRef, Collection[str]], taken: Iterable[str], held: Mapping[str, ResourceKey]
) -> dict[tuple[ResourceRef, str], str]:
    """A unique name for each source of each resource, by resource and source name; none if every form is taken.

    A resource keeps the names that it already has: those `held` under its key. The others get theirs in order of age:
    the first form that no earlier resource of the same name shares, and that makes no name that is `taken` by the
    configuration, held for another resource, or used by an earlier one.
    """
    names: dict[tuple[ResourceRef, str], str] = {}
    used_names = set(taken)
    used_forms: defaultdict[str, set[str]] = defaultdict(set)
    own_names: defaultdict[ResourceKey, set[str]] = defaultdict(set)
    for name, key in held.items():
        own_names[key].add(name)
    for resource in sorted(source_names, key=lambda resource: (resource.key not in own_names, resource.age)):
        forms = {form: _format(form, resource.key) for form in _FORMS}
        candidates = {
            form: {source: f"{base}.{source}" if source else base for source in source_names[resource]}
            for form, base in forms.items()
        }
        own = own_names.get(resource.key, set())
        for form in sorted(_FORMS, key=lambda form: own.isdisjoint(candidates[form].values())):
            new_names = candidates[form].values()
            is_own = not own.isdisjoint(new_names)
            is_free = all(held.get(name, resource.key) == resource.key for name in new_names)
            if (is_own or forms[form] not in used_forms[form]) and is_free and used_names.isdisjoint(new_names):
                names |= {(resource, source): name for source, name in candidates[form].items()}
                used_names.update(new_names)
                break
        for form, base in forms.items():
            used_forms[form].add(base)
    return names


def may_be_named(resource: ResourceKey, name: str) -> bool:
    """Whether one of the resource's sources can get this name."""
    bases = [_format(form, resource) for form in _FORMS]
    return any(name == base or name.startswith(f"{base}.") for base in bases)


def _format(form: str, resource: ResourceKey) -> str:
    cluster, kind, namespace, name = resource
    return form.format(cluster=cluster, namespace=namespace, kind=kind.lower(), name=name)
