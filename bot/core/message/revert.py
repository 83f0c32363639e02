"""The answers to `/gitops revert`: one for each way it can end, each saying what to press or type next."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.commit import Commit, PullRequest
from bot.core.message import LINK, wording
from bot.core.message.blocks import (
    Block,
    Element,
    Message,
    actions,
    bullets,
    button,
    clip,
    code,
    link,
    message,
    paragraph,
    preformatted,
    rich,
    utc,
    words,
)
from bot.core.message.language import ENGLISH as EN
from bot.core.revert import (
    AcrossMerges,
    AlreadyOpen,
    AlreadyReverted,
    Ambiguous,
    Confirm,
    Conflict,
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

# Both buttons ask for another revert; Slack wants the action ids of one message to differ.
REVERT_THIS = "revert_this"
REVERT_OTHER = "revert_other"
_MOST_LISTED = 8
_MOST_REFERENCE = 2_000


def answer(outcome: Outcome, request: RevertRequest) -> Message:  # noqa: C901, PLR0912  a case each
    """What the person who asked reads."""
    match outcome:
        case Opened():
            return _opened(outcome)
        case AlreadyOpen(pull):
            return _with_link(f"Pull request #{pull.number} for it is open already: {_title(pull)}.", pull)
        case AlreadyReverted(target, by):
            return _said(f"{_name(target)} was already reverted by {_commit(by)}. No pull request was opened.")
        case NothingToUndo(target, since):
            later = f" The newest later change to its files is {_commit(since)}." if since else ""
            return _said(f"Nothing is left to undo of {_name(target)}: the branch no longer holds it.{later}")
        case Conflict():
            return _conflict(outcome)
        case InsidePull():
            return _inside(outcome, request)
        case AcrossMerges(text, commits, merges):
            several = wording.count(len(merges), "merge")
            sentence = f"The range {clip(text, 140)} runs across {several}, which cannot be undone one by one."
            through = reference(replace(request, through_merges=True))
            choice = button(f"Undo all {commits} steps as one", REVERT_THIS, through)
            return _said(sentence, _commits(merges), actions(choice))
        case Confirm(target, files, applications):
            sentence = (
                f"Undoing {_name(target)} changes {wording.count(len(files), 'file')}"
                f"{_touching(applications)}. Nothing was opened yet."
            )
            large = button("Open it all the same", REVERT_THIS, reference(replace(request, large=True)), style="danger")
            return _said(sentence, actions(large))
        case NotFound(reason):
            return _said(reason)
        case Ambiguous(reason, candidates):
            return _said(reason, _commits(candidates))
        case NotOnBranch(commit, pull, branch):
            what = _commit(commit) if commit else f"#{pull.number}" if pull else "that change"
            where = f" It is in pull request #{pull.number}, which is {pull.state}." if pull else ""
            return _said(f"{what} never reached {clip(branch, 80)}, so there is nothing to undo there.{where}")
        case PullNotMerged(pull):
            sentence = (
                f"#{pull.number} is {pull.state} and was not merged, so there is nothing to undo: {_title(pull)}."
            )
            return _with_link(sentence, pull)
        case RootCommit(commit):
            return _said(f"{_commit(commit)} is the first commit of the repository; undoing it would leave nothing.")
        case EmptyCommit(target):
            return _said(f"{_name(target)} changes no files, so there is nothing to undo.")
        case Refused(reason, retry_at):
            return _said(f"{clip(reason, 1_000)}{_again(retry_at)}")
        case Unfinished(branch, reason, retry_at):
            return _said(
                f"The branch {clip(branch, 100)} is pushed, but the pull request is not open: {clip(reason, 800)}"
                f"{_again(retry_at)} Ask again and it goes on from there."
            )


def which_repository(text: str, repositories: Sequence[str]) -> Message:
    """Several repositories could be meant."""
    known = wording.listed(EN, repositories, 5)
    return _said(
        f"{clip(text, 80)} could be in {known}: name an application too, as in /gitops revert {clip(text, 80)} APP."
    )


def reference(request: RevertRequest) -> str:
    """What a button remembers of a request: not who asked, since whoever clicks is authorised anew."""
    kept = {
        "text": clip(request.text, 200),
        "application": request.application,
        "flags": [flag for flag in ("only", "through_merges", "large") if getattr(request, flag)],
    }
    return json.dumps(kept)[:_MOST_REFERENCE]


def requested(reference_: str, who: str) -> RevertRequest | None:
    """The request behind a button, None for what no button of ours holds."""
    try:
        kept = json.loads(reference_)
        text, application, flags = str(kept["text"]), kept["application"], set(kept["flags"])
    except (ValueError, TypeError, KeyError):
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


def _opened(outcome: Opened) -> Message:
    sentence = (
        f"Pull request #{outcome.pull.number} is open: {_title(outcome.pull)}. "
        f"It changes {wording.count(len(outcome.files), 'file')}{_touching(outcome.applications)}; "
        "nothing changes until it is merged."
    )
    notes: list[list[Element]] = []
    if outcome.target.reapplies:
        notes.append([words("It undoes a revert, so what was reverted before lands again.")])
    if outcome.target.merge:
        notes.append([words("It undoes a merge: to land that branch again later, revert this revert first.")])
    if outcome.already_undone:
        files = wording.listed(EN, outcome.already_undone, 3)
        notes.append([words(f"Partly undone before: {files} stay as they are.")])
    if outcome.automation:
        notes.append(
            [words(f"{clip(outcome.automation, 60)} wrote that commit and may write it again: pause it first.")]
        )
    listed = [[code(clip(path, wording.MOST_PATH))] for path in outcome.files[:_MOST_LISTED]]
    if len(outcome.files) > _MOST_LISTED:
        listed.append([words(f"and {len(outcome.files) - _MOST_LISTED} more", italic=True)])
    blocks: list[Block] = [rich(paragraph(link(outcome.pull.url, f"#{outcome.pull.number}"), words(f" {sentence}")))]
    if listed:
        blocks.append(rich(bullets(listed)))
    if notes:
        blocks.append(rich(bullets(notes)))
    blocks.append(actions(button(f"Review #{outcome.pull.number}", LINK, url=outcome.pull.url, style="primary")))
    return message(sentence, *blocks)


def _conflict(outcome: Conflict) -> Message:
    sentence = (
        f"{_name(outcome.target)} cannot be undone by itself: later changes touch "
        f"{wording.count(len(outcome.files), 'file')} of it. No branch was made."
    )
    lines = []
    for file in outcome.files[:_MOST_LISTED]:
        line = [code(clip(file.path, wording.MOST_PATH)), words(f" ({clip(file.kind, 60)})")]
        if file.later:
            line.append(words(f", since changed by {wording.listed(EN, (_commit(each) for each in file.later), 3)}"))
        lines.append(line)
    if len(outcome.files) > _MOST_LISTED:
        lines.append([words(f"and {len(outcome.files) - _MOST_LISTED} more", italic=True)])
    commands = "\n".join(clip(command, 300) for command in outcome.commands)
    return _said(sentence, rich(bullets(lines)), rich(paragraph(words("By hand:")), preformatted(commands)))


def _inside(outcome: InsidePull, request: RevertRequest) -> Message:
    came = f"pull request #{outcome.pull.number}" if outcome.pull else f"merge {_commit(outcome.merge)}"
    sentence = f"{_commit(outcome.commit)} came in with {came}. What should be undone?"
    whole = replace(request, text=outcome.whole, only=False)
    label = f"The whole of #{outcome.pull.number}" if outcome.pull else "The whole merge"
    choices = [button(label, REVERT_THIS, reference(whole), style="primary")]
    if outcome.only_possible:
        choices.append(button("Only this commit", REVERT_OTHER, reference(replace(request, only=True))))
    return _said(sentence, actions(*choices))


def _with_link(sentence: str, pull: PullRequest) -> Message:
    return _said(sentence, actions(button(f"Open #{pull.number}", LINK, url=pull.url)))


def _said(sentence: str, *blocks: Block) -> Message:
    return message(sentence, rich(paragraph(words(sentence))), *blocks)


def _commits(commits: Sequence[Commit]) -> Block:
    return rich(bullets([[words(_commit(each))] for each in commits[:_MOST_LISTED]]))


def _commit(commit: Commit | None) -> str:
    return f"{commit.short} ({clip(commit.subject, 100)})" if commit else "an unknown commit"


def _name(target: Target) -> str:
    if target.pull:
        return f"#{target.pull.number} ({_title(target.pull)})"
    if len(target.commits) > 1:
        return f"{len(target.commits)} commits up to {_commit(target.last)}"
    return _commit(target.last)


def _title(pull: PullRequest) -> str:
    return clip(pull.title, 150)


def _touching(applications: Sequence[str]) -> str:
    return f" of {wording.listed(EN, applications, 5)}" if applications else ", none of a configured application"


def _again(retry_at: datetime | None) -> str:
    return f" Try again after {utc(retry_at)}." if retry_at else ""
