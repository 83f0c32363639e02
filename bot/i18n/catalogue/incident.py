"""An incident's card."""

from bot.i18n.language import Phrase, PluralPhrase

OPEN = Phrase(
    en="{level} in {where} since {time}: {reason}. {summary}.",
    es="{level} de {where} desde las {time}: {reason}. {summary}.",
)
OPEN_BY = Phrase(
    en="{level} in {where} since {time}: {reason}. {summary}, last written by {tool}.",
    es="{level} de {where} desde las {time}: {reason}. {summary}; último en escribir: {tool}.",
)
HEADER = Phrase(en="{mark} {level}: {where}", es="{mark} {level}: {where}")
HEADER_ACKNOWLEDGED = Phrase(en="👀 {level}, acknowledged: {where}", es="👀 {level}, atendido: {where}")
HEADER_SNOOZED = Phrase(en="💤 {level}, snoozed: {where}", es="💤 {level}, pospuesto: {where}")
OPEN_LEAD = Phrase(
    en="{summary} (git {revision}), first seen {time}.",
    es="{summary} (git {revision}); visto por primera vez: {time}.",
)
OPEN_LEAD_BY = Phrase(
    en="{summary} (git {revision}), first seen {time}, last written by {tool}.",
    es="{summary} (git {revision}); visto por primera vez: {time}; último en escribir: {tool}.",
)
ACKNOWLEDGED_BY = Phrase(en="{person} has it, since {time}.", es="{person} lo atiende desde {time}.")
SNOOZED_BY = Phrase(en="{person} has snoozed it until {time}.", es="{person} lo ha pospuesto hasta {time}.")
IS_ACKNOWLEDGED = Phrase(en="It is acknowledged.", es="Está atendido.")
IS_SNOOZED = Phrase(en="It is snoozed until {time}.", es="Está pospuesto hasta las {time}.")
BLIND = Phrase(
    en="The latest look could not see everything: {reason}", es="La última comprobación no pudo verlo todo: {reason}"
)
WHAT_COUNTS = Phrase(
    en="Git is what counts: let your deployer sync to put this back, or change git to keep it.",
    es="Lo que cuenta es git: una sincronización del deployer deshace esto; para conservarlo hay que cambiar git.",
)
CHECKED = Phrase(en="Checked {time}.", es="Comprobado a las {time}.")
CHANGES_NOTHING = Phrase(en="The bot itself changes nothing.", es="El bot en sí no cambia nada.")
ACKNOWLEDGE = Phrase(en="Acknowledge", es="Atender")
SNOOZE = Phrase(en="Snooze…", es="Posponer…")
SHOW_DIFF = Phrase(en="Show diff", es="Ver diff")
CHECK_NOW = Phrase(en="Check now", es="Comprobar ahora")
MORE_OBJECTS = PluralPhrase(
    en=(
        "… and {n} more object; see the whole with /gitops diff.",
        "… and {n} more objects; see the whole with /gitops diff.",
    ),
    es=("… y {n} objeto más; todo se ve con /gitops diff.", "… y {n} objetos más; todo se ve con /gitops diff."),
)

RESOLVED = Phrase(
    en="Resolved: {where} is back in sync after {lasted}; {ending}.",
    es="Resuelto: {where} vuelve a coincidir con git tras {lasted}; {ending}.",
)
RESOLVED_HEADER = Phrase(en="✅ Resolved: {where}", es="✅ Resuelto: {where}")
RESOLVED_LEAD = Phrase(
    en="Back in sync after {lasted}, {time}: {ending}. It was: {summary}.",
    es="Vuelve a coincidir con git tras {lasted}, {time}: {ending}. Lo que había: {summary}.",
)
UNWATCHED = Phrase(
    en="{where} is not watched any more; it had drifted for {lasted}.",
    es="{where} ya no se vigila; llevaba {lasted} con drift.",
)
UNWATCHED_HEADER = Phrase(en="⚪ Not watched any more: {where}", es="⚪ Ya no se vigila: {where}")
UNWATCHED_LEAD = Phrase(
    en="Not watched since {time}, after {lasted} of drift. Last seen: {summary}.",
    es="Sin vigilancia desde {time}, tras {lasted} de drift. Lo último que se vio: {summary}.",
)
ENDED_UNWATCHED = Phrase(en="not watched any more", es="ya no se vigila")
ENDED_BY_GIT = Phrase(en="git moved to match", es="git cambió y ahora dice lo mismo que el cluster")
ENDED_ADOPTED = Phrase(en="git took over what the cluster had", es="git adoptó lo que tenía el cluster")
ENDED_BY_CLUSTER = Phrase(en="the cluster was put back to what git says", es="el cluster volvió a lo que dice git")
