/** Wraps what a call achieved into its answer. */
import type { KubeAnswer, KubeObject, Status } from "@fairlead/kube"
import type { ApiResponse } from "../ApiRequest.ts"
import type { ServedResource } from "../ServedResource.ts"
import type { Call } from "./Call.ts"

/** An answer with the warnings that the call gathered. */
export const answer = (call: Call, code: number, body: KubeAnswer): ApiResponse => ({ code, body, warnings: call.warnings })

/** The `Status` of a successful deletion. */
export const deletedStatus = (resource: ServedResource, object: KubeObject): Status => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  details: {
    name: object.metadata.name ?? "",
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: resource.plural,
    ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid })
  }
})
