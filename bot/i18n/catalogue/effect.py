"""What a revert changes in the clusters, and what it cannot bring back."""

from bot.i18n.language import Phrase

WHERE = Phrase(
    en="{application} on {cluster}, namespace {namespace}", es="{application} en {cluster}, namespace {namespace}"
)
BEFORE = Phrase(en="⚠️ Before you merge:", es="⚠️ Antes de fusionar:")
OBJECT = Phrase(en="{kind} {name} of {application} on {cluster}", es="{kind} {name} de {application} en {cluster}")
TOO_SLOW = Phrase(
    en="rendering took longer than {seconds} s, and the pull request does not wait for it.",
    es="renderizar tardó más de {seconds} s, y el pull request no espera.",
)
TOO_MANY = Phrase(
    en="only the first {most} applications are rendered.", es="solo se renderizan las primeras {most} aplicaciones."
)

DEFINITION = Phrase(
    en="{object} is deleted together with every object of its kind in all namespaces. A later revert does not bring "
    "them back.",
    es="{object} se elimina junto con todos los objetos de su tipo en todos los namespaces. Un revert posterior no los "
    "recupera.",
)
NAMESPACE = Phrase(
    en="{object} is deleted together with everything in it, including objects that are not in git.",
    es="{object} se elimina junto con todo lo que contiene, incluidos los objetos que no están en git.",
)
VOLUME = Phrase(
    en="{object} is deleted together with its data, unless the reclaim policy of its volume is Retain.",
    es="{object} se elimina junto con sus datos, salvo que la reclaim policy de su volumen sea Retain.",
)
RETURNING = Phrase(
    en="{object} comes back. If it was deleted, it comes back empty: its data is lost.",
    es="{object} vuelve. Si se había eliminado, vuelve vacío: sus datos se perdieron.",
)
IMMUTABLE = Phrase(
    en="{object}: {path} is immutable, so Kubernetes rejects the change. Delete the object and create it again.",
    es="{object}: {path} es inmutable, así que Kubernetes rechaza el cambio. Elimina el objeto y créalo de nuevo.",
)
SHRUNK = Phrase(
    en="{object}: {path} gets smaller, and Kubernetes cannot shrink a volume.",
    es="{object}: {path} se reduce, y Kubernetes no puede reducir un volumen.",
)
VERSION = Phrase(
    en="{object}: {path} is removed, which Kubernetes rejects while objects are stored in that version.",
    es="{object}: se elimina {path}, y Kubernetes lo rechaza mientras haya objetos guardados en esa versión.",
)
