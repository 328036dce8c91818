import type { KubeObject } from "@fairlead/kube"
import { expect, it } from "vitest"
import { customCells } from "../../src/http/cells/CustomColumns.ts"
import type { ServedResource } from "../../src/ServedResource.ts"

const object = {
  metadata: { name: "a", labels: { "a.b/c": "label" } },
  spec: { n: 5, none: null, list: ["a", "b"], map: { z: "<1>", y: 1.5 }, items: [{ type: "Ready", n: 1, status: "True" }, { type: "Done", n: 2, status: "False" }], odd: [{ n: null }] }
} as KubeObject

const cell = (jsonPath: string, type = "string"): unknown => {
  const cells = customCells(object, { printerColumns: [{ name: "C", type, jsonPath }] } as unknown as ServedResource, 0)
  return cells.length === 1 ? "no column" : cells[1]
}

/** Checked against k8s.io/apiextensions-apiserver 0.36.2. */
it.each([
  [".spec.none", "<no value>"],
  [".spec.missing", null],
  [".spec.map", '{"y":1.5,"z":"\\u003c1\\u003e"}'],
  [".spec.list[0,1]", "a"],
  [".spec.list[::2]", "a"],
  [".spec.list[-1]", "b"],
  [".spec.list[7]", null],
  [".spec.list[0:9]", null],
  [".metadata.labels.a\\.b/c", "label"],
  [".metadata.labels['a.b/c']", null],
  ['.spec["n"]', "no column"],
  ["..status", "True"],
  [".spec.items[?(@.n==2)].type", "Done"],
  [".spec.items[?(@.n>1)].type", "Done"],
  [".spec.items[?(@.n==1.0)].type", null],
  [".spec.items[?(@.type==Ready)].status", null],
  ['.spec.items[?(@.type=="Ready")].status', "True"],
  [".spec.odd[?(@.n==1)].n", null],
  [".spec[", "no column"]
])("the path %s shows %s", (path, expected) => expect(cell(path)).toBe(expected))
