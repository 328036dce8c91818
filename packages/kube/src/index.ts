/** Speaks the Kubernetes API: object types, a client over an exchangeable transport, watches, patches, typed errors. */
export * from "./KubeClient.ts"
export * as KubeError from "./KubeError.ts"
export type * from "./KubeObject.ts"
export * as KubeResource from "./KubeResource.ts"
export * from "./KubeTransport.ts"
export type * from "./KubeTypes.ts"
export * as LabelSyntax from "./LabelSyntax.ts"
export * as Quantity from "./Quantity.ts"
