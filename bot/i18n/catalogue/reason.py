"""Why a difference is drift, in a few words."""

from bot.i18n.language import Phrase

DELETING = Phrase(en="being deleted, waiting for its finalizers", es="en eliminación, a la espera de sus finalizers")
MISSING = Phrase(en="declared in git, missing from the cluster", es="declarado en git, falta en el clúster")
REMOVED = Phrase(
    en="declared in git, removed from the cluster; Kubernetes does not record who removes a field",
    es="declarado en git, eliminado del clúster; Kubernetes no registra quién elimina un campo",
)
DIFFERS = Phrase(en="differs from git; no field manager recorded", es="difiere de git; sin field manager registrado")
CHANGED_BY_HAND = Phrase(en="changed by hand with {manager}", es="cambiado a mano con {manager}")
APPLIED = Phrase(en="applied with a value that differs from git", es="aplicado con un valor que difiere de git")
WRITTEN = Phrase(en="differs from git; written by {manager}", es="difiere de git; escrito por {manager}")
NOT_PRUNED = Phrase(
    en="applied by hand, or removed from git and never pruned",
    es="aplicado a mano, o eliminado de git y nunca podado (prune)",
)
ADDED_BY_HAND = Phrase(en="added by hand with {manager}", es="agregado a mano con {manager}")
TOO_MANY_MANAGERS = Phrase(
    en="too many field managers to tell what they added", es="demasiados field managers para saber qué agregaron"
)
NOT_IN_GIT = Phrase(en="applied earlier, no longer in git", es="aplicado antes, ya no está en git")
UNTRACKED = Phrase(
    en="not in git; Kubernetes records no field managers for this object",
    es="no está en git; Kubernetes no registra field managers de este objeto",
)
