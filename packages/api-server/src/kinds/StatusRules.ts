/** Kinds whose new objects start with a status that says more than nothing. */
import type { Draft } from "../Draft.ts"
import type { Call } from "../rest/Call.ts"
import type { KindRules } from "../rest/KindRules.ts"

const startWith = (status: object): Partial<KindRules> => ({ prepareCreate: (draft) => void (draft["status"] = status) })

/** Claims wait for a volume. */
export const claimRules = startWith({ phase: "Pending" })

/** Volumes wait for their controller. */
export const volumeRules = startWith({ phase: "Pending" })

/** Who asks for a certificate is written down by the server. */
export const certificateRequestRules: Partial<KindRules> = {
  prepareCreate: (draft: Draft, { user }: Call) => {
    const { name, uid, groups, extra } = user
    draft["spec"] = { ...(draft["spec"] as object), username: name, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) }
    draft["status"] = {}
  }
}
