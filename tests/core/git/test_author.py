"""Who wrote a merge, from names, addresses and trailers of any shape."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.git.author import Author, authors_of, is_bot
from bot.core.git.commit import Commit


def commit(message="Raise the limit", author="Ana", email="ana@example.com"):
    return Commit("a" * 40, (), message, author, email, datetime(2026, 3, 1, tzinfo=UTC))


def authors(*commits):
    return [(author.name, author.email, author.login) for author in authors_of(commits)]


def test_each_author_is_named_once_in_the_order_of_the_commits():
    named = authors(
        commit(author="Bea", email="bea@example.com"),
        commit("Fix\n\nSome words.\n\nCo-authored-by: Cem <cem@example.com>\nco-authored-by:  Ana  <ANA@example.com>"),
        commit(author="Ana B.", email="Ana@Example.com"),
    )
    assert named == [
        ("Bea", "bea@example.com", None),
        ("Ana", "ana@example.com", None),
        ("Cem", "cem@example.com", None),
    ]


@pytest.mark.parametrize(
    ("email", "login"),
    [
        ("12345+ana-dev@users.noreply.github.com", "ana-dev"),
        ("ana-dev@users.noreply.github.com", "ana-dev"),
        ("7-ana@users.noreply.github.com", "7-ana"),
        ("12345+ana@users.noreply.git.acme.example", "ana"),
        ("12345-ana.dev@users.noreply.gitlab.com", "ana.dev"),
        ("ana@example.com", None),
        ("users.noreply.github.com@example.com", None),
    ],
)
def test_a_noreply_address_gives_the_login(email, login):
    (author,) = authors_of([commit(email=email)])
    assert author.login == login
    assert author.has_personal_email is (login is None)


@pytest.mark.parametrize("email", ["noreply@github.com", "no-reply@example.com", "root@localhost", "x@build.local", ""])
def test_an_impersonal_address(email):
    assert not Author("Ana", email).has_personal_email


@pytest.mark.parametrize(
    ("name", "email", "bot"),
    [
        ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com", True),
        ("renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com", True),
        ("Renovate", "renovate@whitesourcesoftware.com", True),
        ("argocd-image-updater", "noreply@argoproj.io", True),
        ("gitops-bot", "gitops-bot@users.noreply.invalid", True),
        ("release-bot", "releases@acme.example", True),
        ("Releases", "acme-bot@acme.example", True),
        ("Jan Bot", "jan.bot@example.com", False),
        ("Keeley", "keeley@example.com", False),
        ("Abbott", "abbott@example.com", False),
        ("Renovate Smith", "smith@example.com", False),
    ],
)
def test_bots_are_left_out(name, email, bot):
    named = authors_of([commit(author=name, email=email)])
    assert (named == []) is bot


def test_invalid_trailers_are_ignored():
    message = "Fix\n\nCo-authored-by: nobody\nCo-authored-by: A <a b@c>\nSee Co-authored-by: X <x@y.example>\n"
    assert authors(commit(message)) == [("Ana", "ana@example.com", None)]


@given(st.text(), st.text(), st.text())
def test_any_text_can_be_parsed_and_no_author_is_named_twice(message, name, email):
    named = authors_of([commit(message, name, email), commit(f"x\n\nCo-authored-by: {name} <{email}>")])
    keys = [author.login or author.email for author in named]
    assert len(keys) == len(set(keys))
    assert not any(is_bot(author) for author in named)
