"""Why Kustomize or Helm rendered no manifests, and what to do about it."""

from bot.i18n.language import Phrase

NO_RENDERER = Phrase(en="No renderer is available for {path}.", es="No hay con qué renderizar {path}.")
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
    en="The bot cannot substitute the variable {expression} in {path}.",
    es="El bot no puede sustituir la variable {expression} en {path}.",
)
FAILED = Phrase(en="{what} failed: {why}", es="{what} falló: {why}")
NO_REASON = Phrase(en="it gave no reason.", es="no indicó el motivo.")
LINKS = Phrase(
    en="{path} needs more than {most} symbolic links. Replace some with copies.",
    es="{path} necesita más de {most} enlaces simbólicos. Reemplaza algunos por copias.",
)
TOO_LONG = Phrase(
    en="{what} took longer than {seconds} s and was stopped.", es="{what} tardó más de {seconds} s y se detuvo."
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
    en="The application uses {trees} paths with {files} files ({size} MiB). The limits are {most_trees} paths, "
    "{most_files} files and {most_size} MiB.",
    es="La aplicación usa {trees} rutas con {files} archivos ({size} MiB). Los límites son {most_trees} rutas, "
    "{most_files} archivos y {most_size} MiB.",
)
VARYING = Phrase(
    en="{objects} not checked: rendering twice gave different results, probably because a template uses random values "
    "or the current time. Set those values explicitly in git.",
    es="{objects} sin comprobar: renderizar dos veces dio resultados distintos, probablemente porque una plantilla usa "
    "valores aleatorios o la hora actual. Define esos valores explícitamente en git.",
)
UNREAD_VARIABLES = Phrase(
    en="{objects} not checked: Flux fills in variables from a Secret, which the bot does not read.",
    es="{objects} sin comprobar: Flux completa variables de un Secret, y el bot no lo lee.",
)
OVERRIDDEN = Phrase(en="{file} changes the Application: {why}", es="{file} cambia la Application: {why}")
ENCRYPTED = Phrase(
    en="{objects} not checked: encrypted with SOPS, which the bot does not decrypt.",
    es="{objects} sin comprobar: cifrado con SOPS, y el bot no lo descifra.",
)
AND_MORE = Phrase(en="{objects} and {n} more", es="{objects} y {n} más")
