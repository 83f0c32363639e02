"""The answers to `/gitops revert`."""

from bot.i18n.language import Phrase, PluralPhrase

UNKNOWN_COMMIT = Phrase(en="an unknown commit", es="un commit desconocido")
SEVERAL_COMMITS = Phrase(en="{n} commits up to {last}", es="{n} commits hasta {last}")
THAT_CHANGE = Phrase(en="that change", es="ese cambio")
OF_APPLICATIONS = Phrase(en=" of {applications}", es=" de {applications}")
OF_NO_APPLICATION = Phrase(en=", none of a configured application", es=", de ninguna aplicación configurada")
AGAIN = Phrase(en=" Try again after {time}.", es=" Se puede reintentar después de las {time}.")
OPEN = Phrase(en="open", es="abierto")
CLOSED = Phrase(en="closed", es="cerrado")
MERGED = Phrase(en="merged", es="fusionado")

OPENED = PluralPhrase(
    en=(
        "Pull request #{number} is open: {title}. It changes {n} file{touching}; nothing changes until it is merged.",
        "Pull request #{number} is open: {title}. It changes {n} files{touching}; nothing changes until it is merged.",
    ),
    es=(
        "El pull request #{number} está abierto: {title}. Cambia {n} archivo{touching}; nada cambia sin el merge.",
        "El pull request #{number} está abierto: {title}. Cambia {n} archivos{touching}; nada cambia sin el merge.",
    ),
)
REAPPLIES = Phrase(
    en="It undoes a revert, so what was reverted before lands again.",
    es="Deshace un revert, así que vuelve a entrar lo que se había revertido.",
)
UNDOES_MERGE = Phrase(
    en="It undoes a merge: to land that branch again later, revert this revert first.",
    es="Deshace un merge: para volver a integrar esa rama más adelante, primero hay que revertir este revert.",
)
PARTLY_UNDONE = Phrase(
    en="Partly undone before: no change in {files}.", es="Ya se había deshecho en parte: sin cambios en {files}."
)
AUTOMATION = Phrase(
    en="{tool} wrote that commit and may write it again: pause it first.",
    es="{tool} escribió ese commit y puede volver a escribirlo: conviene pausarlo antes.",
)

ALREADY_OPEN = Phrase(
    en="Pull request #{number} for it is open already: {title}.",
    es="Ya está abierto el pull request #{number} para eso: {title}.",
)
OPEN_PULL = Phrase(en="Open #{number}", es="Abrir #{number}")
ALREADY_REVERTED = Phrase(
    en="{name} was already reverted by {by}. No pull request was opened.",
    es="{name} ya se revirtió con {by}. No se abrió ningún pull request.",
)
NOTHING_LEFT = Phrase(
    en="Nothing is left to undo of {name}: the branch no longer holds it.",
    es="No queda nada que deshacer de {name}: la rama ya no lo contiene.",
)
NOTHING_LEFT_SINCE = Phrase(
    en=(
        "Nothing is left to undo of {name}: the branch no longer holds it. "
        "The newest later change to its files is {since}."
    ),
    es=(
        "No queda nada que deshacer de {name}: la rama ya no lo contiene. "
        "El cambio posterior más nuevo en sus archivos es {since}."
    ),
)

CONFLICT = PluralPhrase(
    en=(
        "{name} cannot be undone by itself: later changes touch {n} file of it. No branch was made.",
        "{name} cannot be undone by itself: later changes touch {n} files of it. No branch was made.",
    ),
    es=(
        "{name} no se puede deshacer solo: cambios posteriores tocan {n} de sus archivos. No se creó ninguna rama.",
        "{name} no se puede deshacer solo: cambios posteriores tocan {n} de sus archivos. No se creó ninguna rama.",
    ),
)
CONFLICTED = Phrase(en="{path} ({kind})", es="{path} ({kind})")
CONFLICTED_SINCE = Phrase(
    en="{path} ({kind}), since changed by {commits}", es="{path} ({kind}), cambiado después por {commits}"
)
BY_HAND = Phrase(en="By hand:", es="A mano:")

INSIDE_PULL = Phrase(
    en="{commit} came in with pull request #{number}. What should be undone?",
    es="{commit} llegó con el pull request #{number}. ¿Qué hay que deshacer?",
)
INSIDE_MERGE = Phrase(
    en="{commit} came in with merge {merge}. What should be undone?",
    es="{commit} llegó con el merge {merge}. ¿Qué hay que deshacer?",
)
WHOLE_PULL = Phrase(en="The whole of #{number}", es="Todo el #{number}")
WHOLE_MERGE = Phrase(en="The whole merge", es="Todo el merge")
ONLY_COMMIT = Phrase(en="Only this commit", es="Solo este commit")

ACROSS_MERGES = PluralPhrase(
    en=(
        "The range {range} runs across {n} merge, so it cannot be undone commit by commit.",
        "The range {range} runs across {n} merges, so it cannot be undone commit by commit.",
    ),
    es=(
        "El rango {range} atraviesa {n} merge: no se puede deshacer commit por commit.",
        "El rango {range} atraviesa {n} merges: no se puede deshacer commit por commit.",
    ),
)
UNDO_ALL = Phrase(en="Undo all {n} steps as one", es="Deshacer los {n} pasos como uno")
CONFIRM = PluralPhrase(
    en=(
        "Undoing {name} changes {n} file{touching}. Nothing was opened yet.",
        "Undoing {name} changes {n} files{touching}. Nothing was opened yet.",
    ),
    es=(
        "Deshacer {name} cambia {n} archivo{touching}. Todavía no se abrió nada.",
        "Deshacer {name} cambia {n} archivos{touching}. Todavía no se abrió nada.",
    ),
)
OPEN_ANYWAY = Phrase(en="Open it all the same", es="Abrirlo de todos modos")

NOT_ON_BRANCH = Phrase(
    en="{what} never reached {branch}, so there is nothing to undo there.",
    es="{what} nunca llegó a {branch}, así que ahí no hay nada que deshacer.",
)
NOT_ON_BRANCH_BUT = Phrase(
    en="{what} never reached {branch}, so there is nothing to undo there. It is in pull request #{number}, "
    "which is {state}.",
    es="{what} nunca llegó a {branch}, así que ahí no hay nada que deshacer. Está en el pull request #{number}, "
    "que está {state}.",
)
NOT_MERGED = Phrase(
    en="#{number} is {state} and was not merged, so there is nothing to undo: {title}.",
    es="#{number} está {state} y no se fusionó, así que no hay nada que deshacer: {title}.",
)
ROOT = Phrase(
    en="{commit} is the first commit of the repository; undoing it would leave nothing.",
    es="{commit} es el primer commit del repositorio; al deshacerlo no quedaría nada.",
)
EMPTY = Phrase(
    en="{name} changes no files, so there is nothing to undo.",
    es="{name} no cambia ningún archivo, así que no hay nada que deshacer.",
)
REFUSED = Phrase(en="{reason}{again}", es="{reason}{again}")
UNFINISHED = Phrase(
    en="The branch {branch} is pushed, but the pull request is not open: {reason}{again} "
    "Ask again and it goes on from there.",
    es="La rama {branch} ya está en el remoto, pero el pull request no se abrió: {reason}{again} "
    "Al repetir el comando se sigue desde ahí.",
)
WHICH_REPOSITORY = Phrase(
    en="{text} could be in {known}: name an application too, as in /gitops revert {text} APP.",
    es="{text} podría estar en {known}: hay que nombrar también una aplicación, como en /gitops revert {text} APP.",
)

# The button that asks for a revert.
REVERT = Phrase(en="Revert {revision}…", es="Revertir {revision}…")
ASK_TITLE = Phrase(en="Open a revert?", es="¿Abrir un revert?")
ASK = Phrase(
    en="This opens a pull request that undoes “{subject}”. Nothing changes before somebody merges it.",
    es="Se abre un pull request que deshace «{subject}». Nada cambia hasta que alguien haga el merge.",
)
ASK_YES = Phrase(en="Open it", es="Abrirlo")
ASK_NO = Phrase(en="Not now", es="Ahora no")
