import { describe, expect, it } from "vitest"
import { parse } from "yaml"
import { makeKubeconfig } from "../../src/dev/Kubeconfig.ts"

const options = { server: "https://127.0.0.1:8001", ca: "-----BEGIN CERTIFICATE-----\n", token: "123", namespace: "default" }

describe("makeKubeconfig", () => {
  it("has one context that leads to the server with the authority and the token", () => {
    const config = parse(makeKubeconfig(options))
    const { context } = config.contexts.find((it: { name: string }) => it.name === config["current-context"])
    expect(context.namespace).toBe("default")
    expect(config.clusters).toEqual([{ name: context.cluster, cluster: { server: options.server, "certificate-authority-data": btoa(options.ca) } }])
    // A token of digits must stay a text: kubectl refuses a number.
    expect(config.users).toEqual([{ name: context.user, user: { token: "123" } }])
  })

  it("names no authority over plain HTTP", () => {
    expect(parse(makeKubeconfig({ ...options, ca: undefined })).clusters[0].cluster).toEqual({ server: options.server })
  })
})
