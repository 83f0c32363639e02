"""An incident's card."""

from bot.i18n.language import Phrase, PluralPhrase

OPEN = Phrase(
    en="{level} in {where} since {time}: {reason}. {summary}.",
    es="{level} de {where} desde las {time}: {reason}. {summary}.",
)
OPEN_BY = Phrase(
    en="{level} in {where} since {time}: {reason}. {summary}. Last written by {tool}.",
    es="{level} de {where} desde las {time}: {reason}. {summary}. Escrito por última vez por {tool}.",
)
HEADER = Phrase(en="{mark} {level}: {where}", es="{mark} {level}: {where}")
HEADER_ACKNOWLEDGED = Phrase(en="👀 {level}, acknowledged: {where}", es="👀 {level}, atendido: {where}")
HEADER_SNOOZED = Phrase(en="💤 {level}, snoozed: {where}", es="💤 {level}, pospuesto: {where}")
OPEN_LEAD = Phrase(
    en="{summary} (git {revision}), first seen {time}.",
    es="{summary} (git {revision}); visto por primera vez: {time}.",
)
OPEN_LEAD_BY = Phrase(
    en="{summary} (git {revision}), first seen {time}. Last written by {tool}.",
    es="{summary} (git {revision}); visto por primera vez: {time}. Escrito por última vez por {tool}.",
)
ACKNOWLEDGED_BY = Phrase(en="Acknowledged by {person}, {time}.", es="Atendido por {person}, {time}.")
SNOOZED_BY = Phrase(en="Snoozed by {person} until {time}.", es="Pospuesto por {person} hasta {time}.")
IS_ACKNOWLEDGED = Phrase(en="Acknowledged.", es="Atendido.")
IS_SNOOZED = Phrase(en="Snoozed until {time}.", es="Pospuesto hasta las {time}.")
BLIND = Phrase(en="The latest check was incomplete: {reason}", es="La última comprobación quedó incompleta: {reason}")
SOURCE_OF_TRUTH = Phrase(
    en="Git is the source of truth. Sync to restore the cluster, or adopt the change in git.",
    es="Git es la fuente de verdad. Sincroniza para restaurar el clúster, o adopta el cambio en git.",
)
CHECKED = Phrase(en="Checked {time}.", es="Comprobado a las {time}.")
CHANGES_NOTHING = Phrase(en="The bot never changes the cluster.", es="El bot nunca cambia el clúster.")
ACKNOWLEDGE = Phrase(en="Acknowledge", es="Atender")
SNOOZE = Phrase(en="Snooze…", es="Posponer…")
SHOW_DIFF = Phrase(en="Show diff", es="Ver diff")
CHECK_NOW = Phrase(en="Check now", es="Comprobar ahora")
MORE_OBJECTS = PluralPhrase(
    en=(
        "… and {n} more object. See them all with /gitops diff.",
        "… and {n} more objects. See them all with /gitops diff.",
    ),
    es=("… y {n} objeto más. Míralos todos con /gitops diff.", "… y {n} objetos más. Míralos todos con /gitops diff."),
)

RESOLVED = Phrase(
    en="Resolved: {where} is back in sync after {lasted}; {ending}.",
    es="Resuelto: {where} vuelve a estar en sincronía tras {lasted}; {ending}.",
)
RESOLVED_HEADER = Phrase(en="✅ Resolved: {where}", es="✅ Resuelto: {where}")
RESOLVED_LEAD = Phrase(
    en="Back in sync {time}, after {lasted}: {ending}. At its worst: {summary}.",
    es="De nuevo en sincronía {time}, tras {lasted}: {ending}. En el peor momento: {summary}.",
)
UNWATCHED = Phrase(
    en="{where} is no longer watched. The drift had lasted {lasted}.",
    es="{where} ya no se vigila. El drift había durado {lasted}.",
)
UNWATCHED_HEADER = Phrase(en="⚪ No longer watched: {where}", es="⚪ Ya no se vigila: {where}")
UNWATCHED_LEAD = Phrase(
    en="Not watched since {time}, after {lasted} of drift. Last seen: {summary}.",
    es="Sin vigilancia desde {time}, tras {lasted} de drift. Lo último que se vio: {summary}.",
)
ENDED_UNWATCHED = Phrase(en="no longer watched", es="ya no se vigila")
ENDED_BY_GIT = Phrase(en="git changed and now matches the cluster", es="git cambió y ahora coincide con el clúster")
ENDED_ADOPTED = Phrase(en="git was updated to match the cluster", es="git se actualizó para coincidir con el clúster")
ENDED_BY_CLUSTER = Phrase(
    en="the cluster was restored to match git", es="el clúster se restauró para coincidir con git"
)
