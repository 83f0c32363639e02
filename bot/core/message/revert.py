"""The answers to `/gitops revert`: one for each way it can end, each saying what to press or type next."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from html import unescape

from bot.core.commit import Commit, PullRequest
from bot.core.message import LINK, effect, wording
from bot.core.message.blocks import (
    Block,
    Element,
    Message,
    actions,
    bullets,
    button,
    clip,
    code,
    confirm,
    message,
    paragraph,
    preformatted,
    rich,
    utc,
    words,
)
from bot.core.message.catalogue import revert as texts
from bot.core.message.language import Phrase, Say
from bot.core.revert import (
    AcrossMerges,
    AlreadyOpen,
    AlreadyReverted,
    Ambiguous,
    Confirm,
    Conflict,
    ConflictedFile,
    EmptyCommit,
    InsidePull,
    NotFound,
    NothingToUndo,
    NotOnBranch,
    Opened,
    Outcome,
    PullNotMerged,
    Refused,
    RevertRequest,
    RootCommit,
    Target,
    Unfinished,
)

# Each button asks for another revert; Slack wants the action ids of one message to differ.
REVERT_THIS = "revert_this"
REVERT_OTHER = "revert_other"
REVERT_SUSPECTS = ("revert_suspect_1", "revert_suspect_2", "revert_suspect_3")
_FULL_SHA = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{32}\b")
_MOST_LISTED = 8
_MOST_REFERENCE = 2_000


_STATES = {"open": texts.OPEN, "closed": texts.CLOSED, "merged": texts.MERGED}


def answer(say: Say, outcome: Outcome, request: RevertRequest) -> Message:  # noqa: C901, PLR0912  a case each
    """What the person who asked reads."""
    match outcome:
        case Opened():
            return _opened(say, outcome)
        case AlreadyOpen(pull):
            return _with_link(say, texts.ALREADY_OPEN, pull)
        case AlreadyReverted(target, by):
            return _said(say.text(texts.ALREADY_REVERTED, name=_name(say, target), by=_commit(say, by)))
        case NothingToUndo(target, since):
            phrase = texts.NOTHING_LEFT_SINCE if since else texts.NOTHING_LEFT
            return _said(say.text(phrase, name=_name(say, target), since=_commit(say, since)))
        case Conflict():
            return _conflict(say, outcome)
        case InsidePull():
            return _inside(say, outcome, request)
        case AcrossMerges(text, commits, merges):
            sentence = say.count(texts.ACROSS_MERGES, len(merges), range=clip(text, 140))
            through = reference(replace(request, through_merges=True))
            choice = button(say.text(texts.UNDO_ALL, n=say.number(commits)), REVERT_THIS, through)
            return _said(sentence, _commits(say, merges), actions(choice))
        case Confirm(target, files, applications):
            touching = _touching(say, applications)
            sentence = say.count(texts.CONFIRM, len(files), name=_name(say, target), touching=touching)
            large = reference(replace(request, large=True))
            return _said(sentence, actions(button(say.text(texts.OPEN_ANYWAY), REVERT_THIS, large, style="danger")))
        case NotFound(reason):
            return _said(say.told(reason))
        case Ambiguous(reason, candidates):
            return _said(say.told(reason), _commits(say, candidates))
        case NotOnBranch():
            return _not_on_branch(say, outcome)
        case PullNotMerged(pull):
            return _with_link(say, texts.NOT_MERGED, pull)
        case RootCommit(commit):
            return _said(say.text(texts.ROOT, commit=_commit(say, commit)))
        case EmptyCommit(target):
            return _said(say.text(texts.EMPTY, name=_name(say, target)))
        case Refused(reason, retry_at):
            return _said(say.text(texts.REFUSED, reason=clip(say.told(reason), 1_000), again=_again(say, retry_at)))
        case Unfinished(branch, reason, retry_at):
            told = {"branch": clip(branch, 100), "reason": clip(say.told(reason), 800), "again": _again(say, retry_at)}
            return _said(say.text(texts.UNFINISHED, **told))


def sentence(say: Say, outcome: Outcome, request: RevertRequest) -> str:
    """The same in words alone."""
    return unescape(answer(say, outcome, request).text)


def which_repository(say: Say, text: str, repositories: Sequence[str]) -> Message:
    """Several repositories could be meant."""
    known = wording.listed(say, repositories, 5)
    return _said(say.text(texts.WHICH_REPOSITORY, text=clip(text, 80), known=known))


def reference(request: RevertRequest) -> str:
    """What a button remembers of a request: not who asked, since whoever clicks is authorised anew."""
    kept = {
        "text": clip(request.text, 200),
        "application": request.application,
        "flags": [flag for flag in ("only", "through_merges", "large") if getattr(request, flag)],
    }
    return json.dumps(kept)[:_MOST_REFERENCE]


def ask(
    say: Say,
    revision: str,
    application: str | None,
    subject: str,
    style: str | None = None,
    *,
    action: str = REVERT_THIS,
) -> Element:
    """The button that asks for a revert, once more before it does; who clicks is authorised as with the command."""
    asks = confirm(
        say.text(texts.ASK_TITLE),
        say.text(texts.ASK, subject=clip(subject, 120)),
        say.text(texts.ASK_YES),
        say.text(texts.ASK_NO),
    )
    request = RevertRequest(who="", text=revision, application=application)
    _, slash, named = revision.rpartition("/")  # of a URL its sha, or its pull request's number
    named = f"#{named}" if slash and named.isdigit() else named
    label = say.text(texts.REVERT, revision=_FULL_SHA.sub(r"\1", named))
    return button(label, action, reference(request), style=style, asks=asks)


def requested(reference_: str, who: str) -> RevertRequest | None:
    """The request behind a button, None for what no button of ours holds."""
    try:
        kept = json.loads(reference_)
        text, application, flags = str(kept["text"]), kept["application"], set(kept["flags"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if application is not None and not isinstance(application, str):
        return None
    return RevertRequest(
        who=who,
        text=text,
        application=application,
        only="only" in flags,
        through_merges="through_merges" in flags,
        large="large" in flags,
    )


def _opened(say: Say, outcome: Opened) -> Message:
    pull = outcome.pull
    sentence = say.count(
        texts.OPENED,
        len(outcome.files),
        number=str(pull.number),
        title=_title(pull),
        touching=_touching(say, outcome.applications),
    )
    blocks: list[Block] = [rich(paragraph(words(sentence)))]
    listed = _files(say, [[code(clip(path, wording.MOST_PATH))] for path in outcome.files])
    if listed:
        blocks.append(rich(bullets(listed)))
    if notes := _notes(say, outcome):
        blocks.append(rich(bullets([[words(each)] for each in notes])))
    blocks += effect.blocks(say, outcome.effects)
    blocks.append(actions(wording.review(say, pull.number, pull.url)))
    return message(sentence, *blocks)


def _notes(say: Say, outcome: Opened) -> list[str]:
    notes = []
    if outcome.target.reapplies:
        notes.append(say.text(texts.REAPPLIES))
    if outcome.target.merge:
        notes.append(say.text(texts.UNDOES_MERGE))
    if outcome.already_undone:
        notes.append(say.text(texts.PARTLY_UNDONE, files=wording.listed(say, outcome.already_undone, 3)))
    if outcome.automation:
        notes.append(say.text(texts.AUTOMATION, tool=clip(outcome.automation, 60)))
    return notes


def _conflict(say: Say, outcome: Conflict) -> Message:
    sentence = say.count(texts.CONFLICT, len(outcome.files), name=_name(say, outcome.target))
    lines = _files(say, [_conflicted(say, file) for file in outcome.files])
    commands = "\n".join(clip(command, 300) for command in outcome.commands)
    by_hand = rich(paragraph(words(say.text(texts.BY_HAND))), preformatted(commands))
    return _said(sentence, rich(bullets(lines)), by_hand)


def _conflicted(say: Say, file: ConflictedFile) -> list[Element]:
    return say.line(
        texts.CONFLICTED_SINCE if file.later else texts.CONFLICTED,
        path=code(clip(file.path, wording.MOST_PATH)),
        kind=clip(file.kind, 60),
        commits=wording.listed(say, (_commit(say, each) for each in file.later), 3),
    )


def _files(say: Say, lines: list[list[Element]]) -> list[list[Element]]:
    left = len(lines) - _MOST_LISTED
    return [*lines[:_MOST_LISTED], [wording.and_more(say, left)]] if left > 0 else lines


def _inside(say: Say, outcome: InsidePull, request: RevertRequest) -> Message:
    commit = _commit(say, outcome.commit)
    if outcome.pull:
        number = str(outcome.pull.number)
        sentence, label = say.text(texts.INSIDE_PULL, commit=commit, number=number), texts.WHOLE_PULL
    else:
        number = ""
        sentence = say.text(texts.INSIDE_MERGE, commit=commit, merge=_commit(say, outcome.merge))
        label = texts.WHOLE_MERGE
    whole = reference(replace(request, text=outcome.whole, only=False))
    choices = [button(say.text(label, number=number), REVERT_THIS, whole, style="primary")]
    if outcome.only_possible:
        only = reference(replace(request, only=True))
        choices.append(button(say.text(texts.ONLY_COMMIT), REVERT_OTHER, only))
    return _said(sentence, actions(*choices))


def _not_on_branch(say: Say, outcome: NotOnBranch) -> Message:
    pull = outcome.pull
    number = str(pull.number) if pull else ""
    what = _commit(say, outcome.commit) if outcome.commit else f"#{number}" if pull else say.text(texts.THAT_CHANGE)
    return _said(
        say.text(
            texts.NOT_ON_BRANCH_BUT if pull else texts.NOT_ON_BRANCH,
            what=what,
            branch=clip(outcome.branch, 80),
            number=number,
            state=say.text(_STATES[pull.state]) if pull else "",
        )
    )


def _with_link(say: Say, phrase: Phrase, pull: PullRequest) -> Message:
    number = str(pull.number)
    sentence = say.text(phrase, number=number, title=_title(pull), state=say.text(_STATES[pull.state]))
    return _said(sentence, actions(button(say.text(texts.OPEN_PULL, number=number), LINK, url=pull.url)))


def _said(sentence: str, *blocks: Block) -> Message:
    return message(sentence, rich(paragraph(words(sentence))), *blocks)


def _commits(say: Say, commits: Sequence[Commit]) -> Block:
    return rich(bullets([[words(_commit(say, each))] for each in commits[:_MOST_LISTED]]))


def _commit(say: Say, commit: Commit | None) -> str:
    return f"{commit.short} ({clip(commit.subject, 100)})" if commit else say.text(texts.UNKNOWN_COMMIT)


def _name(say: Say, target: Target) -> str:
    if target.pull:
        return f"#{target.pull.number} ({_title(target.pull)})"
    last = _commit(say, target.last)
    several = len(target.commits)
    return say.text(texts.SEVERAL_COMMITS, n=say.number(several), last=last) if several > 1 else last


def _title(pull: PullRequest) -> str:
    return clip(pull.title, 150)


def _touching(say: Say, applications: Sequence[str]) -> str:
    if not applications:
        return say.text(texts.OF_NO_APPLICATION)
    return say.text(texts.OF_APPLICATIONS, applications=wording.listed(say, applications, 5))


def _again(say: Say, retry_at: datetime | None) -> str:
    return say.text(texts.AGAIN, time=utc(retry_at)) if retry_at else ""
