"""Groups incidents that open together: they probably share a cause, so they share a card."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from bot.core.incidents.incident import SILENCED_STATES, Incident, IncidentState

# An incident announced within this time of others joins their card.
GROUPING_WINDOW = timedelta(minutes=2)

_Scope = Callable[[Incident], str]
# In order of precedence: the first scope with enough incidents wins. An unknown repository isn't a scope.
_SCOPES: tuple[_Scope, ...] = (
    lambda incident: f"{incident.channel}/cluster/{incident.cluster}",
    lambda incident: f"{incident.channel}/repository/{incident.repository}" if incident.repository else "",
)


def assign_cards(
    new: Iterable[Incident], announced: Iterable[Incident], now: datetime, group_size: int
) -> dict[str, str | None]:
    """The card for each of the `new` incidents, by incident ID: a shared card's ID, or None for a card of its own.

    Incidents that are already `announced` keep their cards and count toward `group_size` unless they are silenced, so a
    storm gets one shared card per GROUPING_WINDOW, next to the cards of the first few incidents.
    """
    recent = [
        incident
        for incident in announced
        if incident.announced_at is not None
        and abs(now - incident.announced_at) <= GROUPING_WINDOW
        and incident.state not in SILENCED_STATES
    ]
    ungrouped = list(new)
    cards: dict[str, str | None] = {}
    for scope in _SCOPES:
        for value in sorted({value for incident in ungrouped if (value := scope(incident))}):
            joining = [incident for incident in ungrouped if scope(incident) == value]
            in_scope = [incident for incident in recent if scope(incident) == value]
            card = _joinable_card(in_scope, value, now)
            if card is None and len(joining) + len(in_scope) >= group_size:
                card = f"{value}@{now.isoformat()}"
            if card is not None:
                cards.update({incident.id: card for incident in joining})
        ungrouped = [incident for incident in ungrouped if incident.id not in cards]
    return cards | {incident.id: None for incident in ungrouped}


def _joinable_card(announced: Sequence[Incident], scope: str, now: datetime) -> str | None:
    """The newest card of this scope that is still within its window and has an open incident.

    Editing a card that is acknowledged or snoozed wouldn't tell anyone about a new incident.
    """
    cards = {incident.group for incident in announced if incident.group and incident.group.startswith(f"{scope}@")}
    for card in sorted(cards, reverse=True):
        opened_at = datetime.fromisoformat(card.removeprefix(f"{scope}@"))
        is_open = any(incident.group == card and incident.state is IncidentState.OPEN for incident in announced)
        if is_open and abs(now - opened_at) <= GROUPING_WINDOW:
            return card
    return None


def group_by_card(incidents: Iterable[Incident]) -> dict[str, list[Incident]]:
    """The incidents on each card, by card ID, in their order."""
    cards: dict[str, list[Incident]] = {}
    for incident in incidents:
        cards.setdefault(incident.card_id, []).append(incident)
    return cards
