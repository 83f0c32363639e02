"""Why a difference is no drift, in a few words."""

from bot.i18n.language import Phrase

GIT_SAYS = Phrase(en="git says {name}: {value}", es="git dice {name}: {value}")
RULE = Phrase(en="ignored by {rule}: {what}", es="ignorado por {rule}: {what}")
MANAGER = Phrase(en="manager {manager}", es="el field manager {manager}")
BOTH_RULES = Phrase(en="{one}; {other}", es="{one}; {other}")
A_RULE = Phrase(en="a rule", es="una regla")
CONFIGURED = Phrase(en="rule {n} of the configuration", es="la regla {n} de la configuración")
DEFAULT = Phrase(en="its default", es="su valor por defecto")
FILLED_IN = Phrase(en="filled in by the server", es="completado por el servidor")
DROPPED = Phrase(en="the server drops what says nothing", es="el servidor descarta lo que no dice nada")
RESTART = Phrase(en="a restart, no change of configuration", es="un reinicio, no un cambio de configuración")
DEPLOYERS_MARK = Phrase(en="the deployer's own mark", es="una marca del propio deployer")
AUTOSCALER = Phrase(en="an autoscaler sets it", es="lo pone un autoscaler")
AGGREGATED = Phrase(en="collected from other ClusterRoles", es="reunido de otros ClusterRoles")
SCALED = Phrase(en="git leaves replicas to whoever scales", es="git deja replicas a quien escale")
WRITTEN = Phrase(
    en="written by {manager}, no tool that people use by hand",
    es="escrito por {manager}, que no es una herramienta de uso manual",
)
NOBODYS = Phrase(en="nobody's: a default or webhook", es="de nadie: un valor por defecto o un webhook")
