/** Health checks and the version. */
import type { HttpRequest, HttpResponse } from "./HttpMessage.ts"
import { textResponse } from "./HttpMessage.ts"
import { methodNotAllowed } from "../ApiFailure.ts"

const checks = [
  "ping", "log", "etcd", "poststarthook/start-apiserver-admission-initializer", "poststarthook/generic-apiserver-start-informers",
  "poststarthook/priority-and-fairness-config-consumer", "poststarthook/priority-and-fairness-filter",
  "poststarthook/storage-object-count-tracker-hook", "poststarthook/start-apiextensions-informers",
  "poststarthook/start-apiextensions-controllers", "poststarthook/crd-informer-synced", "poststarthook/start-system-namespaces-controller",
  "poststarthook/start-cluster-authentication-info-controller", "poststarthook/start-kube-apiserver-identity-lease-controller",
  "poststarthook/start-kube-apiserver-identity-lease-garbage-collector", "poststarthook/start-legacy-token-tracking-controller",
  "poststarthook/start-service-ip-repair-controllers", "poststarthook/rbac/bootstrap-roles",
  "poststarthook/scheduling/bootstrap-system-priority-classes", "poststarthook/priority-and-fairness-config-producer",
  "poststarthook/bootstrap-controller", "poststarthook/start-kubernetes-service-cidr-controller",
  "poststarthook/aggregator-reload-proxy-client-cert", "poststarthook/start-kube-aggregator-informers",
  "poststarthook/apiservice-status-local-available-controller", "poststarthook/apiservice-status-remote-available-controller",
  "poststarthook/apiservice-registration-controller", "poststarthook/apiservice-discovery-controller",
  "poststarthook/kube-apiserver-autoregistration", "autoregister-completion", "poststarthook/apiservice-openapi-controller",
  "poststarthook/apiservice-openapiv3-controller"
] as const

const roots: ReadonlySet<string> = new Set(["healthz", "livez", "readyz"])

/** The version that the server says it has. */
export const version = {
  major: "1",
  minor: "36",
  emulationMajor: "1",
  emulationMinor: "36",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "35",
  gitVersion: "v1.36.2",
  gitCommit: "0000000000000000000000000000000000000000",
  gitTreeState: "clean",
  buildDate: "2026-06-10T00:00:00Z",
  goVersion: "go1.26.1",
  compiler: "gc",
  platform: "linux/amd64"
} as const

/** Answers `/healthz`, `/livez`, `/readyz`, their single checks and `/version`; `undefined` for other paths. */
export const healthResponse = (request: HttpRequest, segments: ReadonlyArray<string>): HttpResponse | undefined => {
  if (segments[0] === "version" && segments.length === 1) {
    if (request.method !== "GET") throw methodNotAllowed()
    return { status: 200, headers: { "Content-Type": "application/json" }, body: JSON.stringify(version, null, 2) }
  }
  if (!roots.has(segments[0] ?? "")) return undefined
  if (segments.length > 1) return (checks as ReadonlyArray<string>).includes(segments.slice(1).join("/")) ? textResponse(200, "ok") : undefined
  const query = new URLSearchParams(request.query)
  if (!query.has("verbose")) return textResponse(200, "ok")
  const excluded = new Set(query.getAll("exclude"))
  const lines = checks.map((check) => (excluded.has(check) ? `[+]${check} excluded: ok` : `[+]${check} ok`))
  return textResponse(200, `${lines.join("\n")}\n${segments[0]} check passed\n`)
}
