/** The roles and bindings that every cluster starts with, as far as users and clients meet them. */
import type { PolicyRule } from "./RbacRules.ts"

const words = (text: string): ReadonlyArray<string> => text.trim().split(/\s+/)

const rule = (groups: string, resources: string, verbs: string): PolicyRule => ({
  apiGroups: groups === "core" ? [""] : words(groups),
  resources: words(resources),
  verbs: words(verbs)
})

const path = (urls: string): PolicyRule => ({ nonResourceURLs: words(urls), verbs: ["get"] })

const read = "get list watch"
const write = "create delete deletecollection patch update"

const coreConfig = "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status"
const appsKinds = "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status"

const viewRules: ReadonlyArray<PolicyRule> = [
  rule("core", coreConfig, read),
  rule("core", "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status", read),
  rule("core", "namespaces", read),
  rule("discovery.k8s.io", "endpointslices", read),
  rule("apps", appsKinds, read),
  rule("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", read),
  rule("batch", "cronjobs cronjobs/status jobs jobs/status", read),
  rule("extensions", "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale", read),
  rule("policy", "poddisruptionbudgets poddisruptionbudgets/status", read),
  rule("networking.k8s.io", "ingresses ingresses/status networkpolicies", read)
]

const editRules: ReadonlyArray<PolicyRule> = [
  rule("core", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy", read),
  rule("core", "serviceaccounts", "impersonate"),
  rule("core", "pods pods/attach pods/exec pods/portforward pods/proxy", write),
  rule("core", "pods/eviction", "create"),
  rule("core", "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy", write),
  rule("core", "serviceaccounts/token", "create"),
  rule("apps", "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale", write),
  rule("autoscaling", "horizontalpodautoscalers", write),
  rule("batch", "cronjobs jobs", write),
  rule("extensions", "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale", write),
  rule("policy", "poddisruptionbudgets", write),
  rule("networking.k8s.io", "ingresses networkpolicies", write),
  rule("coordination.k8s.io", "leases", `${write} ${read}`)
]

const adminRules: ReadonlyArray<PolicyRule> = [
  rule("authorization.k8s.io", "localsubjectaccessreviews", "create"),
  rule("rbac.authorization.k8s.io", "rolebindings roles", `${write} ${read}`)
]

const publicPaths = "/healthz /livez /readyz /version /version/"

const roles: ReadonlyArray<readonly [string, ReadonlyArray<PolicyRule>]> = [
  ["admin", [...editRules, ...viewRules, ...adminRules]],
  ["cluster-admin", [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }, { nonResourceURLs: ["*"], verbs: ["*"] }]],
  ["edit", [...editRules, ...viewRules]],
  ["system:basic-user", [
    rule("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", "create"),
    rule("authentication.k8s.io", "selfsubjectreviews", "create")
  ]],
  ["system:discovery", [path("/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/")]],
  ["system:monitoring", [path("/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*")]],
  ["system:public-info-viewer", [path(publicPaths)]],
  ["system:service-account-issuer-discovery", [path("/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/")]],
  ["view", viewRules]
]

const bindings: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
  ["cluster-admin", ["system:masters"]],
  ["system:basic-user", ["system:authenticated"]],
  ["system:discovery", ["system:authenticated"]],
  ["system:monitoring", ["system:monitoring"]],
  ["system:public-info-viewer", ["system:authenticated", "system:unauthenticated"]],
  ["system:service-account-issuer-discovery", ["system:serviceaccounts"]]
]

const metadata = (name: string): object => ({
  name,
  labels: { "kubernetes.io/bootstrapping": "rbac-defaults" },
  annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" }
})

/** Cluster roles, ready to be created. */
export const bootstrapRoles = (): ReadonlyArray<object> => roles.map(([name, rules]) => ({ metadata: metadata(name), rules }))

const apiGroup = "rbac.authorization.k8s.io"

/** Cluster role bindings, ready to be created. */
export const bootstrapBindings = (): ReadonlyArray<object> =>
  bindings.map(([name, groups]) => ({
    metadata: metadata(name),
    subjects: groups.map((group) => ({ kind: "Group", apiGroup, name: group })),
    roleRef: { apiGroup, kind: "ClusterRole", name }
  }))
