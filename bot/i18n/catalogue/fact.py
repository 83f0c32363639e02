"""Differences in a few words, for the titles of alerts and pull requests, and push notifications.

`{subject}` is an object (`web`, `Service web`), `{what}` one of the phrases for its parts below.
"""

from bot.i18n.language import Phrase

CHANGED = Phrase(en="{subject} {what} {desired} → {live}", es="{subject} · {what} {desired} → {live}")
LINE_CHANGED = Phrase(en="{subject} {what}: {desired} → {live}", es="{subject} · {what}: {desired} → {live}")
LINES_CHANGED = Phrase(en="{subject} {what} differs in {n} lines", es="{subject} · {what} difiere en {n} líneas")
MEMBERS_CHANGED = Phrase(en="{subject} {what}: {members}", es="{subject} · {what}: {members}")
ADDED = Phrase(en="{subject} {what} added", es="{subject} · {what} solo en el clúster")
REMOVED = Phrase(en="{subject} {what} removed", es="{subject} · falta {what}")
HIDDEN_CHANGED = Phrase(en="{subject} {what} changed", es="{subject} · {what} cambió")
UNSET = Phrase(en="unset", es="sin definir")
DELETING = Phrase(en="{subject} is being deleted", es="{subject} se está eliminando")
MISSING = Phrase(en="{object} is missing", es="falta {object}")
MISSING_OBJECTS = Phrase(en="{count} {kind} objects are missing", es="faltan {count} objetos {kind}")

PATH_CHANGED = Phrase(en="{subject} · {path} {desired} → {live}", es="{subject} · {path} {desired} → {live}")
PATH_MEMBERS = Phrase(en="{subject} · {path}: {members}", es="{subject} · {path}: {members}")
PATH_ADDED = Phrase(en="{subject} · {path} added", es="{subject} · {path} solo en el clúster")
PATH_REMOVED = Phrase(en="{subject} · {path} removed", es="{subject} · falta {path}")
PATH_DIFFERS = Phrase(en="{subject} · {path} changed", es="{subject} · {path} cambió")
PATH_PLACES = Phrase(en="{subject} · {path} differs in {n} places", es="{subject} · {path} difiere en {n} lugares")

# Parts: the `{what}` of the phrases above.
IMAGE = Phrase(en="image", es="imagen")
REPLICAS = Phrase(en="replicas", es="réplicas")
MIN_REPLICAS = Phrase(en="minimum replicas", es="mínimo de réplicas")
MAX_REPLICAS = Phrase(en="maximum replicas", es="máximo de réplicas")
MIN_AVAILABLE = Phrase(en="minimum available", es="mínimo disponible")
MAX_UNAVAILABLE = Phrase(en="maximum unavailable", es="máximo no disponible")
USER_ID = Phrase(en="user ID", es="ID de usuario")
COMMAND = Phrase(en="command", es="comando")
ARGUMENTS = Phrase(en="arguments", es="argumentos")
LIMIT = Phrase(en="{resource} limit", es="límite de {resource}")
REQUEST = Phrase(en="{resource} request", es="solicitud de {resource}")
RESOURCES = {"cpu": Phrase(en="CPU", es="CPU"), "memory": Phrase(en="memory", es="memoria")}
STORAGE = Phrase(en="storage", es="almacenamiento")
TYPE = Phrase(en="type", es="tipo")
PORT = Phrase(en="port {name}", es="puerto {name}")
CONTAINER_PORT = Phrase(en="container port {name}", es="puerto de contenedor {name}")
SELECTOR = Phrase(en="selector {name}", es="selector {name}")
HOST = Phrase(en="host", es="host")
SCHEDULE = Phrase(en="schedule", es="programación")
TIME_ZONE = Phrase(en="time zone", es="zona horaria")
SERVICE_ACCOUNT = Phrase(en="service account", es="service account")
ROLE = Phrase(en="role", es="rol")
ENV = Phrase(en="env {name}", es="variable {name}")
KEY = Phrase(en="key “{name}”", es="clave “{name}”")
LABEL = Phrase(en="label {name}", es="etiqueta {name}")
POD_LABEL = Phrase(en="pod label {name}", es="etiqueta de pod {name}")
ANNOTATION = Phrase(en="annotation {name}", es="anotación {name}")
POD_ANNOTATION = Phrase(en="pod annotation {name}", es="anotación de pod {name}")
CONTAINER = Phrase(en="container {name}", es="contenedor {name}")
INIT_ORDER = Phrase(en="init container order", es="orden de los init containers")
VOLUME = Phrase(en="volume {name}", es="volumen {name}")
MOUNT = Phrase(en="mount {name}", es="montaje {name}")
PROBES = {
    "livenessProbe": Phrase(en="liveness probe", es="sonda liveness"),
    "readinessProbe": Phrase(en="readiness probe", es="sonda readiness"),
    "startupProbe": Phrase(en="startup probe", es="sonda startup"),
}
PART_OF = Phrase(en="{what} {path}", es="{what} {path}")
WITH_VALUE = Phrase(en="{what}={value}", es="{what}={value}")
WITH_IMAGE = Phrase(en="{what} ({image})", es="{what} ({image})")

# Whole facts.
PRIVILEGED = Phrase(en="{subject} is now privileged", es="{subject} ahora es privilegiado")
NOT_PRIVILEGED = Phrase(en="{subject} is no longer privileged", es="{subject} ya no es privilegiado")
ESCALATES = Phrase(en="{subject} now allows privilege escalation", es="{subject} ahora permite escalar privilegios")
NO_LONGER_ESCALATES = Phrase(
    en="{subject} no longer allows privilege escalation", es="{subject} ya no permite escalar privilegios"
)
ROOT = Phrase(en="{subject} now runs as root", es="{subject} ahora se ejecuta como root")
MAY_RUN_AS_ROOT = Phrase(en="{subject} may now run as root", es="{subject} ahora puede ejecutarse como root")
NEVER_ROOT = Phrase(en="{subject} may no longer run as root", es="{subject} ya no puede ejecutarse como root")
HOST_NETWORK = Phrase(en="{subject} now uses the host network", es="{subject} ahora usa la red del nodo")
NO_HOST_NETWORK = Phrase(en="{subject} no longer uses the host network", es="{subject} ya no usa la red del nodo")
HOST_PROCESSES = Phrase(en="{subject} now sees the host's processes", es="{subject} ahora ve los procesos del nodo")
NO_HOST_PROCESSES = Phrase(
    en="{subject} no longer sees the host's processes", es="{subject} ya no ve los procesos del nodo"
)
HOST_IPC = Phrase(en="{subject} now shares the host's IPC", es="{subject} ahora comparte el IPC del nodo")
NO_HOST_IPC = Phrase(en="{subject} no longer shares the host's IPC", es="{subject} ya no comparte el IPC del nodo")
WRITABLE = Phrase(
    en="{subject} now has a writable root file system",
    es="{subject} ahora puede escribir en su sistema de archivos raíz",
)
READ_ONLY = Phrase(
    en="{subject} now has a read-only root file system",
    es="{subject} ya no puede escribir en su sistema de archivos raíz",
)
CAPABILITY = Phrase(en="{subject} now adds capabilities: {names}", es="{subject} ahora agrega capabilities: {names}")
NO_CAPABILITY = Phrase(
    en="{subject} no longer adds capabilities: {names}", es="{subject} ya no agrega capabilities: {names}"
)
DROPS = Phrase(en="{subject} now drops capabilities: {names}", es="{subject} ahora descarta capabilities: {names}")
NO_LONGER_DROPS = Phrase(
    en="{subject} no longer drops capabilities: {names}", es="{subject} ya no descarta capabilities: {names}"
)
HOST_PATH = Phrase(en="{subject} now mounts host path {path}", es="{subject} ahora monta {path} del nodo")
NO_HOST_PATH = Phrase(en="{subject} no longer mounts host path {path}", es="{subject} ya no monta {path} del nodo")
SUSPENDED = Phrase(en="{subject} is now suspended", es="{subject} ahora está suspendido")
NOT_SUSPENDED = Phrase(en="{subject} is no longer suspended", es="{subject} ya no está suspendido")
PAUSED = Phrase(en="{subject} rollouts are now paused", es="{subject} ahora tiene los rollouts en pausa")
NOT_PAUSED = Phrase(en="{subject} rollouts are no longer paused", es="{subject} ya no tiene los rollouts en pausa")
ALLOWS = Phrase(en="{subject} may now {verbs} {resources}", es="{subject} ahora permite {verbs} en {resources}")
FORBIDS = Phrase(en="{subject} may no longer {verbs} {resources}", es="{subject} ya no permite {verbs} en {resources}")
EVERY_VERB = Phrase(en="perform every action on", es="todo")
EVERY_RESOURCE = Phrase(en="all resources", es="todos los recursos")
INCLUDES = Phrase(en="{subject} now includes {names}", es="{subject} ahora incluye a {names}")
EXCLUDES = Phrase(en="{subject} no longer includes {names}", es="{subject} ya no incluye a {names}")
