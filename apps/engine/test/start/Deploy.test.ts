import { ApiServer } from "@fairlead/api-server"
import type { KubeObject } from "@fairlead/kube"
import { Duration, Result } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { crdYaml } from "../../deploy/generateCrd.ts"
import { readSettings } from "../../src/start/SettingsRead.ts"
import { formatProblem } from "../../src/tasks/YamlFile.ts"
import { deployFolder, manifest } from "./processes.ts"

const text = (file: string): string => readFileSync(join(deployFolder, file), "utf8")
const kustomization = manifest("kustomization.yaml")[0] as unknown as { readonly namespace: string; readonly resources: ReadonlyArray<string> }
const objects = kustomization.resources.flatMap(manifest)
const one = <A>(kind: string): A => objects.find((it) => it.kind === kind) as unknown as A

const plurals: { readonly [kind: string]: readonly [group: string, version: string, plural: string] } = {
  Namespace: ["", "v1", "namespaces"],
  CustomResourceDefinition: ["apiextensions.k8s.io", "v1", "customresourcedefinitions"],
  ServiceAccount: ["", "v1", "serviceaccounts"],
  Role: ["rbac.authorization.k8s.io", "v1", "roles"],
  RoleBinding: ["rbac.authorization.k8s.io", "v1", "rolebindings"],
  ConfigMap: ["", "v1", "configmaps"],
  PersistentVolumeClaim: ["", "v1", "persistentvolumeclaims"],
  Deployment: ["apps", "v1", "deployments"],
  NetworkPolicy: ["networking.k8s.io", "v1", "networkpolicies"]
}

interface Container {
  readonly name: string
  readonly securityContext?: { readonly [field: string]: unknown } | undefined
  readonly args?: ReadonlyArray<string>
  readonly ports?: ReadonlyArray<{ readonly containerPort: number; readonly hostPort?: number }>
}

interface PodSpec {
  readonly [field: string]: unknown
  readonly containers: ReadonlyArray<Container>
  readonly securityContext?: { readonly [field: string]: unknown }
  readonly volumes?: ReadonlyArray<{ readonly [field: string]: unknown }>
}

const podSpec = one<{ readonly spec: { readonly template: { readonly spec: PodSpec } } }>("Deployment").spec.template.spec

/** What a pod breaks of the Pod Security Standard *restricted*, baseline included. */
const breaches = (spec: PodSpec): ReadonlyArray<string> => {
  const found: Array<string> = []
  const volumes = new Set(["name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"])
  for (const field of ["hostNetwork", "hostPID", "hostIPC"]) if (spec[field] === true) found.push(field)
  for (const volume of spec.volumes ?? []) found.push(...Object.keys(volume).filter((it) => !volumes.has(it)).map((it) => `volume ${it}`))
  for (const { name, ports, securityContext: own = {} } of spec.containers) {
    const of = (field: string): unknown => own[field] ?? spec.securityContext?.[field]
    const add = (what: string, isGood: boolean): void => void (isGood || found.push(`${name}: ${what}`))
    add("privileged", own["privileged"] !== true)
    add("allowPrivilegeEscalation", own["allowPrivilegeEscalation"] === false)
    add("runAsNonRoot", of("runAsNonRoot") === true)
    add("runAsUser", of("runAsUser") !== 0)
    add("seccompProfile", ["RuntimeDefault", "Localhost"].includes((of("seccompProfile") as { type?: string } | undefined)?.type ?? ""))
    const { add: added = [], drop = [] } = (own["capabilities"] ?? {}) as { add?: ReadonlyArray<string>; drop?: ReadonlyArray<string> }
    add("capabilities", drop.includes("ALL") && added.every((it) => it === "NET_BIND_SERVICE"))
    add("hostPort", (ports ?? []).every((it) => it.hostPort === undefined))
  }
  return found
}

describe("the manifests", () => {
  it("are all part of the kustomization, in one namespace", () => {
    expect([...kustomization.resources].toSorted()).toEqual(readdirSync(deployFolder).filter((it) => it.endsWith(".yaml") && it !== "kustomization.yaml").toSorted())
    for (const { kind, metadata } of objects) expect([kind, metadata.namespace]).toEqual([kind, ["Namespace", "CustomResourceDefinition"].includes(kind!) ? undefined : kustomization.namespace])
  })

  it("are accepted by the API server, which finds no field that it does not know", () => {
    const server = ApiServer.make({ now: () => 0, random: () => 0.5, schedule: () => () => undefined })
    for (const object of objects) {
      const [group, version, plural] = plurals[object.kind!]!
      const answer = server.handle({ verb: "create", group, version, plural, namespace: object.metadata.namespace, body: structuredClone(object), query: { fieldValidation: "Strict" } })
      expect([object.kind, object.metadata.name, answer.code, answer.warnings, answer.code < 300 ? "" : (answer.body as { message?: string }).message]).toEqual([object.kind, object.metadata.name, 201, [], ""])
    }
  })

  it("have the definition of TaskAction that the engine reads with", () => {
    expect(text("crd.yaml"), "run: node apps/engine/deploy/generateCrd.ts").toBe(crdYaml())
  })

  it("let the deployment pass the pod security standard restricted, with a root that is read only", () => {
    expect(one<KubeObject>("Namespace").metadata.labels).toMatchObject({ "pod-security.kubernetes.io/enforce": "restricted" })
    expect(breaches(podSpec)).toEqual([])
    expect(podSpec.containers.every((it) => it.securityContext?.["readOnlyRootFilesystem"] === true)).toBe(true)
    const loose = { ...podSpec, hostNetwork: true, securityContext: {}, volumes: [{ name: "x", hostPath: {} }], containers: podSpec.containers.map((it) => ({ ...it, securityContext: {} })) }
    expect(breaches(loose)).toEqual(["hostNetwork", "volume hostPath", "engine: allowPrivilegeEscalation", "engine: runAsNonRoot", "engine: seccompProfile", "engine: capabilities"])
  })

  it("give no rights on the cluster as a whole, on secrets, or on everything", () => {
    expect(objects.filter((it) => it.kind?.startsWith("ClusterRole"))).toEqual([])
    const rules = one<{ readonly rules: ReadonlyArray<{ readonly apiGroups: ReadonlyArray<string>; readonly resources: ReadonlyArray<string>; readonly verbs: ReadonlyArray<string> }> }>("Role").rules
    const words = rules.flatMap((it) => [...it.apiGroups, ...it.resources, ...it.verbs])
    expect(words.filter((it) => it.includes("*") || /secrets|exec|attach|escalate|bind|impersonate/.test(it))).toEqual([])
  })

  it("hold good settings", () => {
    const settings = one<{ readonly data: { readonly [file: string]: string } }>("ConfigMap").data
    const read = readSettings({ file: { file: "fairlead.yaml", text: settings["fairlead.yaml"]! }, environment: { FAIRLEAD_ENGINE_NAMESPACE: "fairlead" } })
    expect(Result.isFailure(read) ? read.failure.map(formatProblem) : []).toEqual([])
    expect(podSpec.containers[0]!.ports).toEqual([{ name: "status", containerPort: Result.getOrThrow(read).settings.server.port }])
    expect(podSpec.containers[0]!.args).toEqual(["start", "--config", "/etc/fairlead/fairlead.yaml"])
  })

  it("leave the engine more time to end than it gives its work, and run it as nobody", () => {
    const { engine } = Result.getOrThrow(readSettings({ environment: {} })).settings
    const grace = podSpec["terminationGracePeriodSeconds"] as number
    expect(grace).toBeGreaterThan(Duration.toSeconds(engine.shutdownGrace) + 5)
    expect(text("Dockerfile")).toMatch(/^USER (?!0)\d+/m)
  })
})

describe("the image", () => {
  const stages = text("Dockerfile").split(/^FROM /m).slice(1)
  const final = stages.at(-1)!

  it("is built in two stages from a named version of Node, and carries none of the build's tools", () => {
    expect(stages.map((it) => it.split("\n")[0])).toEqual(["node:26-slim AS build", "node:26-slim"])
    expect(final).not.toMatch(/^(RUN|ADD)/m)
  })

  it("runs the engine as nobody, the same nobody as the deployment", () => {
    const pod = one<{ readonly spec: { readonly template: { readonly spec: { readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number } } } } }>("Deployment").spec.template.spec
    expect(final).toContain(`USER ${pod.securityContext.runAsUser}:${pod.securityContext.runAsGroup}\n`)
    expect(final).toMatch(/ENTRYPOINT \["fairlead"\]\nCMD \["start"\]/)
  })

  it("takes in every package that the engine needs, and nothing that it does not", () => {
    const ignored = text("Dockerfile.dockerignore").split("\n").filter((it) => it !== "")
    expect(ignored.filter((it) => it.startsWith("packages") || it.startsWith("apps/engine"))).toEqual([])
    for (const heavy of ["**/node_modules", ".git", ".cache", "**/test"]) expect(ignored).toContain(heavy)
  })
})
