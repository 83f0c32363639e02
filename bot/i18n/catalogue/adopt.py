"""Adopting what the cluster has: the button, the answers, the pull request's card, and why something cannot be."""

from bot.i18n.language import Phrase

BUTTON = Phrase(en="Adopt in git…", es="Adoptar en git…")
CONFIRM_TITLE = Phrase(en="Adopt in git?", es="¿Adoptar en git?")
CONFIRM = Phrase(
    en="Opens a pull request that makes git say what the cluster says now; what is missing from the cluster is taken "
    "out of git. Nothing changes until somebody merges it.",
    es="Abre un pull request para que git diga lo que dice el cluster ahora; lo que falta ahí se quita de git. "
    "Nada cambia hasta que alguien lo fusione.",
)
CONFIRM_YES = Phrase(en="Open it", es="Abrirlo")
CONFIRM_NO = Phrase(en="Cancel", es="Cancelar")

OPENED = Phrase(
    en="Opened {pull}: merged, it makes git say what the cluster says of {application} ({files}). Nothing changes "
    "until somebody merges it.",
    es="Se abrió {pull}: al fusionarse, hace que git diga lo que dice el cluster de {application} ({files}). Nada "
    "cambia hasta que alguien lo fusione.",
)
TAKEN_OUT = Phrase(
    en="Takes {objects} out of git, since the cluster has none: merged, nobody brings it back.",
    es="Quita {objects} de git, ya que el cluster no lo tiene: al fusionarse, nadie lo devuelve.",
)
MOOT_ENDING = Phrase(
    en="The drift it adopts is gone: merged now, it would change the cluster. Close it unless that is wanted.",
    es="El drift que adopta ya no existe: al fusionarse cambiaría el cluster. Conviene cerrarlo si no se quiere eso.",
)
ALREADY_OPEN = Phrase(
    en="{pull} is open already and does just that; it waits for a review.",
    es="{pull} ya está abierto y hace justo eso; espera que alguien lo revise.",
)
NOTHING = Phrase(
    en="{application} is in sync with git now, so there is nothing to adopt.",
    es="{application} ya coincide con git, así que no hay nada que adoptar.",
)
NOT_ADOPTED = Phrase(
    en="Nothing was opened. {why}",
    es="No se abrió nada. {why}",
)
UNFINISHED = Phrase(
    en="The branch {branch} is pushed, but the pull request is not open: {why} Adopt again goes on from there.",
    es="La rama {branch} está subida, pero el pull request no se abrió: {why} Adoptar otra vez sigue desde ahí.",
)
OPEN_HEADER = Phrase(en="📥 Adoption to review: #{number}", es="📥 Adopción por revisar: #{number}")
MERGED_HEADER = Phrase(en="✅ Adoption merged: #{number}", es="✅ Adopción fusionada: #{number}")
CLOSED_HEADER = Phrase(en="⛔ Adoption closed: #{number}", es="⛔ Adopción cerrada: #{number}")
OPEN = Phrase(
    en="Pull request #{number}{touched} is open, to adopt drift in git: {title}. {ending}",
    es="El pull request #{number}{touched} está abierto, para adoptar drift en git: {title}. {ending}",
)
MERGED = Phrase(
    en="Pull request #{number}{touched}, to adopt drift in git, is merged: {title}. {ending}",
    es="El pull request #{number}{touched}, para adoptar drift en git, está fusionado: {title}. {ending}",
)
CLOSED = Phrase(
    en="Pull request #{number}{touched}, to adopt drift in git, is closed: {title}. {ending}",
    es="El pull request #{number}{touched}, para adoptar drift en git, está cerrado: {title}. {ending}",
)
ASKED = Phrase(
    en="{link}\nasked for by {who} from the alert{touched}. {ending}",
    es="{link}\npedido por {who} desde la alerta{touched}. {ending}",
)

NO_FORGE = Phrase(
    en="{repository} has no forge in the configuration, so no pull request can be opened.",
    es="{repository} no tiene forge en la configuración, así que no se puede abrir ningún pull request.",
)
NOT_SEEN = Phrase(
    en="Not everything of {application} could be looked at, so what the cluster says is not known: {why}",
    es="No se pudo ver todo de {application}, así que no se sabe lo que dice el cluster: {why}",
)
HELM = Phrase(
    en="{application} is rendered by Helm, and which value leads to {path} only its templates know: look for it in "
    "{files}, and change it there.",
    es="{application} se genera con Helm, y qué valor lleva a {path} solo lo saben sus plantillas: hay que buscarlo en "
    "{files} y cambiarlo ahí.",
)
SECRET = Phrase(
    en="Secret {name} cannot be adopted: the bot writes no secret value into git. Change it where it is made.",
    es="El Secret {name} no se puede adoptar: el bot no escribe valores secretos en git. Se cambia donde se crea.",
)
UNREADABLE = Phrase(
    en="{error} Nothing can be adopted there until that is mended.",
    es="{error} Ahí no se puede adoptar nada hasta que eso se arregle.",
)
NOT_ALONE = Phrase(
    en="{file} cannot be edited so that only this changes (is the value shared through an anchor?): edit it by hand.",
    es="{file} no se puede editar de modo que solo cambie esto (¿un ancla comparte el valor?): se edita a mano.",
)
NOT_DECLARED = Phrase(
    en="{file} does not declare {kind} {name}: check again, git may have moved.",
    es="{file} no declara {kind} {name}: hay que volver a comprobar, quizá git avanzó.",
)
NOT_IN_GIT = Phrase(
    en="{path} is not in git any more: check again.", es="{path} ya no está en git: hay que volver a comprobar."
)
OTHER_SHAPE = Phrase(
    en="{path} has another shape in git: edit it by hand.",
    es="{path} tiene otra forma en git: hay que editarlo a mano.",
)
ALIKE = Phrase(
    en="An item of the list {path} cannot be told from another one like it: edit the file by hand.",
    es="Un elemento de la lista {path} no se distingue de otro igual: hay que editar el archivo a mano.",
)
LAYOUT = Phrase(
    en="{file} cannot be edited without losing its layout: edit it by hand.",
    es="{file} no se puede editar sin perder su formato: hay que editarlo a mano.",
)
NO_KUSTOMIZATION = Phrase(
    en="{path} holds no kustomization: nothing can be adopted there.",
    es="{path} no tiene kustomization: ahí no se puede adoptar nada.",
)
NO_YAML = Phrase(
    en="{file} cannot be read as YAML: mend it first.",
    es="{file} no se puede leer como YAML: hay que arreglarlo antes.",
)
NOT_RENDERED = Phrase(
    en="Git does not come to {kind} {name} any more: check again.",
    es="Git ya no produce {kind} {name}: hay que volver a comprobar.",
)
NO_PATCH = Phrase(
    en="{file} is not a list of patch operations: edit it by hand.",
    es="{file} no es una lista de operaciones de parche: hay que editarlo a mano.",
)
OVERRULED = Phrase(
    en="The overlay sets {kind} {name} in a way that no patch of the bot's changes (a generator, a transformer or a "
    "component): change it there by hand.",
    es="El overlay define {kind} {name} de un modo que ningún parche del bot cambia (un generador, un transformer o un "
    "component): hay que cambiarlo ahí a mano.",
)
