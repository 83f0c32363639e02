"""What there is to say of applications that deployers know, and why one cannot be followed."""

from bot.i18n.language import Phrase

ORIGIN = Phrase(en="{kind} {namespace}/{name} on {cluster}", es="{kind} {namespace}/{name} en {cluster}")
ITS_RULE = Phrase(en="ignoreDifferences of its Application", es="ignoreDifferences de su Application")
LIST_FAILED = Phrase(
    en="{deployer} on {cluster} could not be asked for its applications, so those known before are kept: {why}",
    es="No se pudieron pedir a {deployer} en {cluster} sus aplicaciones, así que se conservan las ya conocidas: {why}",
)
NOT_SERVED = Phrase(
    en="{deployer} is to be discovered on {cluster}, and the cluster serves no {kind}: install it there, or take it"
    " out of discover.",
    es="Se debe descubrir {deployer} en {cluster}, y el clúster no sirve ningún {kind}: instálelo ahí o quítelo de"
    " discover.",
)
GONE = Phrase(
    en="There is no application {name} any more: its deployer's resource is gone.",
    es="Ya no hay ninguna aplicación {name}: el recurso de su deployer desapareció.",
)

NO_SOURCE = Phrase(en="it names no repository to read.", es="no nombra ningún repositorio que leer.")
NOT_CONFIGURED = Phrase(
    en="its repository {url} is not configured: add it under repositories:, which also says which credential it gets.",
    es="su repositorio {url} no está configurado: agréguelo bajo repositories:, que dice además qué credencial recibe.",
)
NO_CLUSTER = Phrase(
    en="its destination {destination} is no cluster of the configuration: add it under clusters:.",
    es="su destino {destination} no es ningún clúster de la configuración: agréguelo bajo clusters:.",
)
NO_REVISION = Phrase(
    en="its revision {revision} can be no branch, tag, commit or range of versions.",
    es="su revisión {revision} no puede ser una rama, una etiqueta, un commit ni un rango de versiones.",
)
NO_CHANNEL = Phrase(
    en="its annotation {annotation} is no channel id such as C0123456789.",
    es="su anotación {annotation} no es el id de un canal como C0123456789.",
)
CHART_FROM_REGISTRY = Phrase(
    en="its chart {chart} comes from a Helm repository and not from git: the bot reads git alone.",
    es="su chart {chart} viene de un repositorio de Helm y no de git: el bot solo lee git.",
)
FROM_OCI = Phrase(
    en="its source is an OCI artifact and not git: the bot reads git alone.",
    es="su fuente es un artefacto OCI y no git: el bot solo lee git.",
)
HYDRATED = Phrase(
    en="its manifests are hydrated by Argo CD (sourceHydrator), which the bot does not follow.",
    es="sus manifiestos los hidrata Argo CD (sourceHydrator), y eso el bot no lo sigue.",
)
OUTSIDE = Phrase(en="its path leads out of the repository.", es="su ruta sale del repositorio.")
PLUGIN = Phrase(
    en="a config management plugin renders it, and the bot runs none.",
    es="lo genera un plugin (config management plugin), y el bot no ejecuta ninguno.",
)
KUSTOMIZE = Phrase(
    en="it changes its kustomization ({what}) in a way that the bot cannot.",
    es="cambia su kustomization ({what}) de un modo que el bot no puede.",
)
HELM = Phrase(
    en="it hands Helm what the bot cannot ({what}).", es="le da a Helm algo que el bot no puede darle ({what})."
)
BUILD_VARIABLES = Phrase(
    en="its Helm parameters use Argo CD's build variables (ARGOCD_…), which are known to Argo CD alone.",
    es="sus parámetros de Helm usan las variables de Argo CD (ARGOCD_…), que solo Argo CD conoce.",
)
VALUES_FETCHED = Phrase(
    en="a values file of its chart would have to be fetched: commit a copy and name that.",
    es="habría que descargar un archivo de valores de su chart: suba una copia a git y nombre esa.",
)
NO_REF = Phrase(
    en="a values file of its chart is in {ref}, and no source has that ref.",
    es="un archivo de valores de su chart está en {ref}, y ninguna fuente tiene ese ref.",
)
VALUES_ELSEWHERE = Phrase(
    en="a values file of its chart is in {ref}, another repository or revision than the chart's.",
    es="un archivo de valores de su chart está en {ref}, otro repositorio u otra revisión que la del chart.",
)
IGNORED = Phrase(en="its ignoreDifferences cannot be read: {why}", es="sus ignoreDifferences no se pueden leer: {why}")

FLUX_CHANGES = Phrase(en="it uses {what}, which the bot does not follow.", es="usa {what}, y eso el bot no lo sigue.")
FROM_SECRET = Phrase(
    en="values of its Secret {name} go into its manifests, and the bot reads no Secret for that.",
    es="los valores de su Secret {name} entran en sus manifiestos, y el bot no lee ningún Secret para eso.",
)
NO_CONFIG_MAP = Phrase(
    en="its ConfigMap {name} is not there, or may not be listed.",
    es="su ConfigMap {name} no existe o no se puede listar.",
)
CHART_REFERENCE = Phrase(
    en="its chart comes from a {kind} and not from git: the bot reads git alone.",
    es="su chart viene de un {kind} y no de git: el bot solo lee git.",
)
LONG_RELEASE = Phrase(
    en="its release {name} has more than 53 characters, and Flux shortens it with a hash: set a releaseName.",
    es="su release {name} tiene más de 53 caracteres y Flux lo acorta con un hash: defina un releaseName.",
)
VALUES_REPLACED = Phrase(
    en="its valuesFiles replace the chart's values.yaml: list that first, so that Helm makes the same of them.",
    es="sus valuesFiles reemplazan el values.yaml del chart: póngalo primero, para que Helm produzca lo mismo.",
)
TARGET_PATH = Phrase(
    en="its valuesFrom uses targetPath, which the bot does not follow.",
    es="su valuesFrom usa targetPath, y eso el bot no lo sigue.",
)
BAD_VALUES = Phrase(
    en="the values in its ConfigMap {name} are no YAML.", es="los valores de su ConfigMap {name} no son YAML."
)
NOT_GIT = Phrase(
    en="its source is the {kind} {name} and not git: the bot reads git alone.",
    es="su fuente es el {kind} {name} y no git: el bot solo lee git.",
)
NO_GIT_REPOSITORY = Phrase(
    en="its GitRepository {name} is not there, or may not be listed.",
    es="su GitRepository {name} no existe o no se puede listar.",
)
SOURCE_CHANGES = Phrase(
    en="its GitRepository {name} leaves out or adds files ({what}), which the bot does not follow.",
    es="su GitRepository {name} omite o agrega archivos ({what}), y eso el bot no lo sigue.",
)
