"""The title and Markdown body of a revert's pull request."""

import re
from collections.abc import Sequence

from bot.core.changes.effect import Effect
from bot.core.changes.rendered_change import FieldChange
from bot.core.git.commit import PullRequest
from bot.core.pull_requests.revert import RevertRequest, Target, automation, one_line, subject, undo_of
from bot.i18n.catalogue import rollout as texts
from bot.i18n.language import ENGLISH
from bot.messages import effect as effect_message
from bot.messages.blocks import clip
from bot.messages.common import value_text

MAX_TITLE = 250  # GitHub and GitLab accept 255 or 256
MAX_BODY = 30_000  # Bitbucket accepts 32,768, GitHub twice that
MAX_LISTED = 100
_UNKNOWN = "not checked: the bot cannot render its content, which may change"


def reference(pull: PullRequest, repository_url: str) -> str:
    """The forge's reference to a pull request: `acme/web#7`, on GitLab `acme/web!7`.

    `repository_url` is `host/owner/name`, as `core.pull_requests.change_ref.repository_url` returns it.
    """
    sign = "!" if "/merge_requests/" in pull.url else "#"
    path = repository_url.partition("/")[2]
    path = re.sub(r"^.*?(?:projects|users)/([^/]+)/repos/", r"\1/", path)  # Bitbucket Data Center
    return f"{path}{sign}{pull.number}"


def title(target: Target) -> str:
    """The pull request's title."""
    if len(target.commits) > 1 and not target.pull:
        text = f'Revert {len(target.commits)} commits up to "{target.last.subject}"'
    else:
        text = undo_of(subject(target))
    return clip(text, MAX_TITLE)


def body(
    target: Target,
    request: RevertRequest,
    *,
    reverts: str | None,
    files: Sequence[str],
    already_undone: Sequence[str],
    effects: Sequence[Effect],
    branch: str,
) -> str:
    """The Markdown body: the reverted commits, requester and reason, the effect, and what to know before merging."""
    parts = [
        *([f"Reverts {reverts}"] if reverts else []),
        _requested_by(request),
        *_warnings(effects),
        _listed("Reverts", [f"{commit.sha} {as_code(commit.subject)}" for commit in target.commits]),
        *_effects(effects),
        _listed("Changed files", [as_code(file) for file in files]),
    ]
    if already_undone:
        parts.append(_listed("Already reverted", [as_code(file) for file in already_undone]))
    notes = "\n\n".join(f"> {note}" for note in _notes(target, branch)) + "\n"
    return f"{_cut(parts, MAX_BODY - len(notes))}\n\n{notes}"


def _cut(parts: Sequence[str], limit: int) -> str:
    """The parts, cut after the last line that fits."""
    text, cut = "\n\n".join(parts), "\n- and more (truncated)"
    if len(text) <= limit - 2:
        return text
    return text[: limit - 2 - len(cut)].rpartition("\n")[0] + cut


def _requested_by(request: RevertRequest) -> str:
    where = (
        f"[in Slack]({request.link})"
        if request.link and re.fullmatch(r"https://[^\s()<>]+", request.link)
        else "in Slack"
    )
    why = f", because: {as_code(one_line(request.why))}" if request.why.strip() else ""
    return f"Requested {where} by {as_code(one_line(request.who))}{why}."


def _warnings(effects: Sequence[Effect]) -> list[str]:
    warnings = effect_message.warnings(ENGLISH, effects)
    return [_listed("Before you merge", [as_code(warning) for warning in warnings])] if warnings else []


def _effects(effects: Sequence[Effect]) -> list[str]:
    if not effects:
        return ["These files do not belong to any application that the bot watches."]
    return [application_effect(effect) for effect in effects]


def application_effect(effect: Effect) -> str:
    """What changes in one application, in Markdown."""
    return "\n".join((_environment(effect), *_objects(effect)))


def _environment(effect: Effect) -> str:
    where = f"{as_code(effect.application)} on {as_code(effect.cluster)} (namespace {as_code(effect.namespace)})"
    if effect.why is not None:
        return f"**Changes in** {where} **are unknown:** {as_code(str(effect.why))}"
    change = effect.change
    counts = (
        (change.removed, "removed"),
        (change.changed, "changed"),
        (change.unknown, "not checked"),
        (change.added, "added"),
    )
    summary = ", ".join(f"{count} {what}" for count, what in counts if count)
    return f"**Changes in** {where}**:** {summary or 'none'}\n"


def _objects(effect: Effect) -> list[str]:
    rows = []
    for change in effect.change.objects:
        name = f"{change.namespace}/{change.name}" if change.namespace else change.name
        what = _UNKNOWN if change.change == "unknown" else change.change
        rows.append(f"- {as_code(f'{change.kind} {name}')} {what}")
        rows += [f"  - {_field(field)}" for field in change.fields]
        if change.total > len(change.fields):
            rows.append(f"  - {_more(change.total - len(change.fields), 'field')}")
    if (left := effect.change.named - len(effect.change.objects)) > 0:
        rows.append(f"- {_more(left, 'object')}")
    if unnamed := effect.change.unnamed:
        rows.append(f"- {ENGLISH.count(texts.NOT_NAMED, unnamed)}")
    return rows


def _more(count: int, noun: str) -> str:
    return f"and {count:,} more {noun}{'' if count == 1 else 's'}"


def _field(field: FieldChange) -> str:
    before, after = (as_code(value_text(ENGLISH, side, 100)) for side in (field.before, field.after))
    match field.change:
        case "changed":
            return f"{as_code(field.path)}: {before} → {after}"
        case "added":
            return f"{as_code(field.path)}: added, {after}"
        case _:
            return f"{as_code(field.path)}: removed, was {before}"


def _notes(target: Target, branch: str) -> list[str]:
    notes = [f"Nothing changes in the clusters until this is merged into `{branch}`."]
    if target.reapplies:
        notes.append("This reverts a revert, so the original change comes back.")
    if target.merge:
        before = f"to {as_code(target.base[:12])}, which the branch had before"
        if target.base == target.last.parents[0]:
            before = "to its first parent"
        notes.append(
            f"{as_code(target.last.sha[:12])} is a merge of {_sides(target)}, reverted {before}. "
            "Merging that branch again would not bring the change back: revert this revert instead."
        )
    if tool := automation(target):
        notes.append(f"{tool} made this change and may make it again. Pause {tool} before you merge.")
    return notes


def _sides(target: Target) -> str:
    sides = [as_code(parent[:12]) for parent in target.last.parents if parent != target.base]
    return sides[0] if len(sides) == 1 else f"{len(sides)} branches: {', '.join(sides)}"


def _listed(heading: str, rows: Sequence[str]) -> str:
    shown = [f"- {row}" for row in rows[:MAX_LISTED]]
    if len(rows) > MAX_LISTED:
        shown.append(f"- and {len(rows) - MAX_LISTED:,} more")
    return "\n".join([f"**{heading}**", "", *shown])


def as_code(text: str) -> str:
    """Text as Markdown code, so that nothing in it is markup, a mention or a closing keyword."""
    plain = " ".join(text.replace("`", '"').split())
    return f"`{plain[:300]}`"
