"""Why a check of an application or a rollout is incomplete."""

from bot.i18n.language import Phrase

THEN = Phrase(en="{one} {other}", es="{one} {other}")
DECLARES_NOTHING = Phrase(
    en="Application {application} is empty: {where} contains no Kubernetes objects.",
    es="La aplicación {application} está vacía: {where} no contiene objetos de Kubernetes.",
)
ITS_DIRECTORY = Phrase(en="its directory", es="su directorio")
NOTHING_TO_COMPARE = Phrase(
    en="Application {application} has nothing to compare: it contains only hooks and objects with generated names.",
    es="La aplicación {application} no tiene nada que comparar: solo contiene hooks y objetos con nombres generados.",
)
NOT_CHECKED = Phrase(en="{objects} not checked: {why}", es="{objects} sin comprobar: {why}")
NOT_CHECKED_MORE = Phrase(en="{objects} and {n} more not checked: {why}", es="{objects} y {n} más sin comprobar: {why}")
MORE_NOT_CHECKED = Phrase(en="And {n} more could not be checked.", es="Y {n} más que no se pudieron comprobar.")
SCALED = Phrase(
    en="{path} differs, but the bot cannot tell whether an autoscaler set it: {why}",
    es="{path} difiere, pero el bot no puede saber si lo definió un autoscaler: {why}",
)
OUTDATED = Phrase(
    en="No recent check has finished. The bot's log says why.",
    es="No ha terminado ninguna comprobación reciente. El log del bot dice por qué.",
)
DECLARED_TWICE = Phrase(
    en="{object} is declared twice with different content: {later} is used and {earlier} is ignored. Delete one of "
    "them.",
    es="{object} se declara dos veces con contenido distinto: se usa {later} y se ignora {earlier}. Elimina una de las "
    "dos.",
)
ONE_MORE_TWICE = Phrase(en="1 more object is declared twice.", es="1 objeto más se declara dos veces.")
MORE_TWICE = Phrase(en="{n} more objects are declared twice.", es="{n} objetos más se declaran dos veces.")
TOO_MANY_STEPS = Phrase(
    en="the comparison takes too long because there are too many differences, list items, ignore rules or field "
    "managers.",
    es="la comparación lleva demasiado tiempo porque hay demasiadas diferencias, elementos de listas, reglas de "
    "ignorar o field managers.",
)
NOT_CONFIGURED = Phrase(en="It is no longer configured.", es="Ya no está configurada.")
NOT_DISCOVERED = Phrase(
    en="The bot has not discovered it since it started, or it no longer exists.",
    es="El bot no la ha descubierto desde que se inició, o ya no existe.",
)
NOT_TRACKED = Phrase(
    en="It now tracks another repository or revision.", es="Ahora sigue otro repositorio u otra revisión."
)
NOT_FETCHED = Phrase(
    en="The repository {repository} was not fetched.", es="No se actualizó el repositorio {repository}."
)
STILL_FETCHED = Phrase(
    en="The repository {repository} is still being fetched. The application is checked when the fetch ends.",
    es="El repositorio {repository} todavía se está actualizando. La aplicación se comprueba cuando termine.",
)
LATER_SOURCE = Phrase(
    en="A later source of the same Application, {path}, may declare some of the same objects, but it cannot be read: "
    "{why}",
    es="Un source posterior de la misma Application, {path}, podría declarar algunos de los mismos objetos, pero no "
    "se puede leer: {why}",
)
ONE_OVERRIDDEN = Phrase(
    en="1 object is also declared by a later source of the same Application, so it is compared only there.",
    es="Un source posterior de la misma Application también declara 1 objeto, que solo se compara ahí.",
)
OVERRIDDEN = Phrase(
    en="{n} objects are also declared by a later source of the same Application, so they are compared only there.",
    es="Un source posterior de la misma Application también declara {n} objetos, que solo se comparan ahí.",
)
