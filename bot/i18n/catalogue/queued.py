"""A revert that waits for the forge."""

from bot.i18n.language import Phrase

ANSWER = Phrase(
    en="Queued until {time}: {reason} It is done by itself then, and told in the channel; nobody has to ask again.",
    es="En cola hasta las {time}: {reason} A esa hora se hace solo y se avisa en el canal; no hace falta repetirlo.",
)
WAITING_HEADER = Phrase(en="⏳ Revert queued until {time}", es="⏳ Revert en cola hasta las {time}")
WAITING = Phrase(
    en="The revert of {what}, asked for by {who}, is queued until {time}: {reason}",
    es="El revert de {what}, pedido por {who}, está en cola hasta las {time}: {reason}",
)
DONE_HEADER = Phrase(en="Queued revert: done", es="Revert en cola: hecho")
GIVEN_UP_HEADER = Phrase(en="Queued revert: given up", es="Revert en cola: abandonado")
ENDED = Phrase(
    en="The revert of {what}, asked for by {who} and queued, was tried: {result}",
    es="El revert de {what}, pedido por {who} y en cola, se ha intentado: {result}",
)
REPLY = Phrase(en="{who}: {result}", es="{who}: {result}")
OPEN_IT = Phrase(en="Open the pull request", es="Abrir el pull request")
GONE = Phrase(
    en="it is no longer in the configuration, so nothing was done.",
    es="ya no está en la configuración, así que no se hizo nada.",
)
