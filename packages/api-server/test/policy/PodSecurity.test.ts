import type { PodSpec, Status } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { viewOf } from "../../src/policy/security/PodView.ts"
import { findingsOf, type Level, printFindings, securityPolicyOf } from "../../src/policy/security/SecurityPolicy.ts"
import { makeServer } from "../makeServer.ts"

const container = (name: string, more: object = {}): PodSpec["containers"][number] => ({ name, image: "i", ...more })

const secured = (name: string, securityContext: object): PodSpec["containers"][number] => container(name, { securityContext })

const judge = (level: Level, spec: object, version = "latest", annotations: Record<string, string> = {}): string =>
  printFindings(findingsOf({ level, version }, viewOf({ name: "p", annotations }, { containers: [container("c")], ...spec } as PodSpec)))

const hardened = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  containers: [secured("c", { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } })]
}

describe("the baseline level", () => {
  const cases: ReadonlyArray<readonly [string, object, string]> = [
    ["a plain pod", {}, ""],
    ["host namespaces", { hostPID: true, hostIPC: true }, "host namespaces (hostPID=true, hostIPC=true)"],
    ["a privileged container", { containers: [secured("a", { privileged: true })] }, 'privileged (container "a" must not set securityContext.privileged=true)'],
    [
      "capabilities of two containers",
      { initContainers: [secured("i", { capabilities: { add: ["SYS_TIME"] } })], containers: [secured("c", { capabilities: { add: ["CHOWN", "NET_RAW"] } })] },
      'non-default capabilities (containers "i", "c" must not include "NET_RAW", "SYS_TIME" in securityContext.capabilities.add)'
    ],
    ["volumes of the host", { volumes: [{ name: "v", hostPath: { path: "/" } }] }, 'hostPath volumes (volume "v")'],
    [
      "ports of the host",
      { containers: [container("c", { ports: [{ containerPort: 1, hostPort: 80 }, { containerPort: 2, hostPort: 443 }] })] },
      'hostPort (container "c" uses hostPorts 443, 80)'
    ],
    [
      "probes of another host",
      { containers: [container("c", { livenessProbe: { httpGet: { port: 1, host: "h" } } })] },
      'probe or lifecycle host (container "c" uses probe or lifecycle host "h")'
    ],
    [
      "unmasked proc",
      { containers: [secured("c", { procMount: "Unmasked" })] },
      'procMount (container "c" must not set securityContext.procMount to "Unmasked")'
    ],
    ["unmasked proc with own users", { hostUsers: false, containers: [secured("c", { procMount: "Unmasked" })] }, ""],
    [
      "SELinux options",
      { securityContext: { seLinuxOptions: { type: "spc_t", role: "r", user: "u" } } },
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set; role may not be set)'
    ],
    [
      "an unconfined pod and container",
      { securityContext: { seccompProfile: { type: "Unconfined" } }, containers: [secured("c", { seccompProfile: { type: "Unconfined" } })] },
      'seccompProfile (pod and container "c" must not set securityContext.seccompProfile.type to "Unconfined")'
    ],
    ["kernel settings", { securityContext: { sysctls: [{ name: "net.ipv4.tcp_rmem", value: "1" }, { name: "kernel.msgmax", value: "1" }] } }, "forbidden sysctls (kernel.msgmax)"],
    [
      "processes of the host",
      { securityContext: { windowsOptions: { hostProcess: true } } },
      "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)"
    ]
  ]
  for (const [name, spec, expected] of cases) it(name, () => expect(judge("baseline", spec)).toBe(expected))

  it("counts profiles of AppArmor from fields and annotations", () => {
    expect(judge("baseline", { securityContext: { appArmorProfile: { type: "Unconfined" } } }, "latest", { "container.apparmor.security.beta.kubernetes.io/c": "unconfined" }))
      .toBe('forbidden AppArmor profiles (pod and annotation must not set AppArmor profile type to "Unconfined", "container.apparmor.security.beta.kubernetes.io/c="unconfined"")')
  })

  it("knows what older versions allowed", () => {
    const settings = { securityContext: { sysctls: [{ name: "net.ipv4.tcp_rmem", value: "1" }] } }
    expect(judge("baseline", settings, "v1.31")).toBe("forbidden sysctls (net.ipv4.tcp_rmem)")
    expect(judge("baseline", settings, "v1.32")).toBe("")
    expect(judge("baseline", { containers: [container("c", { livenessProbe: { tcpSocket: { port: 1, host: "h" } } })] }, "v1.33")).toBe("")
    expect(judge("baseline", {}, "v1.18", { "seccomp.security.alpha.kubernetes.io/pod": "unconfined" }))
      .toBe('seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")')
  })
})

describe("the restricted level", () => {
  const cases: ReadonlyArray<readonly [string, object, string]> = [
    ["a hardened pod", hardened, ""],
    [
      "a hardened pod with volumes",
      { ...hardened, volumes: [{ name: "a", emptyDir: {} }, { name: "b", nfs: { server: "s", path: "/" } }, { name: "c", hostPath: { path: "/" } }] },
      'restricted volume types (volumes "b", "c" use restricted volume types "hostPath", "nfs")'
    ],
    [
      "a hardened pod that runs as root",
      { ...hardened, securityContext: { ...hardened.securityContext, runAsUser: 0 } },
      "runAsUser=0 (pod must not set runAsUser=0)"
    ],
    [
      "a container that gives up the pod's promise",
      { ...hardened, containers: [secured("c", { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"], add: ["SYS_TIME"] }, runAsNonRoot: false })] },
      'unrestricted capabilities (container "c" must not include "SYS_TIME" in securityContext.capabilities.add), runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)'
    ],
    ["a pod for Windows", { os: { name: "windows" }, securityContext: { runAsNonRoot: true } }, ""]
  ]
  for (const [name, spec, expected] of cases) it(name, () => expect(judge("restricted", spec)).toBe(expected))
})

describe("labels of namespaces", () => {
  const prefix = "pod-security.kubernetes.io/"

  it("warns as it enforces unless told otherwise", () => {
    const enforced = { level: "baseline", version: "v1.30" }
    expect(securityPolicyOf({ [`${prefix}enforce`]: "baseline", [`${prefix}enforce-version`]: "v1.30" })).toEqual({ enforce: enforced, warn: enforced, causes: [] })
    expect(securityPolicyOf({ [`${prefix}enforce`]: "baseline", [`${prefix}warn`]: "privileged" }).warn.level).toBe("privileged")
  })

  it("refuses labels that mean nothing, and enforces the strictest level where they are already there", () => {
    const labels = { [`${prefix}enforce`]: "strict", [`${prefix}warn-version`]: "1.2" }
    const refused = makeServer().call("create", { plural: "namespaces", namespace: undefined, body: { metadata: { name: "n", labels } } })
    expect(refused.code).toBe(422)
    expect((refused.body as Status).details?.causes).toEqual([
      { reason: "FieldValueInvalid", message: 'Invalid value: "strict": must be one of privileged, baseline, restricted', field: `metadata.labels[${prefix}enforce]` },
      { reason: "FieldValueInvalid", message: 'Invalid value: "1.2": must be "latest" or "v1.x"', field: `metadata.labels[${prefix}warn-version]` }
    ])
    expect(securityPolicyOf({ [`${prefix}enforce`]: "strict" }).enforce.level).toBe("restricted")
  })

  it("warns about the pods that a new level would not admit, and about templates", () => {
    const { call } = makeServer()
    for (const name of ["b", "a"]) call("create", { plural: "pods", body: { metadata: { name }, spec: { hostPID: true, containers: [container("c")] } } })
    const body = { metadata: { labels: { [`${prefix}enforce`]: "baseline" } } }
    const labelled = call("patch", { plural: "namespaces", namespace: undefined, name: "default", patchType: "merge", body })
    expect(labelled.warnings).toEqual([
      'existing pods in namespace "default" violate the new PodSecurity enforce level "baseline:latest"',
      "a (and 1 other pod): host namespaces"
    ])
    const template = { metadata: { labels: { a: "b" } }, spec: { hostPID: true, containers: [container("c")] } }
    const deployment = { metadata: { name: "d" }, spec: { selector: { matchLabels: { a: "b" } }, template } }
    expect(call("create", { group: "apps", plural: "deployments", body: deployment }).warnings)
      .toEqual(['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)'])
  })
})
