"""How bad drift is, and why, in words: nobody has to know what a colour means."""

from bot.core.message.language import Phrase
from bot.core.severity import Reason, Severity

LEVELS = {
    Severity.CRITICAL: Phrase(en="Critical drift", es="Drift crítico"),
    Severity.SERIOUS: Phrase(en="Serious drift", es="Drift grave"),
    Severity.MINOR: Phrase(en="Minor drift", es="Drift leve"),
}

REASONS = {
    Reason.PRIVILEGED: Phrase(
        en="a container is privileged and may do anything on its node",
        es="un contenedor es privilegiado y puede hacerlo todo en su nodo",
    ),
    Reason.ESCALATION: Phrase(
        en="a process may gain more rights than it began with",
        es="un proceso puede ganar más permisos de los que tenía al empezar",
    ),
    Reason.ROOT: Phrase(en="a container runs as root", es="un contenedor se ejecuta como root"),
    Reason.CAPABILITIES: Phrase(
        en="a container's kernel capabilities differ", es="difieren las capacidades de kernel de un contenedor"
    ),
    Reason.HOST_NAMESPACE: Phrase(
        en="a pod shares its node's network or processes", es="un pod comparte la red o los procesos de su nodo"
    ),
    Reason.HOST_PATH: Phrase(en="a pod reaches its node's files", es="un pod llega a los archivos de su nodo"),
    Reason.ACCESS: Phrase(
        en="who may do what in the cluster differs", es="difiere quién puede hacer qué en el cluster"
    ),
    Reason.ADMISSION: Phrase(en="what the API server lets in differs", es="difiere lo que el API server deja entrar"),
    Reason.NETWORK_POLICY: Phrase(
        en="which pods may talk to each other differs", es="difiere qué pods pueden hablar entre sí"
    ),
    Reason.EXPOSED: Phrase(en="a Service can be reached from outside", es="se puede llegar a un Service desde fuera"),
    Reason.POD_SECURITY: Phrase(
        en="a namespace's pod security level differs", es="difiere el nivel de seguridad de pods de un namespace"
    ),
    Reason.SECURITY_CONTEXT: Phrase(en="a security context differs", es="difiere un contexto de seguridad"),
    Reason.IDENTITY: Phrase(
        en="the account that a pod runs under differs", es="difiere la cuenta con la que se ejecuta un pod"
    ),
    Reason.SECRET: Phrase(en="a Secret differs", es="difiere un Secret"),
    Reason.CONTAINER: Phrase(en="the containers of a pod differ", es="difieren los contenedores de un pod"),
    Reason.IMAGE: Phrase(en="an image differs", es="difiere una imagen"),
    Reason.COMMAND: Phrase(en="what a container runs differs", es="difiere lo que ejecuta un contenedor"),
    Reason.ENVIRONMENT: Phrase(
        en="a container's environment variables differ", es="difieren las variables de entorno de un contenedor"
    ),
    Reason.CONFIGURATION: Phrase(en="a ConfigMap differs", es="difiere un ConfigMap"),
    Reason.TRAFFIC: Phrase(en="where traffic goes differs", es="difiere adónde va el tráfico"),
    Reason.TLS: Phrase(en="a TLS setting differs", es="difiere un ajuste de TLS"),
    Reason.STOPPED: Phrase(en="a workload is stopped", es="una carga de trabajo está parada"),
    Reason.STORAGE: Phrase(en="storage differs", es="difiere el almacenamiento"),
    Reason.TIMETABLE: Phrase(en="when a job runs differs", es="difiere cuándo se ejecuta un trabajo"),
    Reason.DEFINITION: Phrase(
        en="the definition of a custom resource differs", es="difiere la definición de un recurso propio"
    ),
    Reason.MISSING: Phrase(en="an object is missing", es="falta un objeto"),
    Reason.CUSTOM: Phrase(en="a custom resource differs", es="difiere un recurso propio"),
    Reason.SCALE: Phrase(en="a number of replicas differs", es="difiere un número de réplicas"),
    Reason.RESOURCES: Phrase(
        en="a container's share of CPU or memory differs", es="difiere la parte de CPU o memoria de un contenedor"
    ),
    Reason.PROBES: Phrase(en="a health probe differs", es="difiere una prueba de salud"),
    Reason.SCHEDULING: Phrase(en="where pods may run differs", es="difiere dónde pueden ejecutarse los pods"),
    Reason.LABELS: Phrase(en="labels or annotations differ", es="difieren etiquetas o anotaciones"),
    Reason.OTHER: Phrase(en="a setting differs", es="difiere un ajuste"),
}
