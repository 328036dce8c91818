import type { PodSpec } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { secure } from "../src/PodSecurity.ts"

const spec: PodSpec = { containers: [{ name: "main" }], initContainers: [{ name: "setup" }] }
const level = (securityLevel: "none" | "baseline" | "restricted", it = spec) => secure(it, { securityLevel, automountServiceAccountToken: false })

describe("the token of the API", () => {
  it("is kept from tasks that do not ask for it", () => {
    expect(level("none").automountServiceAccountToken).toBe(false)
  })

  it("is given where task or configuration say so", () => {
    expect(level("none", { ...spec, automountServiceAccountToken: true }).automountServiceAccountToken).toBe(true)
    expect(secure(spec, { securityLevel: "none", automountServiceAccountToken: true }).automountServiceAccountToken).toBe(true)
  })
})

describe("security levels", () => {
  it("none adds no security context", () => {
    expect(level("none")).toEqual({ ...spec, automountServiceAccountToken: false })
  })

  it("baseline adds what does not depend on the image's user", () => {
    expect(level("baseline")).toMatchObject({
      securityContext: { seccompProfile: { type: "RuntimeDefault" } },
      containers: [{ securityContext: { allowPrivilegeEscalation: false } }],
      initContainers: [{ securityContext: { allowPrivilegeEscalation: false } }]
    })
    expect(level("baseline").securityContext).not.toHaveProperty("runAsNonRoot")
  })

  it("restricted adds all that the Pod Security Standard asks for", () => {
    const container = { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } }
    expect(level("restricted")).toMatchObject({
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [container],
      initContainers: [container]
    })
  })

  it("what is set stays set", () => {
    const own: PodSpec = {
      securityContext: { runAsNonRoot: false, seccompProfile: { type: "Unconfined" } },
      containers: [{ name: "main", securityContext: { allowPrivilegeEscalation: true, capabilities: { add: ["NET_ADMIN"], drop: ["KILL"] } } }]
    }
    expect(level("restricted", own)).toEqual({ ...own, automountServiceAccountToken: false })
  })

  it.each([{ privileged: true }, { capabilities: { add: ["SYS_ADMIN"] } }, { capabilities: { add: ["CAP_SYS_ADMIN"] } }])("%j cannot be combined with no escalation, so the container stays as it is", (securityContext) => {
    expect(level("baseline", { containers: [{ name: "main", securityContext }] }).containers[0]?.securityContext).toEqual(securityContext)
  })

  it("Windows pods have none of these fields", () => {
    expect(level("restricted", { ...spec, os: { name: "windows" } }).securityContext).toBeUndefined()
  })
})
