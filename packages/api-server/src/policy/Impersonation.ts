/**
 * Who may act as whom: the modes of constrained impersonation, each with two rights (`impersonate-on:<mode>:<verb>` on what
 * is requested, and `impersonate:<mode>` on who is to be), and the old right to impersonate for everything.
 */
import type { User } from "../ApiRequest.ts"
import { dnsLabelErrors, subdomainErrors } from "../internal/nameRules.ts"
import type { ServerContext } from "../ServerContext.ts"
import type { Store } from "../store/Store.ts"
import { ApiFailure } from "../ApiFailure.ts"
import { type Attributes, authorize } from "./Authorization.ts"

/** The user that a request asks to be; nothing is filled in yet. */
export interface WantedUser {
  readonly name: string
  readonly uid: string
  readonly groups: ReadonlyArray<string>
  readonly extra: { readonly [key: string]: ReadonlyArray<string> }
}

const authentication = "authentication.k8s.io"
const anonymous = "system:anonymous"

const accountOf = (name: string): { readonly namespace: string; readonly name: string } | undefined => {
  const [, namespace = "", account = ""] = /^system:serviceaccount:([^:]*):([^:]*)$/.exec(name) ?? []
  if (namespace === "" || dnsLabelErrors(namespace).length > 0 || subdomainErrors(account).length > 0) return undefined
  return { namespace, name: account }
}

const nodeOf = (name: string): string | undefined => (name.startsWith("system:node:") && name !== "system:node:" ? name.slice("system:node:".length) : undefined)

const onlyNamed = ({ extra, groups, uid }: WantedUser): boolean => uid === "" && groups.length === 0 && Object.keys(extra).length === 0

interface Mode {
  /** `undefined` for the old right. */
  readonly name: string | undefined
  readonly isFor: (wanted: WantedUser, requestor: User) => boolean
}

const nodeNameKey = "authentication.kubernetes.io/node-name"

const modes: ReadonlyArray<Mode> = [
  {
    name: "associated-node",
    isFor: (wanted, { extra, name }) =>
      onlyNamed(wanted) && accountOf(name) !== undefined && nodeOf(wanted.name) !== undefined && extra?.[nodeNameKey]?.length === 1 && extra[nodeNameKey][0] === nodeOf(wanted.name)
  },
  { name: "arbitrary-node", isFor: (wanted) => onlyNamed(wanted) && nodeOf(wanted.name) !== undefined },
  { name: "serviceaccount", isFor: (wanted) => onlyNamed(wanted) && accountOf(wanted.name) !== undefined },
  { name: "user-info", isFor: ({ name }) => nodeOf(name) === undefined && accountOf(name) === undefined },
  { name: undefined, isFor: () => true }
]

/** The mode that was good for a user before is tried first: its refusal is the one that is told. */
const lastModes = new WeakMap<Store, Map<string, Mode>>()

const lastModesOf = ({ store }: ServerContext): Map<string, Mode> => {
  let found = lastModes.get(store)
  if (found === undefined) lastModes.set(store, (found = new Map()))
  return found
}

/** The user that `requestor` may act as for a request. Throws `Forbidden`. */
export const impersonate = (server: ServerContext, requestor: User, wanted: WantedUser, attributes: Attributes): User => {
  const remembered = lastModesOf(server)
  const last = remembered.get(requestor.name)
  let refused: ApiFailure | undefined
  for (const mode of last === undefined ? modes : [last, ...modes.filter((it) => it !== last)]) {
    if (!mode.isFor(wanted, requestor)) continue
    try {
      checkMode(server, requestor, wanted, attributes, mode)
      remembered.set(requestor.name, mode)
      return userOf(wanted, mode)
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error
      refused ??= error
    }
  }
  throw refused
}

const checkMode = (server: ServerContext, requestor: User, { extra, groups, name, uid }: WantedUser, attributes: Attributes, mode: Mode): void => {
  const verb = mode.name === undefined ? "impersonate" : `impersonate:${mode.name}`
  const require = (wanted: Partial<Attributes>): void => authorize(server, requestor, { ...wanted, verb })
  if (mode.name !== undefined) authorize(server, requestor, { ...attributes, verb: `impersonate-on:${mode.name}:${attributes.verb}` })
  const group = mode.name === undefined ? "" : authentication
  const [account, node] = [accountOf(name), mode.name === undefined ? undefined : nodeOf(name)]
  if (account !== undefined) require({ group, plural: "serviceaccounts", ...account })
  else if (node !== undefined) require({ group, plural: "nodes", name: mode.name === "associated-node" ? "*" : node })
  else require({ group, plural: "users", name })
  if (uid !== "") require({ group: authentication, plural: "uids", name: uid })
  for (const one of groups) require({ group, plural: "groups", name: one })
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) require({ group: authentication, plural: "userextras", subresource: key, name: value })
  }
}

const userOf = ({ extra, groups, name, uid }: WantedUser, mode: Mode): User => {
  const account = accountOf(name)
  const own = mode.name !== undefined && nodeOf(name) !== undefined
    ? ["system:nodes"]
    : account !== undefined && groups.length === 0
    ? ["system:serviceaccounts", `system:serviceaccounts:${account.namespace}`]
    : groups
  const implied = name === anonymous ? "system:unauthenticated" : own.includes("system:unauthenticated") ? undefined : "system:authenticated"
  return {
    name,
    groups: implied === undefined || own.includes(implied) ? own : [...own, implied],
    ...(uid === "" ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra })
  }
}
