"""A revert that waits for the forge's rate limit."""

from bot.i18n.language import Phrase

ANSWER = Phrase(
    en="Queued: {reason} The bot retries automatically and posts the result in the channel.",
    es="En cola: {reason} El bot reintenta automáticamente y publica el resultado en el canal.",
)
WAITING_HEADER = Phrase(en="⏳ Revert queued", es="⏳ Revert en cola")
WAITING = Phrase(
    en="The revert of {what}, requested by {who}, is queued: {reason}",
    es="El revert de {what}, solicitado por {who}, está en cola: {reason}",
)
DONE_HEADER = Phrase(en="Queued revert finished", es="Revert en cola terminado")
GIVEN_UP_HEADER = Phrase(en="Queued revert abandoned", es="Revert en cola abandonado")
ENDED = Phrase(
    en="Result of the queued revert of {what}, requested by {who}: {result}",
    es="Resultado del revert en cola de {what}, solicitado por {who}: {result}",
)
REPLY = Phrase(en="{who}: {result}", es="{who}: {result}")
OPEN_IT = Phrase(en="Open the pull request", es="Abrir el pull request")
GONE = Phrase(
    en="The application is no longer configured. Nothing was done.",
    es="La aplicación ya no está configurada. No se hizo nada.",
)
