"""Every text the bot sends, in every language: one module per kind of message.

One term per thing, in every text:

| term | Spanish | meaning |
|---|---|---|
| application, cluster, object, field | aplicación, clúster, objeto, campo | as in Kubernetes and Argo CD |
| check | comprobar, comprobación | compare the live objects with git |
| drift | drift | a difference between git and the cluster |
| synced (is in sync), out of sync, unknown | en sincronía, fuera de sincronía, desconocida | status of an application |
| set aside | descartada | a difference that is not drift |
| acknowledge, snooze | atender, posponer | what people do with an incident |
| tracked branch | rama seguida | the branch that an application follows |
| commit, pull request, push | commit, pull request, push | |
| merge | fusionar, fusión | |
| approve | aprobar | |
| revert | revertir, revert | undo a change with a pull request |
| adopt | adoptar | update git to match the cluster |
| deployer | deployer | Argo CD or Flux |
| forge | forge | GitHub, GitLab or Bitbucket |
| rollout, live | rollout, desplegado | a merge on its way to the clusters; running there |
| render | renderizar | produce manifests with Kustomize or Helm |
| owner | responsable | |
| card | tarjeta | the message that shows an incident or a rollout |

English: active voice, present tense, US spelling. Spanish: neutral, "tú", without regional words.
"""
