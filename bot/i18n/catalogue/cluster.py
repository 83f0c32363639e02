"""Why a cluster could not be read, and what to do about it."""

from bot.i18n.language import Phrase

LIST = Phrase(en="list {resource}", es="listar {resource}")
LIST_IN = Phrase(en="list {resource} in namespace {namespace}", es="listar {resource} en el namespace {namespace}")
WATCH = Phrase(en="watch {resource}", es="observar {resource}")
WATCH_IN = Phrase(en="watch {resource} in namespace {namespace}", es="observar {resource} en el namespace {namespace}")
READ_KINDS = Phrase(en="discover API resources", es="descubrir los recursos de la API")
READ_KINDS_OF = Phrase(en="discover the API resources of {version}", es="descubrir los recursos de {version}")
READ_VERSION = Phrase(en="read the Kubernetes version", es="leer la versión de Kubernetes")
READ_SCHEMAS = Phrase(en="read OpenAPI schemas", es="leer los esquemas OpenAPI")
READ_SCHEMA_OF = Phrase(en="read the OpenAPI schema of {version}", es="leer el esquema OpenAPI de {version}")

COULD_NOT = Phrase(
    en="Could not {what} on cluster {cluster}: {why}", es="No se pudo {what} en el clúster {cluster}: {why}"
)
AUDIT_LOG = Phrase(en="Could not read the audit log {path}: {why}", es="No se pudo leer el audit log {path}: {why}")
EXPIRES = Phrase(en="the list expired on every attempt (410).", es="la lista expiró en cada intento (410).")
EXPIRED = Phrase(en="the list expired (410).", es="la lista expiró (410).")
TOO_LARGE = Phrase(en="the response is larger than {size} MiB.", es="la respuesta supera los {size} MiB.")
TOO_MUCH_MEMORY = Phrase(
    en="reading the response would take more than {size} MiB of memory.",
    es="leer la respuesta ocuparía más de {size} MiB de memoria.",
)
SCHEMAS_TOO_LARGE = Phrase(
    en="with this one, the schemas of the cluster would take more than {size} MiB of memory.",
    es="con este, los esquemas del clúster ocuparían más de {size} MiB de memoria.",
)
TOO_LARGE_TOGETHER = Phrase(
    en="the lists of all namespaces are larger than {size} MiB, and this one is the largest.",
    es="las listas de todos los namespaces superan los {size} MiB, y esta es la mayor.",
)
TOO_MANY = Phrase(
    en="the list exceeds the bot's limits on objects and pages ({most}).",
    es="la lista supera los límites del bot de objetos y páginas ({most}).",
)
NO_NAMESPACE = Phrase(
    en="“{namespace}” is not a valid namespace name.", es="“{namespace}” no es un nombre de namespace válido."
)
NO_LIST = Phrase(en="the response is not a list.", es="la respuesta no es una lista.")
NO_EVENT = Phrase(en="the response is not a watch event.", es="la respuesta no es un evento de watch.")
NO_OBJECT = Phrase(en="the response is not a JSON object.", es="la respuesta no es un objeto JSON.")
NO_JSON = Phrase(
    en="the response is not JSON. Check that {host} is an API server.",
    es="la respuesta no es JSON. Revisa que {host} sea un API server.",
)
UNREACHABLE = Phrase(en="{cause} ({host}).", es="{cause} ({host}).")
NO_LOGIN = Phrase(
    en="the credentials could not be renewed. Check the token file or the login command in the kubeconfig.",
    es="no se pudieron renovar sus credenciales. Revisa el archivo del token o el comando de login de su kubeconfig.",
)
NO_LONGER_SERVED = Phrase(
    en="the cluster no longer serves this API (404).", es="el clúster ya no ofrece esta API (404)."
)
OVERLOADED = Phrase(en="the API server is overloaded (429).", es="el API server está sobrecargado (429).")
ANSWERED = Phrase(
    en="the API server returned {status}. Run “kubectl get apiservices”.",
    es="el API server devolvió {status}. Ejecuta “kubectl get apiservices”.",
)
ANSWERED_SAYING = Phrase(
    en="the API server returned {status} ({said}). Run “kubectl get apiservices”.",
    es="el API server devolvió {status} ({said}). Ejecuta “kubectl get apiservices”.",
)

UNKNOWN_HOST = Phrase(en="the host name does not resolve", es="el nombre de host no se resuelve")
NO_ROUTE = Phrase(
    en="the connection was refused or there is no route to the host",
    es="se rechazó la conexión o no hay ruta al host",
)
SLOW_CONNECTION = Phrase(en="the connection timed out", es="la conexión tardó demasiado")
SLOW_ANSWER = Phrase(en="the request timed out", es="la solicitud tardó demasiado")
PROXY = Phrase(en="the proxy rejected the connection", es="el proxy rechazó la conexión")
TLS = Phrase(
    en="the TLS handshake failed; check the cluster's certificate authority and the client certificate",
    es="falló el handshake TLS; revisa la autoridad certificadora del clúster y el certificado de cliente",
)
CONNECTION_LOST = Phrase(en="the connection was lost", es="se perdió la conexión")

NOT_THE_API = Phrase(
    en="Cluster {cluster} does not respond to {path} like a Kubernetes API server. Check the address {host}.",
    es="El clúster {cluster} no responde a {path} como un API server de Kubernetes. Revisa la dirección {host}.",
)
SERVICE_DOWN = Phrase(
    en="Cluster {cluster} cannot serve {version} because the service behind it is down. Run “kubectl get apiservice "
    "{service}”.",
    es="El clúster {cluster} no puede ofrecer {version} porque el servicio detrás está caído. Ejecuta “kubectl get "
    "apiservice {service}”.",
)
MALFORMED = Phrase(
    en="Cluster {cluster} describes the resources of {version} in an unexpected format. Run “kubectl get apiservice "
    "{service}”.",
    es="El clúster {cluster} describe los recursos de {version} en un formato inesperado. Ejecuta “kubectl get "
    "apiservice {service}”.",
)
BAD_CREDENTIALS = Phrase(
    en="Cluster {cluster} rejected the credentials (401). Renew the user's token or certificate in the kubeconfig. If "
    "you change the kubeconfig itself, restart the bot.",
    es="El clúster {cluster} rechazó las credenciales (401). Renueva el token o el certificado del usuario de su "
    "kubeconfig. Si cambias el propio kubeconfig, reinicia el bot.",
)
FORBIDDEN = Phrase(
    en="Cluster {cluster} does not allow {account} to {what} (403). Grant it {grant}.",
    es="El clúster {cluster} no permite a {account} {what} (403). Otórgale {grant}.",
)
BOTS_ACCOUNT = Phrase(en="the bot's account", es="la cuenta del bot")
GRANT_LIST = Phrase(en="“list” on {resource}", es="“list” sobre {resource}")
GRANT_LIST_IN = Phrase(
    en="“list” on {resource} in namespace {namespace}", es="“list” sobre {resource} en el namespace {namespace}"
)
GRANT_WATCH = Phrase(en="“watch” on {resource}", es="“watch” sobre {resource}")
GRANT_WATCH_IN = Phrase(
    en="“watch” on {resource} in namespace {namespace}", es="“watch” sobre {resource} en el namespace {namespace}"
)
GRANT_DISCOVERY = Phrase(en="the ClusterRole system:discovery", es="el ClusterRole system:discovery")
NOT_SERVED = Phrase(
    en="Cluster {cluster} does not serve {kind} in {version}. Install its CustomResourceDefinition, or fix the "
    "manifest in git.",
    es="El clúster {cluster} no ofrece {kind} en {version}. Instala su CustomResourceDefinition o corrige el "
    "manifiesto en git.",
)
OTHER_VERSION = Phrase(
    en="Cluster {cluster} does not serve {kind} in {version}. Use {served} in git.",
    es="El clúster {cluster} no ofrece {kind} en {version}. Usa {served} en git.",
)
OR = Phrase(en="{one} or {other}", es="{one} o {other}")
