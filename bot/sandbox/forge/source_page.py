"""The forge's pages of a file and of a directory at a commit. A link can end with a line: `#L3`."""

from html import escape
from urllib.parse import quote

from bot.sandbox.forge.git import Git, GitError

_MAX_LINES = 2_000


def source(git: Git, root: str, sha: str, path: str) -> str | None:
    """The body of the page of a file or directory; None if the commit has no such path. `root` is a URL path."""
    try:
        kind = git.run("cat-file", "-t", f"{sha}:{path}").strip()
        if kind == "tree":
            names = git.run("ls-tree", "-z", "--name-only", f"{sha}:{path}").split("\0")[:-1]
            return _page(sha, path or ".", _directory(f"{root}/blob/{sha}", path, names))
        return _page(sha, path, _file(git.run("cat-file", "blob", f"{sha}:{path}")))
    except GitError:
        return None


def _page(sha: str, path: str, content: str) -> str:
    return f'<h1>{escape(path)}</h1><p class="lead">At commit <code>{sha[:8]}</code></p>{content}'


def _directory(root: str, path: str, names: list[str]) -> str:
    rows = (
        f'<li class="row"><a class="title" href="{root}/{quote(f"{path}/{name}".lstrip("/"))}">{escape(name)}</a></li>'
        for name in names
    )
    return f'<ul class="card rows">{"".join(rows)}</ul>'


def _file(text: str) -> str:
    rows = (
        f'<tr id="L{number}"><td class="n">{number}</td><td>{escape(line)}</td></tr>'
        for number, line in enumerate(text.splitlines()[:_MAX_LINES], 1)
    )
    return f'<div class="card scroll"><table class="diff">{"".join(rows)}</table></div>'
