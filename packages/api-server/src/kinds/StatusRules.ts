/** Kinds whose new objects start with a status that says more than nothing. */
import type { KindRules } from "../rest/KindRules.ts"

const startWith = (status: object): Partial<KindRules> => ({ prepareCreate: (draft) => void (draft["status"] = status) })

/** Claims wait for a volume. */
export const claimRules = startWith({ phase: "Pending" })

/** Volumes wait for their controller. */
export const volumeRules = startWith({ phase: "Pending" })
