"""Why the state database failed."""

from bot.i18n.language import Phrase

SILENT = Phrase(
    en="The state database is not responding ({kind}). Check the store setting or DATABASE_URL.",
    es="La base de datos de estado no responde ({kind}). Revisa la opción store o DATABASE_URL.",
)
FULL = Phrase(
    en="The disk that holds the state database is full. Free up space or use a larger volume.",
    es="El disco que guarda la base de datos de estado está lleno. Libera espacio o usa un volumen más grande.",
)
REPLACED = Phrase(
    en="The file of the state database, {file}, was removed or replaced while the bot was running. Restart the bot.",
    es="El archivo de la base de datos de estado, {file}, se eliminó o se reemplazó mientras el bot funcionaba. "
    "Reinicia el bot.",
)
LATER_VERSION = Phrase(
    en="A later version of gitops-bot has changed the state database. Run that version, or restore the backup from "
    "before the upgrade.",
    es="Una versión posterior de gitops-bot ha cambiado la base de datos de estado. Ejecuta esa versión o restaura la "
    "copia de seguridad anterior a la actualización.",
)
EARLIER_VERSION = Phrase(
    en="The state database belongs to an earlier version of gitops-bot. Run this command with that version, or upgrade "
    "the bot first.",
    es="La base de datos de estado pertenece a una versión anterior de gitops-bot. Ejecuta este comando con esa "
    "versión o actualiza antes el bot.",
)
MAY_STILL_OPEN = Phrase(
    en="{error} The pull request might still be opened.",
    es="{error} Es posible que el pull request se abra de todos modos.",
)
OTHER_VERSION = Phrase(
    en="{id}: {values} (stored by another version of the bot)",
    es="{id}: {values} (guardado por otra versión del bot)",
)
LEASE_LOST = Phrase(
    en="Another replica has taken over the lease {lease}, so nothing was stored.",
    es="Otra réplica ha tomado el lease {lease}, así que no se ha guardado nada.",
)
