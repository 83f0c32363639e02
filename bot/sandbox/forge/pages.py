"""The forge's pages: a repository, a pull request to review and merge, a commit, a file. Plain HTML without scripts."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from string import Template
from urllib.parse import quote

from aiohttp import web
from unidiff.patch import Hunk, PatchedFile, PatchSet

from bot.sandbox.forge import markdown, source_page
from bot.sandbox.forge.git import CommitFacts, Person
from bot.sandbox.forge.hosting import HostedRepository, RefusedError
from bot.sandbox.forge.merge import Method
from bot.sandbox.forge.pull import Comment, Pull, Review

_MAX_LINES = 600  # per file; the page shows how many more there are
_COMMITS = 40
_METHODS = {Method.MERGE: "Merge", Method.SQUASH: "Squash", Method.REBASE: "Rebase"}
_STATES = {"open": "Open", "merged": "Merged", "closed": "Closed"}
_VERDICTS = {"APPROVED": "approved", "CHANGES_REQUESTED": "requested changes", "COMMENTED": "commented"}

_LAYOUT = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/forge.css">
</head>
<body>
<header class="top"><div class="wrap"><a class="mark" href="/">Forge</a>$crumbs</div></header>
<main class="wrap">
$body
</main>
</body>
</html>
""")

_ACTIONS = Template("""<form class="card actions" method="post" action="$action">
<p class="verdict">$verdict</p>
<label class="as">Act as
<select name="as">$people</select></label>
<fieldset class="methods"><legend>Merge method</legend>$methods</fieldset>
<div class="buttons">
<button name="action" value="merge" class="go"$unmergeable>Merge pull request</button>
<button name="action" value="approve">Approve</button>
<button name="action" value="close" class="quiet">Close</button>
</div>
</form>""")


@dataclass(frozen=True, slots=True)
class _View:
    repository: HostedRepository
    people: Mapping[str, Person]
    now: datetime

    @property
    def path(self) -> str:
        return "/" + quote(self.repository.full_name)


def add_routes(
    routes: web.UrlDispatcher,
    repositories: Mapping[str, HostedRepository],
    people: Mapping[str, Person],
    clock: Callable[[], datetime],
) -> None:
    """Serve the pages of `repositories`, where `people` can act."""

    def view(request: web.Request) -> _View:
        repository = repositories.get(f"{request.match_info['owner']}/{request.match_info['name']}")
        if repository is None:
            raise web.HTTPNotFound(text="Repository not found.")
        return _View(repository, people, clock())

    async def index(_: web.Request) -> web.Response:
        rows = "".join(
            f'<li class="row"><a class="title" href="/{escape(name)}">{escape(name)}</a></li>' for name in repositories
        )
        return _answer("Repositories", "", f'<h1>Repositories</h1><ul class="card rows">{rows}</ul>')

    async def home(request: web.Request) -> web.Response:
        return await asyncio.to_thread(_home, view(request))

    async def commit(request: web.Request) -> web.Response:
        return await asyncio.to_thread(_commit, view(request), request.match_info["sha"])

    async def source(request: web.Request) -> web.Response:
        return await asyncio.to_thread(_source, view(request), request.match_info["sha"], request.match_info["path"])

    async def pull(request: web.Request) -> web.Response:
        return await asyncio.to_thread(
            _pull, view(request), int(request.match_info["number"]), request.query.get("as", "")
        )

    async def act(request: web.Request) -> web.Response:
        # Other sites must not merge here through someone's browser: https://web.dev/articles/fetch-metadata
        if request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise web.HTTPForbidden(text="Forms from other sites are not accepted.")
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        return await asyncio.to_thread(_act, view(request), int(request.match_info["number"]), form)

    routes.add_get("/", index)
    routes.add_get("/{owner}/{name}", home)
    routes.add_get("/{owner}/{name}/commit/{sha:[0-9a-f]{7,40}}", commit)
    routes.add_get("/{owner}/{name}/{view:blob|tree}/{sha:[0-9a-f]{40}}/{path:.*}", source)
    routes.add_get("/{owner}/{name}/pull/{number:[0-9]{1,9}}", pull)
    routes.add_post("/{owner}/{name}/pull/{number:[0-9]{1,9}}", act)


def _answer(title: str, crumbs: str, body: str, status: int = 200) -> web.Response:
    page = _LAYOUT.substitute(title=escape(title), crumbs=crumbs, body=body)
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'"}
    return web.Response(text=page, status=status, content_type="text/html", headers=headers)


def _crumbs(view: _View) -> str:
    repository = view.repository
    return (
        f'<nav><a href="{view.path}">{escape(repository.owner)}<span class="sep">/</span>'
        f"<strong>{escape(repository.name)}</strong></a></nav>"
    )


def _state(pull: Pull) -> str:
    return "merged" if pull.merged_at else pull.state


def _pill(pull: Pull) -> str:
    state = _state(pull)
    return f'<span class="pill {state}">{_STATES[state]}</span>'


def _ago(view: _View, at: datetime) -> str:
    age = max(view.now - at, timedelta())
    steps = ((age.days, "day"), (age.seconds // 3600, "hour"), (age.seconds // 60, "minute"))
    count, unit = next(((count, unit) for count, unit in steps if count), (0, ""))
    words = f"{count} {unit}{'s' if count > 1 else ''} ago" if count else "just now"
    exact = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f'<time datetime="{at.isoformat()}" title="{exact}">{words}</time>'


def _sha(view: _View, sha: str) -> str:
    return f'<a class="sha" href="{view.path}/commit/{sha}">{sha[:8]}</a>'


def _home(view: _View) -> web.Response:
    repository = view.repository
    pulls = repository.listed()
    opened = [pull for pull in pulls if pull.state == "open"]
    closed = [pull for pull in pulls if pull.state != "open"][:10]
    tip = repository.git.tip(repository.branch)
    commits = repository.git.log("--first-parent", f"-{_COMMITS}", tip, "--") if tip else []
    none = '<p class="card empty">No open pull requests.</p>'
    body = [
        f"<h1>{escape(repository.full_name)}</h1>",
        f'<p class="lead">Changes to <code>{escape(repository.branch)}</code> need a pull request.</p>',
        f'<section><h2>Open pull requests <span class="count">{len(opened)}</span></h2>',
        _rows(view, opened) if opened else none,
        "</section>",
        f"<section><h2>Commits on {escape(repository.branch)}</h2>",
        f'<ol class="card rows">{"".join(_commit_row(view, commit) for commit in commits)}</ol></section>',
    ]
    if closed:
        body.append(f"<section><h2>Merged and closed</h2>{_rows(view, closed)}</section>")
    return _answer(repository.full_name, _crumbs(view), "".join(body))


def _rows(view: _View, pulls: list[Pull]) -> str:
    rows = [
        f'<li class="row">{_pill(pull)}<div class="grow">'
        f'<a class="title" href="{view.path}/pull/{pull.number}">{escape(pull.title)}</a>'
        f'<div class="meta">#{pull.number} by {escape(pull.author)}, {_ago(view, pull.merged_at or pull.created_at)}'
        f"{_approved(pull)}</div></div></li>"
        for pull in pulls
    ]
    return f'<ul class="card rows">{"".join(rows)}</ul>'


def _approved(pull: Pull) -> str:
    names = [name for name, review in pull.verdicts.items() if review.state == "APPROVED"]
    return f", approved by {escape(' and '.join(names))}" if names else ""


def _commit_row(view: _View, commit: CommitFacts) -> str:
    return (
        f'<li class="row"><div class="grow"><a class="title" href="{view.path}/commit/{commit.sha}">'
        f'{escape(_headline(commit))}</a><div class="meta">{escape(commit.author)}, '
        f"{_ago(view, commit.committed_at)}</div></div>{_sha(view, commit.sha)}</li>"
    )


def _headline(commit: CommitFacts) -> str:
    """The title of the merged pull request instead of "Merge pull request #7 from …"."""
    if len(commit.parents) > 1:
        subject, _, rest = commit.message.partition("\n\n")
        number = subject.partition("#")[2].partition(" ")[0]
        if rest.strip() and number.isdigit():
            return f"{rest.strip().splitlines()[0]} (#{number})"
    return commit.subject


def _commit(view: _View, name: str) -> web.Response:
    git = view.repository.git
    sha = git.object(name)
    if sha is None:
        return _answer("Not found", _crumbs(view), "<h1>Commit not found</h1>", 404)
    commit = git.commit(sha)
    rest = commit.message.partition("\n")[2].strip()
    parents = " and ".join(_sha(view, parent) for parent in commit.parents) or "none"
    pulls = "".join(
        f'<li class="row">{_pill(pull)}<a class="title grow" href="{view.path}/pull/{pull.number}">'
        f"{escape(pull.title)} #{pull.number}</a></li>"
        for pull in view.repository.pulls_of(sha)
    )
    body = [
        f"<h1>{escape(commit.subject)}</h1>",
        f'<p class="lead">{escape(commit.author)} committed {_ago(view, commit.committed_at)}</p>',
        f'<div class="card text">{markdown.html(rest, view.path)}</div>' if rest else "",
        f'<ul class="card rows">{pulls}</ul>' if pulls else "",
        f'<p class="facts">Commit <code class="whole">{sha}</code><br>Parents {parents}</p>',
        _diff(git.patch(commit.parents[0] if commit.parents else None, sha)),
    ]
    return _answer(commit.subject, _crumbs(view), "".join(body))


def _source(view: _View, sha: str, path: str) -> web.Response:
    body = source_page.source(view.repository.git, view.path, sha, path)
    if body is None:
        return _answer("Not found", _crumbs(view), "<h1>Path not found</h1>", 404)
    return _answer(path or view.repository.full_name, _crumbs(view), body)


def _pull(view: _View, number: int, who: str, notice: str = "", status: int = 200) -> web.Response:
    repository = view.repository
    try:
        pull = repository.pull(number)
    except RefusedError:
        return _answer("Not found", _crumbs(view), f"<h1>Pull request #{number} not found</h1>", 404)
    commits = repository.commits_of(pull)
    base = repository.git.merge_base(pull.base_sha, pull.head_sha)
    count = f"{len(commits)} commit{'s' if len(commits) != 1 else ''}"
    lead = (
        f"{_pill(pull)} <strong>{escape(pull.author)}</strong> opened this {_ago(view, pull.created_at)}: {count} into "
        f"<code>{escape(pull.base)}</code> from <code>{escape(pull.head)}</code>"
    )
    body = [
        f'<h1>{escape(pull.title)} <span class="number">#{number}</span></h1>',
        f'<p class="lead">{lead}</p>',
        f'<p class="notice" role="alert">{escape(notice)}</p>' if notice else "",
        f'<section class="card text">{markdown.html(pull.body, view.path) or "<p>No description.</p>"}</section>',
        _timeline(view, pull, commits),
        _actions(view, pull, who) if pull.state == "open" else _ending(view, pull),
        _diff(repository.git.patch(base, pull.head_sha)),
    ]
    return _answer(f"{pull.title} #{number}", _crumbs(view), "".join(body), status)


def _timeline(view: _View, pull: Pull, commits: list[str]) -> str:
    git = view.repository.git
    events = [(commit.committed_at, _committed(view, commit)) for commit in map(git.commit, reversed(commits))]
    events += [
        (review.at, _activity(view, review, _VERDICTS[review.state], review.state.lower(), _sha(view, review.sha)))
        for review in pull.reviews
    ]
    events += [(comment.at, _activity(view, comment, "commented")) for comment in pull.comments]
    rows = "".join(f"<li>{row}</li>" for _, row in sorted(events, key=lambda event: event[0]))
    return f'<ol class="timeline">{rows}</ol>'


def _committed(view: _View, commit: CommitFacts) -> str:
    words = f"{escape(commit.author)} committed {escape(commit.subject)}"
    return f'<span class="dot"></span><div class="grow">{words}</div>{_sha(view, commit.sha)}'


def _activity(view: _View, what: Review | Comment, verb: str, colour: str = "", end: str = "") -> str:
    words = f"<strong>{escape(what.by)}</strong> {verb} {_ago(view, what.at)}"
    return (
        f'<span class="dot {colour}"></span><div class="grow">{words}{markdown.html(what.body, view.path)}</div>{end}'
    )


def _actions(view: _View, pull: Pull, who: str) -> str:
    mergeable = view.repository.mergeable(pull)
    approved = [name for name, review in pull.verdicts.items() if review.state == "APPROVED"]
    if not mergeable:
        verdict = f"This branch has conflicts with {pull.base}. Resolve them to merge."
    elif approved:
        verdict = f"Approved by {' and '.join(approved)}. No conflicts."
    else:
        verdict = "Not approved yet. No conflicts."
    people = [person for person in view.people.values() if not person.bot and person.login != pull.author]
    return _ACTIONS.substitute(
        action=f"{view.path}/pull/{pull.number}",
        verdict=escape(verdict),
        unmergeable="" if mergeable else " disabled",
        people="".join(
            f'<option value="{escape(person.login)}"{" selected" if person.login == who else ""}>'
            f"{escape(person.name)}</option>"
            for person in people
        ),
        methods="".join(
            f'<label><input type="radio" name="method" value="{method}"{" checked" if method == "merge" else ""}>'
            f"<span>{words}</span></label>"
            for method, words in _METHODS.items()
        ),
    )


def _ending(view: _View, pull: Pull) -> str:
    if pull.merged_at is None or pull.merge_sha is None or pull.method is None:
        when = _ago(view, pull.closed_at) if pull.closed_at else ""
        return f'<p class="card ending closed">Closed without merging {when}.</p>'
    exact = pull.merged_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return (
        f'<p class="card ending merged"><strong>Merged by {escape(pull.merged_by or "")}</strong> into '
        f"<code>{escape(pull.base)}</code> at {exact} as {_sha(view, pull.merge_sha)} "
        f"({pull.method})</p>"
    )


def _act(view: _View, number: int, form: Mapping[str, str]) -> web.Response:
    who = form.get("as", "")
    try:
        _done(view, number, who, form)
    except RefusedError as refused:
        details = [error["message"] for error in refused.errors or () if "message" in error]
        return _pull(view, number, who, "; ".join(details) or str(refused), refused.status)
    raise web.HTTPSeeOther(f"{view.path}/pull/{number}?as={quote(who)}")


def _done(view: _View, number: int, who: str, form: Mapping[str, str]) -> None:
    if who not in view.people:
        raise RefusedError(422, "Choose who to act as.")
    match form.get("action"):
        case "approve":
            view.repository.review(number, who)
        case "close":
            view.repository.close(number)
        case "merge":
            view.repository.merge(number, who, form.get("method", Method.MERGE))
        case _:
            raise RefusedError(422, "Choose an action: approve, merge or close.")


def _diff(patch: str) -> str:
    files = PatchSet(patch)
    if not files:
        return '<p class="card empty">No file changes.</p>'
    head = (
        f"<h2>{len(files)} file{'s' if len(files) != 1 else ''} changed "
        f'<span class="plus">+{files.added}</span> <span class="minus">−{files.removed}</span></h2>'  # noqa: RUF001  a minus sign
    )
    return f'<section class="files">{head}{"".join(map(_file, files))}</section>'


def _file(file: PatchedFile) -> str:
    changes = {
        "binary": file.is_binary_file,
        "added": file.is_added_file,
        "deleted": file.is_removed_file,
        "renamed": file.is_rename,
    }
    badge = next((f' <span class="badge">{change}</span>' for change, made in changes.items() if made), "")
    rows = [row for hunk in file for row in _lines(hunk)]
    if len(rows) > _MAX_LINES:
        rows[_MAX_LINES:] = [_line("hunk", None, None, f"{len(rows) - _MAX_LINES} more lines")]
    return (
        f'<details class="card file" open><summary><span class="path">{escape(file.path)}</span>{badge}'
        f'<span class="counts"><span class="plus">+{file.added}</span> '
        f'<span class="minus">−{file.removed}</span></span></summary>'  # noqa: RUF001  a minus sign
        f'<div class="scroll"><table class="diff">{"".join(rows)}</table></div></details>'
    )


_CLASSES = {"+": "add", "-": "del", " ": "same", "\\": "note"}  # by the first character of a diff's line


def _lines(hunk: Hunk) -> Iterator[str]:
    yield _line("hunk", None, None, str(hunk).partition("\n")[0])
    for line in hunk:
        yield _line(_CLASSES[line.line_type], line.source_line_no, line.target_line_no, line.value.removesuffix("\n"))


def _line(kind: str, old: int | None, new: int | None, text: str) -> str:
    return (
        f'<tr class="{kind}"><td class="n">{old or ""}</td><td class="n">{new or ""}</td><td>{escape(text)}</td></tr>'
    )
