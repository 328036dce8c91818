/** A short text that changes when a phase has news: two phases with one digest tell the same. */
import type { Phase } from "@fairlead/core"

/** 32 bits of FNV-1a over the code units, as hexadecimal. */
const hashOf = (text: string): string => {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(16)
}

/** Takes in what people see of a phase: its reason, log links, custom info and external resources; times are left out. */
export const digestOf = ({ info, phase, reason }: Phase.PhaseInfo): string => {
  const logs = info.logs.map((it) => `${it.name}=${it.uri}`)
  const resources = info.externalResources.map((it) => `${it.index}/${it.externalId}/${it.phase}/${it.logs.length}`)
  const custom = info.customInfo === undefined ? "" : JSON.stringify(info.customInfo)
  return hashOf([phase, reason, ...logs, custom, ...resources, ...info.additionalReasons.map((it) => it.reason)].join("\n"))
}
