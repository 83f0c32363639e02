"""Why a revert was not begun."""

from bot.i18n.language import Phrase

NO_FORGE = Phrase(
    en="{repository} has no forge in the configuration, so no pull request can be opened.",
    es="{repository} no tiene forge en la configuración, así que no se puede abrir ningún pull request.",
)
OTHER_PAGE = Phrase(
    en="That page belongs to {home}; {repository} is {ours}.", es="Esa página es de {home}; {repository} es {ours}."
)
NO_PULL = Phrase(
    en="There is no pull request #{number} in {repository}.", es="No hay ningún pull request #{number} en {repository}."
)
EMPTY_RANGE = Phrase(
    en="{range} holds no commit. To undo {commit} alone, give its sha.",
    es="{range} no contiene ningún commit. Para deshacer solo {commit}, basta su sha.",
)
BACKWARDS = Phrase(en="{range} runs backwards: did you mean {other}?", es="{range} va hacia atrás: ¿será {other}?")
NO_LINE = Phrase(
    en="{first} and {last} lie on different branches, so there is no line between them.",
    es="{first} y {last} están en ramas distintas, así que no hay una línea entre ellos.",
)
LONG_RANGE = Phrase(
    en="{range} holds more than {most} commits; give a shorter range.",
    es="{range} contiene más de {most} commits; hace falta un rango más corto.",
)
NEEDS_BRANCH = Phrase(
    en="What is followed is {name}, which is no branch, and a revert needs one to be merged into: ask without the"
    " application to revert on the branch of {repository}, and move on from {name} afterwards. Nothing was opened.",
    es="Lo que se sigue es {name}, que no es una rama, y un revert necesita una en la que fusionarse: pídalo sin la"
    " aplicación para revertir en la rama de {repository}, y después avance desde {name}. No se abrió nada.",
)
BEGINS_INSIDE = Phrase(
    en="{commit} came in by a merge; begin the range at a commit made on {branch}.",
    es="{commit} llegó con un merge; el rango debe empezar en un commit hecho en {branch}.",
)
OTHER_APPLICATION = Phrase(
    en="That change does not touch {asked}; it touches {names}. Ask again without {asked}. Nothing was opened.",
    es="Ese cambio no toca {asked}; toca {names}. Se puede repetir sin {asked}. No se abrió nada.",
)
NO_APPLICATION = Phrase(
    en="That change does not touch {asked}; it touches no application of the configuration. "
    "Ask again without {asked}. Nothing was opened.",
    es="Ese cambio no toca {asked}; no toca ninguna aplicación de la configuración. "
    "Se puede repetir sin {asked}. No se abrió nada.",
)
ALL_TAKEN = Phrase(
    en="{branch} and its successors are all taken: delete old ones on the forge.",
    es="{branch} y sus sucesoras ya están todas ocupadas: hay que borrar las viejas en el forge.",
)
AND = Phrase(en="{one} and {other}", es="{one} y {other}")
