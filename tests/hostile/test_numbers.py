"""Numbers in text from outside that Python's `int` refuses: more than 4,300 digits, and digits that are not decimal."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.forges.errors import retry_time
from bot.core.applications.argocd_source import SourceContext, override_source, read_source
from bot.core.applications.discovery import UnsupportedResourceError
from bot.core.git.semver import MAX_VERSION, Version
from bot.core.git.target_revision import Ref, Refs, TargetRevision, resolve_revision
from bot.core.health.assess import assess

LONG = "9" * 5_000
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize("digits", [LONG, "²"], ids=["long", "superscript"])
def test_an_observed_generation_is_not_a_number(digits):
    rollout = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"generation": 1},
        "status": {"observedGeneration": digits},
    }
    assert assess(rollout).status


@pytest.mark.parametrize(
    "count", [LONG, 10**5_000, "²", True, -1], ids=["text", "number", "superscript", "bool", "negative"]
)
def test_a_number_of_replicas_is_refused(count):
    base = {"repoURL": "https://git.example/x.git", "path": "app"}
    source = read_source(base, SourceContext("web", "shop", [base], "[]"))
    with pytest.raises(UnsupportedResourceError, match="replicas"):
        override_source(
            source, [(".argocd-source.yaml", {"kustomize": {"replicas": [{"name": "web", "count": count}]}})]
        )


def test_versions_of_any_valid_length_are_ordered():
    longest = "9" * (MAX_VERSION - len("1.0.0-"))
    assert Version.parse(f"1.0.0-{longest}0") is None
    versions = [f"1.0.0-{identifier}" for identifier in ("2", "10", "010a", longest[1:], longest, "rc")]
    parsed = [Version.parse(text) for text in versions]
    assert sorted(parsed) == [parsed[index] for index in (0, 1, 3, 4, 2, 5)]


def test_branches_with_numbers_of_any_length_are_ordered():
    names = ["release-9", f"release-{LONG}", f"release-1{LONG}", "release-1.10-rc2"]
    refs = Refs(branches=[Ref(name, str(number) * 40, 0) for number, name in enumerate(names)])
    newest = resolve_revision(TargetRevision("release-*"), refs)
    assert newest.name == f"release-1{LONG}"


@pytest.mark.parametrize("name", ["retry-after", "x-reset"])
@pytest.mark.parametrize("digits", [LONG, "²"], ids=["long", "superscript"])
def test_a_time_to_retry_at_is_not_plausible(name, digits):
    assert retry_time({name: digits}, "x-reset", NOW) == NOW + timedelta(minutes=1)
