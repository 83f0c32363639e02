"""The answers to `/gitops drift` and `/gitops diff`, and the diff modal."""

from bot.i18n.language import Phrase, PluralPhrase

NO_APPLICATION = Phrase(en="There are no applications to check.", es="No hay aplicaciones que comprobar.")
CHECKED = Phrase(en="Check finished: {found}.", es="Comprobación terminada: {found}.")
OUT_OF_SYNC = PluralPhrase(
    en=(
        "{names} is out of sync",
        "{names} are out of sync",
    ),
    es=(
        "{names} está fuera de sincronía",
        "{names} están fuera de sincronía",
    ),
)
INCOMPLETE = PluralPhrase(
    en=(
        "{names} could not be fully checked",
        "{names} could not be fully checked",
    ),
    es=(
        "{names} no se pudo comprobar por completo",
        "{names} no se pudieron comprobar por completo",
    ),
)
SYNCED = PluralPhrase(
    en=(
        "{names} is in sync with git",
        "{names} are in sync with git",
    ),
    es=(
        "{names} está en sincronía con git",
        "{names} están en sincronía con git",
    ),
)
UNKNOWN = Phrase(en="Unknown: {reason}", es="Estado desconocido: {reason}")

UNCHECKED = Phrase(
    en="{application} has not been checked yet. Run /gitops drift {application}.",
    es="{application} todavía no se ha comprobado. Ejecuta /gitops drift {application}.",
)
HEADING = Phrase(en="{mark} {where}: {fact}", es="{mark} {where}: {fact}")
DIFFERS = Phrase(en="{where}: {facts} ({revision}).", es="{where}: {facts} ({revision}).")
IN_SYNC = PluralPhrase(
    en=(
        "{where} is in sync: {n} object matches {revision}.",
        "{where} is in sync: {n} objects match {revision}.",
    ),
    es=(
        "{where} está en sincronía: {n} objeto coincide con {revision}.",
        "{where} está en sincronía: {n} objetos coinciden con {revision}.",
    ),
)
NOT_CHECKED = Phrase(en="{where} could not be checked: {reason}", es="{where} no se pudo comprobar: {reason}")
NOT_EVERYTHING = Phrase(en="Not fully checked: {reason}", es="Sin comprobar por completo: {reason}")
PAGE = Phrase(en="Page {n} of {all}", es="Página {n} de {all}")
PREVIOUS = Phrase(en="Previous", es="Anterior")
NEXT = Phrase(en="Next", es="Siguiente")
SEVERAL = PluralPhrase(en=("{n} application", "{n} applications"), es=("{n} aplicación", "{n} aplicaciones"))
BARE_TITLE = Phrase(en="Diff", es="Diff")
TITLE = Phrase(en="Diff: {application}", es="Diff: {application}")
MORE_OBJECTS = PluralPhrase(
    en=(
        "… and {n} more object. See them all with /gitops diff.",
        "… and {n} more objects. See them all with /gitops diff.",
    ),
    es=("… y {n} objeto más. Míralos todos con /gitops diff.", "… y {n} objetos más. Míralos todos con /gitops diff."),
)
MORE_IN_DIFF = PluralPhrase(
    en=(
        "… and {n} more object. For the full list, run gitops-bot check.",
        "… and {n} more objects. For the full list, run gitops-bot check.",
    ),
    es=(
        "… y {n} objeto más. Para la lista completa, ejecuta gitops-bot check.",
        "… y {n} objetos más. Para la lista completa, ejecuta gitops-bot check.",
    ),
)
MORE_APPLICATIONS = PluralPhrase(
    en=(
        "… and {n} more application. See it with /gitops drift APP.",
        "… and {n} more applications. See each with /gitops drift APP.",
    ),
    es=(
        "… y {n} aplicación más. Mírala con /gitops drift APP.",
        "… y {n} aplicaciones más. Mira cada una con /gitops drift APP.",
    ),
)

EXPLAINED = Phrase(
    en="Why each difference in {applications} counts as drift or was set aside.",
    es="Por qué cada diferencia de {applications} cuenta como drift o se descartó.",
)
EXPLAINED_FIELD = Phrase(
    en="{path}: {severity}, because {reason}. Counts as drift: {rule}",
    es="{path}: {severity}, porque {reason}. Cuenta como drift: {rule}",
)
EXPLAINED_OBJECT = Phrase(en="{object}: {severity}, because {reason}", es="{object}: {severity}, porque {reason}")

NOTHING_ASIDE = Phrase(en="No differences were set aside.", es="No se descartó ninguna diferencia.")
ASIDE = PluralPhrase(
    en=("{n} difference set aside because it is not drift:", "{n} differences set aside because they are not drift:"),
    es=("{n} diferencia descartada porque no es drift:", "{n} diferencias descartadas porque no son drift:"),
)
NOT_IN_CLUSTER = Phrase(en="{object} is missing from the cluster", es="{object} falta en el clúster")
WHOLE_LIST = Phrase(
    en="… for the full list, run gitops-bot check --explain",
    es="… para la lista completa, ejecuta gitops-bot check --explain",
)
