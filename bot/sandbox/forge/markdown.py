"""The Markdown of pull requests: paragraphs, headings, lists, quotes, code, links. Everything is escaped."""

import re
from html import escape

_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\[(?P<text>[^\]\n]+)\]\((?P<href>https?://[^\s)]+)\)"
    r"|(?P<url>https?://[^\s<>)\]]+[^\s<>)\].,;:!?])"
    r"|\*\*(?P<bold>[^*\n]+)\*\*"
    r"|(?<![\w/])#(?P<pull>[0-9]{1,9})\b"
    r"|\b(?P<sha>[0-9a-f]{40})\b",
    re.ASCII,
)
_ITEM = re.compile(r"\s*(?:[-*]|[0-9]+\.)\s+(.*)", re.ASCII)
_HEADING = re.compile(r"#{1,6}\s+(.*)")
_BLOCK_START = re.compile(r"```|> |#{1,6}\s|\s*(?:[-*]|[0-9]+\.)\s")


def inline(text: str, repository: str) -> str:
    """Inline Markdown as HTML; `repository` is the path of its page, for links to #1 and commits."""
    parts, end = [], 0
    for match in _INLINE.finditer(text):
        parts += [escape(text[end : match.start()]), _mark(match, repository)]
        end = match.end()
    return "".join([*parts, escape(text[end:])])


def _mark(match: re.Match[str], repository: str) -> str:
    kind = "text" if match["href"] else (match.lastgroup or "")
    value = escape(match[kind])
    return {
        "code": f"<code>{value}</code>",
        "text": f'<a href="{escape(match["href"] or "")}">{value}</a>',
        "url": f'<a href="{value}">{value}</a>',
        "bold": f"<strong>{value}</strong>",
        "pull": f'<a href="{repository}/pull/{value}">#{value}</a>',
        "sha": f'<a href="{repository}/commit/{value}"><code>{value[:8]}</code></a>',
    }[kind]


def html(text: str, repository: str) -> str:
    """A Markdown text as HTML blocks."""
    lines, blocks, at = text.splitlines(), [], 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith("```"):
            end = next((n for n in range(at, len(lines)) if lines[n].startswith("```")), len(lines))
            blocks.append(f"<pre><code>{escape(chr(10).join(lines[at:end]))}</code></pre>")
            at = end + 1
        elif heading := _HEADING.fullmatch(line):
            blocks.append(f"<h4>{inline(heading[1], repository)}</h4>")
        elif line.startswith("> "):
            quoted = [line]
            while at < len(lines) and lines[at].startswith(">"):
                quoted.append(lines[at])
                at += 1
            inner = "\n".join(part.removeprefix(">").removeprefix(" ") for part in quoted)
            blocks.append(f"<blockquote>{html(inner, repository)}</blockquote>")
        elif _ITEM.fullmatch(line):
            items = [line]
            while at < len(lines) and _ITEM.fullmatch(lines[at]):
                items.append(lines[at])
                at += 1
            matches = (_ITEM.fullmatch(item) for item in items)
            tag = "ol" if line.strip()[0].isdigit() else "ul"
            body = "".join(f"<li>{inline(item[1], repository)}</li>" for item in matches if item)
            blocks.append(f"<{tag}>{body}</{tag}>")
        elif line.strip():
            paragraph = [line]
            while at < len(lines) and lines[at].strip() and not _BLOCK_START.match(lines[at]):
                paragraph.append(lines[at])
                at += 1
            blocks.append("<p>" + "<br>".join(inline(part, repository) for part in paragraph) + "</p>")
    return "".join(blocks)
