"""What a revert changes in the clusters, and what it cannot bring back."""

from bot.i18n.language import Phrase

WHERE = Phrase(
    en="{application} on {cluster}, namespace {namespace}", es="{application} en {cluster}, namespace {namespace}"
)
BEFORE = Phrase(en="⚠️ Before you merge:", es="⚠️ Antes del merge:")
OBJECT = Phrase(en="{kind} {name} of {application} on {cluster}", es="{kind} {name} de {application} en {cluster}")
TOO_SLOW = Phrase(
    en="it was not rendered within {seconds} s, and the pull request does not wait for it.",
    es="no se renderizó en {seconds} s, y el pull request no espera.",
)
TOO_MANY = Phrase(
    en="only the first {most} applications are rendered.", es="solo se renderizan las primeras {most} aplicaciones."
)

DEFINITION = Phrase(
    en="{object} goes: with a custom resource definition every object of its kind is deleted, in all namespaces, and a "
    "later revert brings none of them back.",
    es="{object} se elimina: con la definición se borran todos los objetos de ese tipo, en todos los namespaces, y un "
    "revert posterior no los recupera.",
)
NAMESPACE = Phrase(
    en="{object} goes: everything in it is deleted with it, what git does not know too.",
    es="{object} se elimina: se borra todo lo que contiene, también lo que git no conoce.",
)
VOLUME = Phrase(
    en="{object} goes: unless its volume is set to be retained, the data is deleted with it.",
    es="{object} se elimina: salvo que su volumen se conserve (Retain), los datos se borran con él.",
)
RETURNING = Phrase(
    en="{object} comes back: if it was deleted, it comes back empty; what it held does not.",
    es="{object} vuelve: si se había borrado, vuelve vacío; lo que contenía no se recupera.",
)
IMMUTABLE = Phrase(
    en="{object}: Kubernetes refuses a change of {path}; it has to be deleted and made anew.",
    es="{object}: Kubernetes rechaza cambiar {path}; hay que borrarlo y crearlo de nuevo.",
)
SHRUNK = Phrase(
    en="{object}: {path} becomes smaller, and Kubernetes never shrinks a volume.",
    es="{object}: {path} se reduce, y Kubernetes nunca encoge un volumen.",
)
VERSION = Phrase(
    en="{object}: {path} goes, which Kubernetes refuses while objects are stored under it.",
    es="{object}: desaparece {path}, y Kubernetes lo rechaza mientras haya objetos guardados en esa versión.",
)
