"""Drift: the cards of incidents and of groups, the replies below them, answers, and modals."""

from dataclasses import replace
from datetime import timedelta

from bot.core.access.permission import Denied, Right
from bot.core.drift.model import Confidence, FieldDrift, ObjectDrift
from bot.core.incidents.incident import IncidentEvent, IncidentEventType, acknowledge, release
from bot.i18n.catalogue import set_aside
from bot.i18n.language import LocalizedText
from bot.messages import (
    adopt,
    diff_file,
    diff_pages,
    drift,
    errors,
    incident,
    incident_group,
    incident_thread,
    permission,
)
from bot.messages import snooze_modal as snooze_message
from tests.messages.samples import (
    ACKNOWLEDGED,
    ANA_EDITED,
    ATTRIBUTED,
    CONFIG,
    CRITICAL,
    DEPLOYMENT,
    DRIFTED,
    GROUP,
    OPEN,
    RESOLVED,
    RULE,
    SILENT,
    SNOOZED,
    SUSPECTS,
    SYNCED,
    T0,
    UNKNOWN,
    field,
    links,
)

DEFAULTED = ("imagePullPolicy", "terminationMessagePath", *(f"probe{number}" for number in range(9)))
RULED_OUT = LocalizedText(set_aside.RULE, rule=LocalizedText(set_aside.CONFIGURED, n="1"), what="spec.replicas")
SET_ASIDE = (
    ObjectDrift(
        "apps/v1",
        "Deployment",
        "shop",
        "web",
        "modified",
        (
            *(
                FieldDrift(
                    "added",
                    f"spec.template.spec.containers[name=web].{name}",
                    None,
                    1,
                    reason=LocalizedText(set_aside.DEFAULT),
                )
                for name in DEFAULTED
            ),
            FieldDrift("changed", "spec.replicas", 2, 7, "kubectl", T0, RULED_OUT),
        ),
    ),
    replace(
        CONFIG, reason=LocalizedText(set_aside.GIT_SAYS, name="kustomize.toolkit.fluxcd.io/reconcile", value="disabled")
    ),
)
MANY_FIELDS = tuple(field(path=f"spec.field{number}") for number in range(30))
MUCH_DRIFTED = replace(
    DRIFTED, drift=tuple(replace(DEPLOYMENT, name=f"web-{number}", fields=MANY_FIELDS) for number in range(9))
)
UNWATCHED = replace(RESOLVED, ended="unwatched")
ENDED = [replace(RESOLVED, application=name, group="many") for name in ("search", "cart", "mail")]
STORM = [replace(CRITICAL if number == 9 else OPEN, application=f"app-{number}", group="many") for number in range(500)]
BY_ANA = (replace(DEPLOYMENT, fields=tuple(replace(item, actor=ANA_EDITED) for item in DEPLOYMENT.fields)),)
UNNAMED = replace(ANA_EDITED, users=(), confidence=Confidence.LIKELY)
BY_KUBECTL = (replace(DEPLOYMENT, fields=tuple(replace(item, actor=UNNAMED) for item in DEPLOYMENT.fields)),)
GREW = IncidentEvent("1", T0, IncidentEventType.WORSENED, drift=(CONFIG,))
BACK = IncidentEvent("2", T0 + timedelta(minutes=9), IncidentEventType.RESOLVED)


def messages(translator):
    return cards(translator) | replies(translator) | groups(translator) | answers(translator)


def cards(translator):
    incidents = {
        "open": OPEN,
        "suspects": replace(OPEN, suspects=SUSPECTS),
        "chart": replace(OPEN, chart="podinfo 6.7.1"),
        "blind": replace(OPEN, check_error=SILENT),
        "gone": replace(OPEN, check_error=SILENT, is_gone=True),
        "resolved": RESOLVED,
        "resolved-by-git": replace(RESOLVED, ended="git"),
        "critical": CRITICAL,
        "acknowledged": ACKNOWLEDGED,
        "snoozed": SNOOZED,
        "adopted": replace(RESOLVED, ended="adopted"),
        "set-aside": replace(RESOLVED, ended="set_aside", ended_reason=RULED_OUT),
        "set-aside-by-several": replace(RESOLVED, ended="set_aside"),
        "undeclared": replace(RESOLVED, ended="undeclared"),
        "resolved-somehow": replace(RESOLVED, ended=None),
        "unwatched": UNWATCHED,
        "attributed": replace(OPEN, drift=ATTRIBUTED),
        "attributed-to-one": replace(OPEN, drift=BY_ANA),
        "attributed-to-a-tool": replace(OPEN, drift=BY_KUBECTL),
    }
    return {f"drift-card-{name}": incident.card(translator, shown, T0) for name, shown in incidents.items()}


TAKEN_OVER = acknowledge(ACKNOWLEDGED, by="U0BO", at=T0 + timedelta(minutes=9), name="bo", take_over=True)
GIVEN_BACK = release(TAKEN_OVER, by="U0BO", at=T0 + timedelta(minutes=12), name="bo")


def replies(translator):
    return {
        "drift-reply-unwatched": incident_thread.resolved(translator, UNWATCHED),
        "drift-reply-grown": incident_thread.drift_grew(translator, OPEN, GREW, T0),
        "drift-reply-grown-awake": incident_thread.drift_grew(translator, OPEN, replace(GREW, by="U0ANA"), T0),
        "drift-reply-acknowledged": incident_thread.silenced(translator, [ACKNOWLEDGED], ACKNOWLEDGED.history[-1], T0),
        "drift-reply-taken-over": incident_thread.silenced(translator, [TAKEN_OVER], TAKEN_OVER.history[-1], T0),
        "drift-reply-released": incident_thread.released(translator, [GIVEN_BACK], GIVEN_BACK.history[-1]),
        "drift-reply-snoozed": incident_thread.silenced(translator, [SNOOZED], SNOOZED.history[-1], T0),
        "drift-reply-woken": incident_thread.snooze_ended(translator, [OPEN]),
        "drift-reply-reminded": incident_thread.reminded(translator, [OPEN], T0),
        "drift-reply-joined": incident_thread.joined(translator, [OPEN, CRITICAL], T0),
        "drift-reply-escalated": incident_thread.escalated(translator, [CRITICAL], T0, ["U0ANA", "S0ONCALL"]),
        "drift-reply-escalated-elsewhere": incident_thread.escalated(
            translator, [CRITICAL], T0, ["S0ONCALL"], "C0ALERTS01"
        ),
        "drift-reply-resolved": incident_thread.resolved(translator, RESOLVED),
    }


def groups(translator):
    members = {
        "over": [*ENDED, UNWATCHED],
        "open": GROUP,
        "acknowledged": [replace(ACKNOWLEDGED, application=name) for name in "ab"],
        "partly": [*GROUP, replace(RESOLVED, application="search")],
        "resolved": [replace(RESOLVED, application=name) for name in "abc"],
        "of-a-repository": [*GROUP, replace(OPEN, cluster="test")],
        "many": STORM,
    }
    some_resolved = {
        "some-unwatched": ([UNWATCHED], [*GROUP, UNWATCHED]),
        "last-unwatched": ([UNWATCHED], [*ENDED, UNWATCHED]),
        "some-resolved": (ENDED[:2], [*GROUP, *ENDED]),
        "all-resolved": (ENDED, ENDED),
    }
    return {
        **{f"group-card-{name}": incident_group.card(translator, incidents, T0) for name, incidents in members.items()},
        **{
            f"group-reply-{name}": incident_thread.some_resolved(translator, resolved, group, BACK)
            for name, (resolved, group) in some_resolved.items()
        },
        "group-reply-acknowledged": incident_thread.silenced(translator, STORM, ACKNOWLEDGED.history[-1], T0),
        "group-reply-reminded": incident_thread.reminded(translator, STORM, T0),
    }


def answers(translator):
    return {
        "drift-answer": drift.answer(translator, [DRIFTED, SYNCED, UNKNOWN]),
        "drift-answer-none": drift.answer(translator, []),
        "diff-answer": drift.diff(translator, DRIFTED, "shop", links, everything=False),
        "explain-answer": drift.explain(translator, [replace(DRIFTED, set_aside=SET_ASIDE)]),
        "explain-answer-unknown": drift.explain(translator, [UNKNOWN]),
        "diff-answer-all": drift.diff(
            translator, replace(DRIFTED, set_aside=SET_ASIDE), "shop", links, everything=True
        ),
        "diff-answer-all-none": drift.diff(translator, SYNCED, "search", links, everything=True),
        "diff-answer-synced": drift.diff(translator, SYNCED, "search", links, everything=False),
        "diff-answer-unknown": drift.diff(translator, UNKNOWN, "payments", links, everything=False),
        "diff-file-pointer": diff_file.pointer(translator),
    }


def modals(translator):
    return {
        "modal-diff": diff_pages.view(translator, [DRIFTED], links, "shop", 0),
        "modal-diff-attributed": diff_pages.view(translator, [replace(DRIFTED, drift=ATTRIBUTED)], links, "shop", 0),
        "modal-diff-synced": diff_pages.view(translator, [SYNCED], links, "search", 0),
        "modal-diff-first-page": diff_pages.view(translator, [MUCH_DRIFTED], links, "shop", 0),
        "modal-diff-middle-page": diff_pages.view(translator, [MUCH_DRIFTED], links, "shop", 1),
        "modal-diff-last-page": diff_pages.view(translator, [MUCH_DRIFTED], links, "shop", 99),
        "modal-diff-of-several": diff_pages.view(
            translator, [DRIFTED, replace(UNKNOWN, drift=(CONFIG,))], links, "group-1", 0
        ),
        "modal-diff-outdated": diff_pages.message_view(translator, errors.outdated_button(translator)),
        "modal-reading": diff_pages.loading_view(translator, ["shop"]),
        "modal-reading-a-group": diff_pages.loading_view(translator, []),
        "modal-adopt": adopt.confirm_view(translator, "shop", "C1"),
        "modal-snooze": snooze_message.form(translator, ["shop", "search"], subject="shop@1", channel="C1", newest=T0),
        "modal-snooze-in-the-default-time-zone": snooze_message.form(
            translator, ["shop"], subject="shop@1", channel="C1", newest=T0, zone="UTC"
        ),
        "modal-snooze-opening": snooze_message.loading_view(translator),
        "modal-snooze-denied": snooze_message.message_view(
            translator, permission.denied(translator, Right.SILENCE, Denied(RULE))
        ),
    }
