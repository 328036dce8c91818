/** The flow schemas and priority levels that every cluster starts with. */

const every = ["*"]

const allResources = { verbs: every, apiGroups: every, resources: every, clusterScope: true, namespaces: every }
const allPaths = { verbs: every, nonResourceURLs: every }
const everything = [{ resourceRules: [allResources], nonResourceRules: [allPaths] }]

const group = (name: string): object => ({ kind: "Group", group: { name } })
const user = (name: string): object => ({ kind: "User", user: { name } })
const kubeSystem = (name: string): object => ({ kind: "ServiceAccount", serviceAccount: { namespace: "kube-system", name } })
const anybody = [group("system:unauthenticated"), group("system:authenticated")]
const ofControllers = user("system:kube-controller-manager")
const ofScheduler = user("system:kube-scheduler")

const leases = (namespace: string): object => ({
  resourceRules: [{ verbs: ["get", "create", "update"], apiGroups: ["coordination.k8s.io"], resources: ["leases"], namespaces: [namespace] }]
})

interface Flow {
  readonly level: string
  readonly precedence: number
  /** How requests of the flow are told apart. */
  readonly by?: "ByUser" | "ByNamespace"
  readonly rules: ReadonlyArray<object>
}

const flowOf = (level: string, precedence: number, by: Flow["by"], subjects: ReadonlyArray<object>, rules: ReadonlyArray<object> = everything): Flow => ({
  level,
  precedence,
  ...(by === undefined ? {} : { by }),
  rules: rules.map((rule) => ({ subjects, ...rule }))
})

const nodeRules = {
  resourceRules: [
    { verbs: every, apiGroups: [""], resources: ["nodes", "nodes/status"], clusterScope: true, namespaces: every },
    { verbs: every, apiGroups: ["coordination.k8s.io"], resources: ["leases"], clusterScope: false, namespaces: every }
  ]
}

const flows: Readonly<Record<string, Flow>> = {
  "catch-all": flowOf("catch-all", 10_000, "ByUser", anybody),
  "endpoint-controller": flowOf("workload-high", 150, "ByUser", [ofControllers, kubeSystem("endpoint-controller"), kubeSystem("endpointslicemirroring-controller")], [
    { resourceRules: [{ verbs: ["get", "create", "update"], apiGroups: [""], resources: ["endpoints"], namespaces: every }] }
  ]),
  exempt: flowOf("exempt", 1, undefined, [group("system:masters")]),
  "global-default": flowOf("global-default", 9900, "ByUser", anybody),
  "kube-controller-manager": flowOf("workload-high", 800, "ByNamespace", [ofControllers]),
  "kube-scheduler": flowOf("workload-high", 800, "ByNamespace", [ofScheduler]),
  "kube-system-service-accounts": flowOf("workload-high", 900, "ByNamespace", [kubeSystem("*")]),
  probes: flowOf("exempt", 2, undefined, anybody, [{ nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/healthz", "/readyz", "/livez"] }] }]),
  "service-accounts": flowOf("workload-low", 9000, "ByUser", [group("system:serviceaccounts")]),
  "system-leader-election": flowOf("leader-election", 100, "ByUser", [ofControllers, ofScheduler, kubeSystem("*")], [leases("kube-system")]),
  "system-node-high": flowOf("node-high", 400, "ByUser", [group("system:nodes")], [nodeRules]),
  "system-nodes": flowOf("system", 500, "ByUser", [group("system:nodes")]),
  "workload-leader-election": flowOf("leader-election", 200, "ByUser", [kubeSystem("*")], [leases("*")])
}

/** Shares, what may be lent in percent, and queues with their hands; none for levels that do not queue. */
const levels: Readonly<Record<string, readonly [number, number, (readonly [number, number])?]>> = {
  "catch-all": [5, 0],
  "global-default": [20, 50, [128, 6]],
  "leader-election": [10, 0, [16, 4]],
  "node-high": [40, 25, [64, 6]],
  system: [30, 33, [64, 6]],
  "workload-high": [40, 50, [128, 6]],
  "workload-low": [100, 90, [128, 6]]
}

const queueLengthLimit = 50

const metadata = (name: string): object => ({ name, annotations: { "apf.kubernetes.io/autoupdate-spec": "true" } })

/** Priority levels, ready to be created. */
export const bootstrapLevels = (): ReadonlyArray<object> => [
  { metadata: metadata("exempt"), spec: { type: "Exempt", exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } } },
  ...Object.entries(levels).map(([name, [nominalConcurrencyShares, lendablePercent, queuing]]) => ({
    metadata: metadata(name),
    spec: {
      type: "Limited",
      limited: {
        nominalConcurrencyShares,
        lendablePercent,
        limitResponse: queuing === undefined ? { type: "Reject" } : { type: "Queue", queuing: { queues: queuing[0], handSize: queuing[1], queueLengthLimit } }
      }
    }
  }))
]

/** Flow schemas, ready to be created. */
export const bootstrapFlows = (): ReadonlyArray<object> =>
  Object.entries(flows).map(([name, { by, level, precedence, rules }]) => ({
    metadata: metadata(name),
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence: precedence,
      ...(by === undefined ? {} : { distinguisherMethod: { type: by } }),
      rules
    }
  }))

/** The status of a flow schema whose level exists. */
export const flowStatus = (schema: object, now: string): object => {
  const { priorityLevelConfiguration: { name } } = (schema as { readonly spec: { readonly priorityLevelConfiguration: { readonly name: string } } }).spec
  const message = `This FlowSchema references the PriorityLevelConfiguration object named "${name}" and it exists`
  return { conditions: [{ type: "Dangling", status: "False", lastTransitionTime: now, reason: "Found", message }] }
}
