import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { stringify } from "yaml"
import { makeCertificate } from "../../src/dev/Certificate.ts"
import { checkAccess } from "../../src/start/CheckAccessNode.ts"
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
    ["no current context", { clusters: [] }, undefined, /has no current-context/],
    ["a list", ["a"], undefined, /it must be an object with clusters, contexts and users, but is a list/],
    ["text", "hush", undefined, /^(?!.*hush).*but is a string/],
    ["no server", config({}, { server: null }), undefined, /bad-no-server: the server of the cluster "c" is missing; give it the address of the API server, such as https:\/\/127\.0\.0\.1:6443/],
    ["an empty server", config({}, { server: " " }), undefined, /bad-an-empty-server: the server of the cluster "c" is empty; give it/],
    ["a server without a scheme", config({}, { server: "localhost:6443" }), undefined, /the server of the cluster "c" is no http or https address, but "localhost:6443"; give it/],
    ["a server that is no address", config({}, { server: "https://me:hush@a b" }), undefined, /^(?!.*hush).*is no http or https address, but "https:\/\/…@a b"/],
    ["a port that is none", config({}, { server: "https://api:99999" }), undefined, /is no http or https address, but "https:\/\/api:99999"/],
    ["a server with a password", config({}, { server: "https://me:hush@api" }), undefined, /^(?!.*hush).*holds a user name or a password; leave them out/],
    ["a server with a query", config({}, { server: "https://api/?a=b" }), undefined, /has a part behind \? or #/],
    ["a credential command without a name", config({ exec: { apiVersion: "v1", command: "" } }), undefined, /the exec\.command of the user "me" is empty/]
  ])("refuses %s", async (name, content, context, expected) => {
    const kubeconfig = file(`bad-${name.replaceAll(" ", "-")}`, content)
    await expect(access({ kubeconfig, context })).rejects.toThrow(expected)
  })

  const pem = (name: string): string => btoa(`-----BEGIN ${name}-----\nrubbish\n-----END ${name}-----\n`)
  it.each([
    ["a CA that is no base64", {}, { "certificate-authority-data": "%" }, /the certificate-authority of the cluster "c" is not in base64/],
    ["a CA that is no PEM", {}, { "certificate-authority-data": btoa("CA") }, /the certificate authority is no PEM text, which begins with -----BEGIN/],
    ["a CA that is a folder", {}, { "certificate-authority": "." }, /the certificate-authority of the cluster "c" cannot be read/],
    ["a key that is no PEM", { "client-certificate-data": pem("CERTIFICATE"), "client-key-data": btoa("KEY") }, {}, /the client key is no PEM text/],
    ["a certificate without a key", { "client-certificate-data": pem("CERTIFICATE") }, {}, /the client certificate comes without its key/],
    ["a certificate that is rubbish", { "client-certificate-data": pem("CERTIFICATE"), "client-key-data": pem("PRIVATE KEY") }, {}, /certificates and key cannot be used: /],
    ["a token file that is missing", { tokenFile: "nowhere" }, {}, /the tokenFile of the user "me" cannot be read: .*nowhere/],
    ["an empty token file", { tokenFile: "empty-token" }, {}, /the token is empty/],
    ["a token of two lines", { token: "hush\nhush" }, {}, /^(?!.*hush).*the token has characters that cannot be sent/],
    ["a command that is not there", { exec: { apiVersion: "v1", command: "no-such-program" } }, {}, /there is no such program/],
    ["a command that is a folder", { exec: { apiVersion: "v1", command: "/" } }, {}, /failed: it ended with EACCES/],
    ["a command that answers rubbish", { exec: { apiVersion: "v1", command: "echo", args: ["hush"] } }, {}, /^(?!.*hush).*did not answer an ExecCredential/],
    ["variables that no command can have", { exec: { apiVersion: "v1", command: "echo", env: [{ name: "A", value: "hush\0" }] } }, {}, /^(?!.*hush).*"echo" cannot be started/]
  ])("refuses %s before anything is started", async (name, user, cluster, expected) => {
    file("empty-token", "\n")
    const found = await access({ kubeconfig: file(`unusable-${name.replaceAll(" ", "-")}`, config(user, cluster)) })
    await expect(Effect.runPromise(checkAccess(found))).rejects.toThrow(expected)
  })

  it("takes what can be used", async () => {
    const { ca, certificate, key } = await Effect.runPromise(makeCertificate(Date.now(), []))
    const found = await access({ kubeconfig: file("usable", config({ token: "t", "client-certificate-data": btoa(certificate), "client-key-data": btoa(key) }, { "certificate-authority-data": btoa(ca) })) })
    expect(await Effect.runPromise(checkAccess(found))).toBeUndefined()
  })

  it("says where it looked when there is nothing", async () => {
    await expect(access({ environment: { HOME: folder } })).rejects.toThrow(/neither --kubeconfig nor KUBECONFIG is given/)
    await expect(access({ environment: { KUBECONFIG: "nowhere" } })).rejects.toThrow(/KUBECONFIG: names no file that is there: nowhere/)
  })
})
