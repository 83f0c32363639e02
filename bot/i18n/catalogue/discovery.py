"""Discovered applications: where they come from, and why one cannot be watched."""

from bot.i18n.language import Phrase

ORIGIN = Phrase(en="{kind} {namespace}/{name} on {cluster}", es="{kind} {namespace}/{name} en {cluster}")
ITS_RULE = Phrase(en="ignoreDifferences in its Application", es="ignoreDifferences en su Application")
LIST_FAILED = Phrase(
    en="Could not list the {deployer} applications on {cluster}: {why} The bot keeps the last known ones.",
    es="No se pudieron listar las aplicaciones de {deployer} en {cluster}: {why} El bot conserva las últimas "
    "conocidas.",
)
NOT_SERVED = Phrase(
    en="{deployer} is listed under discover: for {cluster}, but the cluster does not serve {kind}. Install it there, "
    "or remove it from discover:.",
    es="{deployer} está en discover: para {cluster}, pero el clúster no ofrece {kind}. Instálalo ahí o quítalo de "
    "discover:.",
)
GONE = Phrase(
    en="Application {name} no longer exists: its resource was deleted from the cluster.",
    es="La aplicación {name} ya no existe: su recurso se eliminó del clúster.",
)

NO_SOURCE = Phrase(en="it does not specify a repository.", es="no especifica un repositorio.")
NOT_CONFIGURED = Phrase(
    en="its repository {url} is not configured. Add it under repositories:, with its credential.",
    es="su repositorio {url} no está configurado. Agrégalo en repositories:, con su credencial.",
)
NO_CLUSTER = Phrase(
    en="its destination {destination} is not a configured cluster. Add it under clusters:.",
    es="su destino {destination} no es un clúster configurado. Agrégalo en clusters:.",
)
NO_REVISION = Phrase(
    en="its revision {revision} is not a valid branch, tag, commit or version range.",
    es="su revisión {revision} no es una rama, etiqueta, commit o rango de versiones válido.",
)
NO_CHANNEL = Phrase(
    en="its annotation {annotation} is not a channel ID such as C0123456789.",
    es="su anotación {annotation} no es un ID de canal como C0123456789.",
)
CHART_FROM_REGISTRY = Phrase(
    en="its chart {chart} comes from a Helm repository, but the bot reads only from git.",
    es="su chart {chart} viene de un repositorio de Helm, pero el bot solo lee de git.",
)
FROM_OCI = Phrase(
    en="its source is an OCI artifact, but the bot reads only from git.",
    es="su origen es un artefacto OCI, pero el bot solo lee de git.",
)
HYDRATED = Phrase(
    en="Argo CD hydrates its manifests (sourceHydrator), which the bot does not support.",
    es="Argo CD hidrata sus manifiestos (sourceHydrator), y el bot no lo admite.",
)
OUTSIDE = Phrase(en="its path points outside the repository.", es="su ruta apunta fuera del repositorio.")
PLUGIN = Phrase(
    en="a config management plugin renders it, which the bot does not support.",
    es="lo renderiza un config management plugin, y el bot no los admite.",
)
KUSTOMIZE = Phrase(
    en="it uses Kustomize options that the bot does not support ({what}).",
    es="usa opciones de Kustomize que el bot no admite ({what}).",
)
HELM = Phrase(
    en="it uses Helm options that the bot does not support ({what}).",
    es="usa opciones de Helm que el bot no admite ({what}).",
)
BUILD_VARIABLES = Phrase(
    en="its Helm parameters use Argo CD build variables (ARGOCD_…), which only Argo CD knows.",
    es="sus parámetros de Helm usan variables de build de Argo CD (ARGOCD_…), que solo Argo CD conoce.",
)
VALUES_FETCHED = Phrase(
    en="its chart uses a values file that would have to be downloaded. Commit a copy and use that instead.",
    es="su chart usa un archivo de valores que habría que descargar. Sube una copia a git y usa esa.",
)
NO_REF = Phrase(
    en="its chart uses a values file from {ref}, but no source has that ref.",
    es="su chart usa un archivo de valores de {ref}, pero ningún source tiene ese ref.",
)
VALUES_ELSEWHERE = Phrase(
    en="its chart uses a values file from {ref}, which is in a different repository or at a different revision.",
    es="su chart usa un archivo de valores de {ref}, que está en otro repositorio o en otra revisión.",
)
DIRECTORY = Phrase(
    en="its directory settings are not valid: {why}", es="sus ajustes de directory no son válidos: {why}"
)
IGNORED = Phrase(en="its ignoreDifferences is not valid: {why}", es="su ignoreDifferences no es válido: {why}")

FLUX_CHANGES = Phrase(en="it uses {what}, which the bot does not support.", es="usa {what}, y el bot no lo admite.")
FROM_SECRET = Phrase(
    en="its manifests use values from the Secret {name}, which the bot does not read.",
    es="sus manifiestos usan valores del Secret {name}, y el bot no lo lee.",
)
NO_CONFIG_MAP = Phrase(
    en="its ConfigMap {name} does not exist or the bot cannot list it.",
    es="su ConfigMap {name} no existe o el bot no puede listarlo.",
)
CHART_REFERENCE = Phrase(
    en="its chart comes from a {kind}, but the bot reads only from git.",
    es="su chart viene de un {kind}, pero el bot solo lee de git.",
)
LONG_RELEASE = Phrase(
    en="its release name {name} is longer than 53 characters, so Flux truncates it and adds a hash. Set a shorter "
    "releaseName.",
    es="su nombre de release {name} tiene más de 53 caracteres, así que Flux lo trunca y agrega un hash. Define un "
    "releaseName más corto.",
)
VALUES_REPLACED = Phrase(
    en="its valuesFiles replace the chart's values.yaml. List values.yaml first, so that Helm renders the same "
    "manifests.",
    es="sus valuesFiles reemplazan el values.yaml del chart. Pon values.yaml primero, para que Helm renderice los "
    "mismos manifiestos.",
)
TARGET_PATH = Phrase(
    en="its valuesFrom uses targetPath, which the bot does not support.",
    es="su valuesFrom usa targetPath, y el bot no lo admite.",
)
BAD_VALUES = Phrase(
    en="the values in its ConfigMap {name} are not valid YAML.",
    es="los valores de su ConfigMap {name} no son YAML válido.",
)
NOT_GIT = Phrase(
    en="its source is the {kind} {name}, but the bot reads only from git.",
    es="su origen es el {kind} {name}, pero el bot solo lee de git.",
)
NO_GIT_REPOSITORY = Phrase(
    en="its GitRepository {name} does not exist or the bot cannot list it.",
    es="su GitRepository {name} no existe o el bot no puede listarlo.",
)
SOURCE_CHANGES = Phrase(
    en="its GitRepository {name} excludes or includes files ({what}), which the bot does not support.",
    es="su GitRepository {name} excluye o incluye archivos ({what}), y el bot no lo admite.",
)
