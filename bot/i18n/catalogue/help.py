"""Help, and the answers to what could not be understood."""

from bot.i18n.language import Phrase

OVERVIEW = Phrase(en="You can type /gitops {commands} or {last}.", es="Se puede escribir /gitops {commands} o {last}.")
PROMISE = Phrase(
    en="Git is the only thing this bot changes, and only through pull requests.",
    es="Lo único que este bot cambia es git, y solo mediante pull requests.",
)

UNKNOWN_COMMAND = Phrase(
    en="I do not know “{word}”; type /gitops help to see every command.",
    es="No existe el comando “{word}”; /gitops help muestra todos los comandos.",
)
UNKNOWN_COMMAND_NEAR = Phrase(
    en="I do not know “{word}”; did you mean “{nearest}”? If not, type /gitops help to see every command.",
    es="No existe el comando “{word}”; ¿será “{nearest}”? Si no, /gitops help muestra todos los comandos.",
)
UNKNOWN_APPLICATION = Phrase(
    en="There is no application “{word}”; the applications are {known} (/gitops help shows every command).",
    es="No hay ninguna aplicación “{word}”; las aplicaciones son {known} (/gitops help muestra todos los comandos).",
)
UNKNOWN_APPLICATION_NEAR = Phrase(
    en=(
        "There is no application “{word}”; did you mean “{nearest}”? If not, the applications are {known} "
        "(/gitops help shows every command)."
    ),
    es=(
        "No hay ninguna aplicación “{word}”; ¿será “{nearest}”? Si no, las aplicaciones son {known} "
        "(/gitops help muestra todos los comandos)."
    ),
)
NO_APPLICATION = Phrase(
    en="There is no application “{word}”, since none is configured yet (/gitops help shows every command).",
    es="No hay ninguna aplicación “{word}”: todavía no hay ninguna configurada (/gitops help muestra los comandos).",
)
USAGE = Phrase(
    en="It is {usage}: {summary} (/gitops help shows every command).",
    es="Se escribe {usage}: {summary} (/gitops help muestra todos los comandos).",
)
