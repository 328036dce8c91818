/** The environment and the command line of a container, with everything that they refer to. */
import type { ConfigMap, Container, EnvVar, Secret } from "@fairlead/kube"
import { Effect } from "effect"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import { type ContainerCommand, StartFailed } from "../PodRuntime.ts"
import { expand } from "./expansion.ts"
import { fieldValue, type PodAddresses, resourceValue } from "./fieldRef.ts"
import type { Pod } from "@fairlead/kube"

/** Reads what pods refer to. `undefined` when it is not there. */
export interface ObjectReader {
  readonly configMap: (namespace: string, name: string) => Effect.Effect<ConfigMap | undefined, StartFailed>
  readonly secret: (namespace: string, name: string) => Effect.Effect<Secret | undefined, StartFailed>
  readonly token: (namespace: string, account: string, request: TokenRequest) => Effect.Effect<string, StartFailed>
}

/** What a projected service account token is asked for. */
export interface TokenRequest {
  readonly audience: string | undefined
  readonly expirationSeconds: number
  readonly pod: Pod
}

/** The reason under which a container waits whose configuration is not complete. */
const configError = (description: string): StartFailed => new StartFailed({ reason: "CreateContainerConfigError", description })

/** Resolves environment, command and arguments of one container. */
export const containerCommand = Effect.fnUntraced(function*(
  pod: Pod,
  container: Container,
  addresses: PodAddresses,
  reader: ObjectReader
): Effect.fn.Return<ContainerCommand, StartFailed> {
  const namespace = pod.metadata.namespace ?? ""
  const env = new Map<string, string>()
  for (const source of container.envFrom ?? []) {
    const [entries, reference, kind] = source.secretRef === undefined
      ? [textOf(yield* reader.configMap(namespace, source.configMapRef?.name ?? "")), source.configMapRef, "configmap"]
      : [decodedOf(yield* reader.secret(namespace, source.secretRef.name ?? "")), source.secretRef, "secret"]
    if (entries === undefined) {
      if (reference?.optional === true) continue
      return yield* configError(`${kind} "${reference?.name ?? ""}" not found`)
    }
    for (const [key, value] of entries) env.set(`${source.prefix ?? ""}${key}`, value)
  }
  for (const variable of container.env ?? []) {
    const value = yield* variableValue(pod, container, variable, env, addresses, reader)
    if (value !== undefined) env.set(variable.name, value)
  }
  return {
    command: (container.command ?? []).map((it) => expand(it, env)),
    args: (container.args ?? []).map((it) => expand(it, env)),
    env
  }
})

const variableValue = (
  pod: Pod,
  container: Container,
  variable: EnvVar,
  env: ReadonlyMap<string, string>,
  addresses: PodAddresses,
  reader: ObjectReader
): Effect.Effect<string | undefined, StartFailed> => {
  const from = variable.valueFrom
  if ((variable.value !== undefined && variable.value !== "") || from === undefined) return Effect.succeed(expand(variable.value ?? "", env))
  const namespace = pod.metadata.namespace ?? ""
  if (from.fieldRef !== undefined) {
    const value = fieldValue(pod, from.fieldRef.fieldPath, addresses)
    return value === undefined ? configError(`unsupported fieldPath: ${from.fieldRef.fieldPath}`) : Effect.succeed(value)
  }
  if (from.resourceFieldRef !== undefined) {
    const value = resourceValue(container, from.resourceFieldRef.resource, from.resourceFieldRef.divisor)
    return value === undefined ? configError(`unsupported container resource : ${from.resourceFieldRef.resource}`) : Effect.succeed(value)
  }
  const secret = from.secretKeyRef
  if (secret !== undefined) {
    return Effect.flatMap(reader.secret(namespace, secret.name ?? ""), (it) => pick(decodedOf(it), secret, "secret", "Secret", namespace))
  }
  const map = from.configMapKeyRef
  if (map === undefined) return Effect.succeed("")
  return Effect.flatMap(reader.configMap(namespace, map.name ?? ""), (it) => pick(textOf(it), map, "configmap", "ConfigMap", namespace))
}

/** One key of a config map or secret; `undefined` when it may be absent and is. */
const pick = (
  entries: ReadonlyMap<string, string> | undefined,
  reference: { readonly name?: string | undefined; readonly key: string; readonly optional?: boolean | undefined },
  resource: string,
  kind: string,
  namespace: string
): Effect.Effect<string | undefined, StartFailed> => {
  const value = entries?.get(reference.key)
  if (value !== undefined || reference.optional === true) return Effect.succeed(value)
  return entries === undefined
    ? configError(`${resource} "${reference.name ?? ""}" not found`)
    : configError(`couldn't find key ${reference.key} in ${kind} ${namespace}/${reference.name ?? ""}`)
}

const textOf = (map: ConfigMap | undefined): ReadonlyMap<string, string> | undefined =>
  map === undefined ? undefined : new Map(Object.entries(map.data ?? {}))

const decodedOf = (secret: Secret | undefined): ReadonlyMap<string, string> | undefined =>
  secret === undefined ? undefined : new Map(Object.entries(secret.data ?? {}).map(([key, value]) => [key, decoder.decode(bytesOf(value))]))

const decoder = new TextDecoder()

/** Bytes of a base64 value; the API server has checked it. */
export const bytesOf = (base64: string): Uint8Array => Result.getOrElse(Base64.decode(base64), () => new Uint8Array())
