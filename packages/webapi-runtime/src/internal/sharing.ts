/** Who may look how often: gives each tenant of an endpoint its share, and brings jobs nearer when there is more room. */
import type { DueHeap } from "./dueHeap.ts"
import type { Endpoint, LiveJob, Tenant } from "./liveJob.ts"
import { shareOut } from "./pollPlan.ts"

/** What sharing works with. */
export interface SharingTerms<Meta, Resource> {
  readonly heap: DueHeap<LiveJob<Meta, Resource>>
  readonly resync: number
  /** Jobs that one call looks at. */
  readonly perCall: number
  readonly random: () => number
}

/** Works out the shares anew when the number of jobs has changed by a twentieth. */
export const share = <Meta, Resource>(endpoint: Endpoint<Meta, Resource>, terms: SharingTerms<Meta, Resource>, now: number): void => {
  if (Math.abs(endpoint.jobs - endpoint.sharedFor) * 20 < endpoint.sharedFor) return
  endpoint.sharedFor = endpoint.jobs
  const tenants = Array.from(endpoint.tenants.values())
  const shares = shareOut(tenants, endpoint.read.qps * terms.perCall, terms.resync)
  const relieved = new Set<Tenant<Meta, Resource>>()
  for (const [index, tenant] of tenants.entries()) {
    const { isShort, loadInterval, perSecond } = shares[index]!
    const isRelieved = tenant.isShort && (!isShort || loadInterval < tenant.plannedInterval / 2)
    if (isRelieved) relieved.add(tenant)
    if (isRelieved || loadInterval > tenant.plannedInterval) tenant.plannedInterval = loadInterval
    tenant.loadInterval = loadInterval
    tenant.isShort = isShort
    tenant.perSecond = perSecond
  }
  if (relieved.size > 0) respread(relieved, terms, now)
}

/** Brings the jobs of tenants that have more room now nearer. */
const respread = <Meta, Resource>(tenants: ReadonlySet<Tenant<Meta, Resource>>, { heap, random, resync }: SharingTerms<Meta, Resource>, now: number): void => {
  for (const tenant of tenants) tenant.slot = 0
  heap.reschedule((job) => {
    const { tenant } = job
    if (!tenants.has(tenant)) return job.dueAt
    const dueAt = Math.min(job.dueAt, now + Math.max(resync, tenant.loadInterval) * random())
    if (tenant.isShort) tenant.slot = Math.max(tenant.slot, dueAt)
    return dueAt
  })
}
