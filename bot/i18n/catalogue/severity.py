"""How severe drift is, and why: in words, so that nobody has to know what a color means."""

from bot.i18n.language import Phrase

# By the name of a `Severity`.
LEVELS = {
    "CRITICAL": Phrase(en="Critical drift", es="Drift crítico"),
    "SERIOUS": Phrase(en="Serious drift", es="Drift grave"),
    "MINOR": Phrase(en="Minor drift", es="Drift leve"),
}

SEVERITIES = {
    "CRITICAL": Phrase(en="Critical", es="Crítico"),
    "SERIOUS": Phrase(en="Serious", es="Grave"),
    "MINOR": Phrase(en="Minor", es="Leve"),
}

# By the value of a `Reason`.
REASONS = {
    "privileged": Phrase(
        en="a container is privileged and has full access to its node",
        es="un contenedor es privilegiado y tiene acceso total a su nodo",
    ),
    "escalation": Phrase(
        en="a process can gain more privileges than its parent",
        es="un proceso puede obtener más privilegios que su proceso padre",
    ),
    "root": Phrase(en="a container runs as root", es="un contenedor se ejecuta como root"),
    "capabilities": Phrase(
        en="a container's Linux capabilities differ", es="las capabilities de Linux de un contenedor difieren"
    ),
    "host_namespace": Phrase(
        en="a pod shares the network, processes or users of its node",
        es="un pod comparte la red, los procesos o los usuarios de su nodo",
    ),
    "host_path": Phrase(en="a pod has access to files on its node", es="un pod tiene acceso a archivos de su nodo"),
    "access": Phrase(en="RBAC permissions differ", es="los permisos RBAC difieren"),
    "admission": Phrase(en="admission rules differ", es="las reglas de admisión difieren"),
    "network_policy": Phrase(en="a network policy differs", es="una política de red difiere"),
    "exposed": Phrase(
        en="a Service is reachable from outside the cluster", es="un Service es accesible desde fuera del clúster"
    ),
    "pod_security": Phrase(
        en="a namespace's pod security level differs", es="el nivel de seguridad de pods de un namespace difiere"
    ),
    "security_context": Phrase(en="a security context differs", es="un contexto de seguridad difiere"),
    "isolation": Phrase(en="a pod's isolation differs", es="el aislamiento de un pod difiere"),
    "cloud_role": Phrase(
        en="a service account's cloud role differs", es="el rol en la nube de una service account difiere"
    ),
    "identity": Phrase(en="a pod's service account differs", es="la service account de un pod difiere"),
    "secret": Phrase(en="a Secret differs", es="un Secret difiere"),
    "container": Phrase(en="a pod's containers differ", es="los contenedores de un pod difieren"),
    "image": Phrase(en="an image differs", es="una imagen difiere"),
    "command": Phrase(en="a container's command differs", es="el comando de un contenedor difiere"),
    "environment": Phrase(
        en="a container's environment variables differ", es="las variables de entorno de un contenedor difieren"
    ),
    "configuration": Phrase(en="a ConfigMap differs", es="un ConfigMap difiere"),
    "traffic": Phrase(en="traffic routing differs", es="el enrutamiento del tráfico difiere"),
    "tls": Phrase(en="a TLS setting differs", es="un ajuste de TLS difiere"),
    "stopped": Phrase(en="a workload is stopped", es="una carga de trabajo está detenida"),
    "paused": Phrase(en="the rollout of a workload is paused", es="el rollout de una carga de trabajo está en pausa"),
    "storage": Phrase(en="storage differs", es="el almacenamiento difiere"),
    "timetable": Phrase(en="a CronJob's schedule differs", es="la programación de un CronJob difiere"),
    "definition": Phrase(en="a CustomResourceDefinition differs", es="una CustomResourceDefinition difiere"),
    "missing": Phrase(en="an object is missing", es="falta un objeto"),
    "custom": Phrase(en="a custom resource differs", es="un custom resource difiere"),
    "scale": Phrase(en="the replica count differs", es="el número de réplicas difiere"),
    "resources": Phrase(
        en="a container's CPU or memory settings differ", es="los ajustes de CPU o memoria de un contenedor difieren"
    ),
    "probes": Phrase(en="a health probe differs", es="una sonda de salud difiere"),
    "scheduling": Phrase(en="pod scheduling differs", es="la asignación de pods a nodos difiere"),
    "labels": Phrase(en="labels or annotations differ", es="las etiquetas o anotaciones difieren"),
    "other": Phrase(en="a setting differs", es="un ajuste difiere"),
}
