"""What people press and type to act: who may not and why, and what came of it."""

from bot.i18n.language import Phrase, PluralPhrase

DENIED_REVERT = Phrase(
    en="You may not have pull requests opened here; {key} names {who}. Nothing was done.",
    es="Hace falta permiso para pedir pull requests aquí; {key} nombra a {who}. No se hizo nada.",
)
DENIED_SILENCE = Phrase(
    en="You may not acknowledge or snooze alerts here; {key} names {who}. Nothing was done.",
    es="Hace falta permiso para atender o posponer alertas aquí; {key} nombra a {who}. No se hizo nada.",
)
COULD_NOT_ASK = Phrase(
    en="Nothing was done: nobody knows whether you may. {key} names {group}, and who is in it could not be read. {why}",
    es="No se hizo nada: no se sabe si hay permiso. {key} nombra a {group} y no se pudo leer quiénes lo forman. {why}",
)
NOBODY = Phrase(en="nobody", es="nadie")

ACKNOWLEDGED = Phrase(
    en="{names}: acknowledged by you. No reminders until something worse comes, or it is over.",
    es="{names}: atendido por quien lo pidió. Sin recordatorios hasta que venga algo peor o termine.",
)
SNOOZED = Phrase(
    en="{names}: quiet until {until}, or until something worse comes.",
    es="{names}: en silencio hasta {until}, o hasta que venga algo peor.",
)
ACKNOWLEDGED_ALREADY = Phrase(
    en="{names}: {who} has acknowledged it already; nothing changed.",
    es="{names}: {who} ya lo atiende; nada cambió.",
)
SNOOZED_ALREADY = Phrase(
    en="{names}: {who} has snoozed it until then already; nothing changed.",
    es="{names}: {who} ya lo había pospuesto hasta entonces; nada cambió.",
)
WOKEN = Phrase(
    en="{names}: snoozed no longer; reminders and escalation go on.",
    es="{names}: ya no está pospuesto; siguen los recordatorios y el escalado.",
)
AWAKE_ALREADY = Phrase(
    en="Nothing on that card is snoozed any more; nothing changed.",
    es="En esa tarjeta ya no hay nada pospuesto; nada cambió.",
)
NOTHING_OPEN = Phrase(
    en="{names} has no open incident, so there is nothing to silence.",
    es="{names} no tiene ningún incidente abierto: no hay nada que silenciar.",
)
CARD_IS_OVER = Phrase(
    en="Nothing on that card is open any more, so there is nothing to silence.",
    es="En esa tarjeta ya no hay nada abierto: no hay nada que silenciar.",
)

SNOOZE_TITLE = Phrase(en="Snooze", es="Posponer")
ONE_MOMENT = Phrase(en="One moment…", es="Un momento…")
SNOOZE_LEAD = Phrase(
    en="{names}: no reminders and no escalation until then. Something worse still alerts.",
    es="{names}: sin recordatorios ni escalado hasta entonces. Algo peor alerta igualmente.",
)
HOW_LONG = Phrase(en="How long", es="Cuánto tiempo")
OTHER = Phrase(en="Or another time", es="U otro tiempo")
OTHER_EXAMPLE = Phrase(en="90m, 1h30m, 2d or until 14:30", es="90m, 1h30m, 2d o hasta 14:30")
OTHER_WRONG = Phrase(
    en="Write 30m, 4h, 2d, 1h30m or until 14:30; from 5 minutes to 7 days.",
    es="Se escribe 30m, 4h, 2d, 1h30m o hasta 14:30; de 5 minutos a 7 días.",
)
SUBMIT = Phrase(en="Snooze", es="Posponer")
CANCEL = Phrase(en="Cancel", es="Cancelar")
MINUTES = PluralPhrase(en=("{n} minute", "{n} minutes"), es=("{n} minuto", "{n} minutos"))
HOURS = PluralPhrase(en=("{n} hour", "{n} hours"), es=("{n} hora", "{n} horas"))
DAYS = PluralPhrase(en=("{n} day", "{n} days"), es=("{n} día", "{n} días"))
UNTIL_CLOCK = Phrase(en="Until {clock} by your clock", es="Hasta las {clock}, hora local")

BUTTON_STALE = Phrase(
    en="That button is from an older message and no longer says what it meant; ask again with /gitops.",
    es="Ese botón es de un mensaje antiguo y ya no dice lo que significaba; se puede repetir con /gitops.",
)
