"""Reverts and adoptions: the answers, the queue, and the cards of the pull requests the bot opened."""

from dataclasses import replace
from datetime import timedelta

from bot.core.access.audit import Origin
from bot.core.access.permission import Denied, Rule
from bot.core.changes.effect import Effect
from bot.core.changes.irreversible import IrreversibleChange, IrreversibleReason
from bot.core.changes.rendered_change import FieldChange, ObjectChange, RenderedChange
from bot.core.pull_requests import revert
from bot.core.pull_requests.change_ref import PullNumber, Sha
from bot.core.pull_requests.queued import QueuedRevert, QueueState
from bot.core.pull_requests.revert import RevertRequest, Target
from bot.core.pull_requests.tracked_pull_request import ProposedChange
from bot.i18n.catalogue import adopt as adopt_texts
from bot.i18n.catalogue import effect, forge, repository
from bot.i18n.language import LocalizedText
from bot.messages import adopt, common, pull_request_card
from bot.messages import queued_revert as queued_revert_message
from bot.messages import revert as revert_message
from tests.messages.samples import (
    COMMIT,
    COMMIT_CHECKS,
    DRIFTED,
    FORGE_SILENT,
    OLDER,
    PULL_REQUEST,
    REVERT_PULL,
    SHA,
    T0,
)

REQUEST = RevertRequest("ana", Sha("4f2a9c1e"), "shop")
QUEUED = QueuedRevert(
    "queued-1",
    RevertRequest("jonas", PullNumber(12), "shop"),
    "U0JONAS001",
    "C1",
    "C1",
    T0,
    T0 + timedelta(minutes=47),
    "The GitHub rate limit has been reached and resets at 03:34 UTC.",
)
DONE = replace(QUEUED, state=QueueState.DONE, result="Pull request #13 is open.", url="https://forge.example/13")

TARGET = Target((COMMIT,), OLDER, PULL_REQUEST)
MERGE_COMMIT = Target((replace(COMMIT, parents=(OLDER, "c" * 40)),), OLDER)
OPENED = replace(PULL_REQUEST, number=13, title=REVERT_PULL.title, url=REVERT_PULL.url, state="open")
LATER = replace(COMMIT, sha="9e8d7c6b" + "0" * 32, message="Raise the limit again")
FILES = ("apps/shop/deployment.yaml", "apps/shop/service.yaml")


def warned(*losses):
    """Of each: why, the object's kind and name, and the path in it."""
    return tuple(IrreversibleChange(reason, kind, None, name, path) for reason, kind, name, path in losses)


REPLICAS = (FieldChange("changed", "spec.replicas", 9, 1),)
EFFECTS = (
    Effect(
        "shop",
        "prod",
        "web",
        RenderedChange(
            added=1,
            changed=1,
            removed=1,
            objects=(
                ObjectChange("removed", "v1", "PersistentVolumeClaim", None, "data"),
                ObjectChange("changed", "apps/v1", "Deployment", None, "web", REPLICAS, 3),
                ObjectChange("unknown", "v1", "Secret", None, "db"),
                ObjectChange("added", "v1", "Namespace", None, "jobs"),
            ),
            unknown=3,
            unnamed=2,
        ),
        warned(
            (IrreversibleReason.DEFINITION, "CustomResourceDefinition", "backups.example.com", ""),
            (IrreversibleReason.NAMESPACE, "Namespace", "jobs", ""),
            (IrreversibleReason.VOLUME, "PersistentVolumeClaim", "data", ""),
            (IrreversibleReason.RETURNING, "Namespace", "jobs", ""),
            (IrreversibleReason.IMMUTABLE, "Deployment", "web", "spec.selector"),
        ),
    ),
    Effect("search", "test", "search", why=LocalizedText(effect.TOO_SLOW, seconds="20")),
    Effect("payments", "prod", "payments"),
)
REFUSED = warned(
    (IrreversibleReason.SHRUNK, "PersistentVolumeClaim", "data", "spec.resources.requests.storage"),
    (IrreversibleReason.VERSION, "CustomResourceDefinition", "backups.example.com", "spec.versions v2"),
    *((IrreversibleReason.IMMUTABLE, "Job", f"job-{number}", "spec.template") for number in range(5)),
)

OUTCOMES = {
    "opened": revert.Opened(OPENED, TARGET, FILES, ("shop",)),
    "already-open": revert.AlreadyOpen(OPENED),
    "already-reverted": revert.AlreadyReverted(TARGET, LATER),
    "nothing-left": revert.NothingToUndo(TARGET, LATER),
    "conflict": revert.Conflict(
        TARGET, (revert.ConflictedFile(FILES[0], "content", (LATER,)),), ("git fetch origin", "git revert 4f2a9c1e")
    ),
    "conflict-edited": revert.Conflict(
        TARGET, (revert.ConflictedFile(FILES[0], "content", (LATER,)),), ("git revert 4f2a9c1e",), OPENED
    ),
    "inside-pull": revert.InsidePull(COMMIT, PullNumber(12), PULL_REQUEST, None, only_possible=True),
    "inside-merge": revert.InsidePull(COMMIT, Sha(LATER.sha), None, LATER, only_possible=False),
    "across-merges": revert.AcrossMerges("1b7d3e5a..4f2a9c1e", 4, (COMMIT, LATER)),
    "confirm": revert.Confirm(TARGET, FILES * 400, ("shop", "search")),
    "confirm-unreadable": revert.Confirm(TARGET, FILES * 400, ("shop", "search", "pay"), ("search", "pay")),
    "not-permitted": revert.NotPermitted(
        ("shop", "search"), Denied(Rule("slack.revert_allowed", ("U0ANA",))), ("search",)
    ),
    "not-found": revert.NotFound(LocalizedText(repository.NO_COMMIT, text="4f2a9c1e", name="platform")),
    "ambiguous": revert.Ambiguous(
        LocalizedText(repository.AMBIGUOUS, text="4f2a9c1", n="2", name="platform"),
        (COMMIT, replace(LATER, sha=COMMIT.sha[:9] + "7" * 31)),
    ),
    "not-on-branch": revert.NotOnBranch(COMMIT, replace(PULL_REQUEST, state="open"), "main"),
    "not-merged": revert.PullNotMerged(replace(PULL_REQUEST, state="closed")),
    "never-on-branch": revert.NotOnBranch(COMMIT, None, "main"),
    "removed-from-branch": revert.NotOnBranch(COMMIT, None, "main", removed=True),
    "nothing-left-since-nothing": revert.NothingToUndo(TARGET, None),
    "across-one-merge": revert.AcrossMerges("1b7d3e5a..4f2a9c1e", 2, (LATER,)),
    "root": revert.RootCommit(COMMIT),
    "empty": revert.EmptyCommit(MERGE_COMMIT),
    "refused": revert.Refused(LocalizedText(forge.LIMITED, forge="GitHub", time="02:47"), T0),
    "unfinished": revert.Unfinished("gitops-bot/revert-4f2a9c1e", FORGE_SILENT),
}


# What the card of a revert's pull request shows its reviewers.
OPENED_OUTCOMES = {
    "with-effects": revert.Opened(OPENED, TARGET, FILES, ("shop", "search", "payments"), effects=EFFECTS),
    "refused": revert.Opened(
        OPENED, TARGET, FILES, ("shop",), effects=(replace(EFFECTS[0], irreversible=REFUSED), EFFECTS[2])
    ),
    "of-a-merge": revert.Opened(OPENED, MERGE_COMMIT, FILES, ("shop",), ("README.md",), "Renovate"),
    "of-no-application": revert.Opened(
        OPENED, replace(TARGET, pull=None, commits=(COMMIT, LATER)), FILES * 6, (), ("README.md",)
    ),
}


def messages(translator):
    return {
        **{f"revert-{name}": revert_answer(translator, outcome) for name, outcome in OUTCOMES.items()},
        "revert-opened-by-button": revert_answer(translator, OUTCOMES["opened"], Origin.BUTTON),
        "revert-which-repository": revert_message.answer(
            translator, revert.AmbiguousRepository(("platform", "web")), replace(REQUEST, change=PullNumber(12))
        ),
        **queued(translator),
        **cards(translator),
        **adoptions(translator),
    }


def revert_answer(translator, outcome, origin=Origin.COMMAND):
    """As the person reads it who requested the revert."""
    requested = revert_message.requested(translator, REQUEST, origin)
    return common.in_answer_to(requested, revert_message.answer(translator, outcome, REQUEST))


def queued(translator):
    given_up = replace(QUEUED, state=QueueState.GIVEN_UP, result=QUEUED.reason)
    return {
        "queued-answer": queued_revert_message.answer(translator, QUEUED),
        "queued-card": queued_revert_message.card(translator, QUEUED),
        "queued-card-done": queued_revert_message.card(translator, DONE),
        "queued-card-given-up": queued_revert_message.card(translator, given_up),
        "queued-reply-done": queued_revert_message.reply(translator, DONE),
    }


def cards(translator):
    pulls = {
        "revert-card-open": REVERT_PULL,
        **{
            f"revert-card-{name}": replace(
                REVERT_PULL, applications=outcome.applications, change=revert_message.proposed_change(outcome)
            )
            for name, outcome in OPENED_OUTCOMES.items()
        },
        "revert-card-approved": replace(REVERT_PULL, approved_by=("bo",)),
        "revert-card-merged": replace(REVERT_PULL, state="merged", merged_by="carla", approved_by=("bo",)),
        "revert-card-merged-by-nobody-known": replace(REVERT_PULL, state="merged", applications=()),
        "revert-card-asked-by-button": replace(
            REVERT_PULL, what=f"https://forge.example/commit/{SHA}", origin=Origin.BUTTON
        ),
        "revert-card-of-an-older-version": replace(REVERT_PULL, requester="", origin=Origin.UNKNOWN, owners=()),
        "revert-card-checks": replace(REVERT_PULL, checks=COMMIT_CHECKS),
        "revert-card-rewritten": replace(REVERT_PULL, rewritten=True),
        "revert-card-retargeted": replace(REVERT_PULL, base="main", retargeted_to="develop"),
        "revert-card-merged-elsewhere": replace(REVERT_PULL, state="merged", base="main", retargeted_to="develop"),
        "revert-card-closed": replace(REVERT_PULL, state="closed"),
        "adopt-card-open": replace(
            REVERT_PULL,
            purpose="adopt",
            change=ProposedChange(("apps/shop/web.yaml", "apps/shop/settings.yaml"), drift=DRIFTED.drift),
        ),
        "adopt-card-merged": replace(REVERT_PULL, purpose="adopt", state="merged"),
        "adopt-card-closed": replace(REVERT_PULL, purpose="adopt", state="closed"),
        "adopt-card-moot": replace(REVERT_PULL, purpose="adopt", moot=True),
    }
    return {name: pull_request_card.card(translator, pull) for name, pull in pulls.items()}


def adoptions(translator):
    helm = LocalizedText(adopt_texts.HELM, application="shop", path="spec.replicas", files="charts/shop/values.yaml")
    return {
        "adopt-opened": common.in_answer_to(
            adopt.requested(translator, "shop"), adopt.opened(translator, PULL_REQUEST)
        ),
        "adopt-already-open": adopt.already_open(translator, PULL_REQUEST),
        "adopt-nothing": adopt.nothing_to_adopt(translator, "shop"),
        "adopt-refused": adopt.not_adopted(translator, helm),
        "adopt-unfinished": adopt.unfinished(
            translator,
            "gitops-bot/adopt-shop-0123456789ab",
            FORGE_SILENT,
        ),
    }
