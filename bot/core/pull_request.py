"""What a revert's pull request says on the forge: title and Markdown body."""

import re
from collections.abc import Sequence

from bot.core.application import Application
from bot.core.commit import Commit, PullRequest
from bot.core.revert import RevertRequest, Target, automation, files_of, one_line, subject, undo_of

MAX_TITLE = 250  # GitHub and GitLab take 255 or 256
MAX_LISTED = 100


def reference(pull: PullRequest, home: str) -> str:
    """How the forge names a pull request in texts: `acme/web#7`, on GitLab `acme/web!7`; `home` as `home_of` gives."""
    sign = "!" if "/merge_requests/" in pull.url else "#"
    path = re.sub(r"^.*?(?:projects|users)/([^/]+)/repos/", r"\1/", home.partition("/")[2])  # Bitbucket Data Center's
    return f"{path}{sign}{pull.number}"


def title(target: Target) -> str:
    """The pull request's title."""
    if len(target.commits) > 1 and not target.pull:
        whole = f'Revert {len(target.commits)} commits up to "{target.last.subject}"'
    else:
        whole = undo_of(subject(target))
    return whole if len(whole) <= MAX_TITLE else f"{whole[: MAX_TITLE - 1]}…"


def body(
    target: Target,
    request: RevertRequest,
    *,
    reverts: str | None,
    files: Sequence[str],
    already_undone: Sequence[str],
    applications: Sequence[Application],
    branch: str,
) -> str:
    """The pull request's text: what is undone, who asked and why, what changes where, what to know before merging."""
    parts = [
        *([f"Reverts {reverts}"] if reverts else []),
        _asked(request),
        _listed("Undoes", [f"{commit.sha} {as_code(commit.subject)}" for commit in target.commits]),
        _applications(files, applications),
        _listed("Changes", [as_code(file) for file in files]),
    ]
    if already_undone:
        parts.append(_listed("Had been put back before", [as_code(file) for file in already_undone]))
    parts.extend(f"> {note}" for note in _notes(target, branch))
    return "\n\n".join(parts) + "\n"


def _asked(request: RevertRequest) -> str:
    where = (
        f"[in Slack]({request.link})"
        if request.link and re.fullmatch(r"https://[^\s()<>]+", request.link)
        else "in Slack"
    )
    why = f", because: {as_code(one_line(request.why))}" if request.why.strip() else ""
    return f"Asked for {where} by {as_code(one_line(request.who))}{why}."


def _applications(files: Sequence[str], applications: Sequence[Application]) -> str:
    rows = []
    for application in applications:
        if own := files_of(application, files):
            where = f"{as_code(application.namespace)} on {as_code(application.cluster)}"
            rows.append(f"{as_code(application.name)}, namespace {where}: {len(own)} of the files")
    if not rows:
        return "No application that the bot watches has its files below these paths."
    return _listed("Reaches", rows)


def _notes(target: Target, branch: str) -> list[str]:
    notes = [f"Nothing has changed yet: the clusters follow `{branch}`, and this reaches it when it is merged."]
    if target.reapplies:
        notes.append("This undoes a revert: the change that had been taken back lands again.")
    if target.merge:
        brought = _sides(target.last)
        notes.append(
            f"{as_code(target.last.sha[:12])} is a merge, undone against its first parent; it brought {brought}. "
            "Merging that branch once more would bring nothing back: to land it again later, revert this revert."
        )
    if tool := automation(target):
        notes.append(f"{tool} wrote this change and may write it again: pause it before merging.")
    return notes


def _sides(merge: Commit) -> str:
    sides = [as_code(parent[:12]) for parent in merge.parents[1:]]
    return sides[0] if len(sides) == 1 else f"{len(sides)} branches: {', '.join(sides)}"


def _listed(heading: str, rows: Sequence[str]) -> str:
    shown = [f"- {row}" for row in rows[:MAX_LISTED]]
    if len(rows) > MAX_LISTED:
        shown.append(f"- and {len(rows) - MAX_LISTED:,} more")
    return "\n".join([f"**{heading}**", "", *shown])


def as_code(text: str) -> str:
    """Text as code, so that nothing in it is markup, a mention or a closing keyword."""
    plain = " ".join(text.replace("`", '"').split())
    return f"`{plain[:300]}`"
