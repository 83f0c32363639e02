"""Help, and the answers to a command that could not be understood."""

from bot.i18n.language import Phrase

OVERVIEW = Phrase(en="Type /gitops {commands} or {last}.", es="Escribe /gitops {commands} o {last}.")
PROMISE = Phrase(
    en="This bot changes only git, and only through pull requests.",
    es="Este bot solo cambia git, y solo mediante pull requests.",
)

UNKNOWN_COMMAND = Phrase(
    en="There is no command “{word}”. Type /gitops help to see all commands.",
    es="No existe el comando “{word}”. Escribe /gitops help para ver todos los comandos.",
)
UNKNOWN_COMMAND_NEAR = Phrase(
    en="There is no command “{word}”. Did you mean “{nearest}”? Type /gitops help to see all commands.",
    es="No existe el comando “{word}”. ¿Querías decir “{nearest}”? Escribe /gitops help para ver todos los comandos.",
)
UNKNOWN_APPLICATION = Phrase(
    en="There is no application “{word}”. Applications: {known}. Type /gitops help to see all commands.",
    es="No existe la aplicación “{word}”. Aplicaciones: {known}. Escribe /gitops help para ver todos los comandos.",
)
UNKNOWN_APPLICATION_NEAR = Phrase(
    en="There is no application “{word}”. Did you mean “{nearest}”? Applications: {known}. "
    "Type /gitops help to see all commands.",
    es="No existe la aplicación “{word}”. ¿Querías decir “{nearest}”? Aplicaciones: {known}. "
    "Escribe /gitops help para ver todos los comandos.",
)
NO_APPLICATION = Phrase(
    en="There is no application “{word}”: no applications are configured yet. Type /gitops help to see all commands.",
    es="No existe la aplicación “{word}”: todavía no hay aplicaciones configuradas. Escribe /gitops help para ver "
    "todos los comandos.",
)
NOT_DISCOVERED = Phrase(
    en="The bot has not discovered an application “{word}”. {why}",
    es="El bot no ha descubierto ninguna aplicación “{word}”. {why}",
)
EXAMPLES = Phrase(en="Examples:", es="Ejemplos:")
USAGE = Phrase(
    en="Usage: {usage} ({summary}). Type /gitops help to see all commands.",
    es="Uso: {usage} ({summary}). Escribe /gitops help para ver todos los comandos.",
)
PERIOD_WRONG = Phrase(
    en="A report's period must be between 1d and {n}d, for example 7d or 30d.",
    es="El período de un informe debe estar entre 1d y {n}d, por ejemplo 7d o 30d.",
)
