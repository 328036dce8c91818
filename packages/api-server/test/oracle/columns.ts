/** Paths of columns, right ones and wrong ones, and an object to find them in. */

/** Values of all kinds. */
export const columnObject = { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "a", creationTimestamp: "2020-01-01T00:00:00Z", labels: { "a.b/c": "lab", x: "y" }, annotations: { "k.io/n": "note" } }, spec: { s: "text", n: 5, f: 1.5, b: true, z: null, list: ["a", "b", "c"], nums: [3, 1, 2], o: { k: 1, b: { c: "<d>" } }, items: [{ type: "Ready", status: "True", n: 1 }, { type: "Done", status: "False", n: 2, sub: { v: "x" } }, { type: "Odd", n: null }], "a-b": "dash", "x.y": "dot", e: "", empty: [], eo: {}, nest: [[1, 2], [3]], d: "2026-01-01T00:00:00Z", bad: "no date", quote: "it's" } }

/** Paths whose first value does not depend on the order of keys. */
export const columnPaths: ReadonlyArray<string> = [
  ".spec.s", ".spec.n", ".spec.f", ".spec.b", ".spec.z", ".spec.list", ".spec.list[0]", ".spec.list[-1]", ".spec.list[5]", ".spec.list[0:2]",
  ".spec.list[:]", ".spec.list[1:]", ".spec.list[::2]", ".spec.list[-2:]", ".spec.list[0,2]", ".spec.list[*]", ".spec.o", ".spec.o.k", ".spec.o[*]",
  ".spec['s']", ".spec[\"s\"]", ".spec['s','n']", ".spec['x.y']", ".spec.x\\.y", ".spec.a-b", ".spec['a-b']", ".metadata.labels.a\\.b/c",
  ".metadata.labels['a.b/c']", ".metadata.labels.a\\.b\\/c", ".metadata.annotations.k\\.io/n", ".spec.items[?(@.type==\"Ready\")].status",
  ".spec.items[?(@.type=='Ready')].status", ".spec.items[?(@.type == \"Done\")].sub.v", ".spec.items[?(@.n>1)].type", ".spec.items[?(@.n>=1)].type",
  ".spec.items[?(@.n==1)].type", ".spec.items[?(@.n!=1)].type", ".spec.items[?(@.sub)].type", ".spec.items[?(@.sub.v)].type",
  ".spec.items[?(@.missing==1)].type", ".spec.items[?(@.type!=\"Ready\")].type", ".spec.items[*].type", ".spec.items[1].sub", ".spec.items[0].n",
  ".spec.items[2].n", ".spec.list[?(@==\"b\")]", ".spec.nums[?(@>1)]", ".spec.missing", ".spec.missing.deep", ".spec.s.deep", ".spec.n.deep",
  ".spec.list.x", ".spec.s[0]", ".spec.o[0]", ".spec.nest[0][1]", ".spec.nest[*][0]", ".spec.nest[1]", "..type", "..k", ".spec..type", "..", ".", "",
  "spec.s", "$.spec.s", "$", "@.spec.s", "{.spec.s}", ".spec.s}", "{.spec.s", ".spec.s{.spec.n}", ".spec[", ".spec]", ".spec.list[", ".spec.list[x]",
  ".spec.list[]", ".spec.list['0']", ".spec.list[0", ".spec. s", ".spec .s", " .spec.s", ".spec.s ", ".spec.s.", ".spec..s", "..s",
  ".spec.items[?(@.type==Ready)].status", ".spec.items[?(@.type)].status", ".spec.items[?(.type==\"Ready\")].status", ".spec.items[?(@.n<2)].type",
  ".spec.items[?(@.type==\"Ready\"&&@.n==1)].type", ".spec.items[?(@.type=~\"R.*\")].type", ".spec.items[?@.n==1].type", ".spec.items[(@.length-1)]",
  ".spec.items[?(@.n==1.0)].type", ".spec.items[?(@.b==true)]", ".spec.e", ".spec.empty", ".spec.empty[0]", ".spec.empty[*]", ".spec.eo",
  ".spec.eo.*", ".spec.d", ".spec.bad", ".metadata.creationTimestamp", ".spec.quote", ".spec.list[0:0]", ".spec.list[2:1]", ".spec.list[0:99]",
  ".spec.list[-99:]", ".spec.list[-99]", "['spec']['s']", "[\"spec\"]", ".['spec'].s", ".spec.['s']", ".spec/s", ".spec.o.b.c", ".spec.o.b",
  ".spec.items[?(@.type==\"it's\")]", ".spec.s|length", "range .spec.list", ".spec.list[?(@.x)]", ".spec.o[?(@.c)]", ".spec.o[?(@==1)]",
  ".spec.b[0]", ".spec.items[0]['type']", ".spec.items[0][\"type\"]", ".spec.items[0,1].type", ".spec.items[0:2].type", ".spec.items[::2].type",
  ".spec.items[::-1].type", ".spec.list[::0]"
]
