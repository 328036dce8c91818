/** Kinds with one small thing of their own. */
import { jsonEqual, type ObjectMeta } from "@fairlead/kube"
import type { Draft } from "../Draft.ts"
import { field } from "../Draft.ts"
import { randomUid } from "../internal/randomNames.ts"
import { emptyStatus } from "./EmptyStatus.ts"
import { type KindRules, specChanged } from "../rest/KindRules.ts"

/** Limit ranges without a name get one. */
export const limitRangeRules: Partial<KindRules> = {
  prepareCreate: ({ metadata }, { server }) => {
    if (!metadata.name) metadata.name = randomUid(server.random)
  }
}

/** Of the secrets of an account only the names are kept. */
const keepNames = (draft: Draft): void => {
  const secrets = field<ReadonlyArray<{ readonly name?: string } | null>>(draft, "secrets")
  if (secrets !== undefined) draft["secrets"] = secrets.map((secret) => (secret?.name === undefined ? {} : { name: secret.name }))
}

/** What service accounts name is cut down to names. */
export const serviceAccountRules: Partial<KindRules> = { prepareCreate: keepNames, prepareUpdate: keepNames }

const templateGeneration = "deprecated.daemonset.template.generation"

const withTemplateGeneration = (draft: Draft, generation: number): void => {
  draft.metadata.annotations = { ...draft.metadata.annotations, [templateGeneration]: String(generation) }
}

const generationOf = ({ metadata }: { readonly metadata: ObjectMeta }): number => Number(metadata.annotations?.[templateGeneration] ?? 0)

/** Daemon sets count the changes of their templates in an annotation. */
export const daemonSetRules: Partial<KindRules> = {
  prepareCreate: (draft, { resource }) => {
    draft["status"] = emptyStatus(resource)
    withTemplateGeneration(draft, Math.max(1, generationOf(draft)))
  },
  prepareUpdate: (draft, previous) => {
    const template = (of: object): unknown => field<{ readonly template?: unknown }>(of, "spec")?.template
    withTemplateGeneration(draft, generationOf(previous) + (jsonEqual(template(draft), template(previous)) ? 0 : 1))
  }
}

/** Drivers count their changes, but not from 1. */
export const driverRules: Partial<KindRules> = {
  prepareUpdate: (draft, previous) => {
    if (specChanged(draft, previous)) draft.metadata.generation = (previous.metadata.generation ?? 0) + 1
  }
}
