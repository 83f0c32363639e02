"""The longest and most hostile that git, a cluster and people can put into messages, modals and the Home tab."""

from dataclasses import replace

from bot.core.access.audit import Origin
from bot.core.access.permission import Denied, MembersUnknown, Right
from bot.core.applications.deployer_status import DeployerFailure
from bot.core.applications.deployer_status import DeployerStatus as DeployerView
from bot.core.approvals.alert import ApprovalAlert
from bot.core.changes.effect import Effect, bounded
from bot.core.changes.irreversible import IrreversibleChange, IrreversibleReason
from bot.core.changes.rendered_change import FieldChange, ObjectChange, RenderedChange
from bot.core.commands import command
from bot.core.delivery.report import NeedsAttention
from bot.core.drift.model import Actor, ClusterUser, Confidence, NotFollowed, ObjectDrift
from bot.core.git.author import Author
from bot.core.git.commit_check import CheckState, CommitCheck, CommitChecks
from bot.core.git.people import ChangePeople
from bot.core.health.unready import Unready
from bot.core.incidents.incident import IncidentState
from bot.core.objects.images import Pin, Unpinned
from bot.core.pull_requests import revert
from bot.core.pull_requests.change_ref import CommitUrl, PullNumber
from bot.core.pull_requests.queued import QueueState
from bot.core.pull_requests.revert import RevertRequest, Target
from bot.core.pull_requests.tracked_pull_request import ProposedChange
from bot.core.rollouts.pending import PendingState
from bot.core.rollouts.rollout import ApplicationChange, ApplicationRollout, RolloutState
from bot.messages import (
    adopt,
    approval,
    common,
    diff_pages,
    drift,
    errors,
    history,
    incident,
    permission,
    pull_request_card,
    queued_revert,
    report,
    rollout,
    silence,
    snooze_modal,
    suspect,
    who,
)
from bot.messages import help as help_message
from bot.messages import revert as revert_message
from bot.messages.object_links import ObjectLink
from bot.messages.writer import Writer
from tests.messages.approvals import ALERTS
from tests.messages.homes import at_home
from tests.messages.pull_requests import QUEUED
from tests.messages.queries import entries, overview
from tests.messages.reports import DEPLOYMENTS, INCIDENTS, build
from tests.messages.samples import (
    APPLICATIONS,
    COMMIT,
    DRIFTED,
    MERGED,
    OLDER,
    OPEN,
    PULL_REQUEST,
    REVERT_PULL,
    RULE,
    SHA,
    SNOOZED,
    SUSPECTS,
    T0,
    UNKNOWN,
    field,
)

MARKUP = "<!channel> & *stars* _low_ ~no~ ``` <https://evil.example|ok> <@U0ANA>"
LONG = "x" * 10_000
HOSTILE = f"{MARKUP} {LONG}"


def objects(number, times=1):
    """So many objects, with two hostile fields so many times in each."""
    actor = Actor(Confidence.LIKELY, (ClusterUser(HOSTILE, MARKUP),), HOSTILE, None)
    fields = (
        field(path=LONG, desired=LONG, live={"a": [LONG]}, manager=LONG),
        replace(field("added", MARKUP, None, MARKUP), actor=actor),
    )
    names = (f"{MARKUP}-{index}-{LONG}" for index in range(number))
    return tuple(ObjectDrift("v1", "ConfigMap", MARKUP[:20], name, "modified", fields * times) for name in names)


def links(check, object_drift):
    return [ObjectLink(f"{LONG}/{MARKUP}.yaml:{10**9}", f"https://forge.example/{LONG[:2000]}")] * 2


OBJECTS = objects(100)
CHECK = replace(DRIFTED, drift=OBJECTS, error=HOSTILE, set_aside=OBJECTS)
SUSPECT = replace(SUSPECTS[0], subject=MARKUP + LONG, author=LONG, places=(LONG,) * 9, approved_by=(LONG,) * 9)
INCIDENT = replace(OPEN, drift=OBJECTS, check_error=LONG, suspects=(SUSPECT,) * 9)
PULL = replace(PULL_REQUEST, title=HOSTILE, number=10**9)
CHANGED = ObjectChange("changed", "v1", LONG, LONG, MARKUP, (FieldChange("changed", LONG, LONG, MARKUP),) * 9, 900)
RENDERED = RenderedChange(500, 500, 500, (CHANGED,) * 24)
LACKING = PendingState(
    (LONG, MARKUP) * 5,
    (LONG, MARKUP) * 5,
    (Unready(LONG, MARKUP, 10**9, 10**9, LONG),) * 9,
    DeployerFailure(MARKUP, LONG, MARKUP + LONG, (MARKUP + LONG,) * 5),
    10**4,
)
UNPINNED = tuple(Unpinned(f"{MARKUP}{index}{LONG}", Pin.TAG, LONG) for index in range(10))
MERGE = replace(
    MERGED,
    subject=HOSTILE,
    author=LONG,
    merged_by=MARKUP,
    approved_by=(LONG,) * 9,
    authors=(Author(HOSTILE, LONG),) * 20,
    more_authors=10**6,
    checks=CommitChecks((CommitCheck(LONG, CheckState.FAILURE, "https://ci.example/" + "x" * 200),) * 20, 10**6, LONG),
    failed_checks=(CommitCheck(HOSTILE, CheckState.FAILURE),) * 20,
    parts=tuple(
        ApplicationRollout(
            f"application-{index}",
            MARKUP,
            "C1",
            pending=LACKING,
            error=LONG if index % 2 else None,
            change=replace(ApplicationChange(RENDERED, UNPINNED, 900), images=index),
        )
        for index in range(80)
    ),
)
LATE = replace(MERGE, state=RolloutState.LATE)


CROWD = ChangePeople((Author(HOSTILE, "x"),) * 20, 10**6, HOSTILE, approvers=(LONG,) * 9, merger=LONG)
BEHIND = who.Contacts(
    MARKUP[:60],
    ("U0ANA", "S0ONCALL") * 50,
    None,
    [Writer(MARKUP + LONG, None)] * 3,
    [who.Change(replace(COMMIT, message=HOSTILE), None, PULL, CROWD)] * 3,
    HOSTILE,
)
PATHS = tuple(f"{MARKUP}/{index}/{LONG}" for index in range(600))


def messages(translator):
    return {
        **cards(translator),
        **answers(translator),
        **reverts(translator),
        **alerts(translator),
        **queue(translator),
        **statuses(translator),
        "report": report.answer(translator, hostile_report()),
    }


def hostile_report():
    names = [f"{MARKUP}-{index}-{LONG}" for index in range(99)]
    deployed = [replace(DEPLOYMENTS[index % 20], application=name, rollout=name) for index, name in enumerate(names)]
    drifted = [replace(INCIDENTS[0], application=name, id=name, tools=(name, MARKUP)) for name in names]
    merged = replace(MERGE, state=RolloutState.LATE)
    pulls = (replace(REVERT_PULL, title=HOSTILE, number=10**9),) * 99
    return build(deployed, drifted, NeedsAttention((INCIDENT,) * 99, pulls, (merged,) * 99))


def cards(translator):
    resolved = replace(INCIDENT, state=IncidentState.RESOLVED, resolved_at=T0, ended="set_aside", ended_reason=HOSTILE)
    merged = replace(REVERT_PULL, title=HOSTILE, what=LONG, merged_by=LONG, state="merged")
    return {
        "drift card": incident.card(translator, INCIDENT, T0),
        "resolved card": incident.card(translator, resolved, T0),
        "rollout": rollout.card(translator, MERGE),
        "rollout few": rollout.card(translator, replace(MERGE, parts=MERGE.parts[:8])),
        "rollout stuck": rollout.problem_reply(translator, LATE),
        "rollout late": rollout.card(translator, replace(LATE, suspects=(SUSPECT,) * 9)),
        "revert pull": pull_request_card.card(translator, merged),
    }


def answers(translator):
    suspects = suspect.drift_suspects(translator, (SUSPECT,) * 9, "shop")
    many_users = replace(RULE, allowed=("U0ANA",) * 500)
    unknown_command = command.UnknownCommand(MARKUP + LONG, None)
    unknown_application = command.UnknownApplication(MARKUP + LONG, None)
    return {
        "drift answer": drift.answer(translator, [CHECK] * 10),
        "diff": drift.diff(translator, CHECK, "shop", links, everything=True),
        "adopt opened": adopt.opened(translator, PULL),
        "history": history.answer(translator, entries(HOSTILE) * 40, MARKUP, "shop", LONG),
        "history of trouble": history.answer(translator, entries(HOSTILE) * 40, MARKUP, "shop", LONG, suspects),
        "unknown command": help_message.mistake(translator, unknown_command, [LONG] * 99),
        "unknown application": help_message.mistake(translator, unknown_application, [LONG] * 99),
        "outside": errors.unavailable(translator, f"Git said: {HOSTILE}"),
        "denied": permission.denied(translator, Right.REVERT, Denied(many_users)),
        "could not ask": permission.denied(translator, Right.REVERT, MembersUnknown(RULE, "S0ONCALL", HOSTILE)),
        "who": who.answer(translator, BEHIND),
    }


def reverts(translator):
    commit = replace(COMMIT, message=HOSTILE)
    target = Target((commit,), OLDER, PULL)
    files = tuple(revert.ConflictedFile(path, LONG, (commit,) * 9) for path in PATHS)
    losses = (IrreversibleChange(IrreversibleReason.IMMUTABLE, LONG, None, HOSTILE, LONG),) * 500
    effects = [Effect(f"{MARKUP}{number}{LONG}", LONG, MARKUP, RENDERED, losses) for number in range(40)]
    effects += [Effect("shop", MARKUP, LONG, why=f"{MARKUP} {number} {LONG}") for number in range(40)]
    opened = revert.Opened(PULL, target, PATHS, (LONG,) * 99, PATHS, LONG, bounded(effects))
    opened_pull = replace(
        REVERT_PULL,
        title=HOSTILE,
        what=LONG,
        requester=HOSTILE,
        applications=(LONG,) * 99,
        owners=("U0BO", "S0PLATFORM") * 40,
        approved_by=(HOSTILE,) * 40,
        change=revert_message.proposed_change(opened),
    )
    adoption = replace(opened_pull, purpose="adopt", change=ProposedChange(PATHS, drift=OBJECTS))
    outcomes = [
        opened,
        revert.AlreadyReverted(target, commit),
        revert.Conflict(target, files, (LONG,) * 9, PULL),
        revert.InsidePull(commit, PullNumber(12), PULL, None, only_possible=True),
        revert.AcrossMerges(MARKUP + LONG, 400, (commit,) * 400),
        revert.Confirm(target, PATHS, (LONG,) * 99),
        revert.Ambiguous(LONG, (commit,) * 99),
        revert.Refused(f"Git said {HOSTILE}"),
        revert.Unfinished(LONG, HOSTILE, None),
    ]
    request = RevertRequest(MARKUP, CommitUrl("", SHA, HOSTILE), "shop")
    requested = revert_message.requested(translator, request, Origin.COMMAND)
    answers = {type(outcome).__name__: revert_message.answer(translator, outcome, request) for outcome in outcomes}
    return {
        **{f"revert {name}": common.in_answer_to(requested, answer) for name, answer in answers.items()},
        "revert opened card": pull_request_card.card(translator, opened_pull),
        "adoption card": pull_request_card.card(translator, adoption),
    }


def alerts(translator):
    hostile = {
        "subject": HOSTILE,
        "author": HOSTILE,
        "branch": HOSTILE,
        "pushed_by": HOSTILE,
        "applications": (HOSTILE,) * 30,
    }
    diff = "\n".join([*[f"~ {HOSTILE}"] * 20, HOSTILE])
    made = {}
    for name, alert in ALERTS.items():
        commits = [
            replace(
                commit,
                **hostile,
                diff=diff,
                pull=commit.pull and replace(commit.pull, title=HOSTILE, merged_by=HOSTILE),
                approvers=commit.approvers and (HOSTILE,) * 9,
                later=commit.later and (HOSTILE,) * 9,
            )
            for commit in alert.commits
        ]
        made[f"alert {name}"] = approval.card(translator, ApprovalAlert(alert.id, tuple(commits) * 20))
    return made


def queue(translator):
    request = RevertRequest(MARKUP, CommitUrl("", SHA, HOSTILE), "shop")
    return {
        f"queued {name} {state}": make(
            translator, replace(QUEUED, reason=HOSTILE, result=HOSTILE, request=request, state=state)
        )
        for name, make in (("card", queued_revert.card), ("reply", queued_revert.reply))
        for state in QueueState
    }


def statuses(translator):
    names = [f"application-{index}" for index in range(120)]
    failing = DeployerView(MARKUP, MARKUP, MARKUP, SHA, None, DeployerFailure(MARKUP, LONG, LONG))
    not_followed = [NotFollowed(MARKUP, LONG, (MARKUP + LONG,) * count) for count in (1, 400)] * 50
    shown = {
        "applications": [replace(APPLICATIONS[0], name=name, namespace=MARKUP) for name in names],
        "checks": {name: replace(CHECK, application=name, drift=OBJECTS[:3]) for name in names},
    }
    pulls = {"platform": [replace(PULL_REQUEST, title=MARKUP + LONG, author=MARKUP)] * 100}
    return {
        "status": overview(translator, **shown, pulls=pulls, outages=[LONG, MARKUP] * 9),
        "status of hostile deployers": overview(
            translator, **shown, views=dict.fromkeys(names, failing), not_followed=not_followed
        ),
    }


def modals(translator):
    many = replace(DRIFTED, drift=DRIFTED.drift * 100)
    worst = replace(many, application="s" * 63, error=HOSTILE, drift=objects(10, 20))
    names = ["s" * 63] * 50
    return {
        **{
            f"modal of much, page {page}": diff_pages.view(translator, [many], links, "shop", page)
            for page in (0, 7, 10**5)
        },
        **{
            f"modal of the worst, page {page}": diff_pages.view(translator, [worst], links, "shop", page)
            for page in (0, 99, 10**5)
        },
        "modal of many": diff_pages.view(translator, [worst] * 5, links, f"group {LONG[:500]}", 0),
        "reading long names": diff_pages.loading_view(translator, names),
        "snooze of long names": snooze_modal.form(translator, names, subject="s" * 200, channel="C1", newest=None),
        "snooze of nothing": snooze_modal.message_view(translator, silence.nothing_open(translator, [])),
    }


def homes(translator):
    names = [f"{number:03}".ljust(63, "s") for number in range(1_000)]
    worst = replace(UNKNOWN, error=HOSTILE, drift=objects(2, 20))
    snoozed = [replace(SNOOZED, id=name, application=name, cluster=LONG, drift=worst.drift[:1]) for name in names[:30]]
    active = [
        replace(one, id=f"loud {one.id}", state=IncidentState.OPEN, group=f"{number // 3}" if number < 21 else None)
        for number, one in enumerate(snoozed)
    ]
    application = replace(APPLICATIONS[0], cluster=LONG, owners=("U0ANA", "S0ONCALL"))
    return {
        "home of the worst": at_home(
            translator,
            active[0].id,
            errors.unavailable(translator, f"Git said: {HOSTILE}"),
            applications=[replace(application, name=name) for name in names],
            checks={name: replace(worst, application=name) for name in names},
            incidents=[*active, *snoozed],
            rollouts=[replace(MERGED, parts=tuple(ApplicationRollout(name, LONG, "C1") for name in names))],
            pulls=[replace(REVERT_PULL, id=str(number), title=HOSTILE, number=10**9) for number in range(90)],
            groups={"S0ONCALL": HOSTILE},
            complete=False,
        )
    }
