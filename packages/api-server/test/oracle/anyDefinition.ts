/** Definitions of custom resources: what stands around their schemas. */
import type { Chance } from "./chance.ts"

type Fields = Record<string, unknown>

const schemas: ReadonlyArray<Fields> = [
  { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  { type: "object", properties: { spec: { type: "object", properties: { a: { type: "string" }, n: { type: "integer" }, list: { type: "array", items: { type: "string" } }, replicas: { type: "integer" }, b: { type: "boolean" }, o: { type: "object" }, sel: { type: "string" } } }, status: { type: "object", properties: { replicas: { type: "integer" }, sel: { type: "string" } } } } }
]

const anyColumn = (chance: Chance, wrong: number): Fields => {
  const odd = (): boolean => wrong > 0 && chance.oneIn(wrong)
  return {
    name: odd() ? chance.pick(["", "a\nb"]) : chance.pick(["Replicas", "Age", "Text"]),
    type: odd() ? chance.pick(["", "text", "array"]) : chance.pick(["integer", "string", "date", "number", "boolean"]),
    jsonPath: odd() ? chance.pick(["", "spec.a", ".spec[", ".spec.a{", "{.spec.a}", ".spec..a", ".spec.list[?(@.x==1)]", "..", ".", ".a b", ".spec.list[x]", "/spec"]) : chance.pick([".spec.replicas", ".metadata.creationTimestamp", ".spec.list[0]", ".spec.list[*]", ".spec['a']"]),
    ...(chance.oneIn(3) ? { format: odd() ? "wide" : chance.pick(["int32", "int64", "float", "double", "byte", "date", "date-time", "password"]) } : {}),
    ...(chance.oneIn(4) ? { priority: chance.pick([0, 1, -1]) } : {}),
    ...(chance.oneIn(4) ? { description: "text" } : {})
  }
}

const anySubresources = (chance: Chance, wrong: number): Fields => {
  const odd = (): boolean => wrong > 0 && chance.oneIn(wrong)
  return {
    ...(chance.oneIn(2) ? { status: {} } : {}),
    ...(chance.oneIn(2) ? {
      scale: {
        specReplicasPath: odd() ? chance.pick(["", "spec.replicas", ".status.replicas", ".spec.list[0]", ".spec", "{.spec.replicas}"]) : ".spec.replicas",
        statusReplicasPath: odd() ? chance.pick(["", ".spec.replicas", "status.replicas", ".status", ".status[0]"]) : ".status.replicas",
        ...(chance.oneIn(2) ? { labelSelectorPath: odd() ? chance.pick(["", "status.sel", ".metadata.labels", ".status[0]", ".x.y"]) : chance.pick([".status.sel", ".spec.sel"]) } : {})
      }
    } : {})
  }
}

const anyVersion = (chance: Chance, name: string, storage: boolean, wrong: number): Fields => {
  const odd = (): boolean => wrong > 0 && chance.oneIn(wrong)
  return {
    name: odd() ? chance.pick(["", "V1", "v1.2", "-v1", "v".repeat(64)]) : name,
    served: !chance.oneIn(6),
    storage: odd() ? !storage : storage,
    ...(odd() ? chance.pick<Fields>([{}, { schema: {} }, { schema: { openAPIV3Schema: { type: "string" } } }, { schema: { openAPIV3Schema: {} } }]) : { schema: { openAPIV3Schema: chance.pick(schemas) } }),
    ...(chance.oneIn(3) ? { subresources: anySubresources(chance, wrong) } : {}),
    ...(chance.oneIn(3) ? { additionalPrinterColumns: [anyColumn(chance, wrong), ...chance.list(2, () => anyColumn(chance, wrong))] } : {}),
    ...(chance.oneIn(5) ? { deprecated: chance.oneIn(2) } : {}),
    ...(chance.oneIn(6) ? { deprecationWarning: odd() ? chance.pick(["", "a\nb", "x".repeat(257)]) : "gone soon" } : {}),
    ...(chance.oneIn(4) ? { selectableFields: Array.from({ length: 1 + chance.below(odd() ? 9 : 2) }, () => ({ jsonPath: odd() ? chance.pick(["", "spec.a", ".spec.list", ".spec.o", ".metadata.name", ".spec.zz", ".spec.list[0]", ".spec['a']", ".status.sel", ".spec.a.b", ".apiVersion"]) : chance.pick([".spec.a", ".spec.n", ".spec.b", ".spec.sel"]) })) } : {})
  }
}

/** A definition; one in `wrong` things is wrong. */
export const anyDefinition = (chance: Chance, wrong: number): object => {
  const odd = (): boolean => wrong > 0 && chance.oneIn(wrong)
  const names = ["v1", "v2", "v1beta1"].slice(0, 1 + chance.below(3))
  const storage = chance.below(names.length)
  const group = odd() ? chance.pick(["", "Example.com", "example", "a_b.com", "example.com."]) : "example.com"
  const plural = odd() ? chance.pick(["", "Widgets", "wid.gets", "w".repeat(64)]) : "widgets"
  const versions = names.map((name, i) => anyVersion(chance, name, i === storage, wrong))
  const conversion = (): Fields => chance.pick<() => Fields>([
    () => ({ strategy: "None" }),
    () => ({ strategy: odd() ? chance.pick(["", "Other"]) : "Webhook", ...(odd() ? {} : { webhook: { conversionReviewVersions: odd() ? chance.pick<unknown>([[], ["v3"], ["v1", "v1"], ["V 1"], ["v1beta1", "x y"]]) : ["v1", "v1beta1"], ...(odd() ? {} : { clientConfig: odd() ? chance.pick<Fields>([{}, { url: "http://a" }, { url: "https://a?b" }, { url: "https://u:p@a/#f" }, { url: "x" }, { url: "https://a", service: { name: "s", namespace: "n" } }, { service: { name: "", namespace: "" } }, { service: { name: "s", namespace: "n", port: 0 } }, { service: { name: "s", namespace: "n", path: "a//b" } }]) : chance.pick<Fields>([{ url: "https://a/b" }, { service: { name: "s", namespace: "n", path: "/x", port: 443 } }]) }) } }) }),
    () => ({ strategy: "None", webhook: { conversionReviewVersions: ["v1"] } })
  ])()
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: odd() ? "other.example.com" : `${plural}.${group}` },
    spec: {
      group,
      scope: odd() ? chance.pick(["", "Global", "cluster"]) : chance.pick(["Namespaced", "Cluster"]),
      names: {
        plural,
        kind: odd() ? chance.pick(["", "widget", "Wid.get", "W".repeat(64), "WidgetList"]) : "Widget",
        ...(chance.oneIn(3) ? { singular: odd() ? chance.pick(["Widget", "widgets", "a.b"]) : "widget" } : {}),
        ...(chance.oneIn(3) ? { listKind: odd() ? chance.pick(["Widget", "list.kind", "widgetlist"]) : "WidgetList" } : {}),
        ...(chance.oneIn(3) ? { shortNames: odd() ? chance.pick([["W"], ["w", "w"], ["a.b"], [""]]) : ["w", "wd"] } : {}),
        ...(chance.oneIn(3) ? { categories: odd() ? chance.pick([["All"], ["a b"], [""]]) : ["all"] } : {})
      },
      versions: odd() ? chance.pick<unknown>([[], versions.flatMap((it) => [it, it]), versions]) : versions,
      ...(chance.oneIn(3) ? { conversion: conversion() } : {}),
      ...(chance.oneIn(10) ? { preserveUnknownFields: chance.oneIn(2) } : {})
    }
  }
}
