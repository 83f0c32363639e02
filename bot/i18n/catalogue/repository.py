"""Why git failed, and what to do about it."""

from bot.i18n.language import Phrase

SLOW = Phrase(
    en="{url} took too long to respond. The bot will retry at a later poll.",
    es="{url} tardó demasiado en responder. El bot reintentará en una consulta posterior.",
)
SLOW_MERGES = Phrase(
    en="The merges to verify this change in {name} took more than {n} s.",
    es="Las fusiones para verificar este cambio en {name} tardaron más de {n} s.",
)
BAD_CREDENTIAL = Phrase(
    en="{url} rejected the credential. Check that it is correct and can read this repository ({variable}).",
    es="{url} rechazó la credencial. Revisa que sea correcta y pueda leer este repositorio ({variable}).",
)
BAD_KEY = Phrase(
    en="{url} rejected the SSH key, or its host key is unknown.",
    es="{url} rechazó la clave SSH, o su clave de host es desconocida.",
)
REDIRECTED = Phrase(
    en="{url} redirects to another URL, perhaps because the repository was renamed or the URL lacks .git, and the bot "
    "does not send a credential there. Configure the final URL.",
    es="{url} redirige a otra URL, quizá porque se cambió el nombre del repositorio o a la URL le falta .git, y el bot "
    "no envía ahí una credencial. Configura la URL final.",
)
OWNED_BY_ANOTHER = Phrase(
    en="{url} belongs to another user on this machine. Run the bot as that user, or change the owner of the files.",
    es="{url} pertenece a otro usuario de esta máquina. Ejecuta el bot como ese usuario, o cambia el propietario de "
    "los archivos.",
)
SHALLOW = Phrase(
    en="{url} is a shallow clone. Fetch its full history there (git fetch --unshallow).",
    es="{url} es un clon superficial. Trae allí todo su historial (git fetch --unshallow).",
)
NOT_FOUND_OR_HIDDEN = Phrase(
    en="There is no git repository at {url}, or {variable} does not have access to it.",
    es="No hay ningún repositorio git en {url}, o {variable} no tiene acceso a él.",
)
NOT_A_REPOSITORY = Phrase(en="There is no git repository at {url}.", es="No hay ningún repositorio git en {url}.")
UNREACHABLE = Phrase(
    en="{url} cannot be reached. Check that the address is correct and that this machine can connect to it.",
    es="No se puede llegar a {url}. Revisa que la dirección sea correcta y que esta máquina pueda conectarse.",
)
UNTRUSTED = Phrase(
    en="The TLS certificate of {url} is not trusted. If a private CA or a proxy issued it, set GIT_SSL_CAINFO to a "
    "file with the CA's certificate.",
    es="El certificado TLS de {url} no es de confianza. Si lo emitió una CA privada o un proxy, define GIT_SSL_CAINFO "
    "con un archivo que contenga el certificado de la CA.",
)
DISK_FULL = Phrase(
    en="The disk that holds the mirror of {name} is full. Free up space or use a larger volume.",
    es="El disco que guarda la réplica de {name} está lleno. Libera espacio o usa un volumen más grande.",
)
OUT_OF_MEMORY = Phrase(
    en="For {url}, git needs more memory than it may use. A commit, tag, tree, or file may be too large.",
    es="Para {url}, git necesita más memoria de la que puede usar. Quizá un commit, etiqueta, árbol o archivo es"
    " demasiado grande.",
)
TOO_LARGE = Phrase(
    en="The repository {name} exceeds {most} GiB. Remove large files from its history, or move the manifests to a "
    "repository of their own.",
    es="El repositorio {name} pesa más de {most} GiB. Elimina los archivos grandes de su historial, o mueve los "
    "manifiestos a un repositorio propio.",
)
TOO_LARGE_FOR_DISK = Phrase(
    en="Fetching {name} takes more than half of the free disk space. Free up space or use a larger volume.",
    es="El fetch de {name} ocupa más de la mitad del espacio libre en disco. Libera espacio o usa un volumen más "
    "grande.",
)
NOT_FETCHED = Phrase(en="{url} could not be fetched: {said}", es="No se pudo hacer fetch de {url}: {said}")

BRANCH_EXISTS = Phrase(en="The branch {branch} already exists on {url}.", es="La rama {branch} ya existe en {url}.")
WORKFLOWS = Phrase(
    en="{url} rejected {branch}: it changes workflow files, and {variable} lacks the workflows permission.",
    es="{url} rechazó {branch}: cambia archivos de workflows, y a {variable} le falta el permiso workflows.",
)
PROTECTED = Phrase(
    en="{url} rejected {branch}: a rule protects its branches. Allow the bot to push gitops-bot/* there.",
    es="{url} rechazó {branch}: una regla protege sus ramas. Permite allí al bot hacer push de gitops-bot/*.",
)
ARCHIVED = Phrase(
    en="{url} is archived, so no branch can be pushed. Unarchive it first.",
    es="{url} está archivado, así que no admite ramas nuevas. Primero desarchívalo.",
)
NO_WRITING = Phrase(
    en="{url} rejected {branch}: {variable} does not have write access there (contents: write).",
    es="{url} rechazó {branch}: {variable} no tiene permiso de escritura allí (contents: write).",
)
REFUSED = Phrase(en="{url} rejected the branch {branch}: {said}", es="{url} rechazó la rama {branch}: {said}")
NO_REASON = Phrase(en="git gave no reason.", es="git no indicó el motivo.")

BAD_URL = Phrase(
    en="A repository URL must be https://, http://, ssh://, file://, user@host:path or a local path.",
    es="La URL de un repositorio debe ser https://, http://, ssh://, file://, usuario@host:ruta o una ruta local.",
)
PASSWORD_IN_URL = Phrase(
    en="An SSH URL cannot contain a password. Use a key.",
    es="Una URL de SSH no puede contener una contraseña. Usa una clave.",
)
PLAIN_PATH = Phrase(
    en="A repository URL cannot contain ?, # or a second @. Write them as %3F, %23 and %40.",
    es="La URL de un repositorio no puede contener ?, # ni una segunda @. Escríbelos como %3F, %23 y %40.",
)
NOT_A_SHA = Phrase(
    en="A revision must be a full SHA: 40 hexadecimal digits.",
    es="Una revisión debe ser un SHA completo: 40 dígitos hexadecimales.",
)
OUTSIDE = Phrase(en="The path {path} is outside the repository.", es="La ruta {path} está fuera del repositorio.")

BAD_PREFIX = Phrase(
    en="A commit SHA has 7 to 64 hexadecimal digits.",
    es="El SHA de un commit tiene de 7 a 64 dígitos hexadecimales.",
)
AMBIGUOUS = Phrase(
    en="{text} matches {n} commits in {name}. Use more digits.",
    es="{text} coincide con {n} commits en {name}. Usa más dígitos.",
)
NO_COMMIT_BUT = Phrase(
    en="{text} is a {kind} in {name}, not a commit.", es="{text} es un {kind} en {name}, no un commit."
)
NO_COMMIT = Phrase(en="There is no commit {text} in {name}.", es="No existe el commit {text} en {name}.")
MAY_LAG = Phrase(
    en="The branch of {name} is at {head}, which is older than {recorded}. Waiting in case the remote lags behind.",
    es="La rama de {name} está en {head}, anterior a {recorded}. Esperando por si el remoto va con retraso.",
)
NOT_A_COMMIT = Phrase(en="{text} is not a commit in {name}.", es="{text} no es un commit en {name}.")
NO_PATH = Phrase(
    en="There is no path {path} in {name} at {revision}.",
    es="No existe la ruta {path} en {name} en la revisión {revision}.",
)
NO_BRANCH = Phrase(
    en="{url} has no branch {branch}. Existing branches: {there}.",
    es="{url} no tiene la rama {branch}. Ramas existentes: {there}.",
)
NO_BRANCHES = Phrase(
    en="{url} has no branches. Check that it is the URL of a git repository, and that its branch {branch} exists.",
    es="{url} no tiene ramas. Comprueba que sea la URL de un repositorio git y que exista su rama {branch}.",
)
NO_REVISION = Phrase(
    en="{url} has no branch, tag or commit that matches {branch}. Existing branches: {there}.",
    es="{url} no tiene rama, etiqueta ni commit que coincida con {branch}. Ramas existentes: {there}.",
)
BASE_COMMIT = Phrase(
    en="no branch or tag of {location} contains {sha}, and the server does not allow fetching it by SHA. "
    "Pin the base to a commit in a branch or tag.",
    es="ninguna rama ni etiqueta de {location} contiene {sha}, y el servidor no permite obtenerlo por su SHA. "
    "Fija la base a un commit de una rama o etiqueta.",
)
NOT_WRITABLE = Phrase(en="{path} cannot be written: {why}.", es="No se puede escribir en {path}: {why}.")
NO_GIT = Phrase(en="git is not installed or not on PATH.", es="git no está instalado o no está en el PATH.")
FAILED = Phrase(
    en="git {command} failed on the mirror of {name}: {said}", es="git {command} falló en la réplica de {name}: {said}"
)
LACKS_OBJECTS = Phrase(
    en="The mirror of {name} is missing git objects.", es="A la réplica de {name} le faltan objetos de git."
)
LARGE_FILE = Phrase(
    en="{path} in {name} is {size} MiB, and the limit is {most} MiB. Move the file out of the application's path.",
    es="{path} en {name} pesa {size} MiB, y el límite es {most} MiB. Mueve el archivo fuera de la ruta de la "
    "aplicación.",
)
LONG_PATH = Phrase(
    en="{path} in {name} contains a file whose path is longer than {most} characters.",
    es="{path} en {name} contiene un archivo cuya ruta tiene más de {most} caracteres.",
)
MANY_CHANGES = Phrase(
    en="{revision} changes more than {most} files in {name}, so its effect is unknown.",
    es="{revision} cambia más de {most} archivos en {name}, así que se desconoce su efecto.",
)
MANY_DIRECTORIES = Phrase(
    en="{path} in {name} contains more than {most} directories, symbolic links, and submodules, or a path longer than "
    "{most_characters} characters. Point the application at a narrower path.",
    es="{path} en {name} contiene más de {most} directorios, enlaces simbólicos y submódulos, o una ruta de más de "
    "{most_characters} caracteres. Dale a la aplicación una ruta más acotada.",
)
LARGE_PATH = Phrase(
    en="{path} in {name} contains {files} files ({size} MiB). The limits are {most} files and {most_size} MiB. Point "
    "the application at a narrower path.",
    es="{path} en {name} contiene {files} archivos ({size} MiB). Los límites son {most} archivos y {most_size} MiB. "
    "Dale a la aplicación una ruta más acotada.",
)
SIGNATURES = Phrase(
    en="{url} rejected {branch}: it accepts only signed commits. Exempt gitops-bot/* from that rule.",
    es="{url} rechazó {branch}: solo acepta commits firmados. Exime gitops-bot/* de esa regla.",
)
NOT_UTF8 = Phrase(
    en="{url} accepts only signed commits, and the forge cannot create this one because a path in it is not UTF-8. "
    "Make the change by hand.",
    es="{url} solo acepta commits firmados, y el forge no puede crear este porque una de sus rutas no es UTF-8. "
    "Haz el cambio a mano.",
)
BASE_NOT_ALLOWED = Phrase(
    en="{location} is not allowed. Allow it under bases.allow.",
    es="{location} no está permitido. Permítelo en bases.allow.",
)
