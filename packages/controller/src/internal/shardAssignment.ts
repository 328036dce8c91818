/** Which member gets which shard. Pure, and the same for everyone who knows the same members. */

/** 32 bits of FNV-1a with a final mix, so that keys that differ in their last digit alone are far apart. */
export const hash = (text: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    h ^= text.charCodeAt(i)
    h = Math.imul(h, 0x01000193)
  }
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/**
 * Gives every shard to the member with the highest hash of both, among those that have not their share yet
 * (rendezvous hashing with bounded load). When a member comes or goes, few shards of the others move.
 */
export const assign = (members: ReadonlyArray<string>, shards: number): ReadonlyArray<string> => {
  if (members.length === 0) return []
  const share = Math.ceil(shards / members.length)
  const loads = new Map(members.map((it) => [it, 0]))
  return Array.from({ length: shards }, (_, shard) => {
    let best: string | undefined
    let bestScore = -1
    for (const member of members) {
      if (loads.get(member)! >= share) continue
      const score = hash(`${member}/${shard}`)
      if (score > bestScore || (score === bestScore && member < best!)) {
        best = member
        bestScore = score
      }
    }
    loads.set(best!, loads.get(best!)! + 1)
    return best!
  })
}
