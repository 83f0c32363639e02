"""Why files in git are no manifests, and what to correct there."""

from bot.i18n.language import Phrase

AT = Phrase(en="{file}:{line}: {problem}", es="{file}:{line}: {problem}")

NOT_UTF8 = Phrase(en="This file is not UTF-8 text.", es="Este archivo no es texto UTF-8.")
NOT_YAML = Phrase(en="This is not valid YAML: {said}.", es="Esto no es YAML válido: {said}.")
ENDS_EARLY = Phrase(en="it ends too early", es="termina antes de tiempo")
NO_MAPPING = Phrase(
    en="This document is not a Kubernetes object: it should be a mapping.",
    es="Este documento no es un objeto de Kubernetes: debería ser un mapa.",
)
NO_KEY = Phrase(
    en="This document is not a Kubernetes object: it has no {key}.",
    es="Este documento no es un objeto de Kubernetes: no tiene {key}.",
)
NO_NAME = Phrase(
    en="This {kind} is not complete: it has no metadata.name.",
    es="Este {kind} está incompleto: no tiene metadata.name.",
)
NO_STRING = Phrase(
    en="This {kind} is not valid: its metadata.{key} is not a string; quote it.",
    es="Este {kind} no es válido: su metadata.{key} no es un texto; hay que ponerlo entre comillas.",
)
TOO_DEEP = Phrase(
    en="This document is nested more than {most} levels deep.",
    es="Este documento tiene más de {most} niveles de anidamiento.",
)
NO_ANCHOR = Phrase(
    en="The alias *{anchor} stands for nothing before it, or for itself.",
    es="El alias *{anchor} no se refiere a nada anterior, o se refiere a sí mismo.",
)
BOMB = Phrase(
    en="The aliases of this document stand for too much: is it a YAML bomb?",
    es="Los alias de este documento se expanden demasiado: ¿es una bomba YAML?",
)
BAD_MERGE = Phrase(
    en="A merge key (<<) takes a mapping, or a list of mappings.",
    es="Una clave de fusión (<<) admite un mapa o una lista de mapas.",
)
BAD_KEY = Phrase(
    en="A key of a mapping must be a plain word, not null and not a collection.",
    es="La clave de un mapa debe ser una palabra, no null ni una colección.",
)
NOT_BASE64 = Phrase(en="A !!binary value is not base64.", es="Un valor !!binary no es base64.")
BAD_TAG = Phrase(
    en="A value tagged !!{name} cannot be read as one.",
    es="Un valor con la etiqueta !!{name} no se puede leer como tal.",
)
NOT_FINITE = Phrase(
    en="Infinity and NaN have no place in a Kubernetes object.",
    es="Infinito y NaN no tienen cabida en un objeto de Kubernetes.",
)

JSONNET = Phrase(
    en="This is Jsonnet, which is not rendered: commit the YAML or JSON it makes.",
    es="Esto es Jsonnet, que no se genera: hay que incluir en git el YAML o JSON que produce.",
)
GENERATOR = Phrase(
    en="This is a source for {generator} among plain manifests: make it an application of its own.",
    es="Esto es una fuente de {generator} entre manifiestos simples: necesita una aplicación propia.",
)
MISSING = Phrase(
    en="{path} is not in the repository (links are not followed): add it or correct this.",
    es="{path} no está en el repositorio (los enlaces no se siguen): hay que agregarlo o corregir esto.",
)
OUTSIDE = Phrase(
    en="The {what} {path} leads out of the repository: correct it.",
    es="{what} {path} sale del repositorio: hay que corregirlo.",
)
PATH = Phrase(en="path", es="La ruta")
ENTRY = Phrase(en="entry", es="La entrada")
CHART_HOME = Phrase(en="chartHome", es="El chartHome")
REMOTE = Phrase(
    en="{field} names {what}, and nothing is fetched while rendering: commit a copy and name that.",
    es="{field} nombra {what}, y al generar no se descarga nada: hay que incluir en git una copia y nombrarla.",
)
FETCHED_CHART = Phrase(
    en="The chart {name} would have to be fetched{origin}, and nothing is fetched while rendering: {remedy}",
    es="Habría que descargar el chart {name}{origin}, y al generar no se descarga nada: {remedy}",
)
FROM = Phrase(en=" from {repository}", es=" de {repository}")
COMMIT_CHART = Phrase(en="commit it as {path}.", es="hay que incluirlo en git como {path}.")
COMMIT_CHARTS = Phrase(
    en="run helm dependency update and commit charts/.",
    es="hay que ejecutar helm dependency update e incluir charts/ en git.",
)
NO_RELEASE_NAME = Phrase(
    en="The chart {name} has no releaseName here, so its objects would be named anew each time: set it.",
    es="El chart {name} no tiene releaseName aquí, así que sus objetos cambiarían de nombre cada vez: hay que ponerlo.",
)
NO_KUSTOMIZATION = Phrase(
    en="There is no such file, so this is no kustomization: correct the path.",
    es="No existe este archivo, así que esto no es una kustomization: hay que corregir la ruta.",
)
SEVERAL_KUSTOMIZATIONS = Phrase(
    en="This is no single kustomization: correct it.", es="Esto no es una sola kustomization: hay que corregirlo."
)
NO_CHART = Phrase(
    en="There is no such file, so this is no Helm chart: correct the path.",
    es="No existe ese archivo, así que esto no es un chart de Helm: hay que corregir la ruta.",
)
