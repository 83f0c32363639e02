"""Remote bases of kustomizations: fetched into mirrors, followed, and rendered without the network."""

import os
import shutil
import threading
import time
from unittest.mock import Mock

import pytest

from bot.adapters.git import bases as adapter
from bot.adapters.git import mirror as git_mirror
from bot.adapters.git.bases import GitBases
from bot.adapters.git.bounds import UNUSED_SECONDS
from bot.adapters.git.repository import GitRepository
from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.applications.resource_ref import ResourceRef
from bot.core.git.target_revision import HEAD, TargetRevision
from bot.core.rendering.remote_base import RemoteBase
from bot.core.rendering.remote_file import RemoteFile
from bot.core.rendering.source import KustomizeParameters, Source
from bot.handlers.rendering import bases as mounted_bases
from bot.handlers.rendering.affected import affected_applications, possibly_affected
from bot.ports.bases import BaseUnavailableError, LastingBaseError
from bot.ports.git import RepositoryError
from bot.ports.tenant import CURRENT_TENANT
from tests.common.git import SourceRepository
from tests.common.samples import application as sample

ONE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {level: info}\n"
BASE = {"web/kustomization.yaml": "resources: [one.yaml]\n", "web/one.yaml": ONE}
URL = "https://git.example.org/acme/bases"


class LocalBases(GitBases):
    """Fetches https://git.example.org/acme/NAME from a folder of that name."""

    def __init__(self, tmp_path, allow=("git.example.org",)):
        super().__init__(tmp_path / "mirrors" / "bases", allow)
        self.remotes = tmp_path / "remotes"

    def _tracking(self, base, revision):
        name = self._mirror(base)
        return GitRepository(base.location, str(self.remotes / name), revision, self._folder, mirror=name)

    @staticmethod
    def _mirror(base):
        return base.location.rpartition("/")[2]


@pytest.fixture
def remote(tmp_path):
    remote = SourceRepository(tmp_path / "remotes" / "bases")
    remote.commit("first", BASE)
    return remote


@pytest.fixture
def following(rendering, tmp_path, remote, monkeypatch):
    """A rendering that follows bases; every check fetches branches and tags again."""
    monkeypatch.setattr(adapter, "_FETCH_EVERY", 0.0)
    rendering.use(ProgramRenderer.find(), LocalBases(tmp_path))
    return rendering


def app(*entries, more=""):
    return {"app/kustomization.yaml": f"resources: [{', '.join(map(repr, entries))}]\n{more}"}


def render(rendering, source=None):
    """Each object's name and level, and the notes."""
    rendered = rendering.cache.rendering(rendering.repository, rendering.repository.head(), source or Source("app"))
    objects = {manifest.name: manifest.object.get("data", {}).get("level") for manifest in rendered.manifests}
    return objects, [str(note) for note in rendered.notes]


def test_a_pinned_base_renders_like_one_in_the_repository(following, remote, tmp_path):
    other = SourceRepository(tmp_path / "remotes" / "other")
    two = ONE.replace("one", "two")
    component = "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnameSuffix: -x\n"
    nested = {"kustomization.yaml": "resources: [two.yaml]\ncomponents: [a/b]\n", "two.yaml": two}
    nested["a/b/kustomization.yaml"] = component
    pinned = f"git::https://git.example.org/acme/other.git?ref={other.commit('nested', nested)}"
    sha = remote.commit("second", {"web/kustomization.yaml": f"resources: [one.yaml, '{pinned}']\n"})
    overlay = "namePrefix: p-\nconfigMapGenerator: [{name: one, behavior: merge, literals: [level=debug]}]\n"
    following.commit(app(f"{URL}//web?ref={sha}", more=overlay))
    objects, notes = render(following)
    assert {name[:5]: level for name, level in objects.items()} == {"p-one": "debug", "p-two": "info"}
    assert notes == []
    for gone in (remote.path, other.path):
        shutil.rmtree(gone)
    following.use(ProgramRenderer.find(), LocalBases(tmp_path))
    assert render(following) == (objects, notes)


def test_a_base_pinned_to_a_commit_in_no_branch_is_fetched_by_its_sha(following, remote, tmp_path):
    """It was fetched for a repository that nothing read, so the application stayed unknown."""
    kept, sha = remote.sha(), remote.commit("second", {"web/one.yaml": ONE.replace("info", "debug")})
    remote.git("reset", "--hard", kept)
    following.commit(app(f"{URL}//web?ref={sha}"))
    assert render(following) == ({"one": "debug"}, [])
    remote.commit("third", {"README.md": "hello"})
    shutil.rmtree(remote.path)
    following.use(ProgramRenderer.find(), LocalBases(tmp_path))
    assert render(following) == ({"one": "debug"}, [])


def test_a_pinned_commit_that_the_server_does_not_have_says_what_to_do(following):
    error = following.error(app(f"{URL}//web?ref={'c' * 40}"))
    assert error.endswith("by SHA. Pin the base to a commit in a branch or tag.")


@pytest.mark.parametrize("ref", ["", "?ref=1.x", "?version=v1"])
def test_a_floating_ref_is_followed_and_named(following, remote, ref):
    remote.git("branch", "1.x")
    remote.git("tag", "v1")
    following.commit(app(f"{URL}/web{ref}"))
    note = f"The base git.example.org/acme/bases//web{ref.replace('version', 'ref')} is not pinned to a commit"
    first, notes = render(following)
    assert (first, notes[0].startswith(note)) == ({"one": "info"}, True)
    manifests = following.render("app")
    assert following.render("app") is manifests
    remote.commit("second", {"web/one.yaml": ONE.replace("info", "debug")})
    for moved in (["branch", "-f", "1.x"], ["tag", "-f", "v1"]):
        remote.git(*moved)
    assert render(following)[0] == {"one": "debug"}


def test_a_commit_elsewhere_in_a_base_renders_nothing_again(following, remote):
    following.commit(app(f"{URL}//web"))
    manifests = following.render("app")
    remote.commit("second", {"README.md": "hello"})
    assert following.render("app") is manifests


def test_a_base_is_read_in_the_time_of_any_tenant_that_uses_it(following, tmp_path):
    """The first tenant to mention a base kept it from all others."""
    stopped = set()

    class Bases(LocalBases):
        def revision(self, base):
            if CURRENT_TENANT.get() in stopped:
                raise RepositoryError("It is still being fetched.")
            return super().revision(base)

    following.use(ProgramRenderer.find(), Bases(tmp_path))
    following.commit({**app(f"{URL}//web"), "slow/kustomization.yaml": app(f"{URL}//web")["app/kustomization.yaml"]})
    following.render(Source("slow", tenant="prod/slow"))
    source = Source("app", tenant="prod/other")
    manifests = following.render(source)
    stopped.add("prod/slow")
    assert following.render(source) is manifests


@pytest.mark.parametrize(
    ("ref", "is_own"), [("?ref=main", True), ("", True), ("?ref=refs/heads/main", True), ("?ref=old", False)]
)
@pytest.mark.parametrize("ignore", [None, "/web"], ids=["path", "flux"])
def test_a_base_in_the_branch_of_its_own_repository_is_a_path_in_it(following, tmp_path, ref, is_own, ignore):
    """A revert of the base asked for no permission, and its merge was a drift alert instead of a rollout."""
    following.repository.url = "https://git.example.org/acme/platform.git"
    (tmp_path / "remotes" / "platform").symlink_to(following.source.path)
    before = following.commit({**app(f"https://git.example.org/acme/platform//web{ref}"), **BASE})
    following.source.git("branch", "old")
    source = Source("app", ignore=ignore)
    assert render(following, source)[0] == {"one": "info"}
    after = following.commit({"web/one.yaml": ONE.replace("info", "debug")})
    objects, notes = render(following, source)
    assert (objects, not notes) == ({"one": "debug" if is_own else "info"}, is_own)
    application = sample(rendered=source)
    affected = [application] if is_own else []
    assert affected_applications(following.repository, before, after, [application], following.cache) == affected
    assert (
        list(
            possibly_affected(
                following.repository, after, ["web/one.yaml"], [application], following.cache
            ).applications
        )
        == affected
    )
    assert possibly_affected(following.repository, after, ["other"], [application], following.cache).names == ()


def own_base(following, tmp_path):
    """Let the application refer to a base in the default branch of its own repository, by URL."""
    following.repository = GitRepository("platform", following.source.url, TargetRevision(HEAD), tmp_path / "mirrors")
    following.repository.url = "https://git.example.org/acme/platform.git"
    (tmp_path / "remotes" / "platform").symlink_to(following.source.path)
    return following.commit({**app("https://git.example.org/acme/platform//web"), **BASE})


def test_a_base_in_its_own_repository_that_git_cannot_read_once_does_not_count_as_unchanged(
    following, tmp_path, monkeypatch
):
    application, before = sample(rendered=Source("app")), own_base(following, tmp_path)
    following.render("app", before)
    after = following.commit({"web/one.yaml": ONE.replace("info", "debug")})
    with monkeypatch.context() as failing:
        failing.setattr(GitRepository, "tree_id", Mock(side_effect=RepositoryError("git did not complete in 60 s")))
        with pytest.raises(RepositoryError):
            affected_applications(following.repository, before, after, [application], following.cache)
    assert affected_applications(following.repository, before, after, [application], following.cache) == [application]


def test_an_unchanged_base_in_its_own_repository_starts_no_git(following, tmp_path, monkeypatch):
    """Each check asked git for the default branch, twice for each application."""
    revision = own_base(following, tmp_path)
    manifests = following.render("app", revision)
    started = []
    monkeypatch.setattr(git_mirror, "run_git", lambda argv, **_: started.append(argv))
    assert following.render("app", revision) is manifests
    assert started == []


def test_a_base_that_may_be_in_its_own_repository_counts_as_affected(following, tmp_path, monkeypatch):
    """Without a ref, it is in the default branch, which a failed fetch leaves unknown."""
    monkeypatch.setattr(mounted_bases, "_BRANCHES_FRESH", 0.0)
    revision, application = own_base(following, tmp_path), sample(rendered=Source("app"))
    following.use(ProgramRenderer.find(), LocalBases(tmp_path))
    following.render("app", revision)
    (tmp_path / "remotes" / "platform").unlink()
    files = ["web/one.yaml"]
    assert possibly_affected(following.repository, revision, files, [application], following.cache).applications == (
        application,
    )


def test_a_base_in_its_own_repository_is_fetched_in_the_time_of_the_application_s_tenant(
    following, tmp_path, monkeypatch
):
    """To find what a revert affects, it was fetched in the time of the configured applications."""
    tenants = set()

    class Bases(LocalBases):
        def revision(self, base):
            tenants.add(CURRENT_TENANT.get())
            return super().revision(base)

    monkeypatch.setattr(mounted_bases, "_BRANCHES_FRESH", 0.0)
    following.use(ProgramRenderer.find(), Bases(tmp_path))
    origin = ResourceRef("Argo CD", "Application", "prod", "shop", "web")
    revision, application = own_base(following, tmp_path), sample(rendered=Source("app"), origin=origin)
    files = ["web/one.yaml"]
    assert possibly_affected(following.repository, revision, files, [application], following.cache).applications == (
        application,
    )
    assert tenants == {"prod/shop"}


def test_flux_builds_a_remote_base_too(following):
    following.commit(app(f"{URL}//web"))
    assert render(following, Source("app", kustomize=KustomizeParameters(name_prefix="a-")))[0] == {"a-one": "info"}


@pytest.mark.parametrize("ref", ["gone", "0" * 40])
def test_a_ref_that_does_not_exist_is_given_up_once_its_repository_was_read(following, remote, ref):
    """Otherwise a rollout could be live before the objects in a base that was not read are removed."""
    away = remote.path.rename(remote.path.with_name("away"))
    following.commit(app(f"{URL}//web?ref={ref}"))
    for gone, kind in ((True, BaseUnavailableError), (False, LastingBaseError), (True, BaseUnavailableError)):
        if gone != away.exists():
            remote.path.rename(away) if gone else away.rename(remote.path)
        with pytest.raises(BaseUnavailableError) as raised:
            render(following)
        assert type(raised.value) is kind


def test_an_unreachable_base_affects_only_its_application(following, remote):
    following.commit({**app(f"{URL}//web"), "other/one.yaml": ONE})
    remote.path.rename(remote.path.with_name("away"))
    following.cache.prepare(following.repository, following.repository.head(), [Source("app"), Source("other")])
    assert render(following, Source("other"))[0] == {"one": "info"}
    with pytest.raises(BaseUnavailableError, match=r"^The base git\.example\.org/acme/bases//web cannot") as raised:
        render(following)
    assert not isinstance(raised.value, LastingBaseError)
    remote.path.with_name("away").rename(remote.path)
    assert render(following)[0] == {"one": "info"}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("https://elsewhere.org/a/b//web", "Allow elsewhere.org/a/b under bases.allow"),
        ("https://git.example.org.evil.net/a/b", "Allow git.example.org.evil.net/a/b under bases.allow"),
        ("file:///etc", "rendering never downloads files"),
        ("https://user:hunter2@git.example.org/acme/bases", "rendering never downloads files"),
        ("http://git.example.org/acme/bases/one.yaml", "rendering never downloads files"),
        ("https://elsewhere.org/one.yaml", "Allow elsewhere.org/one.yaml under bases.allow"),
        (f"{URL}//../web", "rendering never downloads files"),
        (f"{URL}//gone", "There is no path gone in git.example.org/acme/bases at"),
        (f"{URL}//web?ref=gone", "gone"),
        (f"{URL}/x@a:b//web", "git.example.org/acme/bases/x"),
        (f"{URL}//web?ref=--upload-pack=x", "cannot be read"),
        ("../.gitops-bot-bases/git.example.org-acme-bases/web", "is not in the repository"),
    ],
)
def test_what_is_not_an_allowed_base_is_refused(following, entry, message):
    error = following.error(app(entry))
    assert message in error
    assert "hunter2" not in error


@pytest.mark.parametrize(
    ("pattern", "entry", "is_allowed"),
    [
        ("github.com/acme/*", "git@github.com:acme/r.git", True),
        ("github.com/acme/*", "https://github.com/acme/r@v1.git//web", True),
        ("*.example.com", "https://git.example.com/a/b//web", True),
        ("*", "https://git.example.com/a/b//web", True),
        ("git.*/acme/*", "https://git.example.com/acme/one.yaml", True),
        ("github.com/acme/*", "ssh://git@10.0.0.1:6379/x@github.com/acme/r.git", False),
        ("github.com/acme/*", "git@evil.example:x@github.com/acme/r.git", False),
        ("github.com", "git@evil.example:x@github.com/acme/r.git", False),
        ("*.example.com", "https://evil.net/a/b.example.com//web", False),
        ("*.example.com/*", "https://10.0.0.1/a.example.com/one.yaml", False),
        ("*.example.com/*", "https://evil.net/a.example.com/b.git", False),
    ],
)
def test_a_pattern_matches_the_host_and_the_path_of_a_base(tmp_path, pattern, entry, is_allowed):
    base = RemoteBase.parse(entry) or RemoteFile.parse(entry)
    assert GitBases(tmp_path, [pattern]).is_allowed(base) == is_allowed


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("../../../app", "is not in the repository"),
        ("../../../../etc", "points outside"),
        ("../link", "is behind a link that leads outside the repository"),
        ("https://elsewhere.org/a/b", "Allow elsewhere.org/a/b under bases.allow"),
        (URL, "cycle"),
    ],
)
def test_a_hostile_base_reaches_nothing_else(following, remote, tmp_path, entry, message):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/kustomization.yaml").write_text("resources: []\n")
    (remote.path / "link").symlink_to(tmp_path / "outside")
    remote.commit("second", {"web/kustomization.yaml": f"resources: ['{entry}']\n"})
    remote.commit("third", {"kustomization.yaml": "resources: [web]\n"})
    assert message in following.error(app(f"{URL}//web"))


def test_a_base_whose_origin_would_be_written_is_refused(following):
    assert "buildMetadata adds" in following.error(app(f"{URL}//web", more="buildMetadata: [originAnnotations]\n"))


def test_an_application_has_as_many_bases_as_allowed_and_no_more(following, remote):
    for number in range(21):
        remote.git("tag", f"v{number}")
    entries = [f"{URL}//web?ref=v{number}" for number in range(21)]
    assert "at most 20 remote bases" in following.error(app(*entries))
    assert "declared twice" in following.error(app(*entries[:20]))


def test_a_mirror_that_no_rendering_uses_is_removed_after_a_week(following, remote, tmp_path, monkeypatch):
    other = SourceRepository(tmp_path / "remotes" / "other")
    other.commit("first", BASE)
    following.commit({**app(f"{URL}//web"), "other/kustomization.yaml": f"resources: ['{URL[:-5]}other//web']\n"})
    monkeypatch.setattr(adapter, "_CLEANUP_EVERY", 0.0)
    mirrors = tmp_path / "mirrors" / "bases"

    def rendered_after(seconds):
        following.use(ProgramRenderer.find(), LocalBases(tmp_path))
        for name in ("app", "other"):
            render(following, Source(name))
        for mirror in mirrors.glob("*.git"):
            os.utime(mirror, (0, time.time() - seconds))
        render(following)
        for thread in threading.enumerate():
            if thread.name == "cleanup":
                thread.join()
        return sorted(mirror.name for mirror in mirrors.glob("*.git"))

    assert rendered_after(UNUSED_SECONDS - 3_600) == ["bases.git", "other.git"]
    assert rendered_after(UNUSED_SECONDS + 3_600) == ["bases.git"]
    assert list(mirrors.glob("*.removed")) == []
    assert render(following, Source("other"))[0] == {"one": "info"}


def test_a_pinned_base_whose_mirror_was_removed_is_fetched_again(remote, tmp_path):
    bases = LocalBases(tmp_path)
    base = RemoteBase(URL, remote.sha(), "web")
    for _ in range(2):
        sha = bases.revision(base)
        assert bases.repository(base).read_commits([sha])[0].sha == remote.sha()
        shutil.rmtree(tmp_path / "mirrors" / "bases" / "bases.git")


def test_a_base_stays_readable_when_its_mirror_is_fetched_again(remote, tmp_path):
    """A pinned commit that no branch contains was missing until the restart."""
    kept, sha = remote.sha(), remote.commit("second", {"web/one.yaml": ONE.replace("info", "debug")})
    remote.git("reset", "--hard", kept)
    bases, base = LocalBases(tmp_path), RemoteBase(URL, sha, "web")
    assert bases.revision(base) == sha
    shutil.rmtree(tmp_path / "mirrors" / "bases" / "bases.git" / "objects")
    with pytest.raises(RepositoryError):
        bases.repository(base).files(sha, "web")
    assert bases.repository(base).files(bases.revision(base), "web")


def test_a_base_can_be_pinned_to_an_annotated_tag_s_own_sha(remote, tmp_path):
    remote.git("tag", "-a", "v1", "-m", "v1")
    bases, base = LocalBases(tmp_path), RemoteBase(URL, remote.sha("v1"), "web")
    assert len(bases.repository(base).files(bases.revision(base), "web")) == 2


def test_a_base_stays_pinned_to_a_commit_whose_branch_is_deleted(remote, tmp_path):
    """Git removed the commit from the mirror."""
    remote.branch("topic")
    bases, base = LocalBases(tmp_path), RemoteBase(URL, remote.commit("second", {"web/two.yaml": ONE}), "web")
    assert bases.revision(base) == base.ref
    remote.switch()
    remote.git("branch", "-D", "topic")
    bases.repository(base).update_mirror()
    remote.git(f"--git-dir={tmp_path / 'mirrors' / 'bases' / 'bases.git'}", "gc", "--quiet", "--prune=now")
    assert len(bases.repository(base).files(base.ref, "web")) == 3
