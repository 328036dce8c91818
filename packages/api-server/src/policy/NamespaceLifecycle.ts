/** Objects are only created in namespaces that exist and are not going away (admission plugin NamespaceLifecycle). */
import { failure, notFound } from "../ApiFailure.ts"
import { field } from "../Draft.ts"
import type { Admit } from "./Admission.ts"
import { refusal } from "./Refusal.ts"

const namespaces = { group: "", plural: "namespaces" } as const

/** Refuses writes into a missing namespace and creations in a terminating one. */
export const admitNamespace: Admit = (call, operation, draft) => {
  const { resource, namespace, server } = call
  if (!resource.namespaced || namespace === "" || operation === "update") return
  const found = server.admission.namespaces.get("", namespace)
  if (found === undefined) throw notFound(namespaces, namespace)
  if (found.metadata.deletionTimestamp === undefined && field<{ phase?: string }>(found, "status")?.phase !== "Terminating") return
  const denial = refusal(call, draft, `unable to create new content in namespace ${namespace} because it is being terminated`)
  throw failure(403, "Forbidden", denial.status.message ?? "", {
    ...denial.status.details,
    causes: [{ reason: "NamespaceTerminating", message: `namespace ${namespace} is being terminated`, field: "metadata.namespace" }]
  })
}
