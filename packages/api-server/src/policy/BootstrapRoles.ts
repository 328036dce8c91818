/** The roles and bindings that every cluster starts with, as far as users and clients meet them. */
import type { PolicyRule } from "./RbacRules.ts"
import { ruleOf, systemRoles } from "./SystemRoles.ts"
import { words } from "../internal/words.ts"

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

/** A role with what sets it apart: whose rules it takes over, and which role takes over its own. */
interface BootstrapRole {
  readonly rules: ReadonlyArray<PolicyRule>
  readonly collects?: string
  readonly goesTo?: string
}

const roles: Readonly<Record<string, BootstrapRole>> = {
  admin: { rules: [...editRules, ...viewRules, ...adminRules], collects: "admin" },
  "cluster-admin": { rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }, { nonResourceURLs: ["*"], verbs: ["*"] }] },
  edit: { rules: [...editRules, ...viewRules], collects: "edit", goesTo: "admin" },
  "system:aggregate-to-admin": { rules: adminRules, goesTo: "admin" },
  "system:aggregate-to-edit": { rules: editRules, goesTo: "edit" },
  "system:aggregate-to-view": { rules: viewRules, goesTo: "view" },
  "system:basic-user": {
    rules: [
      rule("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", "create"),
      rule("authentication.k8s.io", "selfsubjectreviews", "create")
    ]
  },
  "system:discovery": { rules: [path("/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/")] },
  "system:monitoring": { rules: [path("/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*")] },
  "system:public-info-viewer": { rules: [path(publicPaths)] },
  "system:service-account-issuer-discovery": {
    rules: [path("/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/")]
  },
  view: { rules: viewRules, collects: "view", goesTo: "edit" },
  ...Object.fromEntries(systemRoles.map(([name, lines]) => [name, { rules: lines.map(ruleOf) }]))
}

interface BootstrapSubject {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

const groupsOf = (...names: ReadonlyArray<string>): ReadonlyArray<BootstrapSubject> => names.map((name) => ({ kind: "Group", name }))
const userOf = (name: string): ReadonlyArray<BootstrapSubject> => [{ kind: "User", name }]

const bindings: Readonly<Record<string, ReadonlyArray<BootstrapSubject>>> = {
  "cluster-admin": groupsOf("system:masters"),
  "system:basic-user": groupsOf("system:authenticated"),
  "system:discovery": groupsOf("system:authenticated"),
  "system:kube-controller-manager": userOf("system:kube-controller-manager"),
  "system:kube-dns": [{ kind: "ServiceAccount", name: "kube-dns", namespace: "kube-system" }],
  "system:kube-scheduler": userOf("system:kube-scheduler"),
  "system:monitoring": groupsOf("system:monitoring"),
  "system:node": [],
  "system:node-proxier": userOf("system:kube-proxy"),
  "system:public-info-viewer": groupsOf("system:authenticated", "system:unauthenticated"),
  "system:service-account-issuer-discovery": groupsOf("system:serviceaccounts"),
  "system:volume-scheduler": userOf("system:kube-scheduler")
}

const apiGroup = "rbac.authorization.k8s.io"
const aggregation = (name: string): { readonly [label: string]: string } => ({ [`${apiGroup}/aggregate-to-${name}`]: "true" })

const metadata = (name: string, goesTo?: string): object => ({
  name,
  labels: { "kubernetes.io/bootstrapping": "rbac-defaults", ...(goesTo === undefined ? {} : aggregation(goesTo)) },
  annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" }
})

/** Cluster roles, ready to be created; those that take over the rules of others have them from the start. */
export const bootstrapRoles = (): ReadonlyArray<object> =>
  Object.entries(roles).map(([name, { collects, goesTo, rules }]) => ({
    metadata: metadata(name, goesTo),
    ...(collects === undefined ? {} : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregation(collects) }] } }),
    rules
  }))

/** Cluster role bindings, ready to be created. */
export const bootstrapBindings = (): ReadonlyArray<object> =>
  Object.entries(bindings).map(([name, subjects]) => ({
    metadata: metadata(name),
    subjects: subjects.map((subject) => (subject.kind === "ServiceAccount" ? subject : { ...subject, apiGroup })),
    roleRef: { apiGroup, kind: "ClusterRole", name }
  }))
