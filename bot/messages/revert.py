"""The answers to `/gitops revert`: one for each outcome, with the next step as a button or command."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from html import unescape
from itertools import count

from bot.core.access.audit import Origin
from bot.core.access.permission import Right
from bot.core.git.commit import Commit, PullRequest
from bot.core.pull_requests.change_ref import InvalidChangeRef, PullUrl, parse_change_ref
from bot.core.pull_requests.revert import (
    AcrossMerges,
    AlreadyOpen,
    AlreadyReverted,
    Ambiguous,
    AmbiguousRepository,
    Confirm,
    Conflict,
    ConflictedFile,
    EmptyCommit,
    InsidePull,
    NotFound,
    NothingToUndo,
    NotOnBranch,
    NotPermitted,
    Opened,
    Outcome,
    PullNotMerged,
    Refused,
    RevertRequest,
    RootCommit,
    Target,
    Unfinished,
)
from bot.core.pull_requests.tracked_pull_request import ProposedChange
from bot.i18n.catalogue import revert as texts
from bot.i18n.language import LocalizedText, Phrase, Text, Translator
from bot.messages import LINK, common, permission
from bot.messages.blocks import (
    Block,
    Element,
    Message,
    actions,
    bullets,
    button,
    clip,
    code,
    confirm,
    link,
    paragraph,
    preformatted,
    rich,
    rich_line,
    text_message,
    words,
)

# Action ids of buttons that request a revert. Slack requires unique action ids in a message.
REVERT_THIS = "revert_this"
REVERT_OTHER = "revert_other"
REVERT_SUSPECTS = ("revert_suspect_1", "revert_suspect_2", "revert_suspect_3")
_FULL_SHA = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{32}\b")
_DIGITS = 8  # of a SHA, if that is enough
_MAX_LISTED = 8
_MAX_FILES = 20  # stored for the card
_MAX_UNDONE = 3
_MAX_REFERENCE = 2_000


_STATES = {"open": texts.OPEN, "closed": texts.CLOSED, "merged": texts.MERGED}


def answer(translator: Translator, outcome: Outcome, request: RevertRequest) -> Message:  # noqa: C901, PLR0912  a case each
    """The answer to the requester."""
    match outcome:
        case Opened():
            return common.pull_request_message(translator, texts.OPENED, outcome.pull)
        case AlreadyOpen(pull):
            return common.pull_request_message(translator, texts.ALREADY_OPEN, pull)
        case AlreadyReverted(target, by):
            return text_message(
                translator.text(texts.ALREADY_REVERTED, name=_name(translator, target), by=_commit(translator, by))
            )
        case NothingToUndo(target, since):
            phrase = texts.NOTHING_LEFT_SINCE if since else texts.NOTHING_LEFT
            return text_message(
                translator.text(phrase, name=_name(translator, target), since=_commit(translator, since))
            )
        case Conflict():
            return _conflict(translator, outcome)
        case InsidePull():
            return _inside_pull_request(translator, outcome, request)
        case AcrossMerges(text, commits, merges):
            sentence = translator.count(texts.ACROSS_MERGES, len(merges), range=clip(text, 140))
            through = button_value(replace(request, through_merges=True))
            choice = button(translator.text(texts.REVERT_ALL, n=translator.number(commits)), REVERT_THIS, through)
            return text_message(sentence, _commits(translator, merges), actions(choice))
        case Confirm(target, files, applications, unreadable):
            touching = _touching(translator, [name for name in applications if name not in unreadable])
            sentence = translator.count(texts.CONFIRM, len(files), name=_name(translator, target), touching=touching)
            sentence += common.may_affect(translator, unreadable)
            large = button_value(replace(request, large=True))
            return text_message(
                sentence, actions(button(translator.text(texts.OPEN_ANYWAY), REVERT_THIS, large, style="danger"))
            )
        case NotFound(reason):
            return text_message(translator.localize(reason))
        case Ambiguous(reason, candidates):
            return text_message(translator.localize(reason), _commits(translator, candidates))
        case AmbiguousRepository(repositories):
            names = common.listed(translator, repositories, 5)
            return text_message(
                translator.text(texts.WHICH_REPOSITORY, text=clip(str(request.change), 80), known=names)
            )
        case NotOnBranch():
            return _not_on_branch(translator, outcome)
        case PullNotMerged(pull):
            return _with_pull_request_button(translator, texts.NOT_MERGED, pull)
        case RootCommit(commit):
            return text_message(translator.text(texts.ROOT, commit=_commit(translator, commit)))
        case EmptyCommit(target):
            return text_message(translator.text(texts.EMPTY, name=_name(translator, target)))
        case Refused(reason, retry_at):
            return text_message(
                translator.text(
                    texts.REFUSED, reason=clip(translator.localize(reason), 1_000), again=_retry(translator, retry_at)
                )
            )
        case Unfinished(branch, reason):
            reason = clip(translator.localize(reason), 800)
            return text_message(translator.text(texts.UNFINISHED, branch=clip(branch, 100), reason=reason))
        case NotPermitted(applications, decision, unreadable):
            return permission.denied(translator, Right.REVERT, decision, applications, unreadable)


def answer_text(translator: Translator, outcome: Outcome, request: RevertRequest) -> str:
    """The answer as plain text."""
    return unescape(answer(translator, outcome, request).text)


def button_value(request: RevertRequest) -> str:
    """The value of a button that repeats a request, for whoever clicks it and is authorized again."""
    flags = [flag for flag in ("only", "through_merges", "large") if getattr(request, flag)]
    return _encode(str(request.change), request.application, flags)


def _encode(text: str, application: str | None, flags: Sequence[str] = ()) -> str:
    value = {"text": text, "application": application, "flags": flags}
    return json.dumps(value)[:_MAX_REFERENCE]


def pull_revision(number: int | None, url: str | None) -> str:
    """A pull request as a revision: by URL, since an application may be in another repository when a button is pressed.

    By number if the URL isn't one that can be parsed; "" without a number.
    """
    if number and url and isinstance(parse_change_ref(url), PullUrl):
        return url
    return f"#{number}" if number else ""


def revert_button(
    translator: Translator,
    revision: str,
    application: str | None,
    subject: str,
    style: str | None = None,
    *,
    action: str = REVERT_THIS,
) -> Element:
    """The button that reverts after a confirmation; the person who clicks is authorized as for the command."""
    confirmation = confirm(
        translator.text(texts.ASK_TITLE),
        translator.text(texts.ASK, subject=clip(subject, 120)),
        translator.text(texts.ASK_YES),
        translator.text(texts.ASK_NO),
    )
    label = translator.text(texts.REVERT, revision=revision_name(revision))
    return button(label, action, _encode(revision, application), style=style, confirmation=confirmation)


def parse_request(value: str, who: str) -> RevertRequest | None:
    """The request in a button's value; None for a value that the bot never sent."""
    try:
        fields = json.loads(value)
        change, application, flags = parse_change_ref(str(fields["text"])), fields["application"], set(fields["flags"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if isinstance(change, InvalidChangeRef) or not isinstance(application, str | None):
        return None
    return RevertRequest(
        who=who,
        change=change,
        application=application,
        only="only" in flags,
        through_merges="through_merges" in flags,
        large="large" in flags,
    )


def requested(translator: Translator, request: RevertRequest, origin: Origin) -> list[Element]:
    """What was requested, for the start of the answer: `/gitops revert 4f2a9c1e shop`, or the button's label."""
    revision = revision_name(str(request.change))
    if origin in (Origin.BUTTON, Origin.MODAL, Origin.HOME):
        return [words(translator.text(texts.REQUESTED, revision=revision))]
    application = f" {request.application}" if request.application else ""
    return [code(f"/gitops revert {revision}{application}")]


def revision_name(text: str) -> str:
    """A change to show: a full SHA is shortened, and a URL of a commit or pull request is reduced to its end."""
    _, slash, name = text.rpartition("/")
    if not slash:
        name = text
    return clip(_FULL_SHA.sub(r"\1", f"#{name}" if slash and name.isdigit() else name), 80)


def proposed_change(outcome: Opened) -> ProposedChange:
    """What the pull request's card shows to reviewers."""
    notes: list[Text] = []
    if outcome.target.reapplies:
        notes.append(LocalizedText(texts.REAPPLIES))
    if outcome.target.merge:
        notes.append(LocalizedText(texts.UNDOES_MERGE))
    if outcome.already_undone:
        files = ", ".join(clip(path, common.MAX_NAME) for path in outcome.already_undone[:_MAX_UNDONE])
        notes.append(LocalizedText(texts.PARTLY_UNDONE, files=files))
    if outcome.automation:
        notes.append(LocalizedText(texts.AUTOMATION, tool=clip(outcome.automation, 60)))
    return ProposedChange(outcome.files[:_MAX_FILES], tuple(notes), outcome.effects)


def _conflict(translator: Translator, outcome: Conflict) -> Message:
    sentence = translator.count(texts.CONFLICT, len(outcome.files), name=_name(translator, outcome.target))
    lines = _files(translator, [_conflicted(translator, file) for file in outcome.files])
    blocks = [rich(bullets(lines))]
    if pull := outcome.edited:
        blocks.append(rich(paragraph(*rich_line(translator, texts.EDITED, pull=link(pull.url, f"#{pull.number}")))))
    commands = "\n".join(clip(command, 300) for command in outcome.commands)
    by_hand = rich(paragraph(words(translator.text(texts.BY_HAND))), preformatted(commands))
    return text_message(sentence, *blocks, by_hand)


def _conflicted(translator: Translator, file: ConflictedFile) -> list[Element]:
    return rich_line(
        translator,
        texts.CONFLICTED_SINCE if file.later else texts.CONFLICTED,
        path=code(clip(file.path, common.MAX_PATH)),
        kind=clip(file.kind, 60),
        commits=common.listed(translator, (_commit(translator, commit) for commit in file.later), 3),
    )


def _files(translator: Translator, lines: list[list[Element]]) -> list[list[Element]]:
    omitted = len(lines) - _MAX_LISTED
    return [*lines[:_MAX_LISTED], [common.and_more(translator, omitted)]] if omitted > 0 else lines


def _inside_pull_request(translator: Translator, outcome: InsidePull, request: RevertRequest) -> Message:
    commit = _commit(translator, outcome.commit)
    if outcome.pull:
        number = str(outcome.pull.number)
        sentence, label = translator.text(texts.INSIDE_PULL, commit=commit, number=number), texts.WHOLE_PULL
    else:
        number = ""
        sentence = translator.text(texts.INSIDE_MERGE, commit=commit, merge=_commit(translator, outcome.merge))
        label = texts.WHOLE_MERGE
    whole_value = button_value(replace(request, change=outcome.whole, only=False))
    choices = [button(translator.text(label, number=number), REVERT_THIS, whole_value, style="primary")]
    if outcome.only_possible:
        only = button_value(replace(request, only=True))
        choices.append(button(translator.text(texts.ONLY_COMMIT), REVERT_OTHER, only))
    return text_message(sentence, actions(*choices))


def _not_on_branch(translator: Translator, outcome: NotOnBranch) -> Message:
    pull = outcome.pull
    number = str(pull.number) if pull else ""
    what = (
        _commit(translator, outcome.commit)
        if outcome.commit
        else f"#{number}"
        if pull
        else translator.text(texts.THAT_CHANGE)
    )
    return text_message(
        translator.text(
            texts.REMOVED if outcome.removed else texts.NOT_ON_BRANCH_BUT if pull else texts.NOT_ON_BRANCH,
            what=what,
            branch=clip(outcome.branch, 80),
            number=number,
            state=translator.text(_STATES[pull.state]) if pull else "",
        )
    )


def _with_pull_request_button(translator: Translator, phrase: Phrase, pull: PullRequest) -> Message:
    number = str(pull.number)
    sentence = translator.text(phrase, number=number, title=_title(pull), state=translator.text(_STATES[pull.state]))
    return text_message(sentence, actions(button(translator.text(texts.OPEN_PULL, number=number), LINK, url=pull.url)))


def _commits(translator: Translator, commits: Sequence[Commit]) -> Block:
    """A list with enough digits of each SHA to tell them apart."""
    shas = {commit.sha for commit in commits}
    digits = next(digits for digits in count(_DIGITS) if len({sha[:digits] for sha in shas}) == len(shas))
    return rich(bullets([[words(_commit(translator, commit, digits))] for commit in commits[:_MAX_LISTED]]))


def _commit(translator: Translator, commit: Commit | None, digits: int = _DIGITS) -> str:
    return f"{commit.sha[:digits]} ({clip(commit.subject, 100)})" if commit else translator.text(texts.UNKNOWN_COMMIT)


def _name(translator: Translator, target: Target) -> str:
    if target.pull:
        return f"#{target.pull.number} ({_title(target.pull)})"
    last = _commit(translator, target.last)
    several = len(target.commits)
    return translator.text(texts.SEVERAL_COMMITS, n=translator.number(several), last=last) if several > 1 else last


def _title(pull: PullRequest) -> str:
    return clip(pull.title, 150)


def _touching(translator: Translator, applications: Sequence[str]) -> str:
    if not applications:
        return translator.text(texts.OF_NO_APPLICATION)
    return translator.text(texts.OF_APPLICATIONS, applications=common.listed(translator, applications, 5))


def _retry(translator: Translator, retry_at: datetime | None) -> str:
    """The button to retry; the reason has the time."""
    return translator.text(texts.AGAIN) if retry_at else ""
