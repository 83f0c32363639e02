"""Why Slack rejected a request, and what to do about it."""

from bot.i18n.language import Phrase

NOT_TAKEN = Phrase(en="Slack rejected the request: {why}.", es="Slack rechazó la solicitud: {why}.")
IN_CHANNEL = Phrase(en="{channel}: {why}", es="{channel}: {why}")
UNAVAILABLE = Phrase(
    en="Messages for {channel} are posted here. {why}", es="Los mensajes para {channel} se publican aquí. {why}"
)
MOVED = Phrase(en="This message continues in {channel}.", es="Este mensaje continúa en {channel}.")
SILENT = Phrase(
    en="Slack is not responding ({kind}). The bot will retry.", es="Slack no responde ({kind}). El bot reintentará."
)
UNKNOWN_NAME = Phrase(
    en="The name of Slack's server cannot be resolved. Check slack.api_url and DNS. The bot will retry.",
    es="El nombre del servidor de Slack no se puede resolver. Revisa slack.api_url y el DNS. El bot reintentará.",
)
UNTRUSTED = Phrase(
    en="The TLS certificate of Slack's server is not trusted ({kind}). If a proxy or a private CA issued it, set "
    "SSL_CERT_FILE to a file with the CA's certificate.",
    es="El certificado TLS del servidor de Slack no es de confianza ({kind}). Si lo emitió un proxy o una CA privada, "
    "define SSL_CERT_FILE con un archivo que contenga el certificado de la CA.",
)
NO_CHANNEL = Phrase(
    en="the channel {channel} does not exist or the bot cannot see it; invite the bot to the channel",
    es="el canal {channel} no existe o el bot no puede verlo; invita al bot",
)
NOT_IN_CHANNEL = Phrase(
    en="the bot is not in {channel}; invite it with /invite", es="el bot no está en {channel}; invítalo con /invite"
)
ARCHIVED = Phrase(
    en="{channel} is archived; unarchive it or configure another channel",
    es="{channel} está archivado; desarchívalo o configura otro canal",
)
INVALID_TOKEN = Phrase(
    en="SLACK_BOT_TOKEN is not valid; reinstall the Slack app and use the new token",
    es="SLACK_BOT_TOKEN no es válido; reinstala la app de Slack y usa el token nuevo",
)
REVOKED_TOKEN = Phrase(
    en="SLACK_BOT_TOKEN was revoked; reinstall the Slack app and use the new token",
    es="SLACK_BOT_TOKEN fue revocado; reinstala la app de Slack y usa el token nuevo",
)
REMOVED_APP = Phrase(
    en="SLACK_BOT_TOKEN belongs to a deleted app or workspace; reinstall the Slack app",
    es="SLACK_BOT_TOKEN es de una app o un workspace eliminados; reinstala la app de Slack",
)
MISSING_SCOPE = Phrase(
    en="the Slack app is missing a scope; compare the app with manifests/slack-app.yaml and reinstall it",
    es="a la app de Slack le falta un scope; compárala con manifests/slack-app.yaml y reinstálala",
)
ASKS_TO_WAIT = Phrase(en="the rate limit has been reached", es="se agotó el límite de solicitudes")
TOO_LATE = Phrase(
    en="the click arrived too late to open a modal; click again",
    es="el clic llegó tarde para abrir un modal; haz clic otra vez",
)
ANSWERED = Phrase(en="error {code}", es="código de error {code}")
THREAD_GONE = Phrase(
    en="The parent message of the thread was deleted.",
    es="Se eliminó el mensaje principal del hilo.",
)

# What a request is about, if not a channel.
MODAL = Phrase(en="the modal", es="el modal")
HOME_TAB = Phrase(en="the Home tab", es="la pestaña Inicio")
WORKSPACE = Phrase(en="the workspace", es="el workspace")
