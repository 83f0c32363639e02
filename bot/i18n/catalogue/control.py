"""Answers to acknowledge, snooze and other buttons: who is allowed to use them, and the result."""

from bot.i18n.language import Phrase, PluralPhrase

DENIED_REVERT = Phrase(
    en="You are not allowed to open pull requests here: {key} allows {who}. Nothing was done.",
    es="No tienes permiso para abrir pull requests aquí. Permitido por {key}: {who}. No se hizo nada.",
)
DENIED_SILENCE = Phrase(
    en="You are not allowed to acknowledge or snooze alerts here: {key} allows {who}. Nothing was done.",
    es="No tienes permiso para atender o posponer alertas aquí. Permitido por {key}: {who}. No se hizo nada.",
)
COULD_NOT_ASK = Phrase(
    en="Nothing was done: your permission could not be checked. {key} allows {group}, but its members could not be "
    "read. {why}",
    es="No se hizo nada: no se pudo comprobar tu permiso. {key} autoriza a {group}, pero no se pudieron leer sus "
    "miembros. {why}",
)
NOT_ASKED = Phrase(en="Slack was not asked.", es="No se consultó a Slack.")
NOBODY = Phrase(en="nobody", es="nadie")

ACKNOWLEDGED = Phrase(
    en="{names}: acknowledged by you. No reminders unless it gets worse.",
    es="{names}: lo atiendes tú. Sin recordatorios salvo que empeore.",
)
SNOOZED = Phrase(
    en="{names}: snoozed until {until}, unless it gets worse.",
    es="{names}: pospuesto hasta {until}, salvo que empeore.",
)
ACKNOWLEDGED_ALREADY = Phrase(
    en="{names}: already acknowledged by {who}. Nothing changed.",
    es="{names}: {who} ya lo atiende. Nada cambió.",
)
SNOOZED_ALREADY = Phrase(
    en="{names}: already snoozed until then by {who}. Nothing changed.",
    es="{names}: {who} ya lo pospuso hasta entonces. Nada cambió.",
)
SNOOZE_ENDED = Phrase(
    en="{names}: snooze ended. Reminders and escalation resume.",
    es="{names}: ya no está pospuesto. Se reanudan los recordatorios y el escalado.",
)
NOT_SNOOZED = Phrase(
    en="Nothing on that card is snoozed. Nothing changed.",
    es="En esa tarjeta no hay nada pospuesto. Nada cambió.",
)
NOTHING_OPEN = Phrase(
    en="{names}: no open incident, so there is nothing to acknowledge or snooze.",
    es="{names}: sin incidentes abiertos, así que no hay nada que atender ni posponer.",
)
NOTHING_OPEN_ON_CARD = Phrase(
    en="That card has no open incident, so there is nothing to acknowledge or snooze.",
    es="Esa tarjeta no tiene incidentes abiertos, así que no hay nada que atender ni posponer.",
)

SNOOZE_TITLE = Phrase(en="Snooze", es="Posponer")
ONE_MOMENT = Phrase(en="One moment…", es="Un momento…")
SNOOZE_LEAD = Phrase(
    en="{names}: no reminders or escalation until then, unless it gets worse.",
    es="{names}: sin recordatorios ni escalado hasta entonces, salvo que empeore.",
)
HOW_LONG = Phrase(en="Duration", es="Duración")
OTHER = Phrase(en="Or another duration", es="U otra duración")
OTHER_EXAMPLE = Phrase(en="90m, 1h30m, 2d or until 14:30", es="90m, 1h30m, 2d o hasta 14:30")
OTHER_WRONG = Phrase(
    en="Use 30m, 4h, 2d, 1h30m or until 14:30, from 5 minutes to 7 days.",
    es="Usa 30m, 4h, 2d, 1h30m o hasta 14:30, de 5 minutos a 7 días.",
)
SUBMIT = Phrase(en="Snooze", es="Posponer")
CANCEL = Phrase(en="Cancel", es="Cancelar")
MINUTES = PluralPhrase(en=("{n} minute", "{n} minutes"), es=("{n} minuto", "{n} minutos"))
HOURS = PluralPhrase(en=("{n} hour", "{n} hours"), es=("{n} hora", "{n} horas"))
DAYS = PluralPhrase(en=("{n} day", "{n} days"), es=("{n} día", "{n} días"))
UNTIL_CLOCK = Phrase(en="Until {clock} (your time)", es="Hasta las {clock} (tu hora)")

BUTTON_STALE = Phrase(
    en="That button is from an old message and no longer works. Use /gitops instead.",
    es="Ese botón es de un mensaje antiguo y ya no funciona. Usa /gitops.",
)
