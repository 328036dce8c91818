/** Reads kubeconfigs: one or several files, of which the first to name something wins. */
import { Effect, Exit, FileSystem, Path, Result, Schema, SchemaIssue } from "effect"
import * as Base64 from "effect/encoding/Base64"
import { formatProblem, parseYaml } from "../tasks/YamlFile.ts"
import { type ClusterAccess, ClusterAccessError, type TlsMaterial } from "./ClusterAccess.ts"
import { type ExecCommand, runExecCredential } from "./ExecCredentialNode.ts"

const Text = Schema.optionalKey(Schema.String)
const Flag = Schema.optionalKey(Schema.Boolean)

const Cluster = Schema.Struct({
  server: Schema.optionalKey(Schema.NullOr(Schema.String)),
  "certificate-authority": Text,
  "certificate-authority-data": Text,
  "insecure-skip-tls-verify": Flag,
  "tls-server-name": Text,
  "proxy-url": Text
})

const Exec = Schema.Struct({
  apiVersion: Schema.String,
  command: Schema.String,
  args: Schema.optionalKey(Schema.NullOr(Schema.Array(Schema.String))),
  env: Schema.optionalKey(Schema.NullOr(Schema.Array(Schema.Struct({ name: Schema.String, value: Schema.String })))),
  installHint: Text,
  provideClusterInfo: Flag
})

const User = Schema.Struct({
  token: Text,
  tokenFile: Text,
  "client-certificate": Text,
  "client-certificate-data": Text,
  "client-key": Text,
  "client-key-data": Text,
  username: Text,
  password: Text,
  exec: Schema.optionalKey(Exec),
  "auth-provider": Schema.optionalKey(Schema.Unknown)
})

const Context = Schema.Struct({ cluster: Schema.String, user: Text, namespace: Text })
const Named = <Key extends string, S extends Schema.Constraint>(key: Key, schema: S) =>
  Schema.optionalKey(Schema.NullOr(Schema.Array(Schema.Struct({ name: Schema.String, [key]: schema } as { readonly name: Schema.String } & { readonly [K in Key]: S }))))

const Kubeconfig = Schema.Struct({
  "current-context": Text,
  clusters: Named("cluster", Cluster),
  contexts: Named("context", Context),
  users: Named("user", User)
})

/** A file that was read: relative paths in it count from its folder. */
interface Read {
  readonly file: string
  readonly config: typeof Kubeconfig.Type
}

/** Chooses a context (the current one if none is given) out of the files and gives the access that it describes. */
export const fromKubeconfig = Effect.fnUntraced(function*(files: ReadonlyArray<string>, contextName: string | undefined) {
  const reads = yield* Effect.forEach(files, readOne)
  const source = files.join(":")
  const fail = (problem: string) => Effect.fail(new ClusterAccessError({ source, problem }))
  const wanted = contextName ?? reads.map(({ config }) => config["current-context"]).find((it) => it !== undefined && it !== "")
  if (wanted === undefined) return yield* fail("has no current-context; choose one with --context")
  const context = find(reads, "contexts", wanted)
  if (context === undefined) return yield* fail(`has no context "${wanted}"; there are: ${namesOf(reads, "contexts")}`)
  const { cluster: clusterName, namespace, user: userName } = context.it.context
  const cluster = find(reads, "clusters", clusterName)
  if (cluster === undefined) return yield* fail(`the context "${wanted}" names the cluster "${clusterName}", which is not there; there are: ${namesOf(reads, "clusters")}`)
  const user = userName === undefined || userName === "" ? undefined : find(reads, "users", userName)
  if (user === undefined && userName !== undefined && userName !== "") {
    return yield* fail(`the context "${wanted}" names the user "${userName}", who is not there; there are: ${namesOf(reads, "users")}`)
  }
  return yield* accessOf({
    description: `the context "${wanted}" of ${source}`,
    namespace: namespace === undefined || namespace === "" ? "default" : namespace,
    cluster: { file: cluster.file, name: clusterName, it: cluster.it.cluster },
    user: user === undefined ? undefined : { file: user.file, name: userName!, it: user.it.user }
  })
})

const readOne = Effect.fnUntraced(function*(file: string): Effect.fn.Return<Read, ClusterAccessError, FileSystem.FileSystem> {
  const fail = (problem: string) => Effect.fail(new ClusterAccessError({ source: file, problem }))
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.catch(fs.readFileString(file), (error) => fail(`cannot be read: ${error.message}`))
  const { documents, problems } = parseYaml(file, text)
  if (problems.length > 0) return yield* fail(problems.map(formatProblem).join("; "))
  const value = documents[0]?.value ?? {}
  if (typeof value !== "object" || Array.isArray(value)) return yield* fail(`is no kubeconfig: it must be an object with clusters, contexts and users, but is a ${Array.isArray(value) ? "list" : typeof value}`)
  const decoded = Schema.decodeUnknownResult(Kubeconfig)(value as unknown)
  if (Result.isSuccess(decoded)) return { file, config: decoded.success }
  // The schema's text may quote values, and these may be secrets: places only.
  const places = formatIssue(decoded.failure.issue).issues.map((it) => (it.path ?? []).map((key) => String(typeof key === "object" ? key.key : key)).join("."))
  return yield* fail(`is no kubeconfig; wrong or missing: ${places.join(", ")}`)
})

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

type Lists = typeof Kubeconfig.Type
type Entry<K extends "clusters" | "contexts" | "users"> = NonNullable<Lists[K]>[number]

const find = <K extends "clusters" | "contexts" | "users">(reads: ReadonlyArray<Read>, list: K, name: string): { readonly file: string; readonly it: Entry<K> } | undefined => {
  for (const { config, file } of reads) {
    const it = (config[list] as ReadonlyArray<Entry<K>> | null | undefined)?.find((entry) => entry.name === name)
    if (it !== undefined) return { file, it }
  }
  return undefined
}

const namesOf = (reads: ReadonlyArray<Read>, list: "clusters" | "contexts" | "users"): string =>
  reads.flatMap(({ config }) => (config[list] ?? []).map((it) => it.name)).join(", ") || "none"

interface Parts {
  readonly description: string
  readonly namespace: string
  readonly cluster: { readonly file: string; readonly name: string; readonly it: typeof Cluster.Type }
  readonly user: { readonly file: string; readonly name: string; readonly it: typeof User.Type } | undefined
}

const minute = 60_000

const accessOf = Effect.fnUntraced(function*({ cluster, description, namespace, user }: Parts) {
  const unsupported = problemOf(cluster.it, user?.it)
  if (unsupported !== undefined) return yield* new ClusterAccessError({ source: description, problem: unsupported })
  const server = serverOf(cluster.it.server)
  if (typeof server !== "string") return yield* new ClusterAccessError({ source: cluster.file, problem: `the server of the cluster "${cluster.name}" ${server.problem}` })
  const path = yield* Path.Path
  const read = reader(path, yield* FileSystem.FileSystem)
  const ofCluster = (field: "certificate-authority") => read(cluster.file, `${field} of the cluster "${cluster.name}"`, cluster.it[`${field}-data`], cluster.it[field])
  const ofUser = (field: "client-certificate" | "client-key") => read(user?.file ?? "", `${field} of the user "${user?.name}"`, user?.it[`${field}-data`], user?.it[field])
  const plugin = user?.it.exec
  if (plugin?.command === "") return yield* new ClusterAccessError({ source: user!.file, problem: `the exec.command of the user "${user!.name}" is empty; give it the program that answers a credential` })
  // Token and certificate come from one answer; asking takes as long as starting a program does.
  const exec = plugin === undefined
    ? undefined
    : yield* Effect.cachedWithTTL(runExecCredential(commandOf(plugin, user!.file, path), user!.file), (exit) => (Exit.isSuccess(exit) ? "10 seconds" : 0))
  const tls = Effect.gen(function*(): Effect.fn.Return<TlsMaterial, ClusterAccessError> {
    const credential = exec === undefined ? undefined : yield* exec
    return {
      ca: yield* ofCluster("certificate-authority"),
      cert: credential?.cert ?? (yield* ofUser("client-certificate")),
      key: credential?.key ?? (yield* ofUser("client-key")),
      serverName: cluster.it["tls-server-name"],
      insecure: cluster.it["insecure-skip-tls-verify"]
    }
  })
  const token = exec === undefined ? tokenOf(user, (file) => read(user?.file ?? "", `tokenFile of the user "${user?.name}"`, undefined, file)) : Effect.map(exec, (it) => it.token ?? "")
  return { description, server, namespace, tls, token, tokenAgeMax: exec === undefined ? minute : 10 * minute } satisfies ClusterAccess
})

/** Reads a text that is given inline in base64, or in a file beside the kubeconfig. */
const reader = (path: Path.Path, fs: FileSystem.FileSystem) =>
  (from: string, field: string, inline: string | undefined, file: string | undefined): Effect.Effect<string | undefined, ClusterAccessError> => {
    const fail = (problem: string) => new ClusterAccessError({ source: from, problem: `the ${field} ${problem}` })
    if (inline !== undefined && inline !== "") return Effect.mapError(Effect.fromResult(Base64.decodeString(inline)), () => fail("is not in base64"))
    if (file === undefined || file === "") return Effect.undefined
    const place = path.resolve(path.dirname(from), file)
    return Effect.mapError(fs.readFileString(place), (error) => fail(`cannot be read: ${error.message}`))
  }

const remedy = "give it the address of the API server, such as https://127.0.0.1:6443"

/** The address, or what is wrong with it. A password that it holds is not repeated. */
const serverOf = (server: string | null | undefined): string | { readonly problem: string } => {
  if (server === undefined || server === null || server.trim() === "") return { problem: `is ${typeof server === "string" ? "empty" : "missing"}; ${remedy}` }
  const url = URL.parse(server)
  if (url === null || !/^https?:$/.test(url.protocol)) return { problem: `is no http or https address, but ${JSON.stringify(server.replace(/\/\/[^/]*@/, "//…@"))}; ${remedy}` }
  if (url.username !== "" || url.password !== "") return { problem: `holds a user name or a password; leave them out, and give the user a token or a client certificate` }
  if (url.search !== "" || url.hash !== "") return { problem: `has a part behind ? or #, but is ${JSON.stringify(server)}; ${remedy}` }
  return server
}

/** What would silently be ignored otherwise, and then fail far from here. */
const problemOf = (cluster: typeof Cluster.Type, user: typeof User.Type | undefined): string | undefined => {
  if (cluster["proxy-url"] !== undefined && cluster["proxy-url"] !== "") return "proxy-url is not supported"
  if (user?.["auth-provider"] !== undefined) return "auth-provider is not supported, Kubernetes itself has removed it; use exec"
  if (user?.username !== undefined && user.username !== "") return "user name and password are not supported, nor does Kubernetes any more; use a token or a client certificate"
  return undefined
}

const tokenOf = (
  user: Parts["user"],
  read: (file: string) => Effect.Effect<string | undefined, ClusterAccessError>
): Effect.Effect<string, ClusterAccessError> | undefined => {
  const { token, tokenFile } = user?.it ?? {}
  if (tokenFile !== undefined && tokenFile !== "") return Effect.map(read(tokenFile), (it) => (it ?? "").trim())
  return token === undefined || token === "" ? undefined : Effect.succeed(token)
}

const commandOf = (exec: typeof Exec.Type, file: string, path: Path.Path): ExecCommand => ({
  apiVersion: exec.apiVersion,
  // A command with a folder counts from the kubeconfig, one without from the PATH.
  command: exec.command.includes("/") ? path.resolve(path.dirname(file), exec.command) : exec.command,
  args: exec.args ?? [],
  env: Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value])),
  installHint: exec.installHint
})
