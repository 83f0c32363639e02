import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.pull_requests.change_ref import (
    CommitUrl,
    InvalidChangeRef,
    Latest,
    PullNumber,
    PullUrl,
    Range,
    Sha,
    parse_change_ref,
    repository_url,
)
from tests.common.english import english

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("abcdef1", Sha("abcdef1")),
        (SHA, Sha(SHA)),
        (SHA.upper(), Sha(SHA)),
        (f" `{SHA[:12]}` ", Sha(SHA[:12])),
        ("1234567", Sha("1234567")),
        ("HEAD", Latest()),
        ("#7", PullNumber(7)),
        ("abcdef1..1234567", Range("abcdef1", "1234567")),
        (f"https://github.com/acme/web/commit/{SHA}", CommitUrl("github.com/acme/web", SHA, "")),
        (f"https://github.com/acme/web/commit/{SHA}#diff-1", CommitUrl("github.com/acme/web", SHA, "")),
        ("https://github.com/Acme/web/pull/12", PullUrl("github.com/acme/web", 12, "")),
        ("https://github.com/acme/web/pull/12/files?w=1", PullUrl("github.com/acme/web", 12, "")),
        (f"https://github.com/acme/web/pull/12/commits/{SHA}", CommitUrl("github.com/acme/web", SHA, "")),
        ("http://127.0.0.1:8080/acme/web/pull/12", PullUrl("127.0.0.1:8080/acme/web", 12, "")),
        (f"https://gitlab.com/a/b/c/-/commit/{SHA}", CommitUrl("gitlab.com/a/b/c", SHA, "")),
        ("https://gitlab.com/a/b/c/-/merge_requests/3/diffs", PullUrl("gitlab.com/a/b/c", 3, "")),
        (f"https://gitlab.com/{'group/' * 50}c/-/commit/{SHA}", CommitUrl(f"gitlab.com/{'group/' * 50}c", SHA, "")),
        (f"https://bitbucket.org/team/web/commits/{SHA}", CommitUrl("bitbucket.org/team/web", SHA, "")),
        ("https://bitbucket.org/team/web/pull-requests/4/overview", PullUrl("bitbucket.org/team/web", 4, "")),
        (
            f"https://bb.example.com/projects/P/repos/r/commits/{SHA}",
            CommitUrl("bb.example.com/projects/p/repos/r", SHA, ""),
        ),
    ],
)
def test_a_change_is_parsed_and_written_so_that_it_parses_again(text, meaning):
    change = parse_change_ref(text)
    assert change == meaning
    assert parse_change_ref(str(change)) == meaning
    assert str(change).lower() == re.split("[?]|(?<=.)#", text.strip(" `"))[0].lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "--output=/tmp/x",
        "-m1",
        "HEAD~1",
        "main",
        "refs/heads/main",
        "origin/main^{tree}",
        "@{-1}",
        "--upload-pack=touch x",
        "-c core.pager=x",
        "v1.2.3",
        "abcdef",
        f"{SHA}{SHA}",
        "abcdef1...1234567",
        "abcdef1..",
        "..abcdef1",
        "HEAD..abcdef1",
        "main..HEAD",
        "abcdef1..--all",
        "abcdef1^",
        "abcdef1:path",
        "abcdef1 --all",
        "abcdef1\nabcdef2",
        "abcdef1\n--all",
        "abcdef1\r\nabcdef2",
        "abcdef1\0",
        "\uff11" * 7,
        "\u0663" * 7,  # Arabic-Indic digits
        "\u0430bcdef1",  # a Cyrillic letter
        "#0",
        "#-1",
        "#\u0661",
        "#9999999999",
        "#" + "1" * 10_000,
        "$(id)",
        "`touch x`; touch x",
        "%00%0a--all",
        "abcdef1;id",
        "a" * 10_000,
        "https://github.com/" + "a" * 300,
        "https://github.com/acme/web",
        "https://github.com/acme/web/commit/main",
        "https://github.com/acme/web/commit/--output=x",
        "https://github.com/acme/web/pull/0",
        "https://[",
        "ftp://github.com/acme/web/pull/12",
        "javascript:alert(1)",
    ],
)
def test_anything_else_is_refused_in_one_sentence(text):
    assert english(parse_change_ref(text)) == InvalidChangeRef(
        "Not a valid revision. Use a SHA (7 digits or more), #PR, HEAD, a range A..B or the URL of a commit or PR."
    )


def test_a_bare_number_is_asked_about():
    assert "#42" in str(parse_change_ref("42").reason)


@given(st.text(max_size=60) | st.from_regex(r"[#0-9a-f.]{1,50}"))
def test_whatever_is_typed_only_hexadecimal_digits_come_through(text):
    match parse_change_ref(text):
        case Sha(digits) | CommitUrl(_, digits):
            words = [digits]
        case Range(since, until):
            words = [since, until]
        case _:
            words = []
    for word in words:
        assert 7 <= len(word) <= 64
        assert set(word) <= set("0123456789abcdef")


@pytest.mark.parametrize("page", ["pull/12", f"commit/{SHA}", "-/merge_requests/12/diffs"])
def test_the_text_of_a_page_holds_no_token(page):
    change = parse_change_ref(f"https://ana:secret@github.com/Acme/web/{page}?private_token=secret#secret")
    assert str(change) == f"https://github.com/Acme/web/{page}"
    assert parse_change_ref(str(change)) == change


def test_the_repository_of_a_page():
    assert repository_url(f"https://ana@github.com/Acme/web/commit/{SHA}") == "github.com/acme/web"
    assert repository_url("https://github.com/acme/web") is None
