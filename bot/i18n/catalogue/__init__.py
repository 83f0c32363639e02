"""Every text that the bot sends, in every language: one module per kind of message.

One term per thing:

| term | Spanish | meaning |
|---|---|---|
| application, cluster, object, field | aplicación, clúster, objeto, campo | as in Kubernetes and Argo CD |
| check | comprobar, comprobación | compare the live objects with git |
| drift | drift | a difference between git and the cluster |
| synced, out of sync, unknown | en sincronía, fuera de sincronía, desconocida | labels; "in sync" in sentences |
| could not be fully checked | no se pudo comprobar por completo | the bot could not read everything |
| writer unknown, field manager | autor desconocido, field manager | as in `managedFields` |
| set aside | descartada | a difference that is not drift |
| incident | incidente | drift of one application until it is resolved |
| acknowledge, snooze, end a snooze | atender, posponer, reactivar | what people do with an incident |
| take over, release | relevar, dejar de atender | acknowledge someone else's incident; undo an acknowledgement |
| resolved | resuelto | an incident that is over (not "ended" or "closed") |
| watched | vigilada | an application that the bot checks (not "followed") |
| tracked branch | rama seguida | the branch that an application tracks |
| commit, pull request, push | commit, pull request, push | |
| merge | fusionar, fusión | |
| approve | aprobar | |
| revert | revertir, revert | reverse a change in git with a pull request (not "undo") |
| adopt | adoptar | update git to match the cluster |
| deployer | deployer | Argo CD or Flux |
| forge | forge | GitHub, GitLab or Bitbucket |
| rollout, rolling out, live | rollout, desplegando, desplegado | a merge until it runs in the clusters; running there |
| deployment | despliegue | a merge that went live, in a report |
| lead time, change failure rate | plazo de entrega, tasa de fallos de los cambios | as defined by DORA |
| affects, changes | afecta a, cambia | an application; a file or an object |
| removed, deleted | eliminado | from git; from the cluster |
| responds, rejects | responde, rechaza | a service; only the bot "answers" |
| rate limit has been reached | límite de solicitudes agotado | of Slack or a forge |
| permission | permiso | what a person or a token may do (not "right") |
| directory, modal | directorio, modal | not "folder", "dialog" |
| SHA, URL, SSH, ID | SHA, URL, SSH, ID | in capitals |
| render | renderizar | produce manifests with Kustomize or Helm |
| owner | responsable | |
| card | tarjeta | the message that shows an incident or a rollout |

English: active voice, present tense, US spelling; no contractions and no serial comma here and on the command line (the
documentation has both). "latest" for the most recent, "fix" for what people do about an error. Lists end in "and".
Spanish: neutral, "tú", without regional words.
"""
