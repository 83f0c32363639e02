"""Why a forge rejected a request, and what to do about it."""

from bot.i18n.language import Phrase

READ_PULLS = Phrase(en="read pull requests", es="leer pull requests")
READ_REVIEWS = Phrase(en="read reviews", es="leer revisiones")
READ_ACCESS = Phrase(en="check whether {who} can approve", es="comprobar si {who} puede aprobar")
METADATA_AND_WRITE = Phrase(
    en="Metadata: Read-only, and give its owner write access to the repository",
    es="Metadata: Read-only, y da a su propietario acceso de escritura al repositorio",
)
OPEN_PULL = Phrase(en="open a pull request from {branch}", es="abrir un pull request desde {branch}")
READ_MERGE_REQUESTS = Phrase(en="read merge requests", es="leer merge requests")
READ_PUSHES = Phrase(en="look up who pushed", es="averiguar quién hizo push")
READ_CHECKS = Phrase(en="read checks", es="leer checks")
READ_APPROVALS = Phrase(en="read approvals", es="leer aprobaciones")
OPEN_MERGE_REQUEST = Phrase(en="open a merge request from {branch}", es="abrir un merge request desde {branch}")
MAKE_COMMIT = Phrase(en="create the commit for {branch}", es="crear el commit de {branch}")
SCOPE = Phrase(en="the {scope} scope", es="el scope {scope}")
DEVELOPER = Phrase(
    en="the api scope, and give its owner the Developer role", es="el scope api y da a su propietario el rol Developer"
)
GIVE_TOKEN = Phrase(en="get a token for the GitHub App", es="obtener un token para la GitHub App")

NO_TOKEN = Phrase(
    en="{variable} is not set, so the bot cannot access the pull requests of {repository}. Set it to a token with "
    "write access to contents and pull requests.",
    es="{variable} no está definido, así que el bot no puede acceder a los pull requests de {repository}. Define un "
    "token con permiso de escritura en contents y pull requests.",
)
SILENT = Phrase(
    en="{forge} at {host} is not responding. Check the network and the forge's api_url.",
    es="{forge} en {host} no responde. Revisa la red y el api_url del forge.",
)
UNKNOWN_NAME = Phrase(
    en="The name {host} cannot be resolved. Check the forge's api_url and DNS.",
    es="El nombre {host} no se puede resolver. Revisa el api_url del forge y el DNS.",
)
UNTRUSTED = Phrase(
    en="The TLS certificate of {host} is not trusted ({reason}). If a private CA or a proxy issued it, set "
    "REQUESTS_CA_BUNDLE to a file with the CA's certificate.",
    es="El certificado TLS de {host} no es de confianza ({reason}). Si lo emitió una CA privada o un proxy, define "
    "REQUESTS_CA_BUNDLE con un archivo que contenga el certificado de la CA.",
)
NO_TLS = Phrase(
    en="The TLS handshake with {forge} at {host} failed ({reason}). Check the scheme and port of the forge's api_url.",
    es="{forge} en {host} no responde con TLS ({reason}). Revisa el esquema y el puerto del api_url del forge.",
)
EXCEEDED = Phrase(
    en="{forge} at {host} exceeded one of the bot's limits: {limit}.",
    es="{forge} en {host} superó uno de los límites del bot: {limit}.",
)
ENDLESS = Phrase(
    en="reading the result took more than {count} requests",
    es="leer el resultado requirió más de {count} solicitudes",
)
SLOW = Phrase(en="the response took longer than {seconds} s", es="la respuesta tardó más de {seconds} s")
LARGE = Phrase(en="it sent more than {megabytes} MiB", es="envió más de {megabytes} MiB")
NOT_THE_API = Phrase(
    en="{url} does not respond like the {forge} API. Check the forge's api_url ({address}).",
    es="{url} no responde como la API de {forge}. Revisa el api_url del forge ({address}).",
)
ARCHIVED = Phrase(
    en="{repository} is archived on {forge}, so the bot cannot push or open pull requests there. Unarchive it first.",
    es="{repository} está archivado en {forge}, así que ahí no se puede abrir nada ni hacer push. "
    "Primero desarchívalo.",
)
BAD_TOKEN = Phrase(
    en="{forge} rejected the token for {repository}. The token is wrong or has expired. Replace {variable}.",
    es="{forge} rechazó el token de {repository}: es incorrecto o venció. Reemplaza {variable}.",
)
FORBIDDEN = Phrase(
    en="{forge} does not allow the bot to {doing} ({said}). Grant the token {permission}.",
    es="{forge} no permite al bot {doing} ({said}). Otorga a su token {permission}.",
)
NOT_SHOWN = Phrase(
    en="{repository} is not visible to the bot on {forge}. Check that the forge's repository and api_url are correct "
    "and that the bot can read the repository ({variable}).",
    es="{repository} no es visible para el bot en {forge}. Revisa que repository y api_url del forge sean correctos y "
    "que el bot pueda leer el repositorio ({variable}).",
)
BROKEN = Phrase(
    en="{forge} returned {status}, so the bot could not {doing}. Try again in a minute.",
    es="{forge} devolvió {status}, así que el bot no pudo {doing}. Reintenta en un minuto.",
)
WOULD_NOT = Phrase(
    en="{forge} rejected the request to {doing} ({said}).",
    es="{forge} rechazó la solicitud de {doing} ({said}).",
)
SAID = Phrase(en="{repository}: {said}", es="{repository}: {said}")
STATUS = Phrase(en="{repository}, status {status}", es="{repository}, estado {status}")
LIMITED = Phrase(
    en="The {forge} rate limit has been reached and resets at {time} UTC.",
    es="El límite de solicitudes de {forge} está agotado y se renueva a las {time} UTC.",
)
SSO = Phrase(
    en="The token for {repository} must be authorized for the organization's single sign-on. On GitHub, open Settings "
    "> Developer settings > Personal access tokens > Configure SSO.",
    es="El token de {repository} debe autorizarse para el single sign-on de la organización. En GitHub, abre Settings "
    "> Developer settings > Personal access tokens > Configure SSO.",
)
BAD_KEY = Phrase(
    en="GITHUB_APP_PRIVATE_KEY is not an RSA private key. Set it to the full PEM text that GitHub issued for the App.",
    es="GITHUB_APP_PRIVATE_KEY no es una clave privada RSA. Debe ser el texto PEM completo que GitHub emitió para la "
    "App.",
)
INDEXING = Phrase(
    en="Bitbucket is still indexing the pull requests of {repository}. Try again in a minute.",
    es="Bitbucket todavía está indexando los pull requests de {repository}. Reintenta en un minuto.",
)
NO_INDEX = Phrase(
    en="Bitbucket has not indexed which pull requests the commits in {repository} belong to. "
    "Open any commit there and click “Go to pull request” once.",
    es="Bitbucket todavía no indexó a qué pull requests pertenecen los commits de {repository}. "
    "Abre allí cualquier commit y haz clic una vez en “Go to pull request”.",
)
OTHER_TREE = Phrase(
    en="GitHub created a different tree for {branch} than git did, so nothing was pushed.",
    es="GitHub creó para {branch} un árbol distinto al de git, así que no se hizo push de nada.",
)
CANNOT_SIGN = Phrase(
    en="{repository} accepts only signed commits, and GitHub signs only commits that a GitHub App creates. Set "
    "GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY instead of GITHUB_TOKEN, or exempt gitops-bot/* from the rule.",
    es="{repository} solo acepta commits firmados, y GitHub solo firma los commits que crea una GitHub App. Define "
    "GITHUB_APP_ID y GITHUB_APP_PRIVATE_KEY en lugar de GITHUB_TOKEN, o exime gitops-bot/* de la regla.",
)
