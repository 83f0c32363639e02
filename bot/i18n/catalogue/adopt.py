"""Adopting the live state in git: the button, the answers, the pull request's card, and why adopting can fail."""

from bot.i18n.language import Phrase, PluralPhrase

BUTTON = Phrase(en="Adopt in git…", es="Adoptar en git…")
CONFIRM_TITLE = Phrase(en="Adopt in git?", es="¿Adoptar en git?")
CONFIRM = Phrase(
    en="This opens a pull request that updates {application} in git to match the cluster. It also removes from git "
    "any objects that are missing from the cluster. Nothing changes until someone merges it.",
    es="Esto abre un pull request que actualiza {application} en git para que coincida con el clúster. También "
    "elimina de git los objetos que faltan en el clúster. Nada cambia hasta que alguien lo fusione.",
)
CONFIRM_YES = Phrase(en="Open pull request", es="Abrir pull request")
CONFIRM_NO = Phrase(en="Cancel", es="Cancelar")

# After what was requested: `Adopt shop in git: opened #8, awaiting review.`
REQUESTED = Phrase(en="Adopt {application} in git", es="Adoptar {application} en git")
OPENED = Phrase(en="opened {pull}, awaiting review.", es="se abrió {pull}, pendiente de revisión.")
REMOVED_OBJECTS = PluralPhrase(
    en=(
        "{objects} is missing from the cluster. This pull request removes it from git, so it stays deleted.",
        "{objects} are missing from the cluster. This pull request removes them from git, so they stay deleted.",
    ),
    es=(
        "{objects} falta en el clúster. Este pull request lo elimina de git, así que no se volverá a crear.",
        "{objects} faltan en el clúster. Este pull request los elimina de git, así que no se volverán a crear.",
    ),
)
CHANGED = Phrase(
    en="The request was interrupted, and the drift may have changed since you asked. Check it, then adopt it again.",
    es="La solicitud se interrumpió y el drift puede haber cambiado desde entonces. Revísalo y vuelve a adoptarlo.",
)
ROLLING_OUT = Phrase(
    en="A merge is not live in {application} yet, so its differences are expected. Adopt drift once an alert shows it.",
    es="Una fusión todavía no está desplegada en {application}, así que sus diferencias son normales. Adopta el "
    "drift cuando lo muestre una alerta.",
)
MOOT_ENDING = Phrase(
    en="The drift is gone or has changed, so merging this pull request now could change the cluster. Close it unless "
    "you want that.",
    es="El drift ya no existe o ha cambiado, así que fusionar este pull request ahora podría cambiar el clúster. "
    "Ciérralo si no es lo que quieres.",
)
ALREADY_OPEN = Phrase(
    en="{pull} is already open with the same changes, awaiting review.",
    es="{pull} ya está abierto con los mismos cambios, pendiente de revisión.",
)
NOTHING = Phrase(
    en="{application} is in sync with git, so there is nothing to adopt.",
    es="{application} está en sincronía con git, así que no hay nada que adoptar.",
)
NOT_ADOPTED = Phrase(
    en="No pull request was opened. {why}",
    es="No se abrió ningún pull request. {why}",
)
UNFINISHED = Phrase(
    en="The branch {branch} was pushed, but the pull request could not be opened: {why} Use “Adopt in git” again to "
    "finish.",
    es="Se hizo push de la rama {branch}, pero no se pudo abrir el pull request: {why} Pulsa “Adoptar en git” otra "
    "vez para terminar.",
)
OPEN_HEADER = Phrase(en="📥 Adoption awaiting review: #{number}", es="📥 Adopción pendiente de revisión: #{number}")
MERGED_HEADER = Phrase(en="✅ Adoption merged: #{number}", es="✅ Adopción fusionada: #{number}")
CLOSED_HEADER = Phrase(en="⛔ Adoption closed: #{number}", es="⛔ Adopción cerrada: #{number}")
OPEN = Phrase(
    en="The adoption pull request #{number}{touched} is open: {title}. {ending}",
    es="El pull request de adopción #{number}{touched} está abierto: {title}. {ending}",
)
MERGED = Phrase(
    en="The adoption pull request #{number}{touched} is merged: {title}. {ending}",
    es="El pull request de adopción #{number}{touched} está fusionado: {title}. {ending}",
)
CLOSED = Phrase(
    en="The adoption pull request #{number}{touched} is closed: {title}. {ending}",
    es="El pull request de adopción #{number}{touched} está cerrado: {title}. {ending}",
)
ASKED = Phrase(en=" · requested from the alert", es=" · solicitado desde la alerta")

NO_FORGE = Phrase(
    en="{repository} has no forge configured, so the bot cannot open pull requests there.",
    es="{repository} no tiene un forge configurado, así que el bot no puede abrir pull requests ahí.",
)
NEEDS_BRANCH = Phrase(
    en="{application} tracks {name}, which is not a branch, so a pull request cannot target it. Make the change "
    "on a branch, then set the application's revision to one that includes the change.",
    es="{application} sigue {name}, que no es una rama, así que un pull request no tiene rama de destino. Haz el "
    "cambio en una rama y después define en la aplicación una revisión que incluya el cambio.",
)
BEHIND_LINK = Phrase(
    en="{file} is read through a symbolic link, and the bot does not edit files through links. Edit it by hand.",
    es="{file} se lee a través de un enlace simbólico, y el bot no edita archivos a través de enlaces. Edítalo a mano.",
)
NOT_SEEN = Phrase(
    en="{application} could not be fully checked, so its live state is unknown: {why}",
    es="{application} no se pudo comprobar por completo, así que no se conoce su estado en el clúster: {why}",
)
HELM = Phrase(
    en="Helm renders {application}, and the bot cannot tell which value sets {path}. Find that value in {files} and "
    "change it there.",
    es="{application} se renderiza con Helm, y el bot no puede saber qué valor define {path}. Busca ese valor en "
    "{files} y cámbialo ahí.",
)
SECRET = Phrase(
    en="Secret {name} cannot be adopted: the bot never writes secret values to git. Change it at its source.",
    es="El Secret {name} no se puede adoptar: el bot nunca escribe valores secretos en git. Cámbialo en su origen.",
)
DELETING = Phrase(
    en="{object} cannot be adopted because it is being deleted. Try again once it is gone.",
    es="{object} no se puede adoptar porque se está eliminando. Inténtalo de nuevo cuando ya no exista.",
)
ORDER = Phrase(
    en="The order of {path} cannot be adopted. Change it in git by hand.",
    es="El orden de {path} no se puede adoptar. Cámbialo en git a mano.",
)
CREDENTIAL = Phrase(
    en="{object} cannot be adopted: {path} holds a credential, and the bot never writes credentials to git. Change it "
    "at its source.",
    es="{object} no se puede adoptar: {path} contiene una credencial, y el bot nunca escribe credenciales en git. "
    "Cámbiala en su origen.",
)
UNREADABLE = Phrase(
    en="{error} Fix this, then adopt the drift again.", es="{error} Corrígelo y adopta el drift otra vez."
)
TOO_LARGE = Phrase(
    en="{file} is too large for the bot to edit, or the drift is. Edit it by hand.",
    es="{file} es demasiado grande para que el bot lo edite, o lo es el drift. Edítalo a mano.",
)
SHARED_VALUE = Phrase(
    en="The bot cannot edit {file} without changing other values, possibly because of a YAML anchor. Edit the file by "
    "hand.",
    es="El bot no puede editar {file} sin cambiar otros valores, quizá por un ancla de YAML. Edítalo a mano.",
)
NOT_DECLARED = Phrase(
    en="{file} does not declare {kind} {name}. Git may have changed; check again.",
    es="{file} no declara {kind} {name}. Es posible que git haya cambiado; comprueba otra vez.",
)
NOT_IN_GIT = Phrase(en="{path} is no longer in git. Check again.", es="{path} ya no está en git. Comprueba otra vez.")
OTHER_SHAPE = Phrase(
    en="{path} has a different structure in git. Edit it by hand.",
    es="{path} tiene otra estructura en git. Edítalo a mano.",
)
IDENTICAL_ITEMS = Phrase(
    en="The list {path} has identical items, so the bot cannot tell which one to change. Edit the file by hand.",
    es="La lista {path} tiene elementos idénticos, y el bot no puede saber cuál cambiar. Edita el archivo a mano.",
)
LAYOUT = Phrase(
    en="{file} cannot be edited without losing its formatting. Edit it by hand.",
    es="{file} no se puede editar sin perder su formato. Edítalo a mano.",
)
NO_KUSTOMIZATION = Phrase(
    en="{path} has no kustomization, so nothing can be adopted there.",
    es="{path} no tiene kustomization, así que ahí no se puede adoptar nada.",
)
NO_YAML = Phrase(
    en="{file} is not valid YAML. Fix it first.",
    es="{file} no es YAML válido. Corrígelo antes.",
)
NOT_RENDERED = Phrase(
    en="{kind} {name} is no longer in the rendered manifests. Check again.",
    es="{kind} {name} ya no está en los manifiestos renderizados. Comprueba otra vez.",
)
NO_PATCH = Phrase(
    en="{file} is not a list of JSON patch operations. Edit it by hand.",
    es="{file} no es una lista de operaciones de JSON patch. Edítalo a mano.",
)
OVERRIDDEN = Phrase(
    en="{kind} {name} cannot be adopted in its file, because something overrides the file, such as another declaration "
    "of the object or a setting in Flux. Change it there by hand.",
    es="{kind} {name} no se puede adoptar en su archivo, porque algo lo sobrescribe, como otra declaración del objeto "
    "o un ajuste de Flux. Cámbialo ahí a mano.",
)
NOT_PATCHABLE = Phrase(
    en="A patch cannot change {kind} {name}, because it comes from a generator, transformer or component in the "
    "overlay. Change it there by hand.",
    es="Un parche no puede cambiar {kind} {name}, porque viene de un generator, un transformer o un component del "
    "overlay. Cámbialo ahí a mano.",
)
