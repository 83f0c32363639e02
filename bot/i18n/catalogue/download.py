"""Why a file that a kustomization refers to by URL cannot be downloaded, and what to do about it."""

from bot.i18n.language import Phrase

FAILED = Phrase(en="Could not fetch {url}: {why}", es="No se pudo obtener {url}: {why}")
PENDING = Phrase(
    en="{what} is still being fetched from {host}. A later check will use it.",
    es="{what} todavía se está obteniendo de {host}. Lo usará una comprobación posterior.",
)
HOST_NOT_ALLOWED = Phrase(
    en="{host} is not allowed, or the URL does not use TLS. Use https, and allow the host under bases.allow.",
    es="{host} no está permitido o la URL no usa TLS. Usa https y permite el host en bases.allow.",
)
UNAUTHORIZED = Phrase(
    en="it requires a credential, which the bot does not send. Commit a copy and use that instead.",
    es="requiere una credencial, y el bot no envía ninguna. Sube una copia a git y usa esa.",
)
NOT_KEPT = Phrase(
    en="it is no longer cached. The next check downloads it again.",
    es="ya no está en caché. La próxima comprobación lo descarga de nuevo.",
)
STATUS = Phrase(en="the server responded with {status}.", es="el servidor respondió con {status}.")
