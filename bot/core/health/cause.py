"""Why a rollout is stuck, from the reason and the message of Kubernetes or a deployer."""

from enum import StrEnum
from typing import Final


class Cause(StrEnum):
    """What keeps a workload from running, or a change from being applied; the most specific cause comes first."""

    IMAGE_PULL = "image_pull"
    OOM_KILLED = "oom_killed"
    CRASH_LOOP = "crash_loop"
    QUOTA = "quota"
    ADMISSION = "admission"
    UNSCHEDULABLE = "unschedulable"
    HOOK_FAILED = "hook_failed"
    DEPENDENCY = "dependency"
    PROBE = "probe"


# Reasons of containers, pods and Flux resources.
# https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/images/types.go
# https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/container/sync_result.go
# https://fluxcd.io/flux/components/kustomize/kustomizations/#conditions
_REASONS: Final = {
    "ErrImagePull": Cause.IMAGE_PULL,
    "ImagePullBackOff": Cause.IMAGE_PULL,
    "ErrImageNeverPull": Cause.IMAGE_PULL,
    "InvalidImageName": Cause.IMAGE_PULL,
    "ImageInspectError": Cause.IMAGE_PULL,
    "RegistryUnavailable": Cause.IMAGE_PULL,
    "SignatureValidationFailed": Cause.IMAGE_PULL,
    "CrashLoopBackOff": Cause.CRASH_LOOP,
    "Error": Cause.CRASH_LOOP,
    "ContainerCannotRun": Cause.CRASH_LOOP,
    "RunContainerError": Cause.CRASH_LOOP,
    "StartError": Cause.CRASH_LOOP,
    "OOMKilled": Cause.OOM_KILLED,
    "Unschedulable": Cause.UNSCHEDULABLE,
    "SchedulingGated": Cause.UNSCHEDULABLE,
    "CreateContainerConfigError": Cause.DEPENDENCY,  # a ConfigMap or Secret that does not exist
    "DependencyNotReady": Cause.DEPENDENCY,
}

# What the API server's admission control and the deployers write, in lower case; the first match counts.
# https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/webhook/errors/statuserror.go
# https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/resourcequota/controller.go
_MESSAGES: Final = (
    (("admission webhook", "denied"), Cause.ADMISSION),
    (("validatingadmissionpolicy", "denied"), Cause.ADMISSION),
    (("violates podsecurity",), Cause.ADMISSION),
    (("exceeded quota",), Cause.QUOTA),
    (("hook", "failed"), Cause.HOOK_FAILED),
    (("dependency", "not ready"), Cause.DEPENDENCY),
)


def cause_of(reason: str, message: str = "") -> Cause | None:
    """The cause behind a reason or a message; None if it is unknown."""
    lower = message.lower()
    named = (cause for words, cause in _MESSAGES if all(word in lower for word in words))
    return _REASONS.get(reason) or next(named, None)
