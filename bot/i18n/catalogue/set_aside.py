"""Why a difference is not drift, in a few words."""

from bot.i18n.language import Phrase

GIT_SAYS = Phrase(en="opted out in git ({name}: {value})", es="excluida en git ({name}: {value})")
RULE = Phrase(en="ignored by {rule}: {what}", es="ignorada por {rule}: {what}")
MANAGER = Phrase(en="field manager {manager}", es="el field manager {manager}")
BOTH_RULES = Phrase(en="{one}; {other}", es="{one}; {other}")
A_RULE = Phrase(en="a rule", es="una regla")
CONFIGURED = Phrase(en="rule {n} in the configuration", es="la regla {n} de la configuración")
DEFAULT = Phrase(en="default value", es="valor por defecto")
FILLED_IN = Phrase(en="set by the API server", es="definido por el API server")
DROPPED = Phrase(en="empty value dropped by the API server", es="valor vacío que el API server descarta")
RESTART = Phrase(en="restart, not a configuration change", es="reinicio, no un cambio de configuración")
TRACKING_METADATA = Phrase(en="the deployer's tracking metadata", es="metadatos de seguimiento del deployer")
AUTOSCALER = Phrase(en="set by an autoscaler", es="definido por un autoscaler")
AGGREGATED = Phrase(en="aggregated from other ClusterRoles", es="agregado de otros ClusterRoles")
SCALED = Phrase(
    en="not set in git; written through the scale subresource",
    es="sin definir en git; escrito mediante el subrecurso scale",
)
WRITTEN = Phrase(en="written by {manager}, not by hand", es="escrito por {manager}, no a mano")
NO_MANAGER = Phrase(
    en="no field manager recorded (a default or a webhook)",
    es="sin field manager registrado (un valor por defecto o un webhook)",
)
