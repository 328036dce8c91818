/** What is special about requests for certificates: who asks is noted by the server, and only approval and status ever change. */
import { type KubeObject, KubeTime } from "@fairlead/kube"
import { type Draft, field } from "../Draft.ts"
import type { Call } from "../rest/Call.ts"
import type { KindRules } from "../rest/KindRules.ts"

interface RequestCondition {
  readonly type?: string
  readonly status?: string
  readonly lastUpdateTime?: string | null | undefined
  readonly lastTransitionTime?: string | null | undefined
}

interface RequestStatus {
  readonly certificate?: string
  readonly conditions?: ReadonlyArray<RequestCondition>
}

const statusOf = (object: object): RequestStatus => field<RequestStatus>(object, "status") ?? {}
const conditionsOf = (object: object): ReadonlyArray<RequestCondition> => statusOf(object).conditions ?? []

const prepareCreate = (draft: Draft, { user }: Call): void => {
  const { name, uid, groups, extra } = user
  draft["spec"] = { ...(draft["spec"] as object), username: name, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) }
  draft["status"] = {}
}

const timed = (conditions: ReadonlyArray<RequestCondition>, previous: KubeObject, now: string): ReadonlyArray<RequestCondition> =>
  conditions.map((condition) => {
    const before = conditionsOf(previous).find((it) => it.type === condition.type)
    const changed = before === undefined || before.status !== condition.status
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? now,
      lastTransitionTime: condition.lastTransitionTime ?? (changed ? now : before.lastTransitionTime)
    }
  })

/** Approval decides nothing but conditions, status nothing but the certificate and conditions that are no decisions. */
const prepareUpdate = (draft: Draft, previous: KubeObject, call: Call): void => {
  const { subresource } = call.request
  draft["spec"] = field(previous, "spec")
  if (subresource !== "approval") return setStatus(draft, statusOf(previous))
  const conditions = timed(conditionsOf(draft), previous, KubeTime.format(call.server.now()))
  setStatus(draft, { ...statusOf(previous), conditions })
}

const prepareStatus = (draft: Draft, previous: KubeObject, call: Call): void => {
  draft["spec"] = field(previous, "spec")
  setStatus(draft, { ...statusOf(draft), conditions: timed(conditionsOf(draft), previous, KubeTime.format(call.server.now())) })
}

const setStatus = (draft: Draft, { conditions = [], ...status }: RequestStatus): void => {
  draft["status"] = conditions.length === 0 ? status : { ...status, conditions }
}

/** Hooks of requests for certificates. */
export const certificateRequestRules: Partial<KindRules> = { prepareCreate, prepareUpdate, prepareStatus }
