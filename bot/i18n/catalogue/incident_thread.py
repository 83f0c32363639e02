"""Replies in the thread of an incident's card, for one application or several."""

from bot.i18n.language import Phrase, PluralPhrase

MANY = Phrase(en="{names} on {cluster}", es="{names} en {cluster}")

GROWN = Phrase(en="More drift in {where}: {facts}", es="Más drift de {where}: {facts}")
GROWN_LEAD = Phrase(
    en="More drift in {where} since the alert: {facts}. First seen {time}.",
    es="Más drift de {where} desde la alerta: {facts}. Visto por primera vez: {time}.",
)
SILENCE_ENDED = Phrase(
    en=" It came after {person} acknowledged or snoozed the drift, so the incident is open again.",
    es=" Llegó después de que {person} atendiera o pospusiera el drift, así que el incidente vuelve a estar abierto.",
)
ACKNOWLEDGED = Phrase(en="Acknowledged: {where}.", es="Atendido: {where}.")
ACKNOWLEDGED_LEAD = Phrase(en="{person} acknowledged {where}.", es="{person} atiende {where}.")
TAKEN_OVER_LEAD = Phrase(
    en="{person} took over {where} from {previous}.", es="{person} releva a {previous} en {where}."
)
RELEASED = Phrase(en="No longer acknowledged: {where}.", es="Ya nadie lo atiende: {where}.")
RELEASED_LEAD = Phrase(
    en="{person} released the incident in {where}. It is no longer acknowledged.",
    es="{person} dejó de atender {where}. Ahora nadie lo atiende.",
)
SNOOZED = Phrase(en="Snoozed until {time}: {where}.", es="Pospuesto hasta {time}: {where}.")
SNOOZED_LEAD = Phrase(en="{person} snoozed {where} until {time}.", es="{person} pospuso {where} hasta {time}.")
SNOOZE_ENDED = Phrase(en="{where}: snooze ended, still drifting.", es="{where}: ya no está pospuesto y el drift sigue.")
REMINDED = Phrase(
    en="{where}: drifting since {time}, not acknowledged.",
    es="{where}: con drift desde {time}, sin atender.",
)
ESCALATED = Phrase(
    en="{level} in {where} since {time}, not acknowledged: {facts}.",
    es="{level} de {where} desde {time}, sin atender: {facts}.",
)
JOINED = Phrase(
    en="{level} in {where} since {time}, worse than the rest of this alert: {facts}.",
    es="{level} de {where} desde {time}, peor que el resto de esta alerta: {facts}.",
)
ELSEWHERE = Phrase(en=" The alert is in {channel}.", es=" La alerta está en {channel}.")
RESOLVED = Phrase(
    en="{where} is back in sync after {lasted}: {ending}.",
    es="{where} vuelve a estar en sincronía tras {lasted}: {ending}.",
)
SOME_RESOLVED = Phrase(en="Back in sync: {where}. {left}.", es="De nuevo en sincronía: {where}. {left}.")
UNWATCHED = Phrase(en="{where} is no longer watched.", es="{where} ya no se vigila.")
SOME_UNWATCHED = Phrase(en="No longer watched: {where}. {left}.", es="Ya no se vigila: {where}. {left}.")
NONE_LEFT = Phrase(en="Nothing else on this card is open", es="En esta tarjeta no queda nada más abierto")
LEFT = PluralPhrase(
    en=("{n} application is still drifting", "{n} applications are still drifting"),
    es=("{n} aplicación sigue con drift", "{n} aplicaciones siguen con drift"),
)
ALL_RESOLVED = PluralPhrase(
    en=("The application is back in sync after {lasted}.", "All {n} applications are back in sync after {lasted}."),
    es=(
        "La aplicación vuelve a estar en sincronía tras {lasted}.",
        "Las {n} aplicaciones vuelven a estar en sincronía tras {lasted}.",
    ),
)
