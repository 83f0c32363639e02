"""An incident's card and what is told in its thread."""

from bot.core.message.language import Counted, Phrase

OPEN = Phrase(
    en="Drift in {where} since {time}: {summary}. {first}.",
    es="Drift de {where} desde las {time}: {summary}. {first}.",
)
OPEN_BY = Phrase(
    en="Drift in {where} since {time}: {summary}, last written by {tool}. {first}.",
    es="Drift de {where} desde las {time}: {summary}; último en escribir: {tool}. {first}.",
)
OPEN_HEADER = Phrase(en="🔴 Drift: {where}", es="🔴 Drift: {where}")
OPEN_LEAD = Phrase(
    en="{summary} (git {revision}), first seen {time}.",
    es="{summary} (git {revision}); visto por primera vez: {time}.",
)
OPEN_LEAD_BY = Phrase(
    en="{summary} (git {revision}), first seen {time}, last written by {tool}.",
    es="{summary} (git {revision}); visto por primera vez: {time}; último en escribir: {tool}.",
)
BLIND = Phrase(
    en="The latest look could not see everything: {reason}", es="La última comprobación no pudo verlo todo: {reason}"
)
WHAT_COUNTS = Phrase(
    en="Git is what counts: let your deployer sync to put this back, or change git to keep it.",
    es="Lo que cuenta es git: una sincronización del deployer deshace esto; para conservarlo hay que cambiar git.",
)
CHECKED = Phrase(en="Checked {time}.", es="Comprobado a las {time}.")
CHANGES_NOTHING = Phrase(en="The bot itself changes nothing.", es="El bot en sí no cambia nada.")
SHOW_DIFF = Phrase(en="Show diff", es="Ver diff")
CHECK_NOW = Phrase(en="Check now", es="Comprobar ahora")
MORE_OBJECTS = Counted(
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
    en="Back in sync after {lasted}: {ending}. It was: {summary}.",
    es="Vuelve a coincidir con git tras {lasted}: {ending}. Lo que había: {summary}.",
)
RESOLVED_REPLY = Phrase(
    en="{where} is back in sync after {lasted}: {ending}.",
    es="{where} vuelve a coincidir con git tras {lasted}: {ending}.",
)
ENDED_BY_GIT = Phrase(en="git moved to match", es="git cambió y ahora dice lo mismo que el cluster")
ENDED_ADOPTED = Phrase(en="git took over what the cluster had", es="git adoptó lo que tenía el cluster")
ENDED_BY_CLUSTER = Phrase(en="the cluster was put back to what git says", es="el cluster volvió a lo que dice git")
FROM_TO = Phrase(en="From {start} to {end}.", es="De {start} a {end}.")

GROWN = Phrase(en="More drift in {where}: {summary}. {first}.", es="Más drift de {where}: {summary}. {first}.")
GROWN_LEAD = Phrase(
    en="More since the alert: {summary}, first seen {time}.",
    es="Nuevo desde la alerta: {summary}; visto por primera vez a las {time}.",
)
