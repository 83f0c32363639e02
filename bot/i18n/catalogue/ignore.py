"""Why an ignore rule is not valid."""

from bot.i18n.language import Phrase

NO_SLASH = Phrase(
    en="The JSON pointer {pointer} must start with a slash.", es="El JSON pointer {pointer} debe empezar con una barra."
)
LONG_JQ = Phrase(
    en="The jq expression {start}… is longer than {most} characters. Split it.",
    es="La expresión jq {start}… tiene más de {most} caracteres. Divídela.",
)
NO_JQ_PATH = Phrase(
    en="The jq expression {expression} computes a value instead of selecting a path.",
    es="La expresión jq {expression} calcula un valor en vez de seleccionar una ruta.",
)
BAD_JQ = Phrase(
    en="The jq expression {expression} is not valid at character {at}. Supported: {supported}.",
    es="La expresión jq {expression} no es válida en el carácter {at}. Se admite: {supported}.",
)
DEEP_JQ = Phrase(
    en="The jq expression is nested too deeply.", es="La expresión jq tiene demasiados niveles de anidamiento."
)
SUPPORTED_JQ = Phrase(
    en="paths, [], ?, |, commas, comparisons, the operators “and” and “or”, plus the functions not, select, has, "
    "startswith, endswith, contains, any and all",
    es="rutas, [], ?, |, comas, comparaciones, los operadores “and” y “or”, y las funciones not, select, has, "
    "startswith, endswith, contains, any y all",
)
