"""Why a check, or a look at a rollout, could not tell."""

from bot.i18n.language import Phrase

THEN = Phrase(en="{one} {other}", es="{one} {other}")
DECLARES_NOTHING = Phrase(
    en="Application {application} declares nothing: there is no Kubernetes object in {where}.",
    es="La aplicación {application} no declara nada: no hay ningún objeto de Kubernetes en {where}.",
)
ITS_DIRECTORY = Phrase(en="its directory", es="su directorio")
NOTHING_TO_COMPARE = Phrase(
    en="Application {application} has nothing to compare: it holds only hooks and generated names.",
    es="La aplicación {application} no tiene nada que comparar: solo contiene hooks y nombres generados.",
)
NOT_CHECKED = Phrase(en="{objects} not checked: {why}", es="{objects} sin comprobar: {why}")
NOT_CHECKED_MORE = Phrase(en="{objects} and {n} more not checked: {why}", es="{objects} y {n} más sin comprobar: {why}")
MORE_UNSEEN = Phrase(en="And {n} more could not be looked at.", es="Y {n} más que no se pudieron mirar.")
SCALED = Phrase(
    en="{path} differs, and whether an autoscaler set it is unknown: {why}",
    es="{path} difiere, y no se sabe si lo puso un autoscaler: {why}",
)
DECLARED_TWICE = Phrase(
    en="{object} is declared twice and not alike: {later} counts, {earlier} does not; delete one of them.",
    es="{object} se declara dos veces y no igual: cuenta {later} y no {earlier}; hay que eliminar una de las dos.",
)
MORE_TWICE = Phrase(en="And {n} more are declared twice.", es="Y {n} más se declaran dos veces.")
NOT_CONFIGURED = Phrase(en="it is no longer in the configuration", es="ya no está en la configuración")
