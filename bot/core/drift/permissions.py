"""The permissions that an RBAC role gained and lost, and its subjects."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, Final

from bot.core.objects.resource import items

Permission = tuple[str, str, str, str]  # API group, resource, object name ("" for all) and verb

# Of one role, before duplicates are removed; more, or longer names, are not compared.
_MAX_PERMISSIONS: Final = 5_000
_MAX_NAME: Final = 500  # characters of a group, a resource, an object, a URL or a verb
_KEYS: Final = ("apiGroups", "resources", "resourceNames", "nonResourceURLs", "verbs")


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
    """The permissions in the order of the rules; None if there are too many, which are not put together."""
    permissions: dict[Permission, None] = {}
    count = 0
    for rule in rules if isinstance(rules, list) else ():
        if not isinstance(rule, dict):
            return None
        groups, resources, names, urls, verbs = lists = [[str(item) for item in items(rule, key)] for key in _KEYS]
        groups, names = groups or [""], names or [""]
        count += (len(groups) * len(resources) * len(names) + len(urls)) * (len(verbs) or 1)
        if count > _MAX_PERMISSIONS or any(len(text) > _MAX_NAME for texts in lists for text in texts):
            return None
        for (group, resource, name), verb in product(
            [*product(groups, resources, names), *(("", url, "") for url in urls)], verbs
        ):
            permissions[group, resource, name, verb] = None
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
