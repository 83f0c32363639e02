"""Who wrote a merge, from names, addresses and trailers of any shape."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.git.author import Author, authors_of, is_bot
from bot.core.git.commit import Commit


def commit(message="Raise the limit", author="Ana", email="ana@example.com"):
    return Commit("a" * 40, (), message, author, email, datetime(2026, 3, 1, tzinfo=UTC))


def told(*commits):
    return [(each.name, each.email, each.login) for each in authors_of(commits)]


def test_everybody_is_named_once_in_the_order_of_the_commits():
    found = told(
        commit(author="Bea", email="bea@example.com"),
        commit("Fix\n\nSome words.\n\nCo-authored-by: Cem <cem@example.com>\nco-authored-by:  Ana  <ANA@example.com>"),
        commit(author="Ana B.", email="Ana@Example.com"),
    )
    assert found == [
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
def test_a_forges_own_address_tells_the_login_and_is_nobodys(email, login):
    (author,) = authors_of([commit(email=email)])
    assert author.login == login
    assert author.has_personal_email is (login is None)


@pytest.mark.parametrize("email", ["noreply@github.com", "no-reply@example.com", "root@localhost", "x@build.local", ""])
def test_an_address_that_is_nobodys_is_not_asked_for(email):
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
def test_bots_are_nobody_to_tell(name, email, bot):
    found = authors_of([commit(author=name, email=email)])
    assert (found == []) is bot


def test_trailers_that_are_none_are_none():
    message = "Fix\n\nCo-authored-by: nobody\nCo-authored-by: A <a b@c>\nSee Co-authored-by: X <x@y.example>\n"
    assert told(commit(message)) == [("Ana", "ana@example.com", None)]


@given(st.text(), st.text(), st.text())
def test_no_shape_raises_and_nobody_is_named_twice(message, name, email):
    found = authors_of([commit(message, name, email), commit(f"x\n\nCo-authored-by: {name} <{email}>")])
    keys = [each.login or each.email for each in found]
    assert len(keys) == len(set(keys))
    assert not any(is_bot(each) for each in found)
