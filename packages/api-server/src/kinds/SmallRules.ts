/** Kinds with one small thing of their own. */
import type { Draft } from "../Draft.ts"
import { field } from "../Draft.ts"
import { randomUid } from "../internal/randomNames.ts"
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

/** Drivers count their changes, but not from 1. */
export const driverRules: Partial<KindRules> = {
  prepareUpdate: (draft, previous) => {
    if (specChanged(draft, previous)) draft.metadata.generation = (previous.metadata.generation ?? 0) + 1
  }
}
