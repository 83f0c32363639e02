"""What is told in the thread of an incident's card, of one application or of many."""

from bot.i18n.language import Phrase, PluralPhrase

MANY = Phrase(en="{names} on {cluster}", es="{names} en {cluster}")

GROWN = Phrase(en="More drift in {where}: {summary}. {first}.", es="Más drift de {where}: {summary}. {first}.")
GROWN_LEAD = Phrase(
    en="{where}: more since the alert, {summary}, first seen {time}.",
    es="{where}: nuevo desde la alerta, {summary}; visto por primera vez a las {time}.",
)
SILENCE_ENDED = Phrase(
    en=" It is worse than what {person} had set aside, so it is open again.",
    es=" Es peor que lo que {person} había apartado, así que vuelve a estar abierto.",
)
ACKNOWLEDGED = Phrase(en="Acknowledged: {where}.", es="Atendido: {where}.")
ACKNOWLEDGED_LEAD = Phrase(en="{person} has acknowledged {where}.", es="{person} atiende {where}.")
SNOOZED = Phrase(en="Snoozed until {time}: {where}.", es="Pospuesto hasta las {time}: {where}.")
SNOOZED_LEAD = Phrase(en="{person} has snoozed {where} until {time}.", es="{person} ha pospuesto {where} hasta {time}.")
WOKE = Phrase(
    en="{where}: the snooze is over and the drift is not.", es="{where}: ya no está pospuesto y el drift sigue."
)
REMINDED = Phrase(
    en="{where}: still drifting since {time}, and nobody has acknowledged it.",
    es="{where}: el drift sigue desde {time} y nadie lo atiende.",
)
ESCALATED = Phrase(
    en="{level} in {where} since {time}, and nobody has acknowledged it: {reason}.",
    es="{level} de {where} desde {time} y nadie lo atiende: {reason}.",
)
ELSEWHERE = Phrase(en=" The alert is in {channel}.", es=" La alerta está en {channel}.")
RESOLVED = Phrase(
    en="{where} is back in sync after {lasted}: {ending}.",
    es="{where} vuelve a coincidir con git tras {lasted}: {ending}.",
)
SOME_RESOLVED = Phrase(en="Back in sync: {where}. {left}.", es="Vuelve a coincidir con git: {where}. {left}.")
UNWATCHED = Phrase(en="{where} is not watched any more.", es="{where} ya no se vigila.")
SOME_UNWATCHED = Phrase(en="Not watched any more: {where}. {left}.", es="Ya no se vigila: {where}. {left}.")
NONE_LEFT = Phrase(en="Nothing else is open here", es="Aquí no queda nada más abierto")
LEFT = PluralPhrase(
    en=("{n} application still drifts", "{n} applications still drift"),
    es=("{n} aplicación sigue con drift", "{n} aplicaciones siguen con drift"),
)
ALL_RESOLVED = PluralPhrase(
    en=("The application is back in sync after {lasted}.", "All {n} applications are back in sync after {lasted}."),
    es=(
        "La aplicación vuelve a coincidir con git tras {lasted}.",
        "Las {n} aplicaciones vuelven a coincidir con git tras {lasted}.",
    ),
)
