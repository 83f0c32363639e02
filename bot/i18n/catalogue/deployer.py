"""What a deployer reports about an application, next to what the bot sees."""

from bot.i18n.language import Phrase, PluralPhrase

SAYS = Phrase(en="{deployer}: {what}", es="{deployer}: {what}")
AT = Phrase(en="{sync} at {revision}", es="{sync} en {revision}")
SUSPENDED = Phrase(en="suspended", es="suspendido")
MANUAL = Phrase(en="manual sync only", es="solo sincronización manual")
WAITS_FOR = PluralPhrase(
    en=("waiting for {resources}, which is not ready", "waiting for {resources}, which are not ready"),
    es=("espera a {resources}, que no está listo", "espera a {resources}, que no están listos"),
)
NOTHING = Phrase(en="no status yet", es="todavía sin estado")

SYNCED_BUT_DRIFT = Phrase(
    en="{deployer} reports that the application is in sync at {applied}, but the bot sees drift in {n} of its objects.",
    es="{deployer} informa que la aplicación está en sincronía en {applied}, pero el bot ve drift en {n} de sus "
    "objetos.",
)
SYNCED_WITHOUT_REVISION = Phrase(
    en="{deployer} reports that the application is in sync, but the bot sees drift in {n} of its objects.",
    es="{deployer} informa que la aplicación está en sincronía, pero el bot ve drift en {n} de sus objetos.",
)
SYNCED_AT_ANOTHER = Phrase(
    en="{deployer} reports that the application is in sync at {applied}. However, git is at {head}, and the bot sees "
    "drift in {n} of the application's objects.",
    es="{deployer} informa que la aplicación está en sincronía en {applied}. Sin embargo, git está en {head}, y el "
    "bot ve drift en {n} de los objetos de la aplicación.",
)
DRIFT_BUT_SYNCED = Phrase(
    en="{deployer} reports that the application is out of sync, but the bot sees no drift at {head}.",
    es="{deployer} informa que la aplicación está fuera de sincronía, pero el bot no ve drift en {head}.",
)
BEHIND = Phrase(
    en="{deployer} is at {applied}; git is at {head}.", es="{deployer} está en {applied}; git está en {head}."
)
