/** Says in admission policies what is wrong with the types in their expressions. */
import { policyWarnings, type SchemaSource, type ValidatingPolicy } from "@fairlead/api-server"
import { Controller, Informer, Result, Source } from "@fairlead/controller"
import { KubeClient, type KubeError, type KubeObject, KubeResource, type KubeTransport } from "@fairlead/kube"
import { Effect, type Scope } from "effect"

const resource = KubeResource.make("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", false)
const fieldManager = "validatingadmissionpolicy-status"

interface Policy extends ValidatingPolicy {
  readonly status?: { readonly observedGeneration?: number }
}

const isChecked = ({ metadata, status }: Policy): boolean => (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0)

/** Runs until interrupted. Schemas are those that the server has at the moment of the check. */
export const run = Effect.fnUntraced(function*(schemas: SchemaSource): Effect.fn.Return<never, never, KubeClient | KubeTransport | Scope.Scope> {
  const client = yield* KubeClient
  const policies = yield* Informer.make<Policy>({ resource, transform: (object) => object as Policy })
  return yield* Controller.run({
    name: "validatingadmissionpolicy-status",
    workers: 5,
    shutdownTimeout: 0,
    queue: { backoffMin: 100, backoffMax: 60_000 },
    sources: [Source.of(policies, { predicate: ({ object, type }) => type !== "Deleted" && !isChecked(object) })],
    reconcile: ({ name }) => {
      const policy = policies.store.get(undefined, name)
      return policy === undefined || isChecked(policy) ? Effect.succeed(Result.done) : Effect.as(tell(client, policy, schemas), Result.done)
    }
  })
})

const tell = (client: KubeClient["Service"], policy: Policy, schemas: SchemaSource): Effect.Effect<void, KubeError.KubeError> => {
  const expressionWarnings = policyWarnings(policy, schemas)
  const status = { observedGeneration: policy.metadata.generation, typeChecking: expressionWarnings.length === 0 ? {} : { expressionWarnings } }
  const name = policy.metadata.name!
  const body = { apiVersion: "admissionregistration.k8s.io/v1", kind: resource.kind, metadata: { name }, status }
  return client.patch<KubeObject>(resource, { name }, "apply", body, { subresource: "status", query: { fieldManager, force: "true" } }).pipe(
    Effect.asVoid,
    Effect.catchIf((error) => error.reason._tag === "NotFound", () => Effect.void)
  )
}
