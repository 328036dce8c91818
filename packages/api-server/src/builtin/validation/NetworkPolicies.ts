/** Policies of networks. */
import type { Fields } from "../Sharing.ts"
import { items, part, text, texts, type Check } from "./Check.ts"
import { cidrErrors, isStrictlyWithin, portErrors, portNameErrors } from "./Formats.ts"

const checkPort = (check: Check, field: string, { protocol, port, endPort }: Fields): void => {
  if (protocol !== undefined) check.oneOf(`${field}.protocol`, protocol, ["TCP", "UDP", "SCTP"])
  if (port === undefined) {
    if (endPort !== undefined) check.invalid(`${field}.endPort`, endPort, "may not be specified when `port` is not specified")
  } else if (typeof port === "number") {
    check.texts(`${field}.port`, port, portErrors(port))
    if (typeof endPort !== "number") return
    if (endPort < port) check.invalid(`${field}.endPort`, port, "must be greater than or equal to `port`")
    check.texts(`${field}.endPort`, endPort, portErrors(endPort))
  } else {
    if (endPort !== undefined) check.invalid(`${field}.endPort`, endPort, "may not be specified when `port` is non-numeric")
    check.texts(`${field}.port`, port, portNameErrors(String(port)))
  }
}

const checkBlock = (check: Check, field: string, block: Fields, kept: ReadonlySet<string>): void => {
  const range = text(block, "cidr")
  if (range === "") return check.required(`${field}.cidr`)
  const errors = cidrErrors(range)
  if (!kept.has(range)) check.texts(`${field}.cidr`, range, errors)
  if (errors.length > 0) return
  texts(block["except"]).forEach((except, i) => {
    const at = `${field}.except[${i}]`
    const wrong = cidrErrors(except)
    if (!kept.has(except)) check.texts(at, except, wrong)
    if (wrong.length === 0 && !isStrictlyWithin(except, range)) check.invalid(at, except, "must be a strict subset of `cidr`")
  })
}

const checkPeer = (check: Check, field: string, peer: Fields, kept: ReadonlySet<string>): void => {
  const block = part(peer, "ipBlock")
  const selectors = ["podSelector", "namespaceSelector"].filter((name) => part(peer, name) !== undefined)
  for (const name of selectors) check.labelSelector(`${field}.${name}`, peer[name])
  if (block !== undefined) checkBlock(check, `${field}.ipBlock`, block, kept)
  if (block === undefined && selectors.length === 0) check.required(field, "must specify a peer")
  if (block !== undefined && selectors.length > 0) check.forbidden(field, "may not specify both ipBlock and another peer")
}

const directions = [["ingress", "from"], ["egress", "to"]] as const

const blocksOf = (spec: Fields): ReadonlyArray<string> =>
  directions.flatMap(([list, peers]) => items(spec[list]).flatMap((rule) => items(rule[peers]).flatMap((peer) => {
    const block = part(peer, "ipBlock")
    return block === undefined ? [] : [text(block, "cidr"), ...texts(block["except"])]
  })))

/** A policy, new or changed; ranges in an old form may stay. */
export const checkNetworkPolicy = (check: Check, policy: Fields, old?: Fields): void => {
  const spec = part(policy, "spec") ?? {}
  const kept = new Set(old === undefined ? [] : blocksOf(part(old, "spec") ?? {}))
  check.labelSelector("spec.podSelector", spec["podSelector"])
  for (const [list, peers] of directions) {
    items(spec[list]).forEach((rule, i) => {
      items(rule["ports"]).forEach((port, j) => checkPort(check, `spec.${list}[${i}].ports[${j}]`, port))
      items(rule[peers]).forEach((peer, j) => checkPeer(check, `spec.${list}[${i}].${peers}[${j}]`, peer, kept))
    })
  }
  const types = texts(spec["policyTypes"])
  if (types.length > 2) return check.invalid("spec.policyTypes", types, "may not specify more than two policyTypes")
  types.forEach((type, i) => check.oneOf(`spec.policyTypes[${i}]`, type, ["Ingress", "Egress"]))
}
