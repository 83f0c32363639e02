"""The sandbox forge as people see it in a browser."""

from datetime import UTC, datetime

import pytest
import requests

from bot.sandbox.forge import SandboxForge
from bot.sandbox.server import Server

NOW = datetime(2031, 3, 4, 9, 30, tzinfo=UTC)
HOSTILE = "</title><script>alert('x')</script>"


@pytest.fixture
def forge(tmp_path):
    forge = SandboxForge(tmp_path, clock=lambda: NOW)
    forge.add_person("mia", "Mia Sand", "mia@paper.example")
    forge.add_person("kit", "Kit Lund", "kit@paper.example")
    repository = forge.create_repository("paper/press")
    repository.commit("main", {"a.yaml": "a: 1\nb: 2\n"}, "First\n", "mia")
    repository.commit("topic", {"a.yaml": "a: 1\nb: 3\n"}, f"Raise b {HOSTILE}\n", "mia")
    body = (
        "Why:\n\n- `b` was **low**\n  - see [notes](https://notes.example/?a=1&b=2), #1\n\n"
        f"[trap](javascript:alert(1)) <script>alert(1)</script>\n\n```\n{HOSTILE}\n```\n"
    )
    repository.open_pull(head="topic", base="main", title=f"Raise b {HOSTILE}", body=body, by="mia")
    return forge


@pytest.fixture
def site(forge):
    with Server(forge.app) as server:
        yield f"{server.url}/paper/press"


def get(url):
    answer = requests.get(url, timeout=10)
    answer.raise_for_status()
    return answer.text


def press(site, headers=None, **form):
    """Send the form; the status, the final URL and the page."""
    answer = requests.post(f"{site}/pull/1", data=form, headers=headers, timeout=10)
    return answer.status_code, answer.url, answer.text


def test_the_repository_page_lists_commits_and_open_pull_requests(site):
    page = get(site)
    assert "First" in page
    assert 'href="/paper/press/pull/1"' in page


def test_a_file_and_its_directory_have_pages(site, forge):
    sha = forge.repositories["paper/press"].git.tip("main")
    assert f'href="/paper/press/blob/{sha}/a.yaml"' in get(f"{site}/tree/{sha}/")
    assert '<tr id="L2"><td class="n">2</td><td>b: 2</td></tr>' in get(f"{site}/blob/{sha}/a.yaml")
    assert requests.get(f"{site}/blob/{sha}/none.yaml", timeout=10).status_code == 404


def test_nothing_people_wrote_becomes_markup(site, forge):
    sha = forge.repositories["paper/press"].git.tip("topic")
    for page in (get(site), get(f"{site}/pull/1"), get(f"{site}/commit/{sha}")):
        assert "<script" not in page
        assert 'href="javascript' not in page
        assert "&lt;script&gt;" in page


def test_the_description_is_shown_as_markdown(site):
    page = get(f"{site}/pull/1")
    assert "<li><code>b</code> was <strong>low</strong>\n<ul>\n<li>see " in page
    assert '<a href="https://notes.example/?a=1&amp;b=2">notes</a>' in page
    assert '<a href="/paper/press/pull/1">#1</a>' in page


def test_the_diff_shows_both_sides_with_their_line_numbers(site):
    page = get(f"{site}/pull/1")
    assert '<tr class="del"><td class="n">2</td><td class="n"></td><td>b: 2</td></tr>' in page
    assert '<tr class="add"><td class="n"></td><td class="n">2</td><td>b: 3</td></tr>' in page


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_approving_and_merging_by_button(site, forge, method):
    pull = forge.repositories["paper/press"].pull(1)
    _, url, page = press(site, **{"as": "kit", "action": "approve"})
    assert "Approved by kit" in page
    assert url.endswith("?as=kit")
    assert '<option value="kit" selected>' in page
    _, _, page = press(site, **{"as": "kit", "action": "merge", "method": method})
    assert "Merged by kit" in page
    assert "2031-03-04 09:30:00 UTC" in page
    assert (pull.method, pull.merged_by) == (method, "kit")


def test_closing_by_button(site, forge):
    _, _, page = press(site, **{"as": "kit", "action": "close"})
    assert "without merging" in page
    assert forge.repositories["paper/press"].pull(1).state == "closed"


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"as": "mia", "action": "approve"}, 422, "Can not approve your own pull request"),
        ({"as": "nobody", "action": "merge"}, 422, "Choose who to act as"),
        ({"as": "kit", "action": "dance"}, 422, "Choose an action"),
        ({"as": "kit", "action": "merge", "method": "octopus"}, 422, "merge_method"),
    ],
)
def test_what_cannot_be_done_is_said_on_the_page(site, forge, form, status, words):
    answered, _, page = press(site, **form)
    assert answered == status
    assert words in page
    assert forge.repositories["paper/press"].pull(1).state == "open"


def test_a_form_on_another_site_does_not_merge(site, forge):
    status, _, _ = press(site, {"Sec-Fetch-Site": "cross-site"}, **{"as": "kit", "action": "merge"})
    assert status == 403
    assert forge.repositories["paper/press"].pull(1).state == "open"


@pytest.mark.parametrize("path", ["/pull/99", "/commit/deadbeef", "-and-scissors"])
def test_what_is_not_there_is_a_404(site, path):
    assert requests.get(site + path, timeout=10).status_code == 404


def test_pages_stay_up_while_the_api_is_down(site, forge):
    forge.faults.down = True
    assert "Raise b" in get(f"{site}/pull/1")
