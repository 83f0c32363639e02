"""What a cluster did not answer, and what to do about it."""

from bot.i18n.language import Phrase

LIST = Phrase(en="list {resource}", es="listar {resource}")
LIST_IN = Phrase(en="list {resource} in namespace {namespace}", es="listar {resource} en el namespace {namespace}")
READ_KINDS = Phrase(en="read which kinds it serves", es="leer qué tipos ofrece")
READ_KINDS_OF = Phrase(en="read the kinds of {version}", es="leer los tipos de {version}")
READ_SCHEMAS = Phrase(en="read its OpenAPI schemas", es="leer sus esquemas OpenAPI")
READ_SCHEMA_OF = Phrase(en="read the OpenAPI schema of {version}", es="leer el esquema OpenAPI de {version}")

COULD_NOT = Phrase(en="Cluster {cluster} could not {what}: {why}", es="El cluster {cluster} no pudo {what}: {why}")
EXPIRES = Phrase(
    en="the list expired (410) every time it was asked for.", es="la lista expiró (410) cada vez que se pidió."
)
EXPIRED = Phrase(en="the list expired (410).", es="la lista expiró (410).")
NO_LIST = Phrase(en="the answer is not a list.", es="la respuesta no es una lista.")
NO_OBJECT = Phrase(en="the answer is not a JSON object.", es="la respuesta no es un objeto JSON.")
NO_JSON = Phrase(
    en="the answer is not JSON; check that {host} is the address of an API server.",
    es="la respuesta no es JSON; hay que revisar que {host} es la dirección de un API server.",
)
UNREACHABLE = Phrase(en="{cause} ({host}).", es="{cause} ({host}).")
NO_LOGIN = Phrase(
    en="its credentials could not be renewed; check the token file or the login command of its kubeconfig.",
    es=(
        "no se pudieron renovar sus credenciales; "
        "hay que revisar el archivo del token o el comando de login de su kubeconfig."
    ),
)
NOT_SERVED_ANY_MORE = Phrase(en="it does not serve that any more (404).", es="ya no ofrece eso (404).")
OVERLOADED = Phrase(en="the API server is overloaded (429).", es="el API server está sobrecargado (429).")
ANSWERED = Phrase(
    en="it answered {status}; see “kubectl get apiservices”.",
    es="respondió {status}; se ve más con “kubectl get apiservices”.",
)
ANSWERED_SAYING = Phrase(
    en="it answered {status} ({said}); see “kubectl get apiservices”.",
    es="respondió {status} ({said}); se ve más con “kubectl get apiservices”.",
)

UNKNOWN_HOST = Phrase(en="its host name is unknown", es="su nombre de host no se conoce")
NO_ROUTE = Phrase(en="the connection was refused or there is no route", es="la conexión fue rechazada o no hay ruta")
SLOW_CONNECTION = Phrase(en="connecting took too long", es="la conexión tardó demasiado")
SLOW_ANSWER = Phrase(en="the answer took too long", es="la respuesta tardó demasiado")
PROXY = Phrase(en="the proxy did not let it through", es="el proxy no la dejó pasar")
TLS = Phrase(
    en="the TLS handshake failed, so look at its certificate authority and the client certificate",
    es="falló el handshake TLS, así que hay que revisar su autoridad certificadora y el certificado de cliente",
)
BROKE_OFF = Phrase(en="the connection broke off", es="la conexión se cortó")

NOT_THE_API = Phrase(
    en="Cluster {cluster} answered {path} in a form that is not the Kubernetes API's: check the address {host}.",
    es=(
        "El cluster {cluster} respondió a {path} en un formato que no es el de la API de Kubernetes: "
        "hay que revisar la dirección {host}."
    ),
)
SERVICE_DOWN = Phrase(
    en=(
        "Cluster {cluster} does not answer for {version}: the service behind it is down; "
        "see “kubectl get apiservice {service}”."
    ),
    es=(
        "El cluster {cluster} no responde por {version}: el servicio detrás está caído; "
        "se ve con “kubectl get apiservice {service}”."
    ),
)
BAD_CREDENTIALS = Phrase(
    en=(
        "Cluster {cluster} refused the credentials (401): renew the token or the certificate of its kubeconfig's user."
    ),
    es=(
        "El cluster {cluster} rechazó las credenciales (401): "
        "hay que renovar el token o el certificado del usuario de su kubeconfig."
    ),
)
FORBIDDEN = Phrase(
    en="Cluster {cluster} does not let {account} {what} (403): grant it {grant}.",
    es="El cluster {cluster} no permite a {account} {what} (403): hay que otorgarle {grant}.",
)
BOTS_ACCOUNT = Phrase(en="the bot's account", es="la cuenta del bot")
GRANT_LIST = Phrase(en="“list” on {resource}", es="“list” sobre {resource}")
GRANT_LIST_IN = Phrase(
    en="“list” on {resource} in namespace {namespace}", es="“list” sobre {resource} en el namespace {namespace}"
)
GRANT_DISCOVERY = Phrase(en="the cluster role system:discovery", es="el cluster role system:discovery")
NOT_SERVED = Phrase(
    en="Cluster {cluster} does not serve {kind} of {version}: install its CustomResourceDefinition or correct git.",
    es="El cluster {cluster} no ofrece {kind} de {version}: "
    "hay que instalar su CustomResourceDefinition o corregir git.",
)
OTHER_VERSION = Phrase(
    en="Cluster {cluster} does not serve {kind} of {version}: write {served} in git.",
    es="El cluster {cluster} no ofrece {kind} de {version}: hay que escribir {served} en git.",
)
OR = Phrase(en="{one} or {other}", es="{one} o {other}")
