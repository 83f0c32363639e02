"""What a revert changes in the clusters, and what it cannot bring back."""

from bot.i18n.language import Phrase

WHERE = Phrase(
    en="{application} on {cluster} (namespace {namespace})",
    es="{application} en {cluster} (namespace {namespace})",
)
BEFORE = Phrase(en="⚠️ Before you merge:", es="⚠️ Antes de fusionar:")
OBJECT = Phrase(en="{kind} {name} ({application} on {cluster})", es="{kind} {name} ({application} en {cluster})")
TOO_SLOW = Phrase(
    en="rendering took longer than {seconds} s, so the pull request was opened without the result.",
    es="renderizar tardó más de {seconds} s, así que el pull request se abrió sin esperar.",
)
TOO_MANY = Phrase(
    en="only the first {most} applications are rendered.", es="solo se renderizan las primeras {most} aplicaciones."
)

DEFINITION = Phrase(
    en="Deleting {object} also deletes every object of the kind it defines, in all namespaces. A later revert does not "
    "bring them back.",
    es="Al eliminar {object} se eliminan también todos los objetos del tipo que define, en todos los namespaces. Un "
    "revert posterior no los recupera.",
)
NAMESPACE = Phrase(
    en="{object} is deleted along with everything in it, including objects that are not in git.",
    es="{object} se elimina junto con todo lo que contiene, incluidos los objetos que no están en git.",
)
VOLUME = Phrase(
    en="{object} is deleted along with its data, unless the reclaim policy of its volume is Retain.",
    es="{object} se elimina junto con sus datos, salvo que la reclaim policy de su volumen sea Retain.",
)
RETURNING = Phrase(
    en="{object} is recreated. If the original was deleted, its data is lost and the new one is empty.",
    es="{object} se vuelve a crear. Si el original se eliminó, el nuevo está vacío y sus datos se perdieron.",
)
IMMUTABLE = Phrase(
    en="{object}: {path} is immutable, so Kubernetes rejects the change. Delete the object and create it again.",
    es="{object}: {path} es inmutable, así que Kubernetes rechaza el cambio. Elimina el objeto y créalo de nuevo.",
)
SHRUNK = Phrase(
    en="{object}: {path} is reduced, but Kubernetes cannot shrink a volume.",
    es="{object}: {path} se reduce, pero Kubernetes no puede reducir un volumen.",
)
VERSION = Phrase(
    en="{object}: {path} is removed, which Kubernetes rejects while objects are stored in that version.",
    es="{object}: se elimina {path}, y Kubernetes lo rechaza mientras haya objetos guardados en esa versión.",
)
