/** Writes of several managers to one object. */
import type { Chance } from "./chance.ts"

type Fields = Record<string, unknown>

/** One write. */
export interface Step {
  readonly verb: "create" | "update" | "patch"
  readonly type?: "json" | "merge" | "strategic" | "apply"
  readonly manager?: string
  readonly force?: boolean
  readonly subresource?: "status"
  readonly body: unknown
}

const text = { type: "string" }

/** A schema with every kind of list and map. */
export const sessionSpec = {
  type: "object",
  properties: {
    a: text,
    n: { type: "integer" },
    d: { type: "string", default: "given" },
    either: { "x-kubernetes-int-or-string": true },
    map: { type: "object", additionalProperties: text },
    atomicMap: { type: "object", "x-kubernetes-map-type": "atomic", additionalProperties: text },
    inner: { type: "object", properties: { x: text, y: { type: "object", properties: { z: text } } } },
    atomicInner: { type: "object", "x-kubernetes-map-type": "atomic", properties: { x: text, y: text } },
    list: { type: "array", items: text },
    set: { type: "array", "x-kubernetes-list-type": "set", items: text },
    items: {
      type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
      items: { type: "object", required: ["name"], properties: { name: text, value: text, tags: { type: "array", "x-kubernetes-list-type": "set", items: text } } }
    },
    ports: {
      type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
      items: { type: "object", required: ["port"], properties: { port: { type: "integer" }, protocol: { type: "string", default: "TCP" }, name: text } }
    },
    open: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    nothing: { type: "string", nullable: true }
  }
}

/** The status beside it. */
export const sessionStatus = {
  type: "object",
  properties: {
    phase: text,
    conditions: {
      type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
      items: { type: "object", required: ["type"], properties: { type: text, status: text, reason: text } }
    }
  }
}

const someFields = (chance: Chance, makers: Record<string, () => unknown>, n = 3): Fields => Object.fromEntries(Object.keys(makers).filter(() => chance.oneIn(n)).map((name) => [name, makers[name]!()]))

const word = (chance: Chance): string => chance.pick(["1", "2", "3"])

/** Of several mistakes the original tells in no order, so there is one at most. */
type Mistake = "none" | "set" | "items" | "field"

const anySpec = (chance: Chance, wrong: Mistake): Fields => ({
  ...someFields(chance, {
    a: () => word(chance),
    n: () => chance.below(3),
    d: () => word(chance),
    either: () => chance.pick<unknown>([1, "1", "50%"]),
    map: () => Object.fromEntries(chance.some(["k1", "k2", "k3"]).map((key) => [key, word(chance)])),
    atomicMap: () => Object.fromEntries(chance.some(["k1", "k2"]).map((key) => [key, word(chance)])),
    inner: () => someFields(chance, { x: () => word(chance), y: () => someFields(chance, { z: () => word(chance) }, 2) }, 2),
    atomicInner: () => someFields(chance, { x: () => word(chance), y: () => word(chance) }, 2),
    list: () => chance.list(2, () => word(chance)),
    set: () => [...chance.some(["p", "q", "r"]), ...(wrong === "set" && chance.oneIn(4) ? ["p", "p"] : [])],
    items: () => chance.some(["i", "j", "k"]).map((name) => ({ ...(wrong === "items" && chance.oneIn(8) ? {} : { name }), ...someFields(chance, { value: () => word(chance), tags: () => chance.some(["t", "u"]) }, 2) })),
    ports: () => chance.some([80, 443]).map((port) => ({ port, ...someFields(chance, { protocol: () => chance.pick(["TCP", "UDP"]), name: () => word(chance) }, 2) })),
    open: () => someFields(chance, { any: () => word(chance), deep: () => ({ er: [word(chance)] }), list: () => [{ a: 1 }] }, 2),
    nothing: () => chance.pick([null, "x"])
  }),
  ...(wrong === "field" && chance.oneIn(4) ? chance.pick<Fields>([{ unknown: 1 }, { n: "x" }, { map: null }, { list: null }, { items: [{ name: "i" }, { name: "i" }] }, { set: null }, { a: null }, { inner: "x" }, { items: {} }]) : {})
})

const anyMetadata = (chance: Chance): Fields => someFields(chance, {
  labels: () => Object.fromEntries(chance.some(["l1", "l2"]).map((key) => [key, word(chance)])),
  annotations: () => Object.fromEntries(chance.some(["n1", "n2"]).map((key) => [key, word(chance)])),
  finalizers: () => chance.some(["x.y/a", "x.y/b"]),
  ownerReferences: () => chance.some(["u1", "u2"]).map((uid) => ({ apiVersion: "v1", kind: "ConfigMap", name: word(chance), uid }))
}, 4)

const anyStatus = (chance: Chance): Fields => someFields(chance, {
  phase: () => word(chance),
  conditions: () => chance.some(["Ready", "Done"]).map((type) => ({ type, status: chance.pick(["True", "False"]), ...(chance.oneIn(2) ? { reason: word(chance) } : {}) }))
}, 2)

/** A custom object to write. */
const anyCustom = (chance: Chance, wrong: Mistake): Fields => ({
  apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "a", namespace: "default", ...anyMetadata(chance) }, spec: anySpec(chance, wrong), ...(chance.oneIn(4) ? { status: anyStatus(chance) } : {})
})

const pathsOf = (value: unknown, path = ""): ReadonlyArray<string> =>
  typeof value === "object" && value !== null ? Object.entries(value).flatMap(([key, each]) => [`${path}/${key}`, ...pathsOf(each, `${path}/${key}`)]) : []

const anyOperations = (chance: Chance, make: () => Fields): ReadonlyArray<object> =>
  chance.list(3, () => {
    const source = make()
    const paths = pathsOf(source).filter((path) => !/^\/(apiVersion|kind|metadata)$|^\/metadata\/(name|namespace)$/.test(path))
    const path = paths.length === 0 ? "/spec/a" : chance.pick(paths)
    const value = path.split("/").slice(1).reduce<unknown>((at, key) => (at as Fields)?.[key], source)
    const to = chance.oneIn(6) ? `${path}/-` : path
    return chance.pick<() => object>([() => ({ op: "add", path: to, value }), () => ({ op: "replace", path, value }), () => ({ op: "remove", path }), () => ({ op: "test", path, value }), () => ({ op: "copy", from: path, path: "/spec/a" }), () => ({ op: "move", from: path, path: "/spec/a" })])()
  })

const anyStep = (chance: Chance, make: () => Fields, first: boolean): Step => {
  const manager = chance.pick(["m1", "m2", "m3"])
  const kind = first ? chance.pick(["create", "apply"]) : chance.pick(["apply", "apply", "apply", "update", "merge", "json", "status", "status-apply", "status-merge"])
  const force = chance.oneIn(3)
  switch (kind) {
    case "create":
      return { verb: "create", manager, body: make() }
    case "apply":
      return { verb: "patch", type: "apply", manager, force, body: make() }
    case "status-apply":
      return { verb: "patch", type: "apply", manager, force, subresource: "status", body: { ...make(), status: anyStatus(chance) } }
    case "update":
      return { verb: "update", manager, body: make() }
    case "status":
      return { verb: "update", manager, subresource: "status", body: { ...make(), status: anyStatus(chance) } }
    case "status-merge":
      return { verb: "patch", type: "merge", manager, subresource: "status", body: { status: anyStatus(chance), metadata: anyMetadata(chance) } }
    case "json":
      return { verb: "patch", type: "json", manager, body: anyOperations(chance, make) }
    default: {
      const { spec, metadata } = make()
      const { name: _, namespace: __, ...rest } = metadata as Fields
      return { verb: "patch", type: "merge", manager, body: { metadata: rest, spec } }
    }
  }
}

/** Writes to a custom object. */
export const anySession = (chance: Chance): ReadonlyArray<Step> => {
  const wrong = chance.pick<Mistake>(["none", "none", "none", "set", "items", "field"])
  const make = (): Fields => anyCustom(chance, wrong)
  return Array.from({ length: 3 + chance.below(6) }, (_, i) => anyStep(chance, make, i === 0))
}

const anyConfigMap = (chance: Chance): Fields => ({
  apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "default", ...anyMetadata(chance) },
  ...someFields(chance, {
    data: () => Object.fromEntries(chance.some(["k1", "k2", "k3"]).map((key) => [key, word(chance)])),
    binaryData: () => Object.fromEntries(chance.some(["b1", "b2"]).map((key) => [key, chance.pick(["YQ==", "Yg=="])]))
  }, 2),
  ...(chance.oneIn(12) ? chance.pick<Fields>([{ data: null }, { frob: 1 }, { data: { k1: null } }, { data: "x" }, { data: [] }, { data: { k1: 1 } }]) : {})
})

const anyBuiltinStep = (chance: Chance, make: () => Fields, first: boolean): Step => {
  const manager = chance.pick(["m1", "m2", "m3"])
  const kind = first ? chance.pick(["create", "apply"]) : chance.pick(["apply", "apply", "apply", "update", "merge", "strategic", "json"])
  switch (kind) {
    case "create":
      return { verb: "create", manager, body: make() }
    case "apply":
      return { verb: "patch", type: "apply", manager, force: chance.oneIn(3), body: make() }
    case "update":
      return { verb: "update", manager, body: make() }
    case "json":
      return { verb: "patch", type: "json", manager, body: anyOperations(chance, make) }
    default: {
      const { apiVersion: _, kind: __, metadata, ...rest } = make()
      const { name: ___, namespace: ____, ...named } = metadata as Fields
      return { verb: "patch", type: kind as "merge", manager, body: { metadata: named, ...rest } }
    }
  }
}

/** Writes to a config map, which nothing is filled into. */
export const anyBuiltinSession = (chance: Chance): ReadonlyArray<Step> =>
  Array.from({ length: 3 + chance.below(6) }, (_, i) => anyBuiltinStep(chance, () => anyConfigMap(chance), i === 0))
