"""What Slack did not take, and what to do about it."""

from bot.i18n.language import Phrase

NOT_TAKEN = Phrase(en="Slack did not take it: {why}.", es="Slack no lo aceptó: {why}.")
IN_CHANNEL = Phrase(en="{channel}: {why}", es="{channel}: {why}")
SILENT = Phrase(en="Slack does not answer ({kind}); it is tried again.", es="Slack no responde ({kind}); se reintenta.")
NO_CHANNEL = Phrase(
    en="there is no channel {channel}, or the bot cannot see it: invite the bot there",
    es="no existe el canal {channel}, o el bot no puede verlo: hay que invitar al bot",
)
NOT_IN_CHANNEL = Phrase(
    en="the bot is not in {channel}: invite it with /invite", es="el bot no está en {channel}: se invita con /invite"
)
ARCHIVED = Phrase(
    en="{channel} is archived: unarchive it or name another channel in the configuration",
    es="{channel} está archivado: hay que desarchivarlo o nombrar otro canal en la configuración",
)
INVALID_TOKEN = Phrase(
    en="SLACK_BOT_TOKEN is not accepted: reinstall the Slack app and take the new token",
    es="Slack no acepta SLACK_BOT_TOKEN: hay que reinstalar la app de Slack y tomar el token nuevo",
)
REVOKED_TOKEN = Phrase(
    en="SLACK_BOT_TOKEN was revoked: reinstall the Slack app and take the new token",
    es="SLACK_BOT_TOKEN fue revocado: hay que reinstalar la app de Slack y tomar el token nuevo",
)
REMOVED_APP = Phrase(
    en="SLACK_BOT_TOKEN belongs to a removed app or workspace: reinstall the Slack app",
    es="SLACK_BOT_TOKEN es de una app o un workspace eliminados: hay que reinstalar la app de Slack",
)
MISSING_SCOPE = Phrase(
    en="the Slack app lacks a scope: compare it with manifests/slack-app.yaml and reinstall",
    es="a la app de Slack le falta un scope: hay que compararla con manifests/slack-app.yaml y reinstalarla",
)
ASKS_TO_WAIT = Phrase(en="Slack asks to wait", es="Slack pide esperar")
TOO_LATE = Phrase(
    en="the click arrived too late to open a window: press it again",
    es="el clic llegó tarde para abrir una ventana: hay que pulsar otra vez",
)
ANSWERED = Phrase(en="Slack answered {code}", es="Slack respondió {code}")
THREAD_GONE = Phrase(
    en="The message to be answered in its thread was deleted.",
    es="El mensaje que se iba a responder en su hilo se borró.",
)
