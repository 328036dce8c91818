/** Objects of built-in kinds and strategic patches of them, right ones and wrong ones. */
import type { Chance } from "./chance.ts"

type Fields = Record<string, unknown>

/** Lists with their merge keys, and what items may hold. */
const keyed: Record<string, { readonly key: string; readonly keys: ReadonlyArray<unknown>; readonly scalars: Record<string, ReadonlyArray<unknown>>; readonly lists: ReadonlyArray<string> }> = {
  containers: { key: "name", keys: ["a", "b", "c"], scalars: { image: ["i1", "i2"], workingDir: ["/w"] }, lists: ["env", "ports", "volumeMounts", "args", "envFrom"] },
  initContainers: { key: "name", keys: ["a", "b"], scalars: { image: ["i1"] }, lists: ["env"] },
  env: { key: "name", keys: ["X", "Y", "Z"], scalars: { value: ["1", "2"] }, lists: [] },
  envFrom: { key: "", keys: [], scalars: { prefix: ["p", "q"] }, lists: [] },
  ports: { key: "containerPort", keys: [80, 443], scalars: { name: ["http", "web"], protocol: ["TCP", "UDP"] }, lists: [] },
  volumeMounts: { key: "mountPath", keys: ["/a", "/b"], scalars: { name: ["v", "w"], readOnly: [true] }, lists: [] },
  volumes: { key: "name", keys: ["v", "w"], scalars: {}, lists: [] },
  tolerations: { key: "", keys: [], scalars: { key: ["k", "l"], operator: ["Exists"], effect: ["NoSchedule"] }, lists: [] },
  imagePullSecrets: { key: "name", keys: ["s", "t"], scalars: {}, lists: [] },
  hostAliases: { key: "ip", keys: ["1.1.1.1", "2.2.2.2"], scalars: {}, lists: ["hostnames"] },
  topologySpreadConstraints: { key: "topologyKey", keys: ["zone", "host"], scalars: { maxSkew: [1, 2], whenUnsatisfiable: ["DoNotSchedule"] }, lists: [] },
  ownerReferences: { key: "uid", keys: ["u1", "u2"], scalars: { name: ["o"], kind: ["K"], apiVersion: ["v1"] }, lists: [] },
  conditions: { key: "type", keys: ["Ready", "Done"], scalars: { status: ["True", "False"], reason: ["R"] }, lists: [] },
  schedulingGates: { key: "name", keys: ["g", "h"], scalars: {}, lists: [] }
}
const scalarLists: Record<string, ReadonlyArray<string>> = { finalizers: ["x.y/a", "x.y/b", "x.y/c"], args: ["1", "2", "3"], hostnames: ["h1", "h2"] }
const volume = [{ emptyDir: {} }, { configMap: { name: "c" } }, { secret: { secretName: "s" } }, { emptyDir: { medium: "Memory" } }]

const listOf = (chance: Chance, name: string): ReadonlyArray<unknown> => {
  const values = scalarLists[name]
  if (values !== undefined) return chance.some(values)
  const { keys } = keyed[name]!
  return keys.length === 0 ? chance.list(2, () => itemOf(chance, name, undefined)) : chance.some(keys).map((key) => itemOf(chance, name, key))
}

const itemOf = (chance: Chance, name: string, key: unknown): Fields => {
  const rules = keyed[name]!
  const item: Fields = key === undefined ? {} : { [rules.key]: key }
  for (const [field, values] of Object.entries(rules.scalars)) if (!chance.oneIn(3)) item[field] = chance.pick(values)
  if (name === "volumes") Object.assign(item, chance.pick(volume))
  for (const list of rules.lists) if (chance.oneIn(2)) item[list] = listOf(chance, list)
  return item
}

const specLists = ["containers", "initContainers", "volumes", "tolerations", "imagePullSecrets", "hostAliases", "topologySpreadConstraints", "schedulingGates"]
const maps: Record<string, ReadonlyArray<readonly [string, ReadonlyArray<string>]>> = { labels: [["l1", ["a", "b"]], ["l2", ["c"]]], annotations: [["n1", ["a"]], ["n2", ["b", "c"]]], nodeSelector: [["d", ["e", "f"]], ["g", ["h"]]] }

const mapOf = (chance: Chance, name: string): Fields => Object.fromEntries(chance.some(maps[name]!).map(([key, values]) => [key, chance.pick(values)]))

/** A pod. */
export const anyPod = (chance: Chance): Fields => {
  const metadata: Fields = { name: "p" }
  for (const name of ["labels", "annotations"]) if (chance.oneIn(2)) metadata[name] = mapOf(chance, name)
  for (const name of ["finalizers", "ownerReferences"]) if (chance.oneIn(2)) metadata[name] = listOf(chance, name)
  const spec: Fields = {}
  for (const name of specLists) if (chance.oneIn(2)) spec[name] = listOf(chance, name)
  if (chance.oneIn(2)) spec["nodeSelector"] = mapOf(chance, "nodeSelector")
  if (chance.oneIn(2)) spec["securityContext"] = { runAsUser: chance.below(3) }
  if (chance.oneIn(2)) spec["restartPolicy"] = "Always"
  return { apiVersion: "v1", kind: "Pod", metadata, spec, ...(chance.oneIn(2) ? { status: { phase: "Running", conditions: listOf(chance, "conditions") } } : {}) }
}

const patchList = (chance: Chance, name: string, into: Fields, wrong: () => boolean): void => {
  const values = scalarLists[name]
  if (values !== undefined) {
    if (chance.oneIn(2)) into[name] = chance.some(values)
    if (chance.oneIn(3)) into[`$deleteFromPrimitiveList/${name}`] = wrong() ? chance.pick<unknown>(["a", {}, [{}], null]) : chance.some(values)
    if (chance.oneIn(3)) into[`$setElementOrder/${name}`] = wrong() ? chance.pick<unknown>(["a", {}, null]) : order(chance, values, (it) => it, into[name] as ReadonlyArray<unknown> | undefined)
    return
  }
  const rules = keyed[name]!
  const items: Array<unknown> = rules.keys.length === 0 ? [...listOf(chance, name)] : chance.some(rules.keys).map((key) => patchItem(chance, name, key, wrong))
  if (wrong()) items.push(chance.pick<unknown>([{}, "text", null, { $patch: "merge" }, { $patch: "replace" }, { $patch: "delete" }, { $patch: 5 }, [], 1]))
  if (chance.oneIn(8)) items.push({ $patch: "replace" })
  if (!chance.oneIn(8)) into[name] = wrong() ? chance.pick<unknown>([null, {}, "text", items]) : items
  if (chance.oneIn(3) && rules.keys.length > 0) {
    const sent = (into[name] as ReadonlyArray<Fields> | undefined) ?? []
    into[`$setElementOrder/${name}`] = order(chance, rules.keys, (key) => ({ [rules.key]: key }), Array.isArray(sent) ? sent.filter((it) => it?.[rules.key] !== undefined && it["$patch"] === undefined).map((it) => ({ [rules.key]: it[rules.key] })) : [])
  }
}

const order = (chance: Chance, all: ReadonlyArray<unknown>, wrap: (key: unknown) => unknown, sent: ReadonlyArray<unknown> = []): ReadonlyArray<unknown> => {
  const result = chance.some(all, 2).map(wrap)
  const text = (it: unknown): string => JSON.stringify(it)
  if (!chance.oneIn(5)) for (const each of sent) if (!result.some((it) => text(it) === text(each))) result.splice(chance.below(result.length + 1), 0, each)
  return chance.oneIn(3) ? result.toReversed() : result
}

const patchItem = (chance: Chance, name: string, key: unknown, wrong: () => boolean): Fields => {
  const rules = keyed[name]!
  const item: Fields = wrong() ? {} : { [rules.key]: key }
  if (chance.oneIn(5)) item["$patch"] = wrong() ? chance.pick<unknown>(["merge", "none", 3, null]) : chance.pick(["delete", "replace", "delete"])
  for (const [field, values] of Object.entries(rules.scalars)) if (chance.oneIn(2)) item[field] = chance.oneIn(4) ? null : chance.pick(values)
  if (name === "volumes" && !chance.oneIn(3)) {
    const source = chance.pick(volume)
    Object.assign(item, source)
    if (chance.oneIn(2)) item["$retainKeys"] = wrong() ? chance.pick<unknown>(["name", [1], [], null]) : ["name", ...Object.keys(source)]
  }
  for (const list of rules.lists) if (chance.oneIn(3)) patchList(chance, list, item, wrong)
  return item
}

const patchMap = (chance: Chance, name: string, into: Fields, wrong: () => boolean): void => {
  const map = mapOf(chance, name)
  for (const key of Object.keys(map)) if (chance.oneIn(4)) map[key] = null
  if (chance.oneIn(8)) map["$patch"] = wrong() ? "merge" : chance.pick(["replace", "delete"])
  if (chance.oneIn(8)) map["$retainKeys"] = Object.keys(map).filter((key) => !key.startsWith("$"))
  into[name] = chance.oneIn(8) ? null : wrong() ? chance.pick<unknown>(["x", [], 1]) : map
}

/** A strategic patch of a pod. */
export const anyPodPatch = (chance: Chance): Fields => {
  const often = chance.pick([0, 0, 8, 20])
  const wrong = (): boolean => often > 0 && chance.oneIn(often)
  const metadata: Fields = {}
  for (const name of ["labels", "annotations"]) if (chance.oneIn(3)) patchMap(chance, name, metadata, wrong)
  for (const name of ["finalizers", "ownerReferences"]) if (chance.oneIn(3)) patchList(chance, name, metadata, wrong)
  const spec: Fields = {}
  for (const name of specLists) if (chance.oneIn(3)) patchList(chance, name, spec, wrong)
  if (chance.oneIn(3)) patchMap(chance, "nodeSelector", spec, wrong)
  if (chance.oneIn(3)) spec["securityContext"] = chance.pick<unknown>([null, { runAsUser: null }, { runAsGroup: 1 }, { $patch: "replace", runAsGroup: 2 }, { $patch: "delete" }, { runAsUser: 1, $retainKeys: ["runAsUser"] }])
  if (chance.oneIn(6)) spec["restartPolicy"] = chance.pick([null, "Never"])
  if (chance.oneIn(12)) spec["$patch"] = chance.pick(["replace", "delete", "merge"])
  if (chance.oneIn(12)) spec["$retainKeys"] = Object.keys(spec).filter((key) => !key.startsWith("$"))
  if (wrong()) spec["unknown"] = chance.pick<unknown>([1, { a: 1 }, [1], [{ a: 1 }]])
  return { ...(Object.keys(metadata).length === 0 ? {} : { metadata }), ...(wrong() ? { spec: chance.pick<unknown>([null, [], "x"]) } : { spec }), ...(chance.oneIn(3) ? { status: (() => { const status: Fields = {}; patchList(chance, "conditions", status, wrong); return status })() } : {}) }
}
