"""Why a revert was not started."""

from bot.i18n.language import Phrase

NO_FORGE = Phrase(
    en="{repository} has no forge configured, so the bot cannot open pull requests there.",
    es="{repository} no tiene un forge configurado, así que el bot no puede abrir pull requests ahí.",
)
OTHER_PAGE = Phrase(
    en="That URL points to {home}, but {repository} is configured as {ours}.",
    es="Esa URL apunta a {home}, pero {repository} está configurado como {ours}.",
)
NO_PULL = Phrase(
    en="There is no pull request #{number} in {repository}.", es="No existe el pull request #{number} en {repository}."
)
MERGED_ELSEWHERE = Phrase(
    en="#{number} was merged into {base}, but its commit {commit} is also on {branch}. To revert commits on {branch}, "
    "use a SHA or a range, such as {command}.",
    es="#{number} se fusionó en {base}, pero su commit {commit} también está en {branch}. Para revertir commits en "
    "{branch}, usa un SHA o un rango, por ejemplo {command}.",
)
MERGE_COMMIT_ELSEWHERE = Phrase(
    en="#{number} was merged into {base} as {commit}, a merge commit that {branch} contains. To revert everything that "
    "this merge brought to {base}, including any commits that {branch} had before, run {command}.",
    es="#{number} se fusionó en {base} como {commit}, un commit de fusión que {branch} contiene. Para revertir todo lo "
    "que esa fusión trajo a {base}, incluidos los commits que {branch} ya tuviera, ejecuta {command}.",
)
EMPTY_RANGE = Phrase(
    en="{range} contains no commits. To revert only {commit}, use its SHA.",
    es="{range} no contiene commits. Para revertir solo {commit}, usa su SHA.",
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
    en="The application tracks {name}, which is not a branch, so a revert pull request cannot target it. To revert "
    "on the tracked branch of {repository}, run the command without the application. Then set the application's "
    "revision to one that includes the revert. No pull request was opened.",
    es="La aplicación sigue {name}, que no es una rama, así que un pull request de revert no tiene rama de destino. "
    "Para revertir en la rama seguida de {repository}, ejecuta el comando sin la aplicación. Después define en la "
    "aplicación una revisión que incluya el revert. No se abrió ningún pull request.",
)
BEGINS_INSIDE = Phrase(
    en="{commit} is part of a merge. Start the range at a commit made directly on {branch}.",
    es="{commit} es parte de una fusión. Empieza el rango en un commit hecho directamente en {branch}.",
)
NOT_ALL_LISTED = Phrase(
    en="The bot can't tell which commits #{number} brought to {branch}: the forge doesn't list all of them. To revert "
    "them, use a range from the last commit that {branch} had before, up to {commit}.",
    es="El bot no puede saber qué commits trajo #{number} a {branch}: el forge no los lista todos. Para revertirlos, "
    "usa un rango desde el último commit que {branch} tenía antes, hasta {commit}.",
)
OTHER_APPLICATION = Phrase(
    en="That change does not affect {asked}; it affects {names}. No pull request was opened. Try again without "
    "{asked}.",
    es="Ese cambio no afecta a {asked}; afecta a {names}. No se abrió ningún pull request. Reintenta sin {asked}.",
)
NO_APPLICATION = Phrase(
    en="That change affects neither {asked} nor any other configured application. No pull request was opened. Try "
    "again without {asked}.",
    es="Ese cambio no afecta a {asked} ni a ninguna otra aplicación configurada. No se abrió ningún pull request. "
    "Reintenta sin {asked}.",
)
UNREADABLE_APPLICATION = Phrase(
    en="That change does not affect {asked}, and the bot cannot tell whether it affects {names}: /gitops status says "
    "why. No pull request was opened. Try again without {asked}.",
    es="Ese cambio no afecta a {asked}, y el bot no puede saber si afecta a {names}: /gitops status dice por qué. No "
    "se abrió ningún pull request. Reintenta sin {asked}.",
)
REWRITTEN = Phrase(
    en="{branch} was rewritten in the meantime, so the pull request would bring back removed commits. It was not "
    "opened. Try again.",
    es="{branch} se reescribió entretanto, así que el pull request volvería a traer commits eliminados. No se abrió. "
    "Reinténtalo.",
)
ALL_TAKEN = Phrase(
    en="{branch} and its numbered variants already exist. Delete the old branches on the forge.",
    es="{branch} y sus variantes numeradas ya existen. Elimina las antiguas en el forge.",
)
FOLDER_TAKEN = Phrase(
    en="The branch {folder} prevents git from creating {branch}. Rename or delete {folder} on the forge.",
    es="La rama {folder} impide que git cree {branch}. Cambia el nombre de {folder} o elimínala en el forge.",
)
AND = Phrase(en="{one} and {other}", es="{one} y {other}")
