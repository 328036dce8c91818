/** The roles of the parts of a cluster, as lines: `groups|resources|verbs`, and `|names` where only some objects are meant. */
import type { PolicyRule } from "./RbacRules.ts"
import { words } from "../internal/words.ts"

const short: Readonly<Record<string, string>> = { read: "get list watch", report: "create patch update" }

/** Reads one line; `core` is the group without a name. */
export const ruleOf = (line: string): PolicyRule => {
  const [groups = "", resources = "", verbs = "", names] = line.split("|")
  return {
    apiGroups: words(groups).map((group) => (group === "core" ? "" : group)),
    resources: words(resources),
    verbs: words(verbs).flatMap((verb) => words(short[verb] ?? verb)),
    ...(names === undefined ? {} : { resourceNames: words(names) })
  }
}

const events = "core events.k8s.io|events|report"
const reviews = ["authentication.k8s.io|tokenreviews|create", "authorization.k8s.io|subjectaccessreviews|create"]

const leaderLease = (name: string): ReadonlyArray<string> => ["coordination.k8s.io|leases|create", `coordination.k8s.io|leases|get update|${name}`]

const scheduler = [
  events, ...leaderLease("kube-scheduler"), "core|nodes|read", "core|pods|delete read", "core|bindings pods/binding|create", "core|pods/status|patch update",
  "core|replicationcontrollers services|read", "apps extensions|replicasets|read", "apps|statefulsets|read", "policy|poddisruptionbudgets|read",
  "core|persistentvolumeclaims persistentvolumes|read", ...reviews, "storage.k8s.io|csinodes|read", "core|namespaces|read", "storage.k8s.io|csidrivers|read",
  "storage.k8s.io|csistoragecapacities|read"
]

const controllers = [
  events, ...leaderLease("kube-controller-manager"), "core|secrets serviceaccounts|create", "core|secrets|delete", "core|configmaps namespaces secrets serviceaccounts|get",
  "core|secrets serviceaccounts|update", ...reviews, "*|*|list watch", "core|serviceaccounts/token|create"
]

const node = [
  "authentication.k8s.io|tokenreviews|create", "authorization.k8s.io|localsubjectaccessreviews subjectaccessreviews|create", "core|services|read", "core|nodes|create read",
  "core|nodes/status|patch update", "core|nodes|patch update", "core|events|report", "core|pods|read", "core|pods|create delete", "core|pods/status|patch update",
  "core|pods/eviction|create", "core|configmaps secrets|read", "core|persistentvolumeclaims persistentvolumes|get", "core|endpoints|get",
  "certificates.k8s.io|certificatesigningrequests|create read", "coordination.k8s.io|leases|create delete get patch update", "storage.k8s.io|volumeattachments|get",
  "core|serviceaccounts/token|create", "core|persistentvolumeclaims/status|get patch update", "storage.k8s.io|csidrivers|read",
  "storage.k8s.io|csinodes|create delete get patch update", "node.k8s.io|runtimeclasses|read"
]

const approver = (signer: string): ReadonlyArray<string> => [`certificates.k8s.io|signers|approve|kubernetes.io/${signer}`]

/** Lines by the name of the role. */
export const systemRoles: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
  ["system:auth-delegator", reviews],
  ["system:certificates.k8s.io:certificatesigningrequests:nodeclient", ["certificates.k8s.io|certificatesigningrequests/nodeclient|create"]],
  ["system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", ["certificates.k8s.io|certificatesigningrequests/selfnodeclient|create"]],
  ["system:certificates.k8s.io:kube-apiserver-client-approver", approver("kube-apiserver-client")],
  ["system:certificates.k8s.io:kube-apiserver-client-kubelet-approver", approver("kube-apiserver-client-kubelet")],
  ["system:certificates.k8s.io:kubelet-serving-approver", approver("kubelet-serving")],
  ["system:certificates.k8s.io:legacy-unknown-approver", approver("legacy-unknown")],
  ["system:heapster", ["core|events namespaces nodes pods|read", "extensions|deployments|read"]],
  ["system:kube-aggregator", ["core|endpoints services|read"]],
  ["system:kube-controller-manager", controllers],
  ["system:kube-dns", ["core|endpoints services|list watch"]],
  ["system:kube-scheduler", scheduler],
  ["system:kubelet-api-admin", ["core|nodes|read", "core|nodes|proxy", "core|nodes/log nodes/metrics nodes/proxy nodes/stats|*"]],
  ["system:node", node],
  ["system:node-bootstrapper", ["certificates.k8s.io|certificatesigningrequests|create read"]],
  ["system:node-problem-detector", ["core|nodes|get", "core|nodes/status|patch", events]],
  ["system:node-proxier", ["core|endpoints services|list watch", "core|nodes|read", events, "discovery.k8s.io|endpointslices|list watch"]],
  ["system:persistent-volume-provisioner", [
    "core|persistentvolumes|create delete read", "core|persistentvolumeclaims|get list update watch", "storage.k8s.io|storageclasses|read", "core|events|watch", events
  ]],
  ["system:volume-scheduler", [
    "core|persistentvolumes|get list patch update watch", "storage.k8s.io|storageclasses|read", "core|persistentvolumeclaims|get list patch update watch"
  ]]
]
