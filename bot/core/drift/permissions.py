"""The permissions that an RBAC role gained and lost, and its subjects."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, Final

from bot.core.objects.resource import items

Permission = tuple[str, str, str, str]  # API group, resource, object name ("" for all) and verb

_MAX_PERMISSIONS: Final = 5_000  # of one role; more are not compared


def changed_permissions(desired: Any, live: Any) -> tuple[list[tuple[str, str]], list[tuple[str, str]]] | None:
    """What only the rules in the cluster allow, and what only those in git do: (verbs, resources) of each, as text.

    None if there are too many to compare, or if they are not RBAC rules.
    https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/cluster-role-v1/
    """
    before, after = _permissions(desired), _permissions(live)
    if before is None or after is None:
        return None
    return _grouped(_uncovered(after, before)), _grouped(_uncovered(before, after))


def subject_name(subject: Any) -> str:
    """`User eve`, `ServiceAccount ci/deployer`."""
    if not isinstance(subject, dict):
        return str(subject)
    namespace = f"{subject['namespace']}/" if subject.get("namespace") else ""
    return f"{subject.get('kind', '')} {namespace}{subject.get('name', '')}".strip()


def _permissions(rules: Any) -> dict[Permission, None] | None:
    """The permissions in the order of the rules."""
    permissions: dict[Permission, None] = {}
    for rule in rules if isinstance(rules, list) else ():
        if not isinstance(rule, dict):
            return None
        urls = [("", url, "") for url in items(rule, "nonResourceURLs")]
        names = items(rule, "resourceNames") or [""]
        resources = product(items(rule, "apiGroups") or [""], items(rule, "resources"), names)
        if len(permissions) + len(items(rule, "verbs")) * len(names) * len(items(rule, "resources")) > _MAX_PERMISSIONS:
            return None
        for (group, resource, name), verb in product([*resources, *urls], items(rule, "verbs")):
            permissions[str(group), str(resource), str(name), str(verb)] = None
    return permissions


def _uncovered(permissions: Iterable[Permission], by: dict[Permission, None]) -> Iterator[Permission]:
    for group, resource, name, verb in permissions:
        wider = product((group, "*"), (resource, "*"), (name, ""), (verb, "*"))
        if not any(permission in by for permission in wider):
            yield group, resource, name, verb


def _grouped(permissions: Iterable[Permission]) -> list[tuple[str, str]]:
    """The permissions grouped by resources with the same verbs."""
    verbs: dict[tuple[str, str, str], list[str]] = {}
    for group, resource, name, verb in permissions:
        verbs.setdefault((group, resource, name), []).append(verb)
    resources: dict[tuple[str, ...], dict[str, None]] = {}
    for (_, resource, name), several in verbs.items():
        resources.setdefault(tuple(several), {})[f'{resource} "{name}"' if name else resource] = None
    return [(", ".join(several), ", ".join(names)) for several, names in resources.items()]
