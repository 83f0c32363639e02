"""Converts the Markdown of pull requests to HTML, with links to pull requests and commits. HTML is escaped."""

import re
from html import escape

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

_REFERENCE = re.compile(
    r"(?P<url>https?://[^\s<>)\]]+[^\s<>)\].,;:!?])"
    r"|(?<![\w/])#(?P<pull>[0-9]{1,9})\b"
    r"|\b(?P<sha>[0-9a-f]{40})\b",
    re.ASCII,
)


def html(text: str, repository: str) -> str:
    """A whole text as HTML blocks; `repository` is the path of its page."""
    return str(_MARKDOWN.render(text, {"repository": repository}))


def _refer(state: StateCore) -> None:
    """Link references in plain text, and keep headings below those of the page."""
    for block in state.tokens:
        if block.type.startswith("heading_"):
            block.tag = "h4"
        linked = 0
        for token in block.children or ():
            linked += token.nesting if token.type.startswith("link_") else 0
            if token.type == "text" and not linked:
                token.type, token.content = "html_inline", _linked(token.content, state.env["repository"])


def _linked(text: str, repository: str) -> str:
    parts, end = [], 0
    for match in _REFERENCE.finditer(text):
        parts += [escape(text[end : match.start()]), _link(match, repository)]
        end = match.end()
    return "".join([*parts, escape(text[end:])])


def _link(match: re.Match[str], repository: str) -> str:
    if match["url"]:
        url = escape(match["url"])
        return f'<a href="{url}">{url}</a>'
    if match["pull"]:
        return f'<a href="{repository}/pull/{match["pull"]}">#{match["pull"]}</a>'
    return f'<a href="{repository}/commit/{match["sha"]}"><code>{match["sha"][:8]}</code></a>'


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").disable("image")
_MARKDOWN.core.ruler.push("refer", _refer)
