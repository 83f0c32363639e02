"""The answers to `/gitops revert`."""

from bot.i18n.language import Phrase, PluralPhrase

UNKNOWN_COMMIT = Phrase(en="an unknown commit", es="un commit desconocido")
SEVERAL_COMMITS = Phrase(en="{n} commits up to {last}", es="{n} commits hasta {last}")
THAT_CHANGE = Phrase(en="that change", es="ese cambio")
OF_APPLICATIONS = Phrase(en=" in {applications}", es=" de {applications}")
OF_NO_APPLICATION = Phrase(en=" outside the configured applications", es=" fuera de las aplicaciones configuradas")
AGAIN = Phrase(en=" Try again then.", es=" Reintenta entonces.")
OPEN = Phrase(en="open", es="abierto")
CLOSED = Phrase(en="closed", es="cerrado")
MERGED = Phrase(en="merged", es="fusionado")

# After what was requested: `/gitops revert 4f2a9c1e: opened #7, awaiting review.`
REQUESTED = Phrase(en="Revert {revision}", es="Revertir {revision}")
OPENED = Phrase(en="opened {pull}, awaiting review.", es="se abrió {pull}, pendiente de revisión.")
ALREADY_OPEN = Phrase(
    en="{pull} is already open for this, awaiting review.",
    es="{pull} ya está abierto para esto, pendiente de revisión.",
)
REAPPLIES = Phrase(
    en="This reverts a revert, so the original change comes back.",
    es="Revierte un revert, así que vuelve el cambio original.",
)
UNDOES_MERGE = Phrase(
    en="This reverts a merge. To merge that branch again later, revert this revert first.",
    es="Revierte una fusión. Para fusionar esa rama otra vez más adelante, primero revierte este revert.",
)
PARTLY_UNDONE = Phrase(
    en="Part of this change was already reverted, so this pull request does not change {files}.",
    es="Una parte de este cambio ya se había revertido, así que este pull request no cambia {files}.",
)
AUTOMATION = Phrase(
    en="{tool} made that change and may make it again. Pause {tool} first.",
    es="{tool} hizo ese cambio y puede volver a hacerlo. Primero pausa {tool}.",
)

OPEN_PULL = Phrase(en="Open #{number}", es="Abrir #{number}")
ALREADY_REVERTED = Phrase(
    en="{name} was already reverted by {by}. No pull request was opened.",
    es="{name} ya se revirtió con {by}. No se abrió ningún pull request.",
)
NOTHING_LEFT = Phrase(
    en="Nothing is left to revert in {name}: the branch no longer contains it.",
    es="No queda nada que revertir en {name}: la rama ya no lo contiene.",
)
NOTHING_LEFT_SINCE = Phrase(
    en="Nothing is left to revert in {name}: the branch no longer contains it. "
    "The latest change to its files is {since}.",
    es="No queda nada que revertir en {name}: la rama ya no lo contiene. El último cambio en sus archivos es {since}.",
)

CONFLICT = PluralPhrase(
    en=(
        "{name} cannot be reverted cleanly: later commits changed {n} of its files. No branch was created.",
        "{name} cannot be reverted cleanly: later commits changed {n} of its files. No branch was created.",
    ),
    es=(
        "{name} no se puede revertir sin conflictos: hay cambios posteriores en {n} de sus archivos. No se creó rama.",
        "{name} no se puede revertir sin conflictos: hay cambios posteriores en {n} de sus archivos. No se creó rama.",
    ),
)
CONFLICTED = Phrase(en="{path} ({kind})", es="{path} ({kind})")
CONFLICTED_SINCE = Phrase(
    en="{path} ({kind}), changed later by {commits}", es="{path} ({kind}), cambiado después por {commits}"
)
EDITED = Phrase(
    en="{pull} is already open for this, but someone changed it after the bot opened it.",
    es="{pull} ya está abierto para esto, pero alguien lo cambió después de que el bot lo abriera.",
)
BY_HAND = Phrase(en="To revert it by hand:", es="Para revertirlo a mano:")

INSIDE_PULL = Phrase(
    en="{commit} is part of pull request #{number}. What do you want to revert?",
    es="{commit} es parte del pull request #{number}. ¿Qué quieres revertir?",
)
INSIDE_MERGE = Phrase(
    en="{commit} is part of merge {merge}. What do you want to revert?",
    es="{commit} es parte de la fusión {merge}. ¿Qué quieres revertir?",
)
WHOLE_PULL = Phrase(en="All of #{number}", es="Todo el #{number}")
WHOLE_MERGE = Phrase(en="The whole merge", es="Toda la fusión")
ONLY_COMMIT = Phrase(en="Only this commit", es="Solo este commit")

ACROSS_MERGES = PluralPhrase(
    en=(
        "The range {range} contains {n} merge, so it cannot be reverted commit by commit.",
        "The range {range} contains {n} merges, so it cannot be reverted commit by commit.",
    ),
    es=(
        "El rango {range} contiene {n} fusión, así que no se puede revertir commit por commit.",
        "El rango {range} contiene {n} fusiones, así que no se puede revertir commit por commit.",
    ),
)
REVERT_ALL = Phrase(en="Revert all {n} commits as one", es="Revertir los {n} commits como uno")
CONFIRM = PluralPhrase(
    en=(
        "Reverting {name} changes {n} file{touching}. No pull request has been opened yet.",
        "Reverting {name} changes {n} files{touching}. No pull request has been opened yet.",
    ),
    es=(
        "Revertir {name} cambia {n} archivo{touching}. Todavía no se abrió ningún pull request.",
        "Revertir {name} cambia {n} archivos{touching}. Todavía no se abrió ningún pull request.",
    ),
)
OPEN_ANYWAY = Phrase(en="Open anyway", es="Abrir de todos modos")

NOT_ON_BRANCH = Phrase(
    en="{what} is not on {branch}, so there is nothing to revert there.",
    es="{what} no está en {branch}, así que ahí no hay nada que revertir.",
)
REMOVED = Phrase(
    en="{what} is no longer on {branch}, because its history was rewritten. There is nothing to revert there.",
    es="{what} ya no está en {branch}, porque se reescribió su historial. Ahí no hay nada que revertir.",
)
NOT_ON_BRANCH_BUT = Phrase(
    en="{what} is not on {branch}, so there is nothing to revert there. It is part of pull request #{number}, "
    "which is {state}.",
    es="{what} no está en {branch}, así que ahí no hay nada que revertir. Es parte del pull request #{number}, "
    "que está {state}.",
)
NOT_MERGED = Phrase(
    en="#{number} ({title}) is {state} and has not been merged, so there is nothing to revert.",
    es="#{number} ({title}) está {state} y no se fusionó, así que no hay nada que revertir.",
)
ROOT = Phrase(
    en="{commit} is the first commit in the repository. Reverting it would leave nothing.",
    es="{commit} es el primer commit del repositorio. Al revertirlo no quedaría nada.",
)
EMPTY = Phrase(
    en="{name} changes no files, so there is nothing to revert.",
    es="{name} no cambia ningún archivo, así que no hay nada que revertir.",
)
REFUSED = Phrase(en="{reason}{again}", es="{reason}{again}")
UNFINISHED = Phrase(
    en="The branch {branch} was pushed, but the pull request could not be opened: {reason} Run the command again to "
    "finish.",
    es="Se hizo push de la rama {branch}, pero no se pudo abrir el pull request: {reason} Repite el comando para "
    "terminar.",
)
WHICH_REPOSITORY = Phrase(
    en="{text} could refer to any of these repositories: {known}. Specify an application: /gitops revert {text} APP.",
    es="{text} podría referirse a cualquiera de estos repositorios: {known}. Indica una aplicación: /gitops revert "
    "{text} APP.",
)

# The button that asks for a revert.
REVERT = Phrase(en="Revert {revision}…", es="Revertir {revision}…")
ASK_TITLE = Phrase(en="Open a revert pull request?", es="¿Abrir un pull request de revert?")
ASK = Phrase(
    en="This opens a pull request that reverts “{subject}”. Nothing changes until someone merges it.",
    es="Esto abre un pull request que revierte “{subject}”. Nada cambia hasta que alguien lo fusione.",
)
ASK_YES = Phrase(en="Open pull request", es="Abrir pull request")
ASK_NO = Phrase(en="Cancel", es="Cancelar")
