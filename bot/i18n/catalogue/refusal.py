"""Why a revert was not started."""

from bot.i18n.language import Phrase

NO_FORGE = Phrase(
    en="{repository} has no forge configured, so the bot cannot open pull requests there.",
    es="{repository} no tiene un forge configurado, así que el bot no puede abrir pull requests ahí.",
)
OTHER_PAGE = Phrase(
    en="That URL belongs to {home}, but {repository} is {ours}.",
    es="Esa URL es de {home}, pero {repository} es {ours}.",
)
NO_PULL = Phrase(
    en="There is no pull request #{number} in {repository}.", es="No existe el pull request #{number} en {repository}."
)
EMPTY_RANGE = Phrase(
    en="{range} contains no commits. To revert only {commit}, use its sha.",
    es="{range} no contiene commits. Para revertir solo {commit}, usa su sha.",
)
BACKWARDS = Phrase(
    en="{range} runs backwards. Did you mean {other}?", es="{range} va hacia atrás. ¿Querías decir {other}?"
)
NO_LINE = Phrase(
    en="{first} and {last} are on different branches, so there is no range between them.",
    es="{first} y {last} están en ramas distintas, así que no hay un rango entre ellos.",
)
LONG_RANGE = Phrase(
    en="{range} contains more than {most} commits. Use a shorter range.",
    es="{range} contiene más de {most} commits. Usa un rango más corto.",
)
NEEDS_BRANCH = Phrase(
    en="The application follows {name}, which is not a branch, and a revert needs a branch to merge into. To revert on "
    "the branch of {repository}, try again without the application, then point it at a newer revision than {name}. "
    "Nothing was opened.",
    es="La aplicación sigue {name}, que no es una rama, y un revert necesita una rama en la que fusionarse. Para "
    "revertir en la rama de {repository}, reintenta sin la aplicación y después apúntala a una revisión más nueva que "
    "{name}. No se abrió nada.",
)
BEGINS_INSIDE = Phrase(
    en="{commit} came in through a merge. Start the range at a commit made on {branch}.",
    es="{commit} llegó con una fusión. Empieza el rango en un commit hecho en {branch}.",
)
OTHER_APPLICATION = Phrase(
    en="That change does not affect {asked}; it affects {names}. Try again without {asked}. Nothing was opened.",
    es="Ese cambio no afecta a {asked}; afecta a {names}. Reintenta sin {asked}. No se abrió nada.",
)
NO_APPLICATION = Phrase(
    en="That change affects neither {asked} nor any other configured application. Try again without {asked}. "
    "Nothing was opened.",
    es="Ese cambio no afecta a {asked} ni a ninguna otra aplicación configurada. Reintenta sin {asked}. "
    "No se abrió nada.",
)
ALL_TAKEN = Phrase(
    en="{branch} and its numbered variants already exist. Delete old ones on the forge.",
    es="{branch} y sus variantes numeradas ya existen. Elimina las antiguas en el forge.",
)
AND = Phrase(en="{one} and {other}", es="{one} y {other}")
