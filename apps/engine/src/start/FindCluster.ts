/** Finds the cluster that is meant: by a kubeconfig, or as a pod within it. */
import { Effect, FileSystem, Path } from "effect"
import { type ClusterAccess, ClusterAccessError } from "./ClusterAccess.ts"
import { fromKubeconfig } from "./Kubeconfig.ts"

/** What the user said, and what the machine says. */
export interface FindClusterOptions {
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  readonly environment: { readonly [name: string]: string | undefined }
  readonly workingDirectory: string
}

/** Where the kubelet puts what a pod needs to know. */
const accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

/** In this order: the kubeconfig that was named, `KUBECONFIG`, the pod's service account, the kubeconfig of the home directory. */
export const findCluster = Effect.fnUntraced(function*(options: FindClusterOptions): Effect.fn.Return<ClusterAccess, ClusterAccessError, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { environment } = options
  const isThere = (file: string) => Effect.orElseSucceed(fs.exists(file), () => false)
  if (options.kubeconfig !== undefined) return yield* fromKubeconfig([path.resolve(options.workingDirectory, options.kubeconfig)], options.context)
  const listed = (environment["KUBECONFIG"] ?? "").split(":").filter((it) => it !== "")
  if (listed.length > 0) {
    const files = yield* Effect.filter(listed.map((it) => path.resolve(options.workingDirectory, it)), isThere)
    if (files.length > 0) return yield* fromKubeconfig(files, options.context)
    return yield* new ClusterAccessError({ source: "KUBECONFIG", problem: `names no file that is there: ${listed.join(", ")}` })
  }
  const host = environment["KUBERNETES_SERVICE_HOST"]
  if (options.context === undefined && host !== undefined && host !== "" && (yield* isThere(`${accountFolder}/token`))) return yield* inCluster(host, environment["KUBERNETES_SERVICE_PORT"] ?? "443")
  const home = environment["HOME"]
  const atHome = home === undefined ? undefined : path.join(home, ".kube", "config")
  if (atHome !== undefined && (yield* isThere(atHome))) return yield* fromKubeconfig([atHome], options.context)
  return yield* new ClusterAccessError({
    source: "no cluster found",
    problem: `neither --kubeconfig nor KUBECONFIG is given, this is no pod with a service account, and ${atHome ?? "~/.kube/config"} is not there`
  })
})

const inCluster = Effect.fnUntraced(function*(host: string, port: string) {
  const fs = yield* FileSystem.FileSystem
  const read = (name: string) =>
    Effect.mapError(fs.readFileString(`${accountFolder}/${name}`), (error) => new ClusterAccessError({ source: "service account of the pod", problem: error.message }))
  return {
    description: "the service account of this pod",
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    namespace: (yield* Effect.orElseSucceed(read("namespace"), () => "default")).trim(),
    tls: Effect.map(read("ca.crt"), (ca) => ({ ca })),
    token: Effect.map(read("token"), (it) => it.trim()),
    tokenAgeMax: 60_000
  } satisfies ClusterAccess
})
