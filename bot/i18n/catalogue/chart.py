"""Why a chart cannot be fetched from a Helm repository or an OCI registry, and what to do about it."""

from bot.i18n.language import Phrase

FAILED = Phrase(
    en="Could not fetch the chart {chart} from {host}: {why}",
    es="No se pudo obtener el chart {chart} de {host}: {why}",
)
HOST_NOT_ALLOWED = Phrase(
    en="charts from {host} are not allowed. Allow the host under charts.allow.",
    es="no se permiten charts de {host}. Permite el host en charts.allow.",
)
NOT_ALLOWED = Phrase(
    en="charts from this host are not allowed. Allow the host under charts.allow.",
    es="no se permiten charts de este host. Permite el host en charts.allow.",
)
NO_VERSION = Phrase(en="it has no version {version} of this chart.", es="no tiene la versión {version} de este chart.")
NO_CHART = Phrase(en="it does not have this chart.", es="no tiene este chart.")
NO_URL = Phrase(
    en="its index has no usable address for version {version}.",
    es="su índice no tiene una dirección utilizable para la versión {version}.",
)
BAD_URL = Phrase(en="it refers to a URL that is not valid.", es="remite a una URL que no es válida.")
BAD_INDEX = Phrase(en="its index is not valid: {why}", es="su índice no es válido: {why}")
LARGE_ENTRY = Phrase(
    en="the index entry for {chart} is larger than {most} MiB.",
    es="la entrada de {chart} en el índice ocupa más de {most} MiB.",
)
BAD_MANIFEST = Phrase(
    en="the manifest does not describe a Helm chart.", es="su manifiesto no es el de un chart de Helm."
)
BAD_ANSWER = Phrase(en="the registry's response is not valid.", es="la respuesta del registro no es válida.")
DIGEST = Phrase(
    en="the content does not match the digest {digest}. Do not deploy it until you know why.",
    es="el contenido no coincide con el digest {digest}. No lo despliegues antes de saber por qué.",
)
UNAUTHORIZED = Phrase(
    en="it requires a credential. Add one for {host} to the file config.json in DOCKER_CONFIG.",
    es="requiere una credencial. Agrega una para {host} al archivo config.json en DOCKER_CONFIG.",
)
UNAUTHORIZED_ELSEWHERE = Phrase(
    en="it refers to {host}, which requires a credential, but the bot sends credentials only to the repository's host.",
    es="remite a {host}, que requiere una credencial, pero el bot solo envía credenciales al host del repositorio.",
)
STATUS = Phrase(en="it responded with {status}.", es="respondió con {status}.")
TOO_LARGE = Phrase(en="the response is larger than {most} MiB.", es="la respuesta tiene más de {most} MiB.")
TOO_SLOW = Phrase(
    en="{host} did not respond within {seconds} seconds.", es="{host} no respondió en {seconds} segundos."
)
REDIRECTS = Phrase(en="it redirects more than {most} times.", es="redirige más de {most} veces.")
INSECURE_REDIRECT = Phrase(
    en="it points to a URL on {host} that does not use TLS. Allow that host under charts.allow.",
    es="apunta a una URL de {host} que no usa TLS. Permite ese host en charts.allow.",
)
TAGS = Phrase(en="it has more tags than the bot can read.", es="tiene más etiquetas de las que lee el bot.")
UNREACHABLE = Phrase(
    en="{host} is not responding ({why}). Check the network and the proxy.",
    es="{host} no responde ({why}). Revisa la red y el proxy.",
)
CERTIFICATE = Phrase(
    en="the certificate of {host} is not trusted ({why}). If a proxy or a private CA issued it, set {variable} to a "
    "file with the CA's certificate.",
    es="el certificado de {host} no es de confianza ({why}). Si lo emitió un proxy o una CA privada, pon en "
    "{variable} un archivo con el certificado de la CA.",
)
NO_SPACE = Phrase(en="the bot cannot write to {folder}: {why}.", es="el bot no puede escribir en {folder}: {why}.")
BAD_PACKAGE = Phrase(en="the package {why}", es="su paquete {why}")

MANY_FILES = Phrase(en="has more than {most} files.", es="tiene más de {most} archivos.")
LARGE = Phrase(en="is larger than {most} MiB when unpacked.", es="ocupa más de {most} MiB al desempaquetarlo.")
LARGE_HEADERS = Phrase(
    en="has more than {most} KiB of extended headers.", es="tiene más de {most} KiB de cabeceras extendidas."
)
LARGE_FILE = Phrase(en="contains a file larger than {most} MiB.", es="contiene un archivo de más de {most} MiB.")
LINK = Phrase(en="contains {path}, which is not a regular file.", es="contiene {path}, que no es un archivo normal.")
BAD_PATH = Phrase(
    en="contains the path {path}, which is not allowed.", es="contiene la ruta {path}, que no se permite."
)
TWICE = Phrase(en="contains {path} twice.", es="contiene {path} dos veces.")
NOT_AN_ARCHIVE = Phrase(en="is not a gzipped tar archive.", es="no es un archivo tar comprimido con gzip.")
NO_CHART_FILE = Phrase(en="contains no Chart.yaml.", es="no contiene Chart.yaml.")

NOT_GIT = Phrase(
    en="{chart} is a chart from {host}, not a git repository. Change its version or values where they are declared.",
    es="{chart} es un chart de {host}, no un repositorio de git. Cambia su versión o sus valores donde se declaran.",
)
NOT_CACHED = Phrase(
    en="The chart {chart} is no longer cached. The next check fetches it again.",
    es="El paquete de {chart} ya no está en caché. La próxima comprobación lo obtiene de nuevo.",
)
