"""How bad drift is, and why, in words: nobody has to know what a colour means."""

from bot.i18n.language import Phrase

# By the name of a `Severity`.
LEVELS = {
    "CRITICAL": Phrase(en="Critical drift", es="Drift crítico"),
    "SERIOUS": Phrase(en="Serious drift", es="Drift grave"),
    "MINOR": Phrase(en="Minor drift", es="Drift leve"),
}

# By the value of a `Reason`.
REASONS = {
    "privileged": Phrase(
        en="a container is privileged and may do anything on its node",
        es="un contenedor es privilegiado y puede hacerlo todo en su nodo",
    ),
    "escalation": Phrase(
        en="a process may gain more rights than it began with",
        es="un proceso puede ganar más permisos de los que tenía al empezar",
    ),
    "root": Phrase(en="a container runs as root", es="un contenedor se ejecuta como root"),
    "capabilities": Phrase(
        en="a container's kernel capabilities differ", es="difieren las capacidades de kernel de un contenedor"
    ),
    "host_namespace": Phrase(
        en="a pod shares its node's network or processes", es="un pod comparte la red o los procesos de su nodo"
    ),
    "host_path": Phrase(en="a pod reaches its node's files", es="un pod llega a los archivos de su nodo"),
    "access": Phrase(en="who may do what in the cluster differs", es="difiere quién puede hacer qué en el cluster"),
    "admission": Phrase(en="what the API server lets in differs", es="difiere lo que el API server deja entrar"),
    "network_policy": Phrase(
        en="which pods may talk to each other differs", es="difiere qué pods pueden hablar entre sí"
    ),
    "exposed": Phrase(en="a Service can be reached from outside", es="se puede llegar a un Service desde fuera"),
    "pod_security": Phrase(
        en="a namespace's pod security level differs", es="difiere el nivel de seguridad de pods de un namespace"
    ),
    "security_context": Phrase(en="a security context differs", es="difiere un contexto de seguridad"),
    "identity": Phrase(
        en="the account that a pod runs under differs", es="difiere la cuenta con la que se ejecuta un pod"
    ),
    "secret": Phrase(en="a Secret differs", es="difiere un Secret"),
    "container": Phrase(en="the containers of a pod differ", es="difieren los contenedores de un pod"),
    "image": Phrase(en="an image differs", es="difiere una imagen"),
    "command": Phrase(en="what a container runs differs", es="difiere lo que ejecuta un contenedor"),
    "environment": Phrase(
        en="a container's environment variables differ", es="difieren las variables de entorno de un contenedor"
    ),
    "configuration": Phrase(en="a ConfigMap differs", es="difiere un ConfigMap"),
    "traffic": Phrase(en="where traffic goes differs", es="difiere adónde va el tráfico"),
    "tls": Phrase(en="a TLS setting differs", es="difiere un ajuste de TLS"),
    "stopped": Phrase(en="a workload is stopped", es="una carga de trabajo está parada"),
    "storage": Phrase(en="storage differs", es="difiere el almacenamiento"),
    "timetable": Phrase(en="when a job runs differs", es="difiere cuándo se ejecuta un trabajo"),
    "definition": Phrase(
        en="the definition of a custom resource differs", es="difiere la definición de un recurso propio"
    ),
    "missing": Phrase(en="an object is missing", es="falta un objeto"),
    "custom": Phrase(en="a custom resource differs", es="difiere un recurso propio"),
    "scale": Phrase(en="a number of replicas differs", es="difiere un número de réplicas"),
    "resources": Phrase(
        en="a container's share of CPU or memory differs", es="difiere la parte de CPU o memoria de un contenedor"
    ),
    "probes": Phrase(en="a health probe differs", es="difiere una prueba de salud"),
    "scheduling": Phrase(en="where pods may run differs", es="difiere dónde pueden ejecutarse los pods"),
    "labels": Phrase(en="labels or annotations differ", es="difieren etiquetas o anotaciones"),
    "other": Phrase(en="a setting differs", es="difiere un ajuste"),
}
