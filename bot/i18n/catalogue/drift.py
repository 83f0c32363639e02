"""The answers to `/gitops drift` and `/gitops diff`, and the diff modal."""

from bot.i18n.language import Phrase, PluralPhrase

NO_APPLICATION = Phrase(en="There is no application to check.", es="No hay ninguna aplicación que comprobar.")
CHECKED = Phrase(en="Checked now: {found}.", es="Comprobado ahora: {found}.")
OUT_OF_SYNC = Phrase(en="{names} out of sync", es="{names} fuera de sincronía")
INCOMPLETE = Phrase(en="{names} could not be checked completely", es="{names} sin poder comprobarse por completo")
SYNCED = Phrase(en="{names} in sync with git", es="{names} en sincronía con git")
UNKNOWN = Phrase(en="Unknown: {reason}", es="No se sabe: {reason}")

UNCHECKED = Phrase(
    en="{application} has not been checked yet; try /gitops drift {application}.",
    es="{application} todavía no se ha comprobado; /gitops drift {application} lo hace.",
)
DIFFERS = Phrase(en="{where}: {summary} (git {revision}).", es="{where}: {summary} (git {revision}).")
IN_SYNC = PluralPhrase(
    en=(
        "{where} is in sync: {n} object matches git {revision}.",
        "{where} is in sync: {n} objects match git {revision}.",
    ),
    es=(
        "{where} está en sincronía: {n} objeto coincide con git {revision}.",
        "{where} está en sincronía: {n} objetos coinciden con git {revision}.",
    ),
)
NOT_CHECKED = Phrase(en="{where} could not be checked: {reason}", es="{where} no se pudo comprobar: {reason}")
NOT_EVERYTHING = Phrase(en="Not everything could be looked at: {reason}", es="No se pudo mirar todo: {reason}")
PAGE = Phrase(en="Page {n} of {all}", es="Página {n} de {all}")
PREVIOUS = Phrase(en="Previous", es="Anterior")
NEXT = Phrase(en="Next", es="Siguiente")
SEVERAL = PluralPhrase(en=("{n} application", "{n} applications"), es=("{n} aplicación", "{n} aplicaciones"))
BARE_TITLE = Phrase(en="Diff", es="Diff")
TITLE = Phrase(en="Diff: {application}", es="Diff: {application}")
MORE_OBJECTS = PluralPhrase(
    en=(
        "… and {n} more object; see the whole with /gitops diff.",
        "… and {n} more objects; see the whole with /gitops diff.",
    ),
    es=("… y {n} objeto más; todo se ve con /gitops diff.", "… y {n} objetos más; todo se ve con /gitops diff."),
)

NOTHING_ASIDE = Phrase(en="Nothing was set aside.", es="No se apartó nada.")
ASIDE = PluralPhrase(
    en=("{n} difference set aside, which is no drift:", "{n} differences set aside, which are no drift:"),
    es=("{n} diferencia apartada, que no es drift:", "{n} diferencias apartadas, que no son drift:"),
)
NOT_IN_CLUSTER = Phrase(en="{object} is not in the cluster", es="{object} no está en el cluster")
WHOLE_LIST = Phrase(
    en="… the whole list: gitops-bot check --explain", es="… la lista completa: gitops-bot check --explain"
)
