import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { stringify } from "yaml"
import type { ClusterAccess } from "../../src/start/ClusterAccess.ts"
import { findCluster, type FindClusterOptions } from "../../src/start/FindCluster.ts"

const folder = mkdtempSync(join(tmpdir(), "fairlead-kubeconfig-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, content: unknown): string => {
  writeFileSync(join(folder, name), typeof content === "string" ? content : stringify(content))
  return join(folder, name)
}


const access = async (options: Partial<FindClusterOptions>): Promise<ClusterAccess> =>
  Effect.runPromise(Effect.provide(findCluster({ kubeconfig: undefined, context: undefined, environment: {}, workingDirectory: folder, ...options }), NodeServices.layer))

const config = (user: object, cluster: object = {}): object => ({
  "current-context": "dev",
  clusters: [{ name: "c", cluster: { server: "https://api:6443", ...cluster } }, { name: "plain", cluster: { server: "http://other" } }],
  contexts: [{ name: "dev", context: { cluster: "c", user: "me", namespace: "tasks" } }, { name: "bare", context: { cluster: "plain" } }, { name: "lost", context: { cluster: "gone" } }],
  users: [{ name: "me", user }]
})

describe("finding the cluster", () => {
  it("takes the current context with its namespace, inline certificates and token", async () => {
    const kubeconfig = file("inline", config({ token: "t", "client-certificate-data": btoa("CERT"), "client-key-data": btoa("KEY") }, { "certificate-authority-data": btoa("CA"), "tls-server-name": "kubernetes" }))
    const found = await access({ kubeconfig })
    expect([found.server, found.namespace]).toEqual(["https://api:6443", "tasks"])
    expect(await Effect.runPromise(found.tls)).toMatchObject({ ca: "CA", cert: "CERT", key: "KEY", serverName: "kubernetes" })
    expect(await Effect.runPromise(found.token!)).toBe("t")
  })

  it("reads files relative to the kubeconfig, anew each time", async () => {
    file("token", "first\n")
    file("ca.crt", "CA")
    const found = await access({ kubeconfig: file("files", config({ tokenFile: "token" }, { "certificate-authority": "ca.crt" })) })
    expect(await Effect.runPromise(found.token!)).toBe("first")
    file("token", "second\n")
    file("ca.crt", "CA2")
    expect(await Effect.runPromise(found.token!)).toBe("second")
    expect(await Effect.runPromise(found.tls)).toMatchObject({ ca: "CA2" })
  })

  it("takes the context that was asked for, which need not have a user", async () => {
    const found = await access({ kubeconfig: file("bare", config({})), context: "bare" })
    expect([found.server, found.namespace, found.token]).toEqual(["http://other", "default", undefined])
  })

  it("puts the files of KUBECONFIG together, and leaves out those that are not there", async () => {
    const one = file("one", { "current-context": "x", contexts: [{ name: "x", context: { cluster: "c2", user: "u2" } }] })
    const two = file("two", { "current-context": "y", clusters: [{ name: "c2", cluster: { server: "https://two" } }], users: [{ name: "u2", user: { token: "two" } }] })
    const found = await access({ environment: { KUBECONFIG: `${one}:${join(folder, "nowhere")}:${two}` } })
    expect(found.server).toBe("https://two")
    expect(await Effect.runPromise(found.token!)).toBe("two")
  })

  it("asks the command of exec for a token, once for several wishes", async () => {
    const count = join(folder, "count")
    const command = file("plugin", `#!/bin/sh\necho x >> ${count}\necho '{"kind":"ExecCredential","status":{"token":"'$WHO-$1'"}}'\n`)
    chmodSync(command, 0o755)
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "./plugin", args: ["arg"], env: [{ name: "WHO", value: "me" }] }
    const found = await access({ kubeconfig: file("exec", config({ exec })) })
    expect(await Effect.runPromise(found.token!)).toBe("me-arg")
    await Effect.runPromise(found.tls)
    expect((await import("node:fs")).readFileSync(count, "utf8")).toBe("x\n")
  })

  it("says what the command of exec said when it fails", async () => {
    chmodSync(file("broken", "#!/bin/sh\necho 'log in first' >&2\nexit 3\n"), 0o755)
    const found = await access({ kubeconfig: file("execbroken", config({ exec: { apiVersion: "v1", command: "./broken" } })) })
    await expect(Effect.runPromise(found.token!)).rejects.toThrow(/broken" failed: log in first/)
    const missing = await access({ kubeconfig: file("execmissing", config({ exec: { apiVersion: "v1", command: "no-such-program", installHint: "install it" } })) })
    await expect(Effect.runPromise(missing.token!)).rejects.toThrow(/there is no such program; install it/)
  })

  it.each([
    ["a context that is not there", config({}), "nope", /has no context "nope"; there are: dev, bare, lost/],
    ["a cluster that is not there", config({}), "lost", /names the cluster "gone", which is not there; there are: c, plain/],
    ["a proxy", config({}, { "proxy-url": "http://p" }), undefined, /proxy-url is not supported/],
    ["a password", config({ username: "a", password: "hush" }), undefined, /^(?!.*hush).*user name and password are not supported/],
    ["no kubeconfig", { clusters: "hush" }, undefined, /^(?!.*hush).*is no kubeconfig; wrong or missing: clusters/],
    ["no current context", { clusters: [] }, undefined, /has no current-context/]
  ])("refuses %s", async (name, content, context, expected) => {
    const kubeconfig = file(`bad-${name.replaceAll(" ", "-")}`, content)
    await expect(access({ kubeconfig, context })).rejects.toThrow(expected)
  })

  it("says where it looked when there is nothing", async () => {
    await expect(access({ environment: { HOME: folder } })).rejects.toThrow(/neither --kubeconfig nor KUBECONFIG is given/)
    await expect(access({ environment: { KUBECONFIG: "nowhere" } })).rejects.toThrow(/KUBECONFIG: names no file that is there: nowhere/)
  })
})
