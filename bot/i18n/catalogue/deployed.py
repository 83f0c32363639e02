"""What a deployer says of an application, beside what the bot sees."""

from bot.i18n.language import Phrase

SAYS = Phrase(en="{deployer}: {what}", es="{deployer}: {what}")
AT = Phrase(en="{sync} at {revision}", es="{sync} en {revision}")
SUSPENDED = Phrase(en="suspended", es="suspendido")
MANUAL = Phrase(en="synced by hand only", es="se sincroniza solo a mano")
NOTHING = Phrase(en="says nothing yet", es="todavía no dice nada")

SYNCED_BUT_DRIFT = Phrase(
    en="{deployer} says that it is in sync at {applied}; the bot sees drift in {n} of its objects.",
    es="{deployer} dice que está en sincronía en {applied}; el bot ve diferencias en {n} de sus objetos.",
)
SYNCED_AT_ANOTHER = Phrase(
    en="{deployer} says that it is in sync, but at {applied}; git has {head}, from which {n} of its objects differ.",
    es="{deployer} dice que está en sincronía, pero en {applied}; git tiene {head}, y {n} de sus objetos difieren.",
)
DRIFT_BUT_SYNCED = Phrase(
    en="{deployer} says that it is out of sync, and the bot sees no drift at {head}.",
    es="{deployer} dice que está fuera de sincronía, y el bot no ve ninguna diferencia en {head}.",
)
BEHIND = Phrase(
    en="{deployer} is at {applied}, and git has {head}.", es="{deployer} está en {applied}, y git tiene {head}."
)
