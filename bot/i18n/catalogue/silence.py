"""Answers to acknowledge, snooze and other buttons: who is allowed to use them, and the result."""

from bot.i18n.language import Phrase, PluralPhrase

DENIED_REVERT = Phrase(
    en="You are not allowed to open pull requests here. {allowed} Nothing was done.",
    es="No tienes permiso para abrir pull requests aquí. {allowed} No se hizo nada.",
)
DENIED_SILENCE = Phrase(
    en="You are not allowed to acknowledge or snooze incidents here. {allowed} Nothing was done.",
    es="No tienes permiso para atender o posponer incidentes aquí. {allowed} No se hizo nada.",
)
ONLY = Phrase(en="{key} allows only {who}.", es="{key} solo autoriza a {who}.")
COULD_NOT_ASK = Phrase(
    en="Nothing was done: your permission could not be checked. {key} allows {group}, but the bot could not get the "
    "group's members from Slack. {why}",
    es="No se hizo nada: no se pudo comprobar tu permiso. {key} autoriza a {group}, pero el bot no pudo obtener los "
    "miembros del grupo de Slack. {why}",
)
NOT_ASKED = Phrase(en="The bot did not query Slack.", es="El bot no consultó a Slack.")
NOBODY = Phrase(en="{key} does not allow anyone.", es="{key} no autoriza a nadie.")

ACKNOWLEDGED = Phrase(
    en="You acknowledged {names}. No reminders unless the drift gets worse.",
    es="Ahora atiendes {names}. Sin recordatorios salvo que el drift empeore.",
)
SNOOZED = Phrase(
    en="You snoozed {names} until {until}. No reminders unless the drift gets worse.",
    es="Pospusiste {names} hasta {until}. Sin recordatorios salvo que el drift empeore.",
)
ACKNOWLEDGED_ALREADY = Phrase(
    en="{who} already acknowledged {names}. Nothing changed.",
    es="{who} ya atiende {names}. Nada cambió.",
)
YOURS_ALREADY = Phrase(en="You already acknowledged {names}. Nothing changed.", es="Ya atiendes {names}. Nada cambió.")
TAKEN_OVER = Phrase(
    en="You took over {names} from {who}. No reminders unless the drift gets worse.",
    es="Ahora atiendes {names} en lugar de {who}. Sin recordatorios salvo que el drift empeore.",
)
RELEASED = Phrase(
    en="{names}: incident released, open again.", es="Dejaste de atender {names}. El incidente vuelve a estar abierto."
)
RELEASED_SNOOZED = Phrase(
    en="{names}: incident released, still snoozed until {until}.",
    es="Dejaste de atender {names}. El incidente sigue pospuesto hasta {until}.",
)
NOT_YOURS = Phrase(
    en="{who} acknowledged {names}, so you cannot release the incident. To take it over, use “Take over” or /gitops "
    "ack.",
    es="{who} atiende {names}, así que no puedes dejarlo tú. Para relevarlo, usa “Relevar” o /gitops ack.",
)
NOBODY_HAS = Phrase(en="Nobody has acknowledged {names}. Nothing changed.", es="Nadie atiende {names}. Nada cambió.")
SNOOZED_ALREADY = Phrase(
    en="{who} already snoozed {names} until that time. Nothing changed.",
    es="{who} ya pospuso {names} hasta esa hora. Nada cambió.",
)
SNOOZED_BY_YOU_ALREADY = Phrase(
    en="You already snoozed {names} until that time. Nothing changed.",
    es="Ya pospusiste {names} hasta esa hora. Nada cambió.",
)
WORSENED = Phrase(
    en="{names}: new drift was found after you opened the form, so nothing was snoozed. Check the alert, then snooze "
    "it again.",
    es="{names}: se detectó drift nuevo después de que abrieras el formulario, así que no se pospuso nada. Revisa la "
    "alerta y vuelve a posponerla.",
)
SNOOZE_ENDED = Phrase(
    en="{names}: snooze ended, open again.", es="{names}: ya no está pospuesto y vuelve a estar abierto."
)
SNOOZE_ENDED_ACKNOWLEDGED = Phrase(
    en="{names}: snooze ended, still acknowledged by {who}.", es="{names}: ya no está pospuesto. Lo atiende {who}."
)
NOT_SNOOZED = Phrase(
    en="Nothing on that card is snoozed. Nothing changed.",
    es="En esa tarjeta no hay nada pospuesto. Nada cambió.",
)
NOTHING_OPEN = Phrase(
    en="{names}: there is no open incident to acknowledge or snooze.",
    es="{names}: no hay incidentes abiertos que atender ni posponer.",
)
NOTHING_OPEN_ON_CARD = Phrase(
    en="That card has no open incident to acknowledge or snooze.",
    es="Esa tarjeta no tiene incidentes abiertos que atender ni posponer.",
)

SNOOZE_TITLE = Phrase(en="Snooze", es="Posponer")
ONE_MOMENT = Phrase(en="One moment…", es="Un momento…")
SNOOZE_LEAD = Phrase(
    en="{names}: no reminders or escalation while snoozed, unless the drift gets worse.",
    es="{names}: sin recordatorios ni escalado mientras esté pospuesto, salvo que el drift empeore.",
)
HOW_LONG = Phrase(en="Duration", es="Duración")
OTHER = Phrase(en="Or another duration", es="U otra duración")
OTHER_EXAMPLE = Phrase(en="90m, 1h30m, 2d or until 14:30", es="90m, 1h30m, 2d o hasta 14:30")
OTHER_WRONG = Phrase(
    en="Enter a duration such as 30m, 4h or 1h30m, or a time such as “until 14:30”. A snooze lasts at least 5 minutes "
    "and at most 7 days.",
    es="Escribe una duración como 30m, 4h o 1h30m, o una hora como “hasta 14:30”. La duración mínima es de 5 minutos "
    "y la máxima, de 7 días.",
)
SUBMIT = Phrase(en="Snooze", es="Posponer")
CANCEL = Phrase(en="Cancel", es="Cancelar")
MINUTES = PluralPhrase(en=("{n} minute", "{n} minutes"), es=("{n} minuto", "{n} minutos"))
HOURS = PluralPhrase(en=("{n} hour", "{n} hours"), es=("{n} hora", "{n} horas"))
DAYS = PluralPhrase(en=("{n} day", "{n} days"), es=("{n} día", "{n} días"))
UNTIL_CLOCK = Phrase(en="Until {clock} (your time)", es="Hasta las {clock} (tu hora)")
UNTIL_CLOCK_IN = Phrase(en="Until {clock} ({zone})", es="Hasta las {clock} ({zone})")

BUTTON_STALE = Phrase(
    en="That button is from an old message and no longer works. Use /gitops instead.",
    es="Ese botón es de un mensaje antiguo y ya no funciona. Usa /gitops.",
)
