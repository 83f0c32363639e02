"""The Home tab."""

from dataclasses import replace
from datetime import timedelta

from bot.core.access.permission import Denied, Right
from bot.core.home import build_home, build_overview
from bot.core.rollouts.rollout import RolloutState
from bot.i18n.catalogue import chat
from bot.i18n.language import LocalizedText
from bot.messages import home as home_message
from bot.messages import permission, silence
from tests.messages.samples import (
    ACKNOWLEDGED,
    APPLICATIONS,
    CHECKS,
    CRITICAL,
    DETAILED,
    DRIFTED,
    GROUP,
    LIVE_AT,
    LIVE_PARTS,
    MERGED,
    OPEN,
    RESOLVED,
    REVERT_PULL,
    RULE,
    SNOOZED,
    SYNCED,
    T0,
    UNKNOWN,
)

MEMBERS_UNREADABLE = LocalizedText(chat.NOT_TAKEN, why=LocalizedText(chat.MISSING_SCOPE))

ARRIVED = replace(DETAILED, id="live", parts=LIVE_PARTS, state=RolloutState.LIVE, ended_at=LIVE_AT)
TYPICAL = {
    "applications": [
        replace(APPLICATIONS[1], owners=("U0ANA",)),
        replace(APPLICATIONS[0], owners=("S0ONCALL",)),
        APPLICATIONS[2],
    ],
    "incidents": [
        OPEN,
        replace(CRITICAL, id="search@1", application="search", history=ACKNOWLEDGED.history),
        replace(ACKNOWLEDGED, id="payments@1", application="payments", acknowledged_by="U0BO"),
        replace(SNOOZED, id="new@1", application="new"),
        replace(RESOLVED, id="shop@0"),
    ],
    "rollouts": [MERGED, ARRIVED],
    "pulls": [
        REVERT_PULL,
        replace(REVERT_PULL, id="p#14", number=14, state="merged", ended_at=T0 + timedelta(minutes=20)),
        replace(REVERT_PULL, id="p#15", number=15, state="closed", ended_at=T0 + timedelta(minutes=30)),
        replace(REVERT_PULL, id="p#16", by="U0BO"),
    ],
}
TWO_HUNDRED = [f"application-{number:03}" for number in range(200)]
MANY = {
    "applications": [replace(APPLICATIONS[0], name=name) for name in TWO_HUNDRED],
    "checks": {
        name: replace((SYNCED, DRIFTED, UNKNOWN)[number % 3], application=name)
        for number, name in enumerate(TWO_HUNDRED)
    },
    "incidents": [
        replace((OPEN, CRITICAL, ACKNOWLEDGED, SNOOZED)[number % 4], id=f"i{number}", application=name)
        for number, name in enumerate(TWO_HUNDRED[:50])
    ],
    "pulls": [replace(REVERT_PULL, id=str(number)) for number in range(20)],
}


def at_home(translator, about="", said=None, user="U0ANA", groups=None, **given):
    """Somebody's Home tab, of these applications, checks, incidents, rollouts and pull requests."""
    nothing = {"incidents": [], "rollouts": [], "pulls": []}
    surveyed = build_overview(
        **{"applications": APPLICATIONS, "checks": CHECKS, "now": T0 + timedelta(hours=1)} | nothing | given
    )
    notice = home_message.Notice(said, about) if said else None
    return home_message.view(
        translator, home_message.content(translator, build_home(user, surveyed, groups or {}), notice), T0
    )


def homes(translator):
    groups = {"S0ONCALL": frozenset({"U0ANA"})}
    denied = permission.denied(translator, Right.SILENCE, Denied(RULE))
    nothing_open = silence.nothing_open(translator, ["shop"])
    return {
        "home-empty": at_home(translator, applications=[], checks={}),
        "home-quiet": at_home(translator, applications=APPLICATIONS[:1]),
        "home-typical": at_home(translator, groups=groups, **TYPICAL),
        "home-changed": at_home(translator, rollouts=[ARRIVED], complete=False),
        "home-of-others": at_home(translator, user="U0BO", **TYPICAL),
        "home-owners-unknown": at_home(translator, user="U0CEM", groups={"S0ONCALL": MEMBERS_UNREADABLE}, **TYPICAL),
        "home-answered": at_home(translator, "shop@1", denied, groups=groups, **TYPICAL),
        "home-answered-of-what-is-over": at_home(translator, "gone@1", nothing_open, **TYPICAL),
        "home-shared-card": at_home(
            translator, incidents=[replace(incident, id=incident.application) for incident in GROUP]
        ),
        "home-many": at_home(translator, **MANY),
    }
