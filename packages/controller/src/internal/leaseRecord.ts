/** What a lease says, whose it is judged to be, and what to write into it. Pure. */
import { KubeResource, KubeTime, type Lease } from "@fairlead/kube"

/** A lease as it was last seen, and when its record was first seen so, by local time. */
export interface Observation {
  readonly lease: Lease
  readonly signature: string
  readonly at: number
}

/** Identity and times of one candidate, in milliseconds. */
export interface Candidate {
  readonly identity: string
  readonly leaseMillis: number
}

export type Verdict = "Held" | "Free" | "Taken"

/** Equal for equal records, different for every renewal. */
export const signatureOf = ({ spec }: Lease): string => [spec?.holderIdentity, spec?.acquireTime, spec?.renewTime, spec?.leaseTransitions, spec?.leaseDurationSeconds].join("|")

/** Notes a lease; the time of the observation stays while the record stays the same. */
export const observe = (before: Observation | undefined, lease: Lease, now: number): Observation => {
  const signature = signatureOf(lease)
  return before?.signature === signature ? { ...before, lease } : { lease, signature, at: now }
}

/** How long a holder keeps the lease without renewing it: as it says itself, or as the candidate would. */
const durationOf = (lease: Lease, candidate: Candidate): number => {
  const seconds = lease.spec?.leaseDurationSeconds
  return seconds === undefined || seconds <= 0 ? candidate.leaseMillis : seconds * 1000
}

/**
 * Whose lease this is at `now`. Expiry counts from the local time at which the record last changed, never from the
 * times in it: clocks of machines differ.
 */
export const judge = ({ at, lease }: Observation, candidate: Candidate, now: number): Verdict => {
  const holder = lease.spec?.holderIdentity ?? ""
  if (holder === candidate.identity) return "Held"
  return holder === "" || now >= at + durationOf(lease, candidate) ? "Free" : "Taken"
}

/** The lease to create. */
export const newLease = (
  at: { readonly namespace: string; readonly name: string; readonly labels?: { readonly [key: string]: string } | undefined },
  candidate: Candidate,
  wallMillis: number
): Lease => ({
  apiVersion: KubeResource.apiVersionOf(KubeResource.leases),
  kind: KubeResource.leases.kind,
  metadata: { namespace: at.namespace, name: at.name, ...(at.labels === undefined ? {} : { labels: at.labels }) },
  spec: heldSpec(candidate, KubeTime.formatMicro(wallMillis), KubeTime.formatMicro(wallMillis), 0)
})

/** The lease to write in order to take or renew it. Its `resourceVersion` makes sure that nobody was faster. */
export const claimed = (lease: Lease, candidate: Candidate, wallMillis: number): Lease => {
  const { spec } = lease
  const now = KubeTime.formatMicro(wallMillis)
  const isRenewal = spec?.holderIdentity === candidate.identity
  const transitions = (spec?.leaseTransitions ?? 0) + (isRenewal ? 0 : 1)
  return { ...lease, spec: heldSpec(candidate, isRenewal ? (spec.acquireTime ?? now) : now, now, transitions) }
}

/** The lease to write in order to give it back, so that nobody has to wait. */
export const released = (lease: Lease, wallMillis: number): Lease => {
  const now = KubeTime.formatMicro(wallMillis)
  return {
    ...lease,
    spec: { holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaseTransitions: lease.spec?.leaseTransitions ?? 0 }
  }
}

const heldSpec = (candidate: Candidate, acquireTime: string, renewTime: string, leaseTransitions: number): NonNullable<Lease["spec"]> => ({
  holderIdentity: candidate.identity,
  leaseDurationSeconds: Math.ceil(candidate.leaseMillis / 1000),
  acquireTime,
  renewTime,
  leaseTransitions
})
