/** The history of a workload's templates as `ControllerRevision` objects. */
import { OwnerReferences } from "@fairlead/controller"
import { type ControllerRevision, jsonEqual, KubeError, type KubeObject, KubeResource, type PodTemplateSpec } from "@fairlead/kube"
import { Effect } from "effect"
import type { ControllerSetting } from "../controllers/ControllerSetting.ts"
import { unlessGone } from "./unlessGone.ts"
import { hashOf } from "./deployments/deploymentFacts.ts"
import { claim, claimsOf } from "./podClaims.ts"

/** A workload whose templates have a history. */
export interface Versioned extends KubeObject {
  readonly spec?: {
    readonly selector?: { readonly matchLabels?: { readonly [key: string]: string } } | undefined
    readonly template: PodTemplateSpec
    readonly revisionHistoryLimit?: number
  }
  readonly status?: { readonly collisionCount?: number }
}

/** The revisions, the oldest first, and the one of the present template. */
export interface History {
  readonly revisions: ReadonlyArray<ControllerRevision>
  readonly update: ControllerRevision
}

interface RevisionData {
  readonly spec: { readonly template: PodTemplateSpec & { readonly $patch?: string } }
}

/** The template that a revision stands for. */
export const templateOf = (revision: ControllerRevision): PodTemplateSpec => {
  const { $patch: _, ...template } = (revision.data as unknown as RevisionData).spec.template
  return template as PodTemplateSpec
}

/** Finds the revision of the present template, or makes it. The same template again only gets a new number. */
export const sync = Effect.fnUntraced(function*(
  { client, follow }: ControllerSetting,
  resource: KubeResource.KubeResource,
  owner: Versioned,
  hashLabel: string
): Effect.fn.Return<History, KubeError.KubeError> {
  const all = follow<ControllerRevision>(KubeResource.controllerRevisions).store.list().filter((it) => it.metadata.namespace === owner.metadata.namespace)
  const claimed = yield* claim(client, resource, owner, KubeResource.controllerRevisions, claimsOf(owner, owner.spec?.selector, all))
  const revisions = [...claimed].sort((a, b) => a.revision - b.revision)
  const template = owner.spec!.template
  const same = revisions.findLast((it) => jsonEqual(templateOf(it), template))
  const newest = revisions.at(-1)
  if (same !== undefined && same === newest) return { revisions, update: same }
  const revision = (newest?.revision ?? 0) + 1
  if (same !== undefined) {
    const update = yield* client.update<ControllerRevision>(KubeResource.controllerRevisions, { ...same, revision })
    return { revisions: [...revisions.filter((it) => it !== same), update], update }
  }
  const hash = hashOf(template, owner.status?.collisionCount ?? 0)
  const made = yield* client.create<ControllerRevision>(KubeResource.controllerRevisions, {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: `${owner.metadata.name}-${hash}`,
      namespace: owner.metadata.namespace!,
      labels: { ...(template.metadata as { labels?: { [key: string]: string } } | undefined)?.labels, [hashLabel]: hash },
      ...(owner.metadata.annotations === undefined ? {} : { annotations: owner.metadata.annotations }),
      ownerReferences: [OwnerReferences.to(resource, owner)]
    },
    data: { spec: { template: { ...template, $patch: "replace" } } } as never,
    revision
  })
  return { revisions: [...revisions, made], update: made }
})

/** Deletes the oldest revisions that nobody uses beyond the limit. */
export const trim = ({ client }: ControllerSetting, owner: Versioned, revisions: ReadonlyArray<ControllerRevision>, used: ReadonlySet<string>): Effect.Effect<void, KubeError.KubeError> => {
  const idle = revisions.filter((it) => !used.has(it.metadata.name!))
  const excess = Math.max(0, idle.length - (owner.spec?.revisionHistoryLimit ?? 10))
  return Effect.forEach(idle.slice(0, excess), ({ metadata: { name, namespace } }) =>
    unlessGone(client.delete(KubeResource.controllerRevisions, { namespace, name: name! })), { discard: true })
}
