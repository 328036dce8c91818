/** What one member knows of all members and claims, and what follows for its own shards. Plain and synchronous. */
import type { Lease } from "@fairlead/kube"
import { type Candidate, judge, type Observation, observe } from "./leaseRecord.ts"
import { assign, hash } from "./shardAssignment.ts"

/** Labels that tell the leases of one group from others, and members from claims. */
export const groupLabel = "fairlead.dev/sharding"
export const roleLabel = "fairlead.dev/sharding-role"

export interface ShardTableOptions extends Candidate {
  readonly group: string
  readonly shards: number
}

/** What to do now. A claim without a lease is to be created. */
export interface ShardPlan {
  readonly claim: ReadonlyArray<{ readonly shard: number; readonly lease: Lease | undefined }>
  /** Shards of ours that belong to another live member: finish their work, then give the claim back. */
  readonly drain: ReadonlyArray<number>
  /** Shards that we work on although the claim is not ours any more: stop at once. */
  readonly lost: ReadonlyArray<number>
  /** Claims in our name on which nothing is going on, left from an earlier life, that belong to others. */
  readonly giveBack: ReadonlyArray<Lease>
  /** Leases of members that have been dead for long. */
  readonly bury: ReadonlyArray<Lease>
  readonly members: ReadonlyArray<string>
}

/** Dead members are buried after this many times their lease. */
const burialFactor = 20

export const claimName = (group: string, shard: number): string => `${group}-shard-${shard}`

/** A name for the lease of a member, whatever its identity looks like. */
export const memberName = (group: string, identity: string): string => {
  const readable = identity.toLowerCase().replace(/[^a-z0-9-]/g, "-").slice(0, 100)
  return `${group}-member-${readable}-${hash(identity).toString(16)}`
}

export class ShardTable {
  readonly #options: ShardTableOptions
  #observations = new Map<string, Observation>()

  constructor(options: ShardTableOptions) {
    this.#options = options
  }

  /** Takes in all leases of the group, as they are at `now`, and plans. `working` are the shards that have work going on. */
  plan(leases: ReadonlyArray<Lease>, working: ReadonlySet<number>, now: number): ShardPlan {
    const seen = new Map<string, Observation>()
    for (const lease of leases) {
      const name = lease.metadata.name!
      seen.set(name, observe(this.#observations.get(name), lease, now))
    }
    this.#observations = seen
    const { group, identity, shards } = this.#options
    const members = this.#liveMembers(now)
    const owners = assign(members, shards)
    const claim: Array<{ readonly shard: number; readonly lease: Lease | undefined }> = []
    const drain: Array<number> = []
    const lost: Array<number> = []
    const giveBack: Array<Lease> = []
    for (let shard = 0; shard < shards; shard++) {
      const observation = seen.get(claimName(group, shard))
      const holder = observation?.lease.spec?.holderIdentity ?? ""
      if (working.has(shard)) {
        if (holder !== identity) lost.push(shard)
        else if (owners[shard] !== identity) drain.push(shard)
      } else if (owners[shard] === identity && (observation === undefined || this.#isFree(observation, holder, members, now))) {
        claim.push({ shard, lease: observation?.lease })
      } else if (observation !== undefined && holder === identity) giveBack.push(observation.lease)
    }
    return { claim, drain, lost, giveBack, bury: members[0] === identity ? this.#longDead(now) : [], members }
  }

  /** The claim of a shard as it was last written by us. */
  note(lease: Lease, now: number): void {
    const name = lease.metadata.name!
    this.#observations.set(name, observe(this.#observations.get(name), lease, now))
  }

  claimOf(shard: number): Lease | undefined {
    return this.#observations.get(claimName(this.#options.group, shard))?.lease
  }

  #liveMembers(now: number): ReadonlyArray<string> {
    const live = new Set([this.#options.identity])
    for (const observation of this.#observations.values()) {
      const holder = observation.lease.spec?.holderIdentity ?? ""
      if (isMember(observation.lease) && holder !== "" && judge(observation, this.#options, now) !== "Free") live.add(holder)
    }
    return Array.from(live).sort()
  }

  /** A claim is free when it was given back, or when its holder is dead; of a holder without a lease we wait as long as for a lease. */
  #isFree(observation: Observation, holder: string, members: ReadonlyArray<string>, now: number): boolean {
    if (holder === "" || holder === this.#options.identity) return true
    if (members.includes(holder)) return false
    const isKnown = this.#observations.has(memberName(this.#options.group, holder))
    return isKnown || now >= observation.at + this.#options.leaseMillis
  }

  #longDead(now: number): ReadonlyArray<Lease> {
    return Array.from(this.#observations.values())
      .filter((it) => isMember(it.lease) && it.lease.spec?.holderIdentity !== this.#options.identity && now - it.at > burialFactor * this.#options.leaseMillis)
      .map((it) => it.lease)
  }
}

const isMember = (lease: Lease): boolean => lease.metadata.labels?.[roleLabel] === "member"
