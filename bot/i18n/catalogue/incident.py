"""An incident's card."""

from bot.i18n.language import Phrase, PluralPhrase

OPEN = Phrase(en="{level} in {where}: {facts}", es="{level} de {where}: {facts}")
HEADER = Phrase(en="{mark} {where}: {fact}", es="{mark} {where}: {fact}")
FIRST_SEEN = Phrase(en="First seen {time} · git {revision}", es="Visto por primera vez: {time} · git {revision}")
FIRST_SEEN_CHART = Phrase(
    en="First seen {time} · chart {revision}", es="Visto por primera vez: {time} · chart {revision}"
)
ACKNOWLEDGED_BY = Phrase(en="Acknowledged by {person}, {time}.", es="Atendido por {person}, {time}.")
SNOOZED_BY = Phrase(en="Snoozed by {person} until {time}.", es="Pospuesto por {person} hasta {time}.")
IS_ACKNOWLEDGED = Phrase(en="Acknowledged.", es="Atendido.")
IS_SNOOZED = Phrase(en="Snoozed until {time}.", es="Pospuesto hasta {time}.")
BLIND = Phrase(en="The latest check was incomplete: {reason}", es="La última comprobación quedó incompleta: {reason}")
GONE = Phrase(
    en="A check no longer found these differences, but the latest one was incomplete: {reason}",
    es="Una comprobación ya no encontró estas diferencias, pero la última quedó incompleta: {reason}",
)
CHECKED = Phrase(en="Checked {time}.", es="Comprobado: {time}.")
ACKNOWLEDGE = Phrase(en="Acknowledge", es="Atender")
TAKE_OVER = Phrase(en="Take over", es="Relevar")
RELEASE = Phrase(en="Release", es="Dejar de atender")
SNOOZE = Phrase(en="Snooze…", es="Posponer…")
END_SNOOZE = Phrase(en="End snooze", es="Reactivar")
SHOW_DIFF = Phrase(en="Show diff", es="Ver diff")
CHECK_NOW = Phrase(en="Check now", es="Comprobar ahora")
EXPLAIN = Phrase(en="Explain", es="Explicar")
MORE_OBJECTS = PluralPhrase(
    en=(
        "… and {n} more object. See them all with /gitops diff.",
        "… and {n} more objects. See them all with /gitops diff.",
    ),
    es=("… y {n} objeto más. Míralos todos con /gitops diff.", "… y {n} objetos más. Míralos todos con /gitops diff."),
)

RESOLVED = Phrase(
    en="Resolved: {where} is back in sync after {lasted}; {ending}. The alert was: {facts}.",
    es="Resuelto: {where} vuelve a estar en sincronía tras {lasted}; {ending}. La alerta era: {facts}.",
)
RESOLVED_HEADER = Phrase(en="✅ Resolved · {where}: {fact}", es="✅ Resuelto · {where}: {fact}")
RESOLVED_LEAD = Phrase(
    en="Back in sync {time}, after {lasted}: {ending}.",
    es="De nuevo en sincronía {time}, tras {lasted}: {ending}.",
)
UNWATCHED = Phrase(
    en="{where} is no longer watched. It had been drifting for {lasted}: {facts}.",
    es="{where} ya no se vigila. El drift había durado {lasted}: {facts}.",
)
UNWATCHED_HEADER = Phrase(en="⚪ No longer watched · {where}: {fact}", es="⚪ Ya no se vigila · {where}: {fact}")
UNWATCHED_LEAD = Phrase(
    en="Not watched since {time}, after {lasted} of drift.",
    es="Sin vigilancia desde {time}, tras {lasted} de drift.",
)
ENDED_UNWATCHED = Phrase(en="no longer watched", es="ya no se vigila")
ENDED = Phrase(
    en="the latest check no longer found the differences",
    es="la última comprobación ya no encontró las diferencias",
)
ENDED_SET_ASIDE = Phrase(
    en="what still differs no longer counts as drift", es="lo que aún difiere ya no cuenta como drift"
)
ENDED_SET_ASIDE_BY = Phrase(
    en="what still differs no longer counts as drift ({reason})",
    es="lo que aún difiere ya no cuenta como drift (motivo: {reason})",
)
ENDED_UNDECLARED = Phrase(
    en="the application no longer declares the objects that differed",
    es="la aplicación ya no declara los objetos que diferían",
)
ENDED_BY_GIT = Phrase(en="git changed, and the cluster matches it", es="git cambió, y el clúster coincide con él")
ENDED_ADOPTED = Phrase(en="git was updated to match the cluster", es="git se actualizó para coincidir con el clúster")
ENDED_BY_CLUSTER = Phrase(
    en="the cluster was restored to match git", es="el clúster se restauró para coincidir con git"
)
