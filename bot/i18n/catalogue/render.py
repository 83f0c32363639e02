"""Why Kustomize or Helm rendered no manifests, and what to do about it."""

from bot.i18n.language import Phrase

NO_RENDERER = Phrase(en="No renderer is available for {path}.", es="No hay con qué renderizar {path}.")
NO_CAPABILITIES = Phrase(
    en="The chart can depend on the Kubernetes and API versions of the cluster, which have not been read yet. "
    "Make sure that the bot can read /version and /apis there.",
    es="El chart puede depender de las versiones de Kubernetes y de las API del clúster, que no se han leído aún. "
    "Asegúrate de que el bot pueda leer /version y /apis ahí.",
)
THIS = Phrase(en="this path", es="esta ruta")
NO_KUSTOMIZE = Phrase(
    en="Rendering this requires Kustomize, but neither kustomize nor kubectl is on PATH.",
    es="Renderizar esto requiere Kustomize, pero ni kustomize ni kubectl están en el PATH.",
)
NO_HELM = Phrase(
    en="Rendering this requires Helm. Put helm on PATH, or install the SDK with pip install 'gitops-bot[helm]'.",
    es="Renderizar esto requiere Helm. Pon helm en el PATH, o instala el SDK con pip install 'gitops-bot[helm]'.",
)
NO_VARIABLE = Phrase(
    en="A variable in {path} cannot be substituted: its expression is not valid, so Flux rejects it too.",
    es="No se puede sustituir una variable en {path}: su expresión no es válida, así que Flux también la rechaza.",
)
LONG_VARIABLES = Phrase(
    en="The variables in {path} expand to too much text. Use fewer or shorter ones.",
    es="Las variables en {path} producen demasiado texto. Usa menos o más cortas.",
)
NOT_ISOLATED = Phrase(
    en="Rendering this requires isolation, which this machine does not support: {reason}. Run gitops-bot doctor.",
    es="Renderizar esto requiere aislamiento, que esta máquina no ofrece: {reason}. Ejecuta gitops-bot doctor.",
)
FAILED = Phrase(
    en="{what} failed: {why} Run it in a clone to see the full error.",
    es="{what} falló: {why} Ejecútalo en un clon para ver el error completo.",
)
AT = Phrase(en="{place}: {why}", es="{place}: {why}")
UNKNOWN_REASON = Phrase(
    en="the error is hidden because it may contain secret values.",
    es="el error se oculta porque puede contener valores secretos.",
)
NO_REASON = Phrase(en="it gave no reason.", es="no indicó el motivo.")
LINKS = Phrase(
    en="{path} uses more than {most} symbolic links, or the links lead to too many files. Replace some links with "
    "copies.",
    es="{path} necesita más de {most} enlaces simbólicos, o llevan a demasiados archivos. Reemplaza algunos por "
    "copias.",
)
BAD_YAML = Phrase(en="the YAML is not valid.", es="el YAML no es válido.")
CYCLE = Phrase(en="the kustomizations form a cycle.", es="las kustomizations forman un ciclo.")
PLUGIN = Phrase(
    en="the bot does not run plugins or container functions.",
    es="el bot no ejecuta plugins ni funciones en contenedores.",
)
SEVERAL_FILES = Phrase(
    en="a directory has more than one kustomization file.",
    es="un directorio tiene más de un archivo de kustomization.",
)
EMPTY = Phrase(en="a kustomization is empty.", es="una kustomization está vacía.")
UNKNOWN_FIELD = Phrase(
    en="a field does not exist or has the wrong type.", es="un campo no existe o tiene un tipo equivocado."
)
NO_FILE = Phrase(
    en="a file does not exist, or is outside the directory of the kustomization.",
    es="un archivo no existe o está fuera del directorio de la kustomization.",
)
NO_TARGET = Phrase(
    en="a patch or replacement does not match any object or field.",
    es="un patch o replacement no coincide con ningún objeto ni campo.",
)
BAD_PATCH = Phrase(en="a patch is not valid or does not apply.", es="un patch no es válido o no se puede aplicar.")
DUPLICATE = Phrase(en="an object is declared twice.", es="un objeto se declara dos veces.")
NO_OBJECT = Phrase(en="a document is not a Kubernetes object.", es="un documento no es un objeto de Kubernetes.")
BAD_GENERATOR = Phrase(
    en="a ConfigMap or Secret cannot be generated.", es="no se puede generar un ConfigMap o un Secret."
)
HELM_ARGUMENT = Phrase(
    en="a chart passes an option to Helm that the bot does not allow.",
    es="un chart pasa a Helm una opción que el bot no permite.",
)
TEMPLATE_FAILED = Phrase(
    en="a template calls the function “fail” or “required”.",
    es="una plantilla llama a la función “fail” o “required”.",
)
BAD_TEMPLATE = Phrase(
    en="a template cannot be parsed or executed.", es="una plantilla no se puede interpretar o ejecutar."
)
NO_FUNCTION = Phrase(
    en="a template calls a function that does not exist.", es="una plantilla llama a una función que no existe."
)
BAD_SCHEMA = Phrase(en="the values do not match values.schema.json.", es="los valores no cumplen values.schema.json.")
NO_DEPENDENCY = Phrase(
    en="a dependency in Chart.yaml is not in charts/.", es="una dependencia de Chart.yaml no está en charts/."
)
KUBE_VERSION = Phrase(
    en="the chart does not support this Kubernetes version. Set kube_version.",
    es="el chart no admite esta versión de Kubernetes. Define kube_version.",
)
BAD_CHART = Phrase(en="the chart is not valid.", es="el chart no es válido.")
BAD_NAME = Phrase(
    en="the release name is not valid. Use at most 53 lowercase letters, digits, '-' and '.'. By default, it is the "
    "name of the application or, with --path, of the directory.",
    es="el nombre del release no es válido. Usa como máximo 53 minúsculas, dígitos, '-' y '.'. Por defecto, es el "
    "nombre de la aplicación o, con --path, del directorio.",
)
TOO_LONG = Phrase(
    en="{what} took longer than {seconds} s and was stopped.", es="{what} tardó más de {seconds} s y se detuvo."
)
POSTPONED = Phrase(
    en="{what} is postponed because recent renderings took too long. A later check will try again.",
    es="{what} se aplaza porque las últimas renderizaciones tardaron demasiado. "
    "Una comprobación posterior lo intentará de nuevo.",
)
STOPPED = Phrase(
    en="The system stopped {what} because it used too much time or memory.",
    es="El sistema detuvo {what} porque usó demasiado tiempo o demasiada memoria.",
)
MEMORY = Phrase(
    en="{what} used more than {most} MiB of memory and was stopped.",
    es="{what} usó más de {most} MiB de memoria y se detuvo.",
)
OUTPUT = Phrase(
    en="{what} printed more than {most} MiB and was stopped.", es="{what} imprimió más de {most} MiB y se detuvo."
)
CANNOT_RUN = Phrase(en="{program} cannot be run: {why}.", es="No se puede ejecutar {program}: {why}.")
NO_PROGRAM = Phrase(en="it does not exist or is not executable", es="no existe o no es ejecutable")
NO_SPACE = Phrase(
    en="{folder} cannot be used for rendering: {why}.", es="No se puede usar {folder} para renderizar: {why}."
)
BAD_PATH = Phrase(
    en="{path} is not a valid path in git, so it was not written to disk.",
    es="{path} no es una ruta válida en git, así que no se escribió en el disco.",
)
TWICE = Phrase(
    en="The repository contains {path} twice, or both as a file and as a directory. Fix it in git.",
    es="El repositorio contiene {path} dos veces, o como archivo y como directorio. Corrígelo en git.",
)
TOO_MUCH = Phrase(
    en="The application uses at least {trees} paths with {files} files and directories ({size} MiB). The limits are "
    "{most_trees} paths, {most_files} files and directories, and {most_size} MiB.",
    es="La aplicación usa al menos {trees} rutas con {files} archivos y directorios ({size} MiB). Los límites son "
    "{most_trees} rutas, {most_files} archivos y directorios, y {most_size} MiB.",
)
VARYING = Phrase(
    en="{objects} not checked: repeated rendering gave different results, probably because a template uses random "
    "values, the current time, or keys in random order. Set those values explicitly in git, and sort the keys.",
    es="{objects} sin comprobar: renderizar varias veces dio resultados distintos, probablemente porque una plantilla "
    "usa valores aleatorios, la hora actual o claves en orden aleatorio. Define esos valores explícitamente en git y "
    "ordena las claves.",
)
VARYING_OBJECTS = Phrase(
    en="Some objects are not checked: repeated rendering gave different objects.",
    es="Algunos objetos quedan sin comprobar: renderizar varias veces dio objetos distintos.",
)
SECRET_VALUES = Phrase(
    en="{objects} not checked: the content depends on values from a Secret.",
    es="{objects} sin comprobar: el contenido depende de valores de un Secret.",
)
SECRET_OBJECTS = Phrase(
    en="Some objects are not checked: whether they exist depends on values from a Secret.",
    es="Algunos objetos quedan sin comprobar: cuáles hay depende de valores de un Secret.",
)
SECRET_NEEDED = Phrase(
    en="The chart renders only with the values from its Secret, so the bot cannot tell which objects contain those "
    "values.",
    es="El chart solo se renderiza con los valores de su Secret, así que el bot no puede saber qué objetos los "
    "contienen.",
)
SECRET_LARGE = Phrase(
    en="The chart gets values from a Secret, and its files have more than {most} MiB, so the bot does not search them "
    "for the keys of those values. Without that, it cannot tell which objects contain the values.",
    es="El chart recibe valores de un Secret y sus archivos tienen más de {most} MiB, así que el bot no busca en ellos "
    "las claves de esos valores. Sin eso, no puede saber qué objetos los contienen.",
)
SECRET_ERROR = Phrase(
    en="The chart does not render with the values from its Secret. To see why, run helm template with those values.",
    es="El chart no se renderiza con los valores de su Secret. Para ver por qué, ejecuta helm template con ellos.",
)
UNREAD_VARIABLES = Phrase(
    en="{objects} not checked: Flux fills in variables from a Secret, which the bot does not read.",
    es="{objects} sin comprobar: Flux completa variables de un Secret, y el bot no lo lee.",
)
OVERRIDDEN = Phrase(
    en="{file} overrides the Application's settings: {why}", es="{file} sobrescribe ajustes de la Application: {why}"
)
ENCRYPTED = Phrase(
    en="{objects} not checked: encrypted with SOPS, which the bot does not support.",
    es="{objects} sin comprobar: cifrado con SOPS, que el bot no admite.",
)
AND_MORE = Phrase(en="{objects} and {n} more", es="{objects} y {n} más")
NOT_PINNED = Phrase(
    en="The base {base} is not pinned to a commit, so its content can change without a commit in this repository.",
    es="La base {base} no está fijada a un commit, así que su contenido puede cambiar sin un commit en este "
    "repositorio.",
)
NOT_PINNED_FILE = Phrase(
    en="The file {base} is not pinned to a commit, so its content can change without a commit in this repository.",
    es="El archivo {base} no está fijado a un commit, así que su contenido puede cambiar sin un commit en este "
    "repositorio.",
)
NOT_PINNED_CHART = Phrase(
    en="The chart {chart} in {file} has no exact version, so its content can change without a commit in this "
    "repository.",
    es="El chart {chart} en {file} no tiene una versión exacta, así que su contenido puede cambiar sin un commit en "
    "este repositorio.",
)
NO_BASE = Phrase(en="The base {base} cannot be read: {why}", es="No se puede leer la base {base}: {why}")
