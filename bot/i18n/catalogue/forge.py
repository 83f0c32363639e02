"""What a forge did not do, and what to do about it."""

from bot.i18n.language import Phrase

READ_PULLS = Phrase(en="read pull requests", es="leer pull requests")
READ_REVIEWS = Phrase(en="read reviews", es="leer revisiones")
OPEN_PULL = Phrase(en="open a pull request from {branch}", es="abrir un pull request desde {branch}")
READ_MERGE_REQUESTS = Phrase(en="read merge requests", es="leer merge requests")
READ_PUSHES = Phrase(en="read who pushed", es="leer quién hizo push")
READ_APPROVALS = Phrase(en="read approvals", es="leer aprobaciones")
OPEN_MERGE_REQUEST = Phrase(en="open a merge request from {branch}", es="abrir un merge request desde {branch}")
MAKE_COMMIT = Phrase(en="make the commit of {branch}", es="crear el commit de {branch}")
SCOPE = Phrase(en="the scope {scope}", es="el scope {scope}")
DEVELOPER = Phrase(
    en="the scope api, and its owner the role Developer", es="el scope api, y a quien lo posee el rol Developer"
)
GIVE_TOKEN = Phrase(en="give the App a token", es="dar un token a la App")

NO_TOKEN = Phrase(
    en="{variable} is not set, so {repository} cannot be asked about pull requests: "
    "set it to a token that may write contents and pull requests.",
    es="{variable} no está definido, así que no se puede preguntar a {repository} por pull requests: "
    "debe ser un token que pueda escribir contents y pull requests.",
)
SILENT = Phrase(
    en="{forge} at {host} does not answer: check the network and the forge's api_url.",
    es="{forge} en {host} no responde: hay que revisar la red y el api_url del forge.",
)
NOT_THE_API = Phrase(
    en="{url} does not answer as {forge}'s API does: check the forge's api_url ({address}).",
    es="{url} no responde como la API de {forge}: hay que revisar el api_url del forge ({address}).",
)
ARCHIVED = Phrase(
    en="{repository} is archived on {forge}, so nothing can be pushed or opened there: unarchive it first.",
    es="{repository} está archivado en {forge}, así que ahí no se puede abrir nada ni hacer push: "
    "primero hay que desarchivarlo.",
)
BAD_TOKEN = Phrase(
    en="{forge} refused the token for {repository}: it is wrong or has expired; set {variable} anew.",
    es="{forge} rechazó el token de {repository}: es incorrecto o venció; hay que definir {variable} de nuevo.",
)
FORBIDDEN = Phrase(
    en="{forge} does not let the bot {doing} ({said}): grant its token {permission}.",
    es="{forge} no permite al bot {doing} ({said}): hay que otorgar a su token {permission}.",
)
NOT_SHOWN = Phrase(
    en="{forge} shows the bot no repository {repository}: check the forge's repository and api_url, "
    "and that its token ({variable}) may read it.",
    es="{forge} no muestra al bot ningún repositorio {repository}: hay que revisar repository y api_url del forge, "
    "y que su token ({variable}) pueda leerlo.",
)
BROKEN = Phrase(
    en="{forge} answered {status} and could not {doing}: try again in a minute.",
    es="{forge} respondió {status} y no pudo {doing}: se puede reintentar en un minuto.",
)
WOULD_NOT = Phrase(en="{forge} would not {doing} ({said}).", es="{forge} se negó a {doing} ({said}).")
SAID = Phrase(en="{repository}: {said}", es="{repository}: {said}")
STATUS = Phrase(en="{repository}, status {status}", es="{repository}, estado {status}")
LIMITED = Phrase(
    en="{forge}'s rate limit is used up until {time} UTC: try again then.",
    es="El límite de peticiones de {forge} está agotado hasta las {time} UTC: se puede reintentar entonces.",
)
SSO = Phrase(
    en="GitHub wants the token for {repository} authorised for the organization's single sign-on: "
    "Settings > Developer settings > Personal access tokens > Configure SSO.",
    es="GitHub pide que el token de {repository} se autorice para el single sign-on de la organización: "
    "Settings > Developer settings > Personal access tokens > Configure SSO.",
)
BAD_KEY = Phrase(
    en="GITHUB_APP_PRIVATE_KEY is no RSA private key: set the whole PEM text that GitHub gave for the App.",
    es="GITHUB_APP_PRIVATE_KEY no es una clave privada RSA: debe ser el texto PEM completo que GitHub dio para la App.",
)
INDEXING = Phrase(
    en="Bitbucket is still indexing the pull requests of {repository}: try again in a minute.",
    es="Bitbucket todavía indexa los pull requests de {repository}: se puede reintentar en un minuto.",
)
NO_INDEX = Phrase(
    en="Bitbucket has no index yet of which pull request brought which commit of {repository}: "
    "open any commit there and press “Go to pull request” once.",
    es="Bitbucket aún no tiene un índice de qué pull request trajo qué commit de {repository}: "
    "hay que abrir allí cualquier commit y pulsar una vez “Go to pull request”.",
)
OTHER_TREE = Phrase(
    en="GitHub made another tree of {branch} than git did, so nothing was pushed.",
    es="GitHub hizo de {branch} un árbol distinto al de git, así que no se hizo push de nada.",
)
CANNOT_SIGN = Phrase(
    en="{repository} takes signed commits alone, and GitHub signs those of a GitHub App: set GITHUB_APP_ID and "
    "GITHUB_APP_PRIVATE_KEY instead of GITHUB_TOKEN, or exempt gitops-bot/* from the rule.",
    es="{repository} solo acepta commits firmados, y GitHub firma los de una GitHub App: hay que definir GITHUB_APP_ID "
    "y GITHUB_APP_PRIVATE_KEY en lugar de GITHUB_TOKEN, o eximir gitops-bot/* de la regla.",
)
