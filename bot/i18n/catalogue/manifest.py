"""Why files in git are not valid manifests, and what to fix there."""

from bot.i18n.language import Phrase

AT = Phrase(en="{file}:{line}: {problem}", es="{file}:{line}: {problem}")

NOT_UTF8 = Phrase(en="The file is not UTF-8 text.", es="El archivo no es texto UTF-8.")
DIRECTIVES = Phrase(
    en="The file has more than {most} YAML directives.", es="El archivo tiene más de {most} directivas de YAML."
)
NOT_YAML = Phrase(en="This is not valid YAML: {said}.", es="Esto no es YAML válido: {said}.")
TAB = Phrase(en="a tab is used for indentation", es="se usa un tabulador para indentar")
AND_MORE = Phrase(en="{one} {other}", es="{one} {other}")
ENDS_EARLY = Phrase(en="unexpected end of file", es="fin inesperado del archivo")
NO_MAPPING = Phrase(
    en="This document is not a Kubernetes object: it must be a mapping.",
    es="Este documento no es un objeto de Kubernetes: debe ser un mapa.",
)
NO_KEY = Phrase(
    en="This document is not a Kubernetes object: it has no {key}.",
    es="Este documento no es un objeto de Kubernetes: no tiene {key}.",
)
NO_NAME = Phrase(
    en="This {kind} is not valid: it has no metadata.name.",
    es="Este {kind} no es válido: no tiene metadata.name.",
)
NO_STRING = Phrase(
    en="This {kind} is not valid: its metadata.{key} is not a string. Quote it.",
    es="Este {kind} no es válido: su metadata.{key} no es un string. Ponlo entre comillas.",
)
NOT_PRINTABLE = Phrase(
    en="This object is not valid: its apiVersion, kind, name or namespace contains a line break or an invisible "
    "character.",
    es="Este objeto no es válido: su apiVersion, kind, nombre o namespace contiene un salto de línea o un carácter "
    "invisible.",
)
TOO_DEEP = Phrase(
    en="This document is nested more than {most} levels deep.",
    es="Este documento tiene más de {most} niveles de anidamiento.",
)
TOO_MANY_NODES = Phrase(
    en="From this line on, the manifests are too large for the bot to read. Split them into several applications.",
    es="A partir de esta línea, los manifiestos son demasiado grandes para que el bot los lea. Divídelos en varias "
    "aplicaciones.",
)
NO_ANCHOR = Phrase(
    en="An alias does not refer to an earlier anchor, or refers to itself. Quote values that begin with *.",
    es="Un alias no se refiere a un ancla anterior, o se refiere a sí mismo. Pon entre comillas un valor que empieza "
    "por *.",
)
BOMB = Phrase(
    en="The aliases in this document expand to too much content, as in a YAML bomb.",
    es="Los alias de este documento se expanden a demasiado contenido, como en una bomba YAML.",
)
BAD_MERGE = Phrase(
    en="A merge key (<<) needs a mapping or a list of mappings.",
    es="Una clave merge (<<) necesita un mapa o una lista de mapas.",
)
BAD_KEY = Phrase(
    en="A mapping key cannot be null, a list or a mapping.",
    es="La clave de un mapa no puede ser null, una lista ni un mapa.",
)
NOT_BASE64 = Phrase(en="A !!binary value is not valid base64.", es="Un valor !!binary no es base64.")
BAD_TAG = Phrase(
    en="A value tagged !!{name} is not a valid {name}.",
    es="Un valor con la etiqueta !!{name} no es un {name} válido.",
)
NOT_FINITE = Phrase(
    en="Infinity and NaN are not allowed in a Kubernetes object.",
    es="Infinity y NaN no se permiten en un objeto de Kubernetes.",
)

JSONNET = Phrase(
    en="The bot does not render Jsonnet. Commit the YAML or JSON that it generates.",
    es="El bot no renderiza Jsonnet. Sube a git el YAML o JSON que genera.",
)
GENERATOR = Phrase(
    en="This file is input for {generator}, not a plain manifest. Make its directory a separate application.",
    es="Este archivo es una entrada de {generator}, no un manifiesto simple. Convierte su directorio en una "
    "aplicación aparte.",
)
MISSING = Phrase(
    en="{path} is not in the repository, or is behind a link that leads outside the repository. Add it, or fix the "
    "reference.",
    es="{path} no está en el repositorio, o está detrás de un enlace que sale del repositorio. Agrégalo o corrige la "
    "referencia.",
)
SUBMODULE = Phrase(
    en="This is a git submodule, which the bot does not fetch. Move the required manifests into this repository.",
    es="Este es un submódulo de git, y el bot no lo descarga. Mueve a este repositorio los manifiestos que hacen "
    "falta.",
)
LFS_POINTER = Phrase(
    en="This file is in Git LFS, which the bot does not fetch. Store the file in git.",
    es="Este archivo está en Git LFS, y el bot no lo descarga. Guárdalo en git.",
)
BROKEN_LINK = Phrase(
    en="This symbolic link does not lead to a file in the repository. Fix or delete it.",
    es="Este enlace simbólico no lleva a nada dentro del repositorio. Corrígelo o elimínalo.",
)
LINKED_PATH = Phrase(
    en="The application's path is a symbolic link. Use the path that it leads to.",
    es="La ruta de la aplicación es un enlace simbólico. Usa la ruta a la que lleva.",
)
OUTSIDE = Phrase(
    en="The {what} {path} points outside the repository. Fix it.",
    es="{what} {path} apunta fuera del repositorio. Corrige ese valor.",
)
PATH = Phrase(en="path", es="La ruta")
ENTRY = Phrase(en="entry", es="La entrada")
CHART_HOME = Phrase(en="chartHome", es="El chartHome")
CHART = Phrase(en="chart", es="El chart")
REMOTE = Phrase(
    en="The {field} field refers to {what}, but rendering never downloads files. Commit a copy and use that instead.",
    es="El campo {field} se refiere a {what}, pero al renderizar no se descarga nada. Sube una copia a git y usa esa.",
)
BASE_NOT_ALLOWED = Phrase(
    en="The {field} field refers to {what}, which is not allowed. Allow {location} under bases.allow, or commit a "
    "copy and use that instead.",
    es="El campo {field} se refiere a {what}, que no está permitido. Permite {location} en bases.allow, o sube una "
    "copia a git y usa esa.",
)
BASE_ORIGIN = Phrase(
    en="The {field} field refers to {what}, but buildMetadata adds the origin of each object, which the bot does not "
    "know for remote bases. Commit a copy and use that instead.",
    es="El campo {field} se refiere a {what}, pero buildMetadata escribe de dónde viene cada objeto, y el bot no puede "
    "saberlo de bases remotas. Sube una copia a git y usa esa.",
)
TOO_MANY_BASES = Phrase(
    en="The {field} field refers to {what}, but an application can have at most {most} remote bases.",
    es="El campo {field} se refiere a {what}, pero una aplicación puede tener como máximo {most} bases remotas.",
)
TOO_MANY_FILES = Phrase(
    en="The {field} field refers to {what}, but an application can have at most {most} remote files.",
    es="El campo {field} se refiere a {what}, pero una aplicación puede tener como máximo {most} archivos remotos.",
)
FETCHED_CHART = Phrase(
    en="The chart {name} would have to be downloaded{origin}, but rendering never downloads files. {remedy}",
    es="Habría que descargar el chart {name}{origin}, pero al renderizar no se descarga nada. {remedy}",
)
FROM = Phrase(en=" from {repository}", es=" de {repository}")
COMMIT_CHART = Phrase(en="Commit it as {path}.", es="Súbelo a git como {path}.")
COMMIT_CHARTS = Phrase(
    en="Run helm dependency update and commit charts/.", es="Ejecuta helm dependency update y sube charts/ a git."
)
LOCK_OUT_OF_SYNC = Phrase(
    en="The lock file is out of sync with the chart's dependencies, so Helm rejects it. Run helm dependency update.",
    es="El archivo lock no corresponde a las dependencias del chart, así que Helm lo rechaza. Ejecuta helm dependency "
    "update.",
)
NO_RELEASE_NAME = Phrase(
    en="The chart {name} has no releaseName here, so the names of its objects would change with every rendering. Set "
    "releaseName.",
    es="El chart {name} no tiene releaseName aquí, así que sus objetos cambiarían de nombre cada vez. Define "
    "releaseName.",
)
HELM_OPTION = Phrase(
    en="A setting in helmCharts or helmGlobals begins with a hyphen, so Helm would read it as an option. Remove it.",
    es="Un ajuste de helmCharts o helmGlobals empieza por un guion, así que Helm lo leería como una opción. Quítalo.",
)
CONFIG_HOME = Phrase(
    en="configHome is not supported: Helm would load plugins from it. Remove it.",
    es="configHome no se admite: Helm cargaría plugins desde ahí. Quítalo.",
)
OLD_HELM_FIELD = Phrase(
    en="helmChartInflationGenerator is not supported. Use helmCharts.",
    es="helmChartInflationGenerator no se admite. Usa helmCharts.",
)
HELM_GENERATOR = Phrase(
    en="A HelmChartInflationGenerator is not supported as a generator, transformer or validator. Use helmCharts.",
    es="Un HelmChartInflationGenerator no se admite como generator, transformer ni validator. Usa helmCharts.",
)
NO_INLINE = Phrase(
    en="An entry in generators, transformers or validators is neither a path nor a valid object. Fix it.",
    es="Una entrada de generators, transformers o validators no es una ruta ni un objeto válido. Corrígela.",
)
NO_VALUES = Phrase(en="Helm values must be a mapping.", es="Los valores de Helm deben ser un mapa.")
BAD_INLINE_VALUES = Phrase(
    en="The inline Helm values are not valid (line {line}): {problem}",
    es="Los valores de Helm en línea no son válidos (línea {line}): {problem}",
)
BAD_PARAMETER = Phrase(
    en="Helm cannot set the parameter {name}: its name or value is not valid, or it conflicts with another value.",
    es="Helm no puede definir el parámetro {name}: su nombre o su valor no es válido, u otro valor lo impide.",
)
LARGE_VALUES = Phrase(
    en="The Helm values are larger than {most} MiB.", es="Los valores de Helm ocupan más de {most} MiB."
)
TOO_MANY_OBJECTS = Phrase(
    en="The application has more than {most} objects. Split it into several applications.",
    es="La aplicación tiene más de {most} objetos. Divídela en varias aplicaciones.",
)
NO_KUSTOMIZATION = Phrase(
    en="The file does not exist, so this is not a kustomization. Fix the path.",
    es="El archivo no existe, así que esto no es una kustomization. Corrige la ruta.",
)
SEVERAL_KUSTOMIZATIONS = Phrase(
    en="The file must contain exactly one kustomization.",
    es="El archivo debe contener exactamente una kustomization.",
)
ALREADY_LABELED = Phrase(
    en="The kustomization already has the label or annotation {name}, so Argo CD cannot add it. Remove it, or set "
    "forceCommonLabels or forceCommonAnnotations.",
    es="La kustomization ya tiene la etiqueta o anotación {name}, así que Argo CD no puede agregarla. Quítala, o "
    "define forceCommonLabels o forceCommonAnnotations.",
)
TOO_MANY_DEPENDENCIES = Phrase(
    en="The chart has more than {most} dependencies. Split it into several charts.",
    es="El chart tiene más de {most} dependencias. Divídelo en varios charts.",
)
TOO_MANY_CHARTS = Phrase(
    en="The application's kustomizations have more than {most} charts, counted once for each chartHome. Split the "
    "application.",
    es="Las kustomizations de la aplicación tienen más de {most} charts, contados una vez por cada chartHome. Divide "
    "la aplicación.",
)
TOO_MANY_PATTERNS = Phrase(
    en="There are too many patterns for so many files. Use fewer patterns.",
    es="Hay demasiados patrones para tantos archivos. Usa menos patrones.",
)
NO_MATCH = Phrase(
    en="No values file matches this pattern. Fix the pattern, or set ignoreMissingValueFiles.",
    es="Ningún archivo de valores coincide con este patrón. Corrígelo o define ignoreMissingValueFiles.",
)
NO_CHART = Phrase(
    en="The file does not exist, so this is not a Helm chart. Fix the path.",
    es="El archivo no existe, así que esto no es un chart de Helm. Corrige la ruta.",
)
