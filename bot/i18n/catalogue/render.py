"""Why Kustomize or Helm made no manifests, and what to do about it."""

from bot.i18n.language import Phrase

NO_RENDERER = Phrase(en="Nothing is here to render {path} with.", es="Aquí no hay con qué generar {path}.")
THIS = Phrase(en="this", es="esto")
NO_KUSTOMIZE = Phrase(
    en="Kustomize is needed to render this, and neither kustomize nor kubectl is on PATH.",
    es="Para generar esto hace falta Kustomize, y ni kustomize ni kubectl están en el PATH.",
)
NO_HELM = Phrase(
    en="Helm is needed to render this: put helm on PATH, or install the SDK with pip install 'gitops-bot[helm]'.",
    es="Para generar esto hace falta Helm: hay que poner helm en el PATH, o instalar el SDK con "
    "pip install 'gitops-bot[helm]'.",
)
NO_VARIABLE = Phrase(
    en="{expression} in {path} is no variable that can be filled in here.",
    es="{expression} en {path} no es una variable que se pueda completar aquí.",
)
FAILED = Phrase(en="{what} failed: {why}", es="{what} falló: {why}")
NO_REASON = Phrase(en="it gave no reason.", es="no dio ninguna razón.")
TOO_LONG = Phrase(
    en="{what} took more than {seconds} s and was stopped.", es="{what} tardó más de {seconds} s y se detuvo."
)
STOPPED = Phrase(
    en="{what} was stopped by the system: it took too much time or memory.",
    es="El sistema detuvo {what}: usó demasiado tiempo o demasiada memoria.",
)
MEMORY = Phrase(
    en="{what} took more than {most} MiB of memory and was stopped.",
    es="{what} usó más de {most} MiB de memoria y se detuvo.",
)
OUTPUT = Phrase(
    en="{what} printed more than {most} MiB and was stopped.", es="{what} imprimió más de {most} MiB y se detuvo."
)
CANNOT_RUN = Phrase(en="{program} cannot be run: {why}.", es="No se puede ejecutar {program}: {why}.")
NO_PROGRAM = Phrase(en="it is not there, or is no program", es="no existe, o no es un programa")
NO_SPACE = Phrase(
    en="{folder} cannot be used for rendering: {why}.", es="No se puede usar {folder} para generar: {why}."
)
BAD_PATH = Phrase(
    en="The path {path} is not one that git makes: it is not written anywhere.",
    es="La ruta {path} no es una que git cree: no se escribe en ningún lugar.",
)
TWICE = Phrase(
    en="The repository has {path} twice, or as a file and a folder: correct it.",
    es="El repositorio tiene {path} dos veces, o como archivo y como carpeta: hay que corregirlo.",
)
TOO_MUCH = Phrase(
    en="What the application refers to comes to {trees} paths, {files} files and {size} MiB; "
    "up to {most_trees}, {most_files} and {most_size} MiB are read.",
    es="Lo que la aplicación necesita suma {trees} rutas, {files} archivos y {size} MiB; "
    "se leen hasta {most_trees}, {most_files} y {most_size} MiB.",
)
VARYING = Phrase(
    en="{objects} not checked: rendered twice, it came out differently, so a template uses chance or the clock; "
    "set those values in git.",
    es="{objects} sin comprobar: al generarse dos veces salió distinto, así que una plantilla usa el azar o el reloj; "
    "hay que fijar esos valores en git.",
)
VARYING_MORE = Phrase(
    en="{objects} and {n} more not checked: rendered twice, it came out differently, so a template uses chance or the "
    "clock; set those values in git.",
    es="{objects} y {n} más sin comprobar: al generarse dos veces salieron distintos, así que una plantilla usa el "
    "azar o el reloj; hay que fijar esos valores en git.",
)
