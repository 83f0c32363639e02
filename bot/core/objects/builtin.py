"""The built-in kinds: their lists, and what OpenAPI lacks (defaults, pointers, server-filled fields).

The table is for Kubernetes 1.36. A line is a type with its unusual fields; a field that is not listed is a plain value,
a struct of such fields, or a list that is compared as a whole and in order. After a field's name, in this order:

    *            a pointer: the server keeps a declared zero (`replicas: 0`), which it drops from other fields, and
                 an empty struct has a meaning (`namespaceSelector: {}` selects all namespaces)
    []           a list compared as a whole, in order; [~] in any order; [a,b] by those keys; [=] a set
    {}           a mapping whose keys users choose
    :Type        the type of the value, or of each item: a line of this table, `quantity`, `time`, `bytes` or `any`
    =value       the default, as JSON; {} if the struct always exists
    =@a|b        the default is the value of one of these fields beside it; =@name() is a function below
    !            the server or a controller fills it in if it is not declared
    ?            likewise, but only if it is declared empty
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import orjson

_TABLE: Final = """
[meta/v1]
LabelSelector: matchExpressions[~]:LabelSelectorRequirement matchLabels{}
LabelSelectorRequirement: values[~]
ManagedFieldsEntry: time:time
ObjectMeta: annotations{} creationTimestamp:time! deletionGracePeriodSeconds! deletionTimestamp:time finalizers[=]!
  generateName! generation! labels{} managedFields[]:ManagedFieldsEntry! ownerReferences[uid]! resourceVersion!
  selfLink! uid!
[core/v1]
Affinity: nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity
AppArmorProfile: localhostProfile*
AzureDiskVolumeSource: cachingMode*="ReadWrite" fsType*="ext4" kind*="Shared" readOnly*=false
AzureFilePersistentVolumeSource: secretNamespace*
CSIPersistentVolumeSource: volumeAttributes{}
CSIVolumeSource: fsType* readOnly* volumeAttributes{}
Capabilities: add[~] drop[~]
ClientIPConfig: timeoutSeconds*=10800
ClusterTrustBundleProjection: labelSelector*:LabelSelector name* optional* signerName*
ConfigMap: binaryData{}:bytes data{} immutable* metadata:ObjectMeta
ConfigMapEnvSource: optional*
ConfigMapKeySelector: optional*
ConfigMapProjection: items[]:KeyToPath optional*
ConfigMapVolumeSource: defaultMode*=420 items[]:KeyToPath optional*
Container: env[name]:EnvVar envFrom[]:EnvFromSource imagePullPolicy=@imagePullPolicy() lifecycle:Lifecycle
  livenessProbe:Probe ports[containerPort,protocol]:ContainerPort readinessProbe:Probe
  resources:ResourceRequirements={} restartPolicy* restartPolicyRules[]:ContainerRestartRule
  securityContext:SecurityContext startupProbe:Probe terminationMessagePath="/dev/termination-log"
  terminationMessagePolicy="File" volumeDevices[devicePath] volumeMounts[mountPath]:VolumeMount
ContainerPort: protocol="TCP"
ContainerRestartRule: exitCodes:ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes: values[=]
DownwardAPIProjection: items[]:DownwardAPIVolumeFile
DownwardAPIVolumeFile: fieldRef:ObjectFieldSelector mode* resourceFieldRef:ResourceFieldSelector
DownwardAPIVolumeSource: defaultMode*=420 items[]:DownwardAPIVolumeFile
EmptyDirVolumeSource: sizeLimit*:quantity
EndpointAddress: nodeName*
EndpointPort: appProtocol* protocol="TCP"
EndpointSubset: addresses[~]:EndpointAddress notReadyAddresses[~]:EndpointAddress ports[~]:EndpointPort
Endpoints: metadata:ObjectMeta subsets[~]:EndpointSubset
EnvFromSource: configMapRef:ConfigMapEnvSource secretRef:SecretEnvSource
EnvVar: valueFrom:EnvVarSource
EnvVarSource: configMapKeyRef:ConfigMapKeySelector fieldRef:ObjectFieldSelector fileKeyRef:FileKeySelector
  resourceFieldRef:ResourceFieldSelector secretKeyRef:SecretKeySelector
EphemeralContainer: env[name]:EnvVar envFrom[]:EnvFromSource imagePullPolicy=@imagePullPolicy() lifecycle:Lifecycle
  livenessProbe:Probe ports[containerPort,protocol]:ContainerPort readinessProbe:Probe
  resources:ResourceRequirements={} restartPolicy* restartPolicyRules[]:ContainerRestartRule
  securityContext:SecurityContext startupProbe:Probe terminationMessagePath="/dev/termination-log"
  terminationMessagePolicy="File" volumeDevices[devicePath] volumeMounts[mountPath]:VolumeMount
EphemeralVolumeSource: volumeClaimTemplate:PersistentVolumeClaimTemplate
FCVolumeSource: lun*
FileKeySelector: optional*
FlexPersistentVolumeSource: options{}
FlexVolumeSource: options{}
GRPCAction: service*=""
GlusterfsPersistentVolumeSource: endpointsNamespace*
HTTPGetAction: path="/" scheme="HTTP"
HostPathVolumeSource: type*=""
ISCSIPersistentVolumeSource: initiatorName* iscsiInterface="default"
ISCSIVolumeSource: initiatorName* iscsiInterface="default"
KeyToPath: mode*
Lifecycle: postStart:LifecycleHandler preStop:LifecycleHandler stopSignal*
LifecycleHandler: httpGet:HTTPGetAction
LimitRange: metadata:ObjectMeta spec:LimitRangeSpec
LimitRangeItem: default{}:quantity=@max defaultRequest{}:quantity=@default|max|min max{}:quantity
  maxLimitRequestRatio{}:quantity min{}:quantity
LimitRangeSpec: limits[]:LimitRangeItem
LocalVolumeSource: fsType*
Namespace: metadata:ObjectMeta spec:NamespaceSpec={}
NamespaceSpec: finalizers!
NodeAffinity: preferredDuringSchedulingIgnoredDuringExecution[]:PreferredSchedulingTerm
  requiredDuringSchedulingIgnoredDuringExecution:NodeSelector
NodeSelector: nodeSelectorTerms[~]:NodeSelectorTerm
NodeSelectorRequirement: values[~]
NodeSelectorTerm: matchExpressions[~]:NodeSelectorRequirement matchFields[~]:NodeSelectorRequirement
ObjectFieldSelector: apiVersion="v1"
PersistentVolume: metadata:ObjectMeta spec:PersistentVolumeSpec
PersistentVolumeClaim: metadata:ObjectMeta spec:PersistentVolumeClaimSpec apiVersion="v1" kind="PersistentVolumeClaim"
  status!
PersistentVolumeClaimSpec: accessModes[~] dataSource:TypedLocalObjectReference=@dataSourceRef
  dataSourceRef:TypedObjectReference=@dataSource resources:VolumeResourceRequirements={} selector:LabelSelector
  storageClassName*! volumeAttributesClassName* volumeMode*="Filesystem" volumeName!
PersistentVolumeClaimTemplate: metadata:ObjectMeta spec:PersistentVolumeClaimSpec
PersistentVolumeSpec: accessModes[~] azureDisk:AzureDiskVolumeSource azureFile:AzureFilePersistentVolumeSource
  capacity{}:quantity claimRef! csi:CSIPersistentVolumeSource fc:FCVolumeSource flexVolume:FlexPersistentVolumeSource
  glusterfs:GlusterfsPersistentVolumeSource hostPath:HostPathVolumeSource iscsi:ISCSIPersistentVolumeSource
  local:LocalVolumeSource nodeAffinity:VolumeNodeAffinity persistentVolumeReclaimPolicy="Retain"
  rbd:RBDPersistentVolumeSource scaleIO:ScaleIOPersistentVolumeSource volumeAttributesClassName*
  volumeMode*="Filesystem"
Pod: metadata:ObjectMeta spec:PodSpec
PodAffinity: preferredDuringSchedulingIgnoredDuringExecution[]:WeightedPodAffinityTerm
  requiredDuringSchedulingIgnoredDuringExecution[]:PodAffinityTerm
PodAffinityTerm: labelSelector*:LabelSelector namespaceSelector*:LabelSelector
PodAntiAffinity: preferredDuringSchedulingIgnoredDuringExecution[]:WeightedPodAffinityTerm
  requiredDuringSchedulingIgnoredDuringExecution[]:PodAffinityTerm
PodCertificateProjection: maxExpirationSeconds* userAnnotations{}
PodDNSConfig: options[]:PodDNSConfigOption
PodDNSConfigOption: value*
PodResourceClaim: resourceClaimName* resourceClaimTemplateName*
PodSchedulingGroup: podGroupName*
PodSecurityContext: appArmorProfile:AppArmorProfile fsGroup* fsGroupChangePolicy* runAsGroup* runAsNonRoot* runAsUser*
  seLinuxChangePolicy* seccompProfile:SeccompProfile supplementalGroupsPolicy*
  windowsOptions:WindowsSecurityContextOptions
PodSpec: activeDeadlineSeconds* affinity:Affinity automountServiceAccountToken* containers[name]:Container
  dnsConfig:PodDNSConfig dnsPolicy="ClusterFirst" enableServiceLinks*=true
  ephemeralContainers[name]:EphemeralContainer hostAliases[ip] hostUsers* hostnameOverride* imagePullSecrets[name]
  initContainers[name]:Container nodeName! nodeSelector{} overhead{}:quantity preemptionPolicy*="PreemptLowerPriority"
  priority*! resourceClaims[name]:PodResourceClaim resources:ResourceRequirements restartPolicy="Always"
  runtimeClassName* schedulerName="default-scheduler" schedulingGates[name] schedulingGroup:PodSchedulingGroup
  securityContext:PodSecurityContext={} serviceAccount=@serviceAccountName serviceAccountName="default"
  setHostnameAsFQDN* shareProcessNamespace* terminationGracePeriodSeconds*=30 tolerations[~]:Toleration
  topologySpreadConstraints[topologyKey,whenUnsatisfiable]:TopologySpreadConstraint volumes[name]:Volume
PodTemplateSpec: metadata:ObjectMeta={} spec:PodSpec={}
PreferredSchedulingTerm: preference:NodeSelectorTerm
Probe: failureThreshold=3 grpc:GRPCAction httpGet:HTTPGetAction periodSeconds=10 successThreshold=1
  terminationGracePeriodSeconds* timeoutSeconds=1
ProjectedVolumeSource: defaultMode*=420 sources[]:VolumeProjection
RBDPersistentVolumeSource: keyring="/etc/ceph/keyring" pool="rbd" user="admin"
RBDVolumeSource: keyring="/etc/ceph/keyring" pool="rbd" user="admin"
ResourceFieldSelector: divisor:quantity="0"
ResourceQuota: metadata:ObjectMeta spec:ResourceQuotaSpec
ResourceQuotaSpec: hard{}:quantity scopes[~]
ResourceRequirements: claims[name] limits{}:quantity requests{}:quantity
ScaleIOPersistentVolumeSource: fsType="xfs" storageMode="ThinProvisioned"
ScaleIOVolumeSource: fsType="xfs" storageMode="ThinProvisioned"
SeccompProfile: localhostProfile*
Secret: data{}:bytes immutable* metadata:ObjectMeta stringData{} type="Opaque"
SecretEnvSource: optional*
SecretKeySelector: optional*
SecretProjection: items[]:KeyToPath optional*
SecretVolumeSource: defaultMode*=420 items[]:KeyToPath optional*
SecurityContext: allowPrivilegeEscalation* appArmorProfile:AppArmorProfile capabilities:Capabilities privileged*
  procMount* readOnlyRootFilesystem* runAsGroup* runAsNonRoot* runAsUser* seccompProfile:SeccompProfile
  windowsOptions:WindowsSecurityContextOptions
Service: metadata:ObjectMeta spec:ServiceSpec={}
ServiceAccount: automountServiceAccountToken* metadata:ObjectMeta secrets[name]!
ServiceAccountTokenProjection: expirationSeconds*=3600
ServicePort: appProtocol* nodePort! protocol="TCP" targetPort=@port
ServiceSpec: allocateLoadBalancerNodePorts*=true clusterIP! clusterIPs! externalIPs[~] externalTrafficPolicy="Cluster"
  healthCheckNodePort! internalTrafficPolicy*="Cluster" ipFamilies! ipFamilyPolicy*="SingleStack" loadBalancerClass*
  loadBalancerSourceRanges[~] ports[port,protocol]:ServicePort selector{} sessionAffinity="None"
  sessionAffinityConfig:SessionAffinityConfig={} trafficDistribution* type="ClusterIP"
SessionAffinityConfig: clientIP:ClientIPConfig={}
Toleration: operator="Equal" tolerationSeconds*
TopologySpreadConstraint: labelSelector*:LabelSelector minDomains* nodeAffinityPolicy* nodeTaintsPolicy*
TypedLocalObjectReference: apiGroup*
TypedObjectReference: apiGroup* namespace*
Volume: azureDisk:AzureDiskVolumeSource configMap:ConfigMapVolumeSource csi:CSIVolumeSource
  downwardAPI*:DownwardAPIVolumeSource emptyDir*:EmptyDirVolumeSource={} ephemeral:EphemeralVolumeSource
  fc:FCVolumeSource flexVolume:FlexVolumeSource hostPath:HostPathVolumeSource iscsi:ISCSIVolumeSource
  projected*:ProjectedVolumeSource rbd:RBDVolumeSource scaleIO:ScaleIOVolumeSource secret:SecretVolumeSource
VolumeMount: mountPropagation* recursiveReadOnly*
VolumeNodeAffinity: required:NodeSelector
VolumeProjection: clusterTrustBundle:ClusterTrustBundleProjection configMap:ConfigMapProjection
  downwardAPI:DownwardAPIProjection podCertificate:PodCertificateProjection secret:SecretProjection
  serviceAccountToken:ServiceAccountTokenProjection
VolumeResourceRequirements: limits{}:quantity requests{}:quantity
WeightedPodAffinityTerm: podAffinityTerm:PodAffinityTerm
WindowsSecurityContextOptions: gmsaCredentialSpec* gmsaCredentialSpecName* hostProcess* runAsUserName*
[admissionregistration/v1]
MatchResources: excludeResourceRules[~]:NamedRuleWithOperations matchPolicy*="Equivalent"
  namespaceSelector:LabelSelector={} objectSelector:LabelSelector={} resourceRules[~]:NamedRuleWithOperations
MutatingAdmissionPolicy: metadata:ObjectMeta spec:MutatingAdmissionPolicySpec
MutatingAdmissionPolicyBinding: metadata:ObjectMeta spec:MutatingAdmissionPolicyBindingSpec
MutatingAdmissionPolicyBindingSpec: matchResources:MatchResources paramRef:ParamRef
MutatingAdmissionPolicySpec: failurePolicy*="Fail" matchConditions[name] matchConstraints:MatchResources
MutatingWebhook: clientConfig:WebhookClientConfig failurePolicy*="Fail" matchConditions[name]
  matchPolicy*="Equivalent" namespaceSelector:LabelSelector={} objectSelector:LabelSelector={}
  reinvocationPolicy*="Never" rules[~]:RuleWithOperations sideEffects* timeoutSeconds*=10
MutatingWebhookConfiguration: metadata:ObjectMeta webhooks[name]:MutatingWebhook
NamedRuleWithOperations: apiGroups[~] apiVersions[~] operations[~] resourceNames[~] resources[~] scope*="*"
ParamRef: parameterNotFoundAction* selector*:LabelSelector
RuleWithOperations: apiGroups[~] apiVersions[~] operations[~] resources[~] scope*="*"
ServiceReference: path* port*=443
ValidatingAdmissionPolicy: metadata:ObjectMeta spec:ValidatingAdmissionPolicySpec
ValidatingAdmissionPolicyBinding: metadata:ObjectMeta spec:ValidatingAdmissionPolicyBindingSpec
ValidatingAdmissionPolicyBindingSpec: matchResources:MatchResources paramRef:ParamRef validationActions[=]
ValidatingAdmissionPolicySpec: failurePolicy*="Fail" matchConditions[name] matchConstraints:MatchResources
  validations[]:Validation variables[name]
ValidatingWebhook: clientConfig:WebhookClientConfig failurePolicy*="Fail" matchConditions[name]
  matchPolicy*="Equivalent" namespaceSelector:LabelSelector={} objectSelector:LabelSelector={}
  rules[~]:RuleWithOperations sideEffects* timeoutSeconds*=10
ValidatingWebhookConfiguration: metadata:ObjectMeta webhooks[name]:ValidatingWebhook
Validation: reason*
WebhookClientConfig: caBundle:bytes? service:ServiceReference url*
[apiextensions/v1]
CustomResourceConversion: webhook:WebhookConversion
CustomResourceDefinition: metadata:ObjectMeta spec:CustomResourceDefinitionSpec
CustomResourceDefinitionNames: categories[~] listKind=@listKind() shortNames[~] singular=@singular()
CustomResourceDefinitionSpec: conversion:CustomResourceConversion={"strategy":"None"}
  names:CustomResourceDefinitionNames versions[]:CustomResourceDefinitionVersion
CustomResourceDefinitionVersion: deprecationWarning* schema:CustomResourceValidation
  subresources:CustomResourceSubresources
CustomResourceSubresourceScale: labelSelectorPath*
CustomResourceSubresources: scale:CustomResourceSubresourceScale status*
CustomResourceValidation: openAPIV3Schema:JSONSchemaProps
JSONSchemaProps: additionalItems*:JSONSchemaProps additionalProperties*:JSONSchemaProps allOf[]:JSONSchemaProps
  anyOf[]:JSONSchemaProps default:any definitions{}:JSONSchemaProps enum[]:any example:any items*:JSONSchemaProps
  maxItems* maxLength* maxProperties* maximum* minItems* minLength* minProperties* minimum* multipleOf*
  not*:JSONSchemaProps oneOf[]:JSONSchemaProps patternProperties{}:JSONSchemaProps properties{}:JSONSchemaProps
  required[~] x-kubernetes-list-type* x-kubernetes-map-type* x-kubernetes-preserve-unknown-fields*
  x-kubernetes-validations[rule]
ServiceReference: port=443
WebhookClientConfig: caBundle:bytes? service:ServiceReference
WebhookConversion: clientConfig:WebhookClientConfig
[apiregistration/v1]
APIService: metadata:ObjectMeta spec:APIServiceSpec
APIServiceSpec: caBundle:bytes? service:ServiceReference
ServiceReference: port=443
[apps/v1]
DaemonSet: metadata:ObjectMeta spec:DaemonSetSpec
DaemonSetSpec: revisionHistoryLimit*=10 selector:LabelSelector template:PodTemplateSpec
  updateStrategy:DaemonSetUpdateStrategy={}
DaemonSetUpdateStrategy: rollingUpdate:RollingUpdateDaemonSet={} type="RollingUpdate"
Deployment: metadata:ObjectMeta spec:DeploymentSpec
DeploymentSpec: progressDeadlineSeconds*=600 replicas*=1 revisionHistoryLimit*=10 selector:LabelSelector
  strategy:DeploymentStrategy={} template:PodTemplateSpec
DeploymentStrategy: rollingUpdate:RollingUpdateDeployment={} type="RollingUpdate"
ReplicaSet: metadata:ObjectMeta spec:ReplicaSetSpec
ReplicaSetSpec: replicas*=1 selector:LabelSelector template:PodTemplateSpec
RollingUpdateDaemonSet: maxSurge*=0 maxUnavailable*=1
RollingUpdateDeployment: maxSurge*="25%" maxUnavailable*="25%"
RollingUpdateStatefulSetStrategy: maxUnavailable* partition*=0
StatefulSet: metadata:ObjectMeta spec:StatefulSetSpec
StatefulSetPersistentVolumeClaimRetentionPolicy: whenDeleted="Retain" whenScaled="Retain"
StatefulSetSpec: persistentVolumeClaimRetentionPolicy:StatefulSetPersistentVolumeClaimRetentionPolicy={}
  podManagementPolicy="OrderedReady" replicas*=1 revisionHistoryLimit*=10 selector:LabelSelector
  template:PodTemplateSpec updateStrategy:StatefulSetUpdateStrategy={} volumeClaimTemplates[]:PersistentVolumeClaim
StatefulSetUpdateStrategy: rollingUpdate:RollingUpdateStatefulSetStrategy={} type="RollingUpdate"
[autoscaling/v1]
HorizontalPodAutoscaler: metadata:ObjectMeta spec:HorizontalPodAutoscalerSpec
HorizontalPodAutoscalerSpec: minReplicas*=1 targetCPUUtilizationPercentage*=80
[autoscaling/v2]
ContainerResourceMetricSource: target:MetricTarget
ExternalMetricSource: metric:MetricIdentifier target:MetricTarget
HPAScalingRules: policies[~]=@scalingPolicies() selectPolicy*="Max" stabilizationWindowSeconds*=0 tolerance*:quantity
HorizontalPodAutoscaler: metadata:ObjectMeta spec:HorizontalPodAutoscalerSpec
HorizontalPodAutoscalerBehavior: scaleDown:HPAScalingRules={} scaleUp:HPAScalingRules={}
HorizontalPodAutoscalerSpec: behavior:HorizontalPodAutoscalerBehavior metrics[~]:MetricSpec=@cpuMetric()
  minReplicas*=1
MetricIdentifier: selector:LabelSelector
MetricSpec: containerResource:ContainerResourceMetricSource external:ExternalMetricSource object:ObjectMetricSource
  pods:PodsMetricSource resource:ResourceMetricSource
MetricTarget: averageUtilization* averageValue*:quantity value*:quantity
ObjectMetricSource: metric:MetricIdentifier target:MetricTarget
PodsMetricSource: metric:MetricIdentifier target:MetricTarget
ResourceMetricSource: target:MetricTarget
[batch/v1]
CronJob: metadata:ObjectMeta spec:CronJobSpec
CronJobSpec: concurrencyPolicy="Allow" failedJobsHistoryLimit*=1 jobTemplate:JobTemplateSpec={}
  startingDeadlineSeconds* successfulJobsHistoryLimit*=3 suspend*=false timeZone*
Job: metadata:ObjectMeta spec:JobSpec
JobSpec: activeDeadlineSeconds* backoffLimit*=6 backoffLimitPerIndex* completionMode*="NonIndexed" completions*=1
  managedBy* manualSelector*=false maxFailedIndexes* parallelism*=1 podFailurePolicy:PodFailurePolicy
  podReplacementPolicy*=@podReplacementPolicy() selector:LabelSelector! successPolicy:SuccessPolicy suspend*=false
  template:PodTemplateSpec ttlSecondsAfterFinished*
JobTemplateSpec: metadata:ObjectMeta={} spec:JobSpec={}
PodFailurePolicy: rules[]:PodFailurePolicyRule
PodFailurePolicyOnExitCodesRequirement: containerName* values[=]
PodFailurePolicyRule: onExitCodes:PodFailurePolicyOnExitCodesRequirement
SuccessPolicy: rules[]:SuccessPolicyRule
SuccessPolicyRule: succeededCount* succeededIndexes*
[coordination/v1]
Lease: metadata:ObjectMeta spec:LeaseSpec
LeaseSpec: acquireTime*:time holderIdentity* leaseDurationSeconds* leaseTransitions* preferredHolder* renewTime*:time
  strategy*
[discovery/v1]
Endpoint: addresses[=] conditions:EndpointConditions deprecatedTopology{} hostname* nodeName* zone*
EndpointConditions: ready* serving* terminating*
EndpointPort: appProtocol* name*="" port* protocol*="TCP"
EndpointSlice: endpoints[]:Endpoint metadata:ObjectMeta ports[]:EndpointPort
[flowcontrol/v1]
ExemptPriorityLevelConfiguration: lendablePercent*=0 nominalConcurrencyShares*=0
FlowSchema: metadata:ObjectMeta spec:FlowSchemaSpec
FlowSchemaSpec: matchingPrecedence=1000 rules[]:PolicyRulesWithSubjects
LimitResponse: queuing:QueuingConfiguration
LimitedPriorityLevelConfiguration: borrowingLimitPercent* lendablePercent*=0 limitResponse:LimitResponse={}
  nominalConcurrencyShares*=30
NonResourcePolicyRule: nonResourceURLs[=] verbs[=]
PolicyRulesWithSubjects: nonResourceRules[]:NonResourcePolicyRule resourceRules[]:ResourcePolicyRule
PriorityLevelConfiguration: metadata:ObjectMeta spec:PriorityLevelConfigurationSpec
PriorityLevelConfigurationSpec: exempt:ExemptPriorityLevelConfiguration limited:LimitedPriorityLevelConfiguration
QueuingConfiguration: handSize=8 queueLengthLimit=50 queues=64
ResourcePolicyRule: apiGroups[=] namespaces[=] resources[=] verbs[=]
[networking/v1]
HTTPIngressPath: backend:IngressBackend pathType*
HTTPIngressRuleValue: paths[]:HTTPIngressPath
IPBlock: except[~]
Ingress: metadata:ObjectMeta spec:IngressSpec
IngressBackend: resource:TypedLocalObjectReference
IngressClass: metadata:ObjectMeta spec:IngressClassSpec
IngressClassParametersReference: apiGroup* namespace* scope*="Cluster"
IngressClassSpec: parameters:IngressClassParametersReference
IngressRule: http:HTTPIngressRuleValue
IngressSpec: defaultBackend:IngressBackend ingressClassName* rules[]:IngressRule
NetworkPolicy: metadata:ObjectMeta spec:NetworkPolicySpec
NetworkPolicyEgressRule: ports[~]:NetworkPolicyPort to[~]:NetworkPolicyPeer
NetworkPolicyIngressRule: from[~]:NetworkPolicyPeer ports[~]:NetworkPolicyPort
NetworkPolicyPeer: ipBlock:IPBlock namespaceSelector*:LabelSelector podSelector*:LabelSelector
NetworkPolicyPort: endPort* port* protocol*="TCP"
NetworkPolicySpec: egress[~]:NetworkPolicyEgressRule ingress[~]:NetworkPolicyIngressRule podSelector:LabelSelector
  policyTypes[~]=@policyTypes()
ServiceCIDR: metadata:ObjectMeta
[node/v1]
Overhead: podFixed{}:quantity
RuntimeClass: metadata:ObjectMeta overhead:Overhead scheduling:Scheduling
Scheduling: nodeSelector{} tolerations[]:Toleration
[policy/v1]
PodDisruptionBudget: metadata:ObjectMeta spec:PodDisruptionBudgetSpec
PodDisruptionBudgetSpec: maxUnavailable* minAvailable* selector*:LabelSelector unhealthyPodEvictionPolicy*
[rbac/v1]
AggregationRule: clusterRoleSelectors[]:LabelSelector
ClusterRole: aggregationRule:AggregationRule metadata:ObjectMeta rules[~]:PolicyRule
ClusterRoleBinding: metadata:ObjectMeta roleRef:RoleRef subjects[~]:Subject
PolicyRule: apiGroups[~] nonResourceURLs[~] resourceNames[~] resources[~] verbs[~]
Role: metadata:ObjectMeta rules[~]:PolicyRule
RoleBinding: metadata:ObjectMeta roleRef:RoleRef subjects[~]:Subject
RoleRef: apiGroup="rbac.authorization.k8s.io"
Subject: apiGroup=@subjectApiGroup()
[resource/v1]
CapacityRequirements: requests{}:quantity
DeviceClaim: constraints[]:DeviceConstraint requests[]:DeviceRequest
DeviceClass: metadata:ObjectMeta spec:DeviceClassSpec
DeviceClassSpec: extendedResourceName*
DeviceConstraint: distinctAttribute* matchAttribute*
DeviceRequest: exactly:ExactDeviceRequest firstAvailable[]:DeviceSubRequest
DeviceSubRequest: allocationMode="ExactCount" capacity:CapacityRequirements count=1
  tolerations[]:DeviceToleration
DeviceToleration: operator="Equal" tolerationSeconds*
ExactDeviceRequest: adminAccess* allocationMode="ExactCount" capacity:CapacityRequirements count=1
  tolerations[]:DeviceToleration
ResourceClaim: metadata:ObjectMeta spec:ResourceClaimSpec
ResourceClaimSpec: devices:DeviceClaim
ResourceClaimTemplate: metadata:ObjectMeta spec:ResourceClaimTemplateSpec
ResourceClaimTemplateSpec: metadata:ObjectMeta spec:ResourceClaimSpec
[scheduling/v1]
PriorityClass: metadata:ObjectMeta preemptionPolicy*="PreemptLowerPriority"
[storage/v1]
CSIDriver: metadata:ObjectMeta spec:CSIDriverSpec
CSIDriverSpec: attachRequired*=true fsGroupPolicy*="ReadWriteOnceWithFSType" nodeAllocatableUpdatePeriodSeconds*
  podInfoOnMount*=false preventPodSchedulingIfMissing* requiresRepublish*=false seLinuxMount*=false
  serviceAccountTokenInSecrets* storageCapacity*=false tokenRequests[]:TokenRequest
  volumeLifecycleModes[=]=["Persistent"]
StorageClass: allowVolumeExpansion* allowedTopologies[~] metadata:ObjectMeta parameters{} reclaimPolicy*="Delete"
  volumeBindingMode*="Immediate"
TokenRequest: expirationSeconds*
VolumeAttributesClass: metadata:ObjectMeta parameters{}
"""

_GROUPS: Final[Mapping[str, str]] = {
    "": "core",
    **{group: group for group in ("apps", "autoscaling", "batch", "policy", "extensions")},
    **{
        f"{group}.k8s.io": group
        for group in (
            "admissionregistration",
            "apiextensions",
            "apiregistration",
            "authentication",
            "authorization",
            "certificates",
            "coordination",
            "discovery",
            "events",
            "internal.apiserver",
            "networking",
            "node",
            "resource",
            "scheduling",
            "storage",
            "storagemigration",
        )
    },
    "flowcontrol.apiserver.k8s.io": "flowcontrol",
    "rbac.authorization.k8s.io": "rbac",
}

# Computes the possible defaults of a field, from the mappings around it in git and in the cluster.
Derive = Callable[[Mapping[str, Any], Mapping[str, Any]], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the table. `keys` are those of a keyed list; `items` is the name of a type, "" for a plain value."""

    pointer: bool = False
    shape: str = ""  # "", "list", "map"
    list_type: str = "atomic"  # "atomic", "unordered", "map", "set"
    keys: tuple[str, ...] = ()
    items: str = ""
    defaults: tuple[Any, ...] = ()
    derive: Derive | None = None
    filled: bool = False
    filled_if_empty: bool = False


_FIELD: Final = re.compile(
    r"(?P<name>[\w-]+)(?P<pointer>\*)?(?:(?P<list>\[[^\[\]]*\])|(?P<map>\{\}))?(?::(?P<items>\w+))?"
    r"(?:=(?P<default>[^@!?\s][^\s!?]*)|=@(?P<derive>[\w|]+(?:\(\))?))?(?P<filled>!)?(?P<empty>\?)?"
)


def section(api_version: str) -> str | None:
    """The section of the table for a group version (`rbac/v1`); None if it is not built in."""
    group, _, version = api_version.rpartition("/")
    name = _GROUPS.get(group)
    return None if name is None else f"{name}/{version}"


def type_of(definition: str) -> tuple[str, str] | None:
    """Section and type of an OpenAPI definition (`io.k8s.api.core.v1.Pod`); None if it is not built in."""
    parts = definition.split(".")
    if len(parts) < 5 or parts[:2] != ["io", "k8s"]:
        return None
    return f"{parts[-3]}/{parts[-2]}", parts[-1]


def find_type(section: str, name: str) -> tuple[str, str] | None:
    """Section and type that a name in a section means: its own type, or that of another version, of core or of meta."""
    types = _types()
    versions = (other for other in types if other.startswith(f"{section.partition('/')[0]}/"))
    sections = (section, *versions, "core/v1", "meta/v1")
    return next(((other, name) for other in sections if name in types.get(other, ())), None)


@cache
def fields(section: str, name: str) -> Mapping[str, Field]:
    """The fields of a type that the table lists."""
    return {match["name"]: _field(match) for match in _FIELD.finditer(_types()[section][name])}


@cache
def _types() -> Mapping[str, Mapping[str, str]]:
    sections: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in re.sub(r"\n +", " ", _TABLE).split("\n"):
        if line.startswith("["):
            current = sections.setdefault(line[1:-1], {})
        elif line:
            name, _, rest = line.partition(": ")
            current[name] = rest
    return sections


def _field(match: re.Match[str]) -> Field:
    listed, derived = match["list"], match["derive"]
    inside = listed[1:-1] if listed else ""
    kinds = {"": "atomic", "~": "unordered", "=": "set"}
    return Field(
        pointer=match["pointer"] is not None,
        shape="list" if listed else "map" if match["map"] else "",
        list_type=kinds.get(inside, "map"),
        keys=() if inside in kinds else tuple(inside.split(",")),
        items=match["items"] or "",
        defaults=(orjson.loads(match["default"]),) if match["default"] else (),
        derive=None if derived is None else _DERIVED[derived[:-2]] if derived.endswith("()") else _beside(derived),
        filled=match["filled"] is not None,
        filled_if_empty=match["empty"] is not None,
    )


# ---------------------------------------------------------------- defaults that depend on sibling fields


def _beside(names: str) -> Derive:
    def derive(desired: Mapping[str, Any], live: Mapping[str, Any]) -> Sequence[Any]:
        return [side[name] for side in (desired, live) for name in names.split("|") if name in side]

    return derive


def _pull_policy(desired: Mapping[str, Any], live: Mapping[str, Any]) -> Sequence[str]:
    # The server derives it when the container is created, and the image may have changed since.
    # https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting
    return [_policy_of(side["image"]) for side in (desired, live) if isinstance(side.get("image"), str)]


def _policy_of(image: str) -> str:
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return "Always" if tag == "latest" or not (tag or digest) else "IfNotPresent"


def _policy_types(desired: Mapping[str, Any], live: Mapping[str, Any]) -> Sequence[list[str]]:
    # https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/
    rules = desired or live
    return [["Ingress", "Egress"] if rules.get("egress") else ["Ingress"]]


def _replacement_policy(desired: Mapping[str, Any], live: Mapping[str, Any]) -> Sequence[str]:
    return ["Failed" if (desired or live).get("podFailurePolicy") else "TerminatingOrFailed"]


def _subject_group(desired: Mapping[str, Any], live: Mapping[str, Any]) -> Sequence[str]:
    return ["" if (desired or live).get("kind") == "ServiceAccount" else "rbac.authorization.k8s.io"]


def _singular(desired: Mapping[str, Any], live: Mapping[str, Any]) -> Sequence[str]:
    return [str((desired or live).get("kind", "")).lower()]


def _list_kind(desired: Mapping[str, Any], live: Mapping[str, Any]) -> Sequence[str]:
    return [f"{(desired or live).get('kind', '')}List"]


def _policy(kind: str, value: int) -> dict[str, Any]:
    return {"type": kind, "value": value, "periodSeconds": 15}


_CPU_METRIC: Final = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}

_DERIVED: Final[Mapping[str, Derive]] = {
    "imagePullPolicy": _pull_policy,
    "policyTypes": _policy_types,
    "podReplacementPolicy": _replacement_policy,
    "subjectApiGroup": _subject_group,
    "singular": _singular,
    "listKind": _list_kind,
    "cpuMetric": lambda _desired, _live: [[_CPU_METRIC]],
    "scalingPolicies": lambda _desired, _live: [  # up, and down
        [_policy("Pods", 4), _policy("Percent", 100)],
        [_policy("Percent", 100)],
    ],
}
