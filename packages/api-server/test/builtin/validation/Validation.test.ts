import type { StatusCause } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import * as Builtin from "../../../src/builtin/Builtin.ts"
import * as Validation from "../../../src/builtin/validation/Validation.ts"
import { podOf } from "../pods.ts"

interface Kind {
  readonly group: string
  readonly plural: string
  readonly kind: string
}

const kindOf = (group: string, plural: string, kind: string): Kind => ({ group, plural, kind })
const pods = kindOf("", "pods", "Pod")
const services = kindOf("", "services", "Service")
const jobs = kindOf("batch", "jobs", "Job")
const cronJobs = kindOf("batch", "cronjobs", "CronJob")
const deployments = kindOf("apps", "deployments", "Deployment")
const statefulSets = kindOf("apps", "statefulsets", "StatefulSet")
const daemonSets = kindOf("apps", "daemonsets", "DaemonSet")
const quotas = kindOf("", "resourcequotas", "ResourceQuota")
const limitRanges = kindOf("", "limitranges", "LimitRange")
const endpoints = kindOf("", "endpoints", "Endpoints")
const claims = kindOf("", "persistentvolumeclaims", "PersistentVolumeClaim")

/** An object as it stands before validation: decoded, with defaults. */
const prepared = ({ group, kind }: Kind, object: object): Record<string, unknown> => {
  const { object: decoded, problem } = Builtin.decode(Builtin.schemaOf(group, "v1", kind)!, object)
  if (problem !== undefined) throw new Error(problem)
  return decoded
}

const shown = (causes: ReadonlyArray<StatusCause>): ReadonlyArray<string> => causes.map(({ field, message }) => `${field}: ${message}`)

const created = (kind: Kind, object: object): ReadonlyArray<string> => {
  const causes: Array<StatusCause> = []
  const draft = prepared(kind, object)
  const before = structuredClone(draft)
  Validation.create(kind.group, kind.plural, draft, causes)
  expect(draft).toEqual(before)
  return shown(causes)
}

const updated = (kind: Kind, old: object, next: object, subresource?: string): ReadonlyArray<string> => {
  const causes: Array<StatusCause> = []
  Validation.update(kind.group, kind.plural, subresource, prepared(kind, next), prepared(kind, old), causes)
  return shown(causes)
}

const metadata = { name: "a", namespace: "n" }
const container = { name: "c", image: "i" }
const template = { metadata: { labels: { app: "a" } }, spec: { containers: [container] } }

describe("pods", () => {
  it("takes a plain pod", () => {
    expect(created(pods, podOf({ containers: [container] }))).toEqual([])
  })

  it.each([
    ["needs containers", {}, ["spec.containers: Required value"]],
    ["needs images and names", { containers: [{}] }, ["spec.containers[0].name: Required value", "spec.containers[0].image: Required value"]],
    ["keeps the names of containers apart", { containers: [container, container] }, ["spec.containers[1].name: Duplicate value: \"c\""]],
    [
      "asks for no more than is allowed",
      { containers: [{ ...container, resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } }] },
      ["spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1"]
    ],
    [
      "mounts volumes that are there",
      { containers: [{ ...container, volumeMounts: [{ name: "v", mountPath: "/v" }] }] },
      ["spec.containers[0].volumeMounts[0].name: Not found: \"v\""]
    ],
    [
      "knows the kinds of restarts",
      { containers: [container], restartPolicy: "Sometimes" },
      ["spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\""]
    ]
  ])("%s", (_, spec, expected) => {
    expect(created(pods, podOf(spec))).toEqual(expected)
  })

  it("lets an update change images and nothing else of the containers", () => {
    const old = podOf({ containers: [container] })
    expect(updated(pods, old, podOf({ containers: [{ ...container, image: "j" }] }))).toEqual([])
    const [cause] = updated(pods, old, podOf({ containers: [{ ...container, command: ["x"] }] }))
    expect(cause).toMatch(/^spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`/)
    expect(cause).toContain("-   \"Command\": null,\n+   \"Command\": [\n+    \"x\"\n+   ],")
  })

  it("keeps containers that have ended as they are", () => {
    const pod = (state: object): object => ({
      ...podOf({ containers: [container], restartPolicy: "Never" }), status: { phase: "Running", containerStatuses: [{ ...container, state }] }
    })
    expect(updated(pods, pod({ running: {} }), pod({ terminated: { exitCode: 1 } }), "status")).toEqual([])
    expect(updated(pods, pod({ terminated: { exitCode: 1 } }), pod({ running: {} }), "status")).toEqual([
      "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"
    ])
  })
})

describe("services", () => {
  const service = (spec: object): object => ({ metadata, spec: { ports: [{ port: 80 }], ...spec } })

  it.each([
    ["takes a plain service", {}, []],
    ["takes one without an address", { clusterIP: "None", clusterIPs: ["None"], ports: [] }, []],
    ["needs ports", { ports: [] }, ["spec.ports: Required value"]],
    ["needs names of several ports", { ports: [{ port: 80 }, { port: 81 }] }, ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"]],
    [
      "takes a port once for each protocol",
      { ports: [{ name: "a", port: 80 }, { name: "b", port: 80 }] },
      [
        "spec.ports[1]: Duplicate value: {\"Name\":\"\",\"Protocol\":\"TCP\",\"AppProtocol\":null,\"Port\":80,\"TargetPort\":0,\"NodePort\":0}"
      ]
    ],
    ["opens no port of nodes inside of the cluster", { ports: [{ port: 80, nodePort: 30000 }] }, ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]],
    ["needs the name of another place", { type: "ExternalName" }, ["spec.externalName: Required value"]],
    ["knows the types", { type: "Else" }, ["spec.type: Unsupported value: \"Else\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\""]],
    [
      "keeps addresses and their families together",
      { clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1"], ipFamilies: ["IPv6"] },
      ["spec.clusterIPs[0]: Invalid value: \"10.0.0.1\": expected an IPv6 value as indicated by `ipFamilies[0]`"]
    ],
    ["sends nothing to itself", { externalIPs: ["127.0.0.1"], externalTrafficPolicy: "Cluster" }, ["spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)"]]
  ])("%s", (_, spec, expected) => {
    expect(created(services, service(spec))).toEqual(expected)
  })

  it("keeps its address", () => {
    const at = (ip: string): object => service({ clusterIP: ip, clusterIPs: [ip] })
    expect(updated(services, at("10.0.0.1"), at("10.0.0.2"))).toEqual(["spec.clusterIPs[0]: Invalid value: [\"10.0.0.2\"]: may not change once set"])
  })

  it("reports addresses of balancers only where there is one", () => {
    const reported = { ...(service({}) as Record<string, unknown>), status: { loadBalancer: { ingress: [{ ip: "10.0.0.1" }] } } }
    expect(updated(services, service({}), reported, "status")).toEqual(["status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"])
  })
})

describe("jobs", () => {
  const labels = { "batch.kubernetes.io/controller-uid": "u", "batch.kubernetes.io/job-name": "a", "controller-uid": "u", "job-name": "a" }
  const job = (spec: object = {}, status: object = {}): object => ({
    metadata: { ...metadata, uid: "u" },
    spec: {
      selector: { matchLabels: { "batch.kubernetes.io/controller-uid": "u" } },
      template: { metadata: { labels }, spec: { containers: [container], restartPolicy: "Never" } },
      ...spec
    },
    status
  })

  const rule = { action: "FailJob", onExitCodes: { operator: "In", values: [1] } }

  it.each([
    ["takes a plain job", {}, []],
    ["counts by index up to a number", { completionMode: "Indexed", parallelism: 1 }, ["spec.completions: Required value: when completion mode is Indexed"]],
    ["takes indexes in their order", { completionMode: "Indexed", completions: 5, successPolicy: { rules: [{ succeededIndexes: "0,2-3", succeededCount: 3 }] } }, []],
    [
      "refuses indexes out of order",
      { completionMode: "Indexed", completions: 5, successPolicy: { rules: [{ succeededIndexes: "3,2" }] } },
      ["spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"3,2\": error parsing succeededIndexes: non-increasing order, previous: 3, current: 2"]
    ],
    [
      "refuses indexes that there are not",
      { completionMode: "Indexed", completions: 2, successPolicy: { rules: [{ succeededIndexes: "0-2" }] } },
      ["spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"0-2\": error parsing succeededIndexes: too large index: \"2\""]
    ],
    ["takes rules for failures", { podFailurePolicy: { rules: [rule] } }, []],
    [
      "refuses rules that mean nothing",
      { podFailurePolicy: { rules: [{ action: "Else" }, { ...rule, onExitCodes: { operator: "In", values: [2, 0, 2] } }] } },
      [
        "spec.podFailurePolicy.rules[0].action: Unsupported value: \"Else\": supported values: \"Count\", \"FailIndex\", \"FailJob\", \"Ignore\"",
        "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required",
        "spec.podFailurePolicy.rules[1].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
        "spec.podFailurePolicy.rules[1].onExitCodes.values[2]: Duplicate value: 2",
        "spec.podFailurePolicy.rules[1].onExitCodes.values: Invalid value: [2,0,2]: must be ordered"
      ]
    ],
    ["belongs to a domain", { managedBy: "x" }, ["spec.managedBy: Invalid value: \"x\": must be a domain-prefixed path (such as \"acme.io/foo\")"]]
  ])("%s", (_, spec, expected) => {
    expect(created(jobs, job(spec))).toEqual(expected)
  })

  it("refuses labels that contradict the selector that is made", () => {
    const template = { metadata: { labels: { ...labels, "job-name": "b" } }, spec: { containers: [container], restartPolicy: "Never" } }
    expect(created(jobs, job({ template }))[0]).toMatch(/^spec\.template\.metadata\.labels\[job-name\]: Invalid value: .*: must be 'a'$/)
  })

  it("keeps its template, unless it is suspended and has not started", () => {
    const spec = (nodeSelector: object, suspend: boolean): object =>
      ({ suspend, template: { metadata: { labels }, spec: { containers: [container], restartPolicy: "Never", nodeSelector } } })
    expect(updated(jobs, job(spec({}, true)), job(spec({ a: "b" }, true)))).toEqual([])
    expect(updated(jobs, job(spec({}, false)), job(spec({ a: "b" }, false)))[0]).toMatch(/^spec\.template: Invalid value: .*: field is immutable$/)
  })

  const condition = (...types: ReadonlyArray<string>): ReadonlyArray<object> => types.map((type) => ({ type, status: "True" }))
  const times = { startTime: "2026-01-01T00:00:00Z", completionTime: "2026-01-01T00:00:01Z" }

  it.each([
    ["ends well", {}, { ...times, conditions: condition("SuccessCriteriaMet", "Complete") }, []],
    [
      "is not complete without a time",
      {},
      { startTime: times.startTime, conditions: condition("SuccessCriteriaMet", "Complete") },
      ["status.completionTime: Required value: completionTime is required for Complete jobs"]
    ],
    [
      "has no pods left when it is done",
      {},
      { ...times, active: 1, conditions: condition("SuccessCriteriaMet", "Complete") },
      ["status.active: Invalid value: 1: active>0 is invalid for finished job"]
    ],
    [
      "stays failed",
      { startTime: times.startTime, conditions: condition("FailureTarget", "Failed") },
      { startTime: times.startTime, conditions: condition("FailureTarget") },
      ["status.conditions: Invalid value: cannot disable the terminal Failed=True condition"]
    ],
    ["does not count down", { failed: 2 }, { failed: 1 }, ["status.failed: Invalid value: 1: cannot decrease the failed counter"]],
    ["has no more ready pods than pods", {}, { active: 1, ready: 2 }, ["status.ready: Invalid value: 2: cannot set more ready pods than active"]]
  ])("%s", (_, old, next, expected) => {
    expect(updated(jobs, job({}, old), job({}, next), "status")).toEqual(expected)
  })
})

describe("cron jobs", () => {
  const cron = (schedule: string, more: object = {}): object =>
    ({ metadata, spec: { schedule, jobTemplate: { spec: { template: { spec: { containers: [container], restartPolicy: "Never" } } } }, ...more } })

  it.each(["* * * * *", "*/5 0-6,8 1,15 jan-mar sun", "@daily", "@every 1h30m", "0 0 ? * 1/2"])("understands %s", (schedule) => {
    expect(created(cronJobs, cron(schedule))).toEqual([])
  })

  it.each([
    ["* * * *", "expected exactly 5 fields, found 4: [* * * *]"],
    ["60 * * * *", "end of range (60) above maximum (59): 60"],
    ["* * 0 * *", "beginning of range (0) below minimum (1): 0"],
    ["5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"],
    ["*/0 * * * *", "step of range should be a positive number: */0"],
    ["1-2-3 * * * *", "too many hyphens: 1-2-3"],
    ["1/2/3 * * * *", "too many slashes: 1/2/3"],
    ["x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"],
    ["@noon", "unrecognized descriptor: @noon"]
  ])("says what is wrong with %s", (schedule, problem) => {
    expect(created(cronJobs, cron(schedule))).toEqual([`spec.schedule: Invalid value: ${JSON.stringify(schedule)}: ${problem}`])
  })

  it("knows time zones", () => {
    expect(created(cronJobs, cron("@daily", { timeZone: "Europe/Berlin" }))).toEqual([])
    expect(created(cronJobs, cron("@daily", { timeZone: "Europe/Nowhere" }))).toEqual(["spec.timeZone: Invalid value: \"Europe/Nowhere\": unknown time zone Europe/Nowhere"])
  })
})

describe("workloads", () => {
  const spec = { selector: { matchLabels: { app: "a" } }, template }

  it.each([
    ["a deployment", deployments, spec, []],
    ["a stateful set", statefulSets, { ...spec, serviceName: "s" }, []],
    ["a daemon set", daemonSets, spec, []],
    [
      "a deployment that selects other pods",
      deployments,
      { ...spec, selector: { matchLabels: { app: "b" } } },
      ["spec.template.metadata.labels: Invalid value: {\"app\":\"a\"}: `selector` does not match template `labels`"]
    ],
    [
      "a deployment that cannot roll",
      deployments,
      { ...spec, strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "0%" } } },
      ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"]
    ],
    [
      "a deployment whose pods end",
      deployments,
      { ...spec, template: { ...template, spec: { containers: [container], restartPolicy: "Never" } } },
      ["spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\""]
    ],
    [
      "a daemon set that rolls both ways",
      daemonSets,
      { ...spec, updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } } },
      ["spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"]
    ]
  ])("checks %s", (_, kind, given, expected) => {
    expect(created(kind, { metadata, spec: given })).toEqual(expected)
  })

  it("keeps selectors", () => {
    const next = { selector: { matchLabels: { app: "b" } }, template: { ...template, metadata: { labels: { app: "b" } } } }
    expect(updated(deployments, { metadata, spec }, { metadata, spec: next })).toEqual(["spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"b\"}}: field is immutable"])
  })

  it("keeps the parts of a stateful set that its pods hang on", () => {
    const [cause] = updated(statefulSets, { metadata, spec: { ...spec, serviceName: "a" } }, { metadata, spec: { ...spec, serviceName: "b" } })
    expect(cause).toMatch(/^spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template'/)
  })

  it("counts no more parts than there are", () => {
    const status = { replicas: 1, readyReplicas: 2, availableReplicas: 3 }
    expect(updated(deployments, { metadata, spec }, { metadata, spec, status }, "status")).toEqual([
      "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
      "status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas",
      "status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas"
    ])
  })
})

describe("other kinds", () => {
  it.each([
    ["a quota", quotas, { hard: { pods: "5", "requests.cpu": "1" }, scopes: ["NotTerminating"] }, []],
    [
      "a quota with a demand of its scopes",
      quotas,
      { hard: { pods: "5" }, scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In" }] } },
      ["spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"]
    ],
    ["a limit range", limitRanges, { limits: [{ type: "Container", min: { cpu: "1" }, max: { cpu: "2" }, default: { cpu: "1" }, defaultRequest: { cpu: "1" } }] }, []],
    [
      "a limit range with a ratio that cannot be",
      limitRanges,
      { limits: [{ type: "Container", min: { cpu: "1" }, max: { cpu: "2" }, maxLimitRequestRatio: { cpu: "3" } }] },
      ["spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"3\": ratio 3 is greater than max/min = 2.000000"]
    ],
    ["a claim", claims, { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } }, []],
    [
      "a claim without a size",
      claims,
      { accessModes: [] },
      ["spec.accessModes: Required value: at least 1 access mode is required", "spec.resources[storage]: Required value"]
    ]
  ])("checks %s", (_, kind, spec, expected) => {
    expect(created(kind, { metadata, spec })).toEqual(expected)
  })

  it("checks the addresses of endpoints, and lets old ones stay", () => {
    const bad = { metadata, subsets: [{ addresses: [{ ip: "169.254.1.1" }], ports: [{ port: 0 }] }] }
    const expected = [
      "subsets[0].addresses[0].ip: Invalid value: \"169.254.1.1\": may not be in the link-local range (169.254.0.0/16, fe80::/10)",
      "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"
    ]
    expect(created(endpoints, bad)).toEqual(expected)
    expect(updated(endpoints, bad, { ...bad, metadata: { ...metadata, labels: { a: "b" } } })).toEqual([])
  })

  it("has nothing to say of kinds that it does not know", () => {
    const causes: Array<StatusCause> = []
    Validation.create("example.com", "widgets", {}, causes)
    Validation.update("", "pods", "elsewhere", {}, {}, causes)
    expect(causes).toEqual([])
  })
})
