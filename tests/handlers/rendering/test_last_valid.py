"""The commit before invalid manifests: found in few renderings, however many commits are in between, and remembered."""

import pytest

from bot.core.rendering.source import Source
from bot.handlers.rendering import manifest_cache
from bot.ports.bases import BaseUnavailableError, LastingBaseError
from bot.ports.charts import ChartError, LastingChartError
from bot.ports.git import RepositoryError, UnreadablePathError
from bot.ports.rendering import Renderer, RenderError, RenderPostponedError, RenderStoppedError
from tests.common.kubernetes import as_yaml, config_map

ERRORS = {
    "u": RenderError,
    "s": RenderStoppedError,
    "c": LastingChartError,
    "b": LastingBaseError,
    "l": UnreadablePathError,
    # It may be valid:
    "p": RenderPostponedError,
    "C": ChartError,
    "B": BaseUnavailableError,
    "R": RepositoryError,
}


class _FailingRenderer(Renderer):
    """Fails as the first letter in state.txt says, unless it is repaired."""

    runs = 0
    is_repaired = False

    def kustomize(self, files, path, **options):
        del options
        self.runs += 1
        state = next(file.content.decode() for file in files if file.path == f"{path}/state.txt")
        if state[0] in ERRORS and not self.is_repaired:
            raise ERRORS[state[0]]("It failed.")
        return as_yaml(config_map(state=state)).encode()


@pytest.fixture
def history(rendering):
    """Commits a change for each letter: v is valid, i is invalid, a dot is unrelated, and the rest as in ERRORS.

    The path has no files before the first one.
    """
    rendering.use(_FailingRenderer())

    def commit(letters):
        shas = [rendering.commit({"README.md": "before"})]
        for number, letter in enumerate(letters):
            kustomization = "resources: [" if letter == "i" else "configMapGenerator: [{files: [state.txt]}]"
            state = {"app/kustomization.yaml": kustomization, "app/state.txt": f"{letter}{number}"}
            shas.append(rendering.commit({"README.md": str(number)} if letter == "." else state))
        return shas

    return commit


def last_valid(rendering, revision):
    return rendering.cache.last_valid(rendering.repository, revision, Source("app"))


@pytest.mark.parametrize(
    ("letters", "valid", "was_invalid", "was_unrendered"),
    [
        ("vv.", 3, False, False),
        ("vi", 1, True, False),
        ("v.i...i..", 2, True, False),
        ("vvvviiiiii", 4, True, False),
        ("v.u....u", 2, True, True),
        ("viu", 1, True, True),
        ("vu.v.i", 5, True, False),
        ("ui.", 0, True, True),  # the path didn't exist
        ("vs.s", 1, True, True),
        ("v.c", 2, True, True),
        ("vcib.l", 1, True, True),
    ],
)
def test_the_commit_before_invalid_manifests_is_found_once(
    rendering, history, letters, valid, was_invalid, was_unrendered
):
    shas = history(letters)
    expected = manifest_cache.LastValid(shas[valid], was_invalid, was_unrendered)
    assert last_valid(rendering, shas[-1]) == expected
    runs = rendering.programs.runs
    assert last_valid(rendering, shas[-1]) == expected
    assert rendering.programs.runs == runs


def test_commits_before_the_last_thousand_are_not_tried(rendering, history, monkeypatch):
    monkeypatch.setattr(manifest_cache, "_MAX_COMMITS", 5)
    shas = history("viiiii")
    assert last_valid(rendering, shas[5]).revision == shas[1]
    assert last_valid(rendering, shas[6]) == manifest_cache.LastValid(None, was_invalid=True)


@pytest.mark.parametrize("letter", ["s", "c", "b", "l"])
def test_what_was_not_rendered_is_tried_again_after_a_while(rendering, history, monkeypatch, letter):
    monkeypatch.setattr(manifest_cache, "_RETRY_AFTER", 0)
    shas = history(f"v{letter}")
    assert last_valid(rendering, shas[-1]) == manifest_cache.LastValid(shas[1], True, True)
    rendering.programs.is_repaired = True
    assert last_valid(rendering, shas[-1]) == manifest_cache.LastValid(shas[-1])


def test_what_has_no_history_is_tried_again_after_a_while(rendering, history, monkeypatch):
    """Such as a chart."""
    shas = history("vs")
    monkeypatch.setattr(rendering.repository, "first_parent", lambda *_, **__: [])
    assert last_valid(rendering, shas[-1]) == manifest_cache.LastValid(None, True, True)
    monkeypatch.setattr(manifest_cache, "_RETRY_AFTER", 0)
    rendering.programs.is_repaired = True
    assert last_valid(rendering, shas[-1]) == manifest_cache.LastValid(shas[-1])


@pytest.mark.parametrize("letter", ["p", "C", "B", "R"])
@pytest.mark.parametrize("letters", ["v{}", "v{}i"])
def test_a_commit_that_may_be_valid_is_not_skipped(rendering, history, letters, letter):
    shas = history(letters.format(letter))
    with pytest.raises(ERRORS[letter]):
        last_valid(rendering, shas[-1])
