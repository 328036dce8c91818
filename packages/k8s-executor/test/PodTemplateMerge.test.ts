import type { PodSpec } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { mergeOntoTemplate, mergeOverlay } from "../src/PodTemplateMerge.ts"

const one = { name: "task-1", image: "task-image" }
const two = { name: "task-2", image: "task-image" }
const init1 = { name: "task-init-1", image: "init-image" }
const init2 = { name: "task-init-2", image: "init-image" }
const log = { terminationMessagePath: "/dev/template-log" }
const initLog = { terminationMessagePath: "/dev/template-init-log" }

const cases: ReadonlyArray<readonly [string, Partial<PodSpec>, Partial<PodSpec>, Partial<PodSpec>]> = [
  ["unites fields that do not overlap", { schedulerName: "t" }, { serviceAccountName: "b" }, { schedulerName: "t", serviceAccountName: "b" }],
  ["lets the task's single values win", { schedulerName: "t", hostNetwork: true }, { schedulerName: "b", hostNetwork: false }, { schedulerName: "b", hostNetwork: false }],
  ["makes no containers of defaults", { containers: [{ name: "default" }], initContainers: [{ name: "default-init" }] }, {}, {}],
  ["keeps the task's containers", {}, { containers: [one], initContainers: [init1] }, { containers: [one], initContainers: [init1] }],
  [
    "merges containers of the same name",
    { containers: [{ ...one, image: "template-image", ...log }], initContainers: [{ ...init1, image: "template-image", ...initLog }] },
    { containers: [one], initContainers: [init1] },
    { containers: [{ ...one, ...log }], initContainers: [{ ...init1, ...initLog }] }
  ],
  [
    "drops the template's other containers",
    { containers: [{ name: "not-matching" }], initContainers: [{ name: "not-matching-init" }] },
    { containers: [one], initContainers: [init1] },
    { containers: [one], initContainers: [init1] }
  ],
  [
    "starts all containers from the default one",
    { containers: [{ name: "default", image: "d", ...log }], initContainers: [{ name: "default-init", image: "d", ...initLog }] },
    { containers: [one, two], initContainers: [init1, init2] },
    { containers: [{ ...one, ...log }, { ...two, ...log }], initContainers: [{ ...init1, ...initLog }, { ...init2, ...initLog }] }
  ],
  [
    "starts the primary containers from the primary one",
    { containers: [{ name: "primary", image: "d", ...log }], initContainers: [{ name: "primary-init", image: "d", ...initLog }] },
    { containers: [one, two], initContainers: [init1, init2] },
    { containers: [{ ...one, ...log }, two], initContainers: [{ ...init1, ...initLog }, init2] }
  ],
  [
    "lets primary win over default, the name over primary, and the task over all",
    { containers: [{ name: "primary", workingDir: "/p", image: "p", tty: true }, { name: "task-1", image: "n", tty: false }, { name: "default", workingDir: "/d", image: "d", stdin: true }] },
    { containers: [one] },
    { containers: [{ name: "task-1", image: "task-image", workingDir: "/p", tty: false, stdin: true }] }
  ],
  [
    "lists follow each other, maps unite",
    { nodeSelector: { a: "1", b: "1" }, tolerations: [{ key: "t" }], volumes: [{ name: "v" }] },
    { nodeSelector: { b: "2" }, tolerations: [{ key: "u" }] },
    { nodeSelector: { a: "1", b: "2" }, tolerations: [{ key: "t" }, { key: "u" }], volumes: [{ name: "v" }] }
  ]
]

describe("mergeOntoTemplate", () => {
  it.each(cases)("%s", (_name, template, task, expected) => {
    expect(mergeOntoTemplate(template as PodSpec, task as PodSpec, "task-1", "task-init-1")).toEqual({ containers: [], ...expected })
  })

  it("does not repeat lists for a container that is itself called primary", () => {
    const mount = (name: string) => ({ name, mountPath: `/${name}` })
    const merged = mergeOntoTemplate(
      { containers: [{ name: "primary", image: "t", volumeMounts: [mount("a")] }] },
      { containers: [{ name: "primary", image: "task", volumeMounts: [mount("b")] }] },
      "primary"
    )
    expect(merged.containers).toEqual([{ name: "primary", image: "task", volumeMounts: [mount("a"), mount("b")] }])
  })

  it("never changes the cached template, so that later pods inherit nothing from earlier ones", () => {
    const template: PodSpec = { containers: [{ name: "task-1", env: [{ name: "A", value: "1" }] }], volumes: [{ name: "v" }] }
    const before = structuredClone(template)
    const task: PodSpec = { containers: [{ ...one, env: [{ name: "B", value: "2" }] }] }
    const first = mergeOntoTemplate(template, task, "task-1")
    expect(template).toEqual(before)
    expect(mergeOntoTemplate(template, task, "task-1")).toEqual(first)
  })
})

describe("mergeOverlay", () => {
  it("merges containers by name and drops those that only the overlay has", () => {
    const base: PodSpec = { containers: [one, two], initContainers: [init1], schedulerName: "base" }
    const overlay: PodSpec = { containers: [{ name: "task-1", tty: true }, { name: "new" }], initContainers: [{ name: "task-init-1", image: "other" }], schedulerName: "over", tolerations: [{ key: "t" }] }
    expect(mergeOverlay(base, overlay)).toEqual({
      containers: [{ ...one, tty: true }, two],
      initContainers: [{ ...init1, image: "other" }],
      schedulerName: "over",
      tolerations: [{ key: "t" }]
    })
  })

  it("with nothing is the base", () => {
    expect(mergeOverlay({ containers: [one] }, { containers: [] })).toEqual({ containers: [one] })
  })
})
