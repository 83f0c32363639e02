"""Discovered applications: where they come from, and why one cannot be watched."""

from bot.i18n.language import Phrase

ORIGIN = Phrase(en="{kind} {namespace}/{name} on {cluster}", es="{kind} {namespace}/{name} en {cluster}")
ITS_RULE = Phrase(en="ignoreDifferences in its Application", es="ignoreDifferences en su Application")
LIST_FAILED = Phrase(
    en="Could not list the {deployer} applications on {cluster}: {why} The bot keeps using the previous list.",
    es="No se pudieron listar las aplicaciones de {deployer} en {cluster}: {why} El bot sigue usando la lista "
    "anterior.",
)
NEVER_LISTED = Phrase(
    en="Could not list the {deployer} applications on {cluster} since the bot started: {why} The bot is not watching "
    "them.",
    es="No se pudieron listar las aplicaciones de {deployer} en {cluster} desde que se inició el bot: {why} El bot no "
    "las vigila.",
)
NOT_SERVED = Phrase(
    en="{deployer} is in the discover list of {cluster}, but the cluster does not serve {kind}. Install {deployer} "
    "there, or remove it from the list.",
    es="{deployer} está en la lista discover de {cluster}, pero el clúster no ofrece {kind}. Instala {deployer} ahí o "
    "quítalo de la lista.",
)
GONE = Phrase(
    en="Application {name} no longer exists: its resource was deleted from the cluster.",
    es="La aplicación {name} ya no existe: su recurso se eliminó del clúster.",
)

SAME_APPLICATION = Phrase(
    en="an older resource already deploys the configured application {name}. The bot shows only the status of the "
    "older resource.",
    es="un recurso más antiguo ya despliega la aplicación configurada {name}. El bot solo muestra el estado del más "
    "antiguo.",
)
NOT_ITS_DEPLOYER = Phrase(
    en="it deploys the same manifests as the configured application {name}, but its namespace is not one of the "
    "cluster's deployer_namespaces. Add the namespace there if this resource deploys {name}.",
    es="despliega lo mismo que la aplicación configurada {name}, pero su namespace no está en deployer_namespaces del "
    "clúster. Agrégalo ahí si este recurso despliega {name}.",
)
TOO_LARGE = Phrase(
    en="the resource is too large for the bot. Move large values out of it, for example to a values file in git.",
    es="el recurso es demasiado grande para el bot. Saca de él los valores grandes, por ejemplo a un archivo de "
    "valores en git.",
)
TOO_LARGE_TOGETHER = Phrase(
    en="the cluster's Argo CD or Flux resources take more than {most} MiB together. Those in its namespace "
    "take the most, and this is one of the largest. Use fewer resources, or move large values out of them.",
    es="los recursos de Argo CD o de Flux del clúster superan en conjunto los {most} MiB. Los de su namespace son los "
    "que más ocupan, y este es uno de los mayores. Usa menos recursos, o saca de ellos los valores grandes.",
)
NO_FREE_NAME = Phrase(
    en="every possible name for it is already taken by another application. Rename the resource.",
    es="otras aplicaciones ya usan todos sus nombres posibles. Renombra el recurso.",
)

TOO_MANY_LABELS = Phrase(
    en="commonMetadata has more than {most} labels or annotations. Remove some.",
    es="commonMetadata tiene más de {most} etiquetas o anotaciones. Quita algunas.",
)
TOO_MANY_POST_RENDERERS = Phrase(
    en="the HelmRelease has more than {most} postRenderers. Combine some of them.",
    es="el HelmRelease tiene más de {most} postRenderers. Combina algunos.",
)
TOO_MANY_SOURCES = Phrase(
    en="the Application has more than {most} sources. Split it into several Applications.",
    es="la Application tiene más de {most} sources. Divídela en varias Applications.",
)
LONG_VARIABLES = Phrase(
    en="the build variables expand to too much text. Use fewer or shorter ones.",
    es="sus variables de build producen demasiado texto. Usa menos o más cortas.",
)
NO_SOURCE = Phrase(en="no repository is specified.", es="no especifica un repositorio.")
NOT_CONFIGURED = Phrase(
    en="the repository {url} is not configured. Add it under repositories, with its credential.",
    es="su repositorio {url} no está configurado. Agrégalo en repositories, con su credencial.",
)
NO_CLUSTER = Phrase(
    en="the destination {destination} is not a configured cluster. Add it under clusters in the configuration.",
    es="su destino {destination} no es un clúster configurado. Agrégalo en clusters, en la configuración.",
)
NO_REVISION = Phrase(
    en="the revision {revision} is not a valid branch, tag, commit or version range.",
    es="su revisión {revision} no es una rama, etiqueta, commit o rango de versiones válido.",
)
LONG_REVISION = Phrase(
    en="the revision {revision}… is longer than {most} bytes. Rename the branch or tag, or track another one.",
    es="su revisión {revision}… tiene más de {most} bytes. Renombra la rama o etiqueta, o sigue otra.",
)
NO_CHANNEL = Phrase(
    en="The annotation {annotation} is not a channel ID such as C0123456789, so alerts go to the default channel.",
    es="La anotación {annotation} no es un ID de canal como C0123456789, así que las alertas van al canal por defecto.",
)
OUTSIDE = Phrase(en="the path points outside the repository.", es="su ruta apunta fuera del repositorio.")
PLUGIN = Phrase(
    en="a config management plugin renders the manifests, and the bot does not run plugins. Commit the rendered "
    "manifests to git, or move to Kustomize or Helm.",
    es="un config management plugin renderiza sus manifiestos, y el bot no ejecuta plugins. Sube a git los manifiestos "
    "renderizados, o usa Kustomize o Helm.",
)
KUSTOMIZE = Phrase(
    en="the Kustomize options set {what}, which the bot does not support.",
    es="sus opciones de Kustomize definen {what}, y el bot no lo admite.",
)
HELM = Phrase(
    en="the Helm options set {what}, which the bot does not support.",
    es="sus opciones de Helm definen {what}, y el bot no lo admite.",
)
BUILD_VARIABLES = Phrase(
    en="it uses the variable {name}, whose value changes with every commit. Use a fixed value instead.",
    es="usa la variable {name}, cuyo valor cambia con cada commit. Usa un valor fijo.",
)
VALUES_FETCHED = Phrase(
    en="the chart uses a values file that would have to be downloaded. Commit a copy and use that instead.",
    es="su chart usa un archivo de valores que habría que descargar. Sube una copia a git y usa esa.",
)
NO_REF = Phrase(
    en="the chart uses a values file from {ref}, but no source has that ref.",
    es="su chart usa un archivo de valores de {ref}, pero ningún source tiene ese ref.",
)
VALUES_ELSEWHERE = Phrase(
    en="the chart uses a values file from {ref}, which is in a different repository or at a different revision.",
    es="su chart usa un archivo de valores de {ref}, que está en otro repositorio o en otra revisión.",
)
DIRECTORY = Phrase(
    en="the directory settings are not valid: {why}", es="sus ajustes de directory no son válidos: {why}"
)
RULE_LEFT_OUT = Phrase(
    en="The bot skips {rule} in the Application's ignoreDifferences: {why} Differences that the rule covers are "
    "reported.",
    es="El bot omite {rule} en el ignoreDifferences de la Application: {why} Las diferencias que cubre la regla se "
    "informan.",
)
TOO_LONG_PATTERNS = Phrase(
    en="The patterns have more than {most} characters in total, with each alternative counted.",
    es="Los patrones tienen más de {most} caracteres en total, contando cada alternativa.",
)
TOO_MANY_RULES = Phrase(
    en="The resource has more than {most} ignore rules and paths. The bot skips the rules beyond that limit, {n} "
    "in total, so differences that they cover are reported.",
    es="El recurso tiene más de {most} reglas de ignorar y rutas. El bot omite las reglas que superan ese "
    "límite, {n} en total, así que las diferencias que cubren se informan.",
)

FLUX_CHANGES = Phrase(en="the bot does not support {what}.", es="el bot no admite {what}.")
FLUX_RULE = Phrase(en="the ignore rules in its Flux resource", es="las reglas de ignore de su recurso de Flux")
RULE_IGNORED = Phrase(
    en="The bot skips an ignore rule of the Flux resource: {why} Differences that the rule covers are reported.",
    es="El bot omite una regla de ignore del recurso de Flux: {why} Las diferencias que cubre la regla se informan.",
)
SELECTOR = Phrase(en="the bot does not support this selector ({what}).", es="el bot no admite este selector ({what}).")
FROM_SECRET = Phrase(
    en="the manifests use values from the Secret {name}, which the bot does not read.",
    es="sus manifiestos usan valores del Secret {name}, y el bot no lo lee.",
)
NO_DATA = Phrase(
    en="the {kind} {name} does not exist or the bot cannot list it.",
    es="su {kind} {name} no existe o el bot no puede listarlo.",
)
SECRET_FORBIDDEN = Phrase(
    en="the values come from the Secret {name}, which the bot is not allowed to read. Grant the bot “get” and “list” "
    "on secrets in that namespace, or move the values to a ConfigMap.",
    es="sus valores vienen del Secret {name}, y el bot no puede leerlo. Otórgale “get” y “list” sobre secrets en ese "
    "namespace, o mueve los valores a un ConfigMap.",
)
CHART_REFERENCE = Phrase(
    en="the chart comes from a {kind}, which the bot does not support.",
    es="su chart viene de un {kind}, y el bot no lo sigue.",
)
MANY_REFERENCES = Phrase(en="{field} has more than {most} entries.", es="su {field} tiene más de {most} entradas.")
LARGE_VALUES = Phrase(
    en="the values or variables take more than {most} MiB. Use fewer or smaller ConfigMaps and Secrets.",
    es="sus valores o variables ocupan más de {most} MiB. Usa menos ConfigMaps y Secrets, o más pequeños.",
)
LARGE_IN_NAMESPACE = Phrase(
    en="the values and variables of the Flux resources in its namespace take more than {most} MiB, and this resource "
    "has some of the largest. Use fewer or smaller ConfigMaps and Secrets.",
    es="los valores y variables de los recursos de Flux de su namespace ocupan más de {most} MiB, y los de este están "
    "entre los mayores. Usa menos ConfigMaps y Secrets, o más pequeños.",
)
LARGE_IN_CLUSTER = Phrase(
    en="the values and variables of all Flux resources on the cluster take more than {most} MiB. Those in its "
    "namespace take the most, and this resource has some of the largest. Use fewer or smaller ConfigMaps and Secrets.",
    es="los valores y variables de todos los recursos de Flux del clúster ocupan más de {most} MiB. Los de su "
    "namespace son los que más ocupan, y los de este están entre los mayores. Usa menos ConfigMaps y Secrets, o más "
    "pequeños.",
)
TARGET_PATH = Phrase(
    en="the targetPath {path} in valuesFrom is not a path that Helm accepts.",
    es="el targetPath {path} de valuesFrom no es una ruta que Helm acepte.",
)
BAD_VALUES = Phrase(
    en="the values in {name} are not a valid YAML mapping.",
    es="los valores de {name} no son un mapa YAML válido.",
)
NOT_GIT = Phrase(
    en="the source is the {kind} {name}, but the bot supports only a GitRepository here.",
    es="su origen es el {kind} {name}, pero aquí el bot solo admite un GitRepository.",
)
NO_SUCH_SOURCE = Phrase(
    en="the {kind} {name} does not exist or the bot cannot list it.",
    es="su {kind} {name} no existe o el bot no puede listarlo.",
)
NOT_FETCHABLE = Phrase(
    en="{url} is not the address of a Helm repository or an OCI registry.",
    es="{url} no es la dirección de un repositorio de Helm ni de un registro OCI.",
)
NO_GENERATOR = Phrase(
    en="the bot found no ArtifactGenerator that produces the ExternalArtifact {name}.",
    es="el bot no encontró ningún ArtifactGenerator que produzca el ExternalArtifact {name}.",
)
MIXED_ARTIFACT = Phrase(
    en="the ExternalArtifact {name} must copy exactly one directory from one git repository.",
    es="el ExternalArtifact {name} debe copiar exactamente un directorio de un repositorio de git.",
)
SOURCE_CHANGES = Phrase(
    en="the GitRepository {name} sets {what}, which the bot does not support.",
    es="su GitRepository {name} define {what}, y el bot no lo admite.",
)
