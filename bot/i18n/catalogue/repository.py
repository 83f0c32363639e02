"""What git could not do, and what to do about it."""

from bot.i18n.language import Phrase

SLOW = Phrase(
    en="{url} took too long to answer; it is asked again at the next round.",
    es="{url} tardó demasiado en responder; se le vuelve a preguntar en la próxima ronda.",
)
BAD_CREDENTIAL = Phrase(
    en="{url} refused the credential: check {variable}, and that it may read this repository.",
    es="{url} rechazó la credencial: hay que revisar {variable}, y que pueda leer este repositorio.",
)
BAD_KEY = Phrase(
    en="{url} refused the ssh key, or its host key is not known.",
    es="{url} rechazó la clave ssh, o no se conoce su clave de host.",
)
OWNED_BY_ANOTHER = Phrase(
    en="{url} belongs to another user of this machine: run as that user, or give the files to this one.",
    es="{url} pertenece a otro usuario de esta máquina: hay que usar ese usuario, o pasar los archivos a este.",
)
SHALLOW = Phrase(
    en="{url} is a shallow clone: fetch its whole history there (git fetch --unshallow).",
    es="{url} es un clon superficial: allí hay que traer toda su historia (git fetch --unshallow).",
)
NOT_FOUND_OR_HIDDEN = Phrase(
    en="There is no git repository at {url}, or {variable} may not see it.",
    es="No hay ningún repositorio git en {url}, o {variable} no puede verlo.",
)
NOT_A_REPOSITORY = Phrase(en="There is no git repository at {url}.", es="No hay ningún repositorio git en {url}.")
UNREACHABLE = Phrase(
    en="{url} cannot be reached: check the address, and that this machine may connect to it.",
    es="No se puede llegar a {url}: hay que revisar la dirección, y que esta máquina pueda conectarse.",
)
DISK_FULL = Phrase(
    en="The disk that holds the mirror of {name} is full.", es="El disco que guarda la copia de {name} está lleno."
)
NOT_FETCHED = Phrase(en="{url} could not be fetched: {said}", es="No se pudo hacer fetch de {url}: {said}")

BRANCH_EXISTS = Phrase(en="The branch {branch} already exists on {url}.", es="La rama {branch} ya existe en {url}.")
WORKFLOWS = Phrase(
    en="{url} refused {branch}: it touches workflow files, and {variable} lacks the workflows permission.",
    es="{url} rechazó {branch}: toca archivos de workflows, y a {variable} le falta el permiso workflows.",
)
PROTECTED = Phrase(
    en="{url} refused {branch}: a rule protects its branches. Allow gitops-bot/* for the bot there.",
    es="{url} rechazó {branch}: una regla protege sus ramas. Allí hay que permitir gitops-bot/* al bot.",
)
ARCHIVED = Phrase(
    en="{url} is archived, so no branch can be pushed: unarchive it first.",
    es="{url} está archivado, así que no admite ramas nuevas: primero hay que desarchivarlo.",
)
NO_WRITING = Phrase(
    en="{url} refused {branch}: {variable} may not write there (contents: write).",
    es="{url} rechazó {branch}: {variable} no puede escribir ahí (contents: write).",
)
REFUSED = Phrase(en="{url} refused the branch {branch}: {said}", es="{url} rechazó la rama {branch}: {said}")

BAD_PREFIX = Phrase(
    en="A commit is named by 7 to 64 hexadecimal digits.",
    es="Un commit se nombra con 7 a 64 dígitos hexadecimales.",
)
AMBIGUOUS = Phrase(
    en="{text} could be {n} commits of {name}: give more digits.",
    es="{text} puede ser {n} commits de {name}: hacen falta más dígitos.",
)
NO_COMMIT_BUT = Phrase(
    en="{text} is a {kind} in {name}, not a commit.", es="{text} es un {kind} en {name}, no un commit."
)
NO_COMMIT = Phrase(en="There is no commit {text} in {name}.", es="No hay ningún commit {text} en {name}.")
NOT_A_COMMIT = Phrase(en="{text} is not a commit in {name}.", es="{text} no es un commit en {name}.")
NO_PATH = Phrase(
    en="There is no {path} in {name} at {revision}.", es="No existe {path} en {name} en la revisión {revision}."
)
NO_BRANCH = Phrase(
    en="{url} has no branch {branch}; its branches: {there}.", es="{url} no tiene la rama {branch}; tiene: {there}."
)
NO_BRANCHES = Phrase(
    en="{url} has no branch {branch}; it has none at all.", es="{url} no tiene la rama {branch}; no tiene ninguna."
)
NO_REVISION = Phrase(
    en="{url} has no branch, tag or commit that {branch} stands for; its branches: {there}.",
    es="En {url} no hay rama, etiqueta ni commit que corresponda a {branch}; sus ramas: {there}.",
)
NOT_WRITABLE = Phrase(en="{path} cannot be written: {why}.", es="No se puede escribir en {path}: {why}.")
NO_GIT = Phrase(en="git is not installed here, or not on PATH.", es="git no está instalado aquí, o no está en el PATH.")
FAILED = Phrase(
    en="git {command} failed on the mirror of {name}: {said}", es="git {command} falló en la copia de {name}: {said}"
)
LARGE_FILE = Phrase(
    en="{path} in {name} is {size} MiB; files up to {most} MiB are read. Move it out of the application's path.",
    es="{path} en {name} pesa {size} MiB; se leen archivos de hasta {most} MiB. "
    "Hay que moverlo fuera de la ruta de la aplicación.",
)
MUCH = Phrase(
    en="{path} in {name} holds {files} files and {size} MiB; up to {most} and {most_size} MiB are read. "
    "Point the application at a narrower path.",
    es="{path} en {name} contiene {files} archivos y {size} MiB; se leen hasta {most} y {most_size} MiB. "
    "La aplicación necesita una ruta más acotada.",
)
SIGNATURES = Phrase(
    en="{url} refused {branch}: it takes signed commits alone. Exempt gitops-bot/* from that rule.",
    es="{url} rechazó {branch}: solo acepta commits firmados. Hay que eximir gitops-bot/* de esa regla.",
)
NOT_UTF8 = Phrase(
    en="{url} takes signed commits alone, and a path of this one is not UTF-8, so the forge cannot make it: "
    "revert it by hand.",
    es="{url} solo acepta commits firmados, y una ruta de este no es UTF-8, así que el forge no puede crearlo: "
    "hay que revertirlo a mano.",
)
