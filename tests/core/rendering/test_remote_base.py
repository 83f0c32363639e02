"""References to bases in other repositories, as Kustomize reads them."""

import pytest

from bot.core.rendering.remote_base import RemoteBase

SHA = "a" * 40


@pytest.mark.parametrize(
    ("entry", "url", "ref", "path"),
    [
        ("github.com/acme/bases", "https://github.com/acme/bases", "", ""),
        ("github.com/acme/bases/web/app?ref=v1", "https://github.com/acme/bases", "v1", "web/app"),
        ("github.com:acme/bases.git/web?ref=v1", "https://github.com/acme/bases.git", "v1", "web"),
        (f"https://github.com/acme/bases//web?ref={SHA}", "https://github.com/acme/bases", SHA, "web"),
        ("https://git.example.org/a/b/c.git//web?timeout=90s", "https://git.example.org/a/b/c.git", "", "web"),
        ("https://git.example.org/a/b/c.git/web?version=1.x", "https://git.example.org/a/b/c.git", "1.x", "web"),
        ("https://git.example.org/a/b/c//web?ref=x&submodules=false", "https://git.example.org/a/b/c", "x", "web"),
        ("https://dev.azure.com/o/p/_git/repo/web?ref=x", "https://dev.azure.com/o/p/_git/repo", "x", "web"),
        ("git@github.com:acme/bases.git//web?ref=x", "git@github.com:acme/bases.git", "x", "web"),
        ("git::https://git.example.org/acme/bases.git", "https://git.example.org/acme/bases.git", "", ""),
        ("ssh://git@git.example.org/acme/bases//web", "ssh://git@git.example.org/acme/bases", "", "web"),
        ("http://localhost:8080/acme/bases/web/", "http://localhost:8080/acme/bases", "", "web"),
    ],
)
def test_a_base_is_read_as_kustomize_reads_it(entry, url, ref, path):
    base = RemoteBase.parse(entry)
    assert (base.url, base.ref, base.path, base.is_pinned) == (url, ref, path, ref == SHA)


def test_an_allow_list_knows_a_repository_by_one_name():
    urls = ("https://github.com/Acme/Bases.git", "git@github.com:acme/bases", "ssh://git@github.com/acme/bases//web")
    assert {RemoteBase.parse(url).location for url in urls} == {"github.com/acme/bases"}


@pytest.mark.parametrize(
    "entry",
    [
        "https://git.example.org/acme/../evil/repo.git",  # which acme/* would allow
        "https://git.example.org/acme/%2e%2e/evil/repo.git",
        "git@git.example.org:acme/../evil/repo.git",
        "https://raw.githubusercontent.com/acme/one.yaml",
        "file:///var/lib/gitops-bot",
        "https://token@github.com/acme/bases",
        "https://user:pass@github.com/acme/bases",
        "https://github.com/acme/bases//a/../../..",
        "https://github.com/acme/bases?ref=-x y",
        "https://github.com/acme/bases?ref=a:b",
        "https://[github.com/acme/bases",
        "ext::sh -c id",
        "https://github.com",
        "a:b@c",
    ],
)
def test_anything_else_is_not_a_base(entry):
    assert RemoteBase.parse(entry) is None
