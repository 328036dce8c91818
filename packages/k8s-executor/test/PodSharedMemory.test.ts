import { create, type MessageInitShape } from "@bufbuild/protobuf"
import { Idl } from "@fairlead/core"
import type { PodSpec } from "@fairlead/kube"
import { Result } from "effect"
import { expect, it } from "vitest"
import { addSharedMemory } from "../src/PodSharedMemory.ts"

const memory = (init: MessageInitShape<typeof Idl.SharedMemorySchema> = {}) =>
  create(Idl.SharedMemorySchema, { mountName: "shm", mountPath: "/dev/shm", ...init })
const spec: PodSpec = { containers: [{ name: "main" }, { name: "other" }] }

it.each([
  ["no mount name", spec, memory({ mountName: "" }), "shared memory: the mount name is not set"],
  ["no mount path", spec, memory({ mountPath: "" }), "shared memory: the mount path is not set"],
  ["no primary container", { containers: [{ name: "other" }] }, memory(), 'shared memory: the pod has no primary container "main"'],
  ["a volume of that name", { ...spec, volumes: [{ name: "shm" }] }, memory(), 'shared memory: the pod has a volume "shm" already; choose another mount name'],
  ["a mount of that name", { containers: [{ name: "main", volumeMounts: [{ name: "shm", mountPath: "/x" }] }] }, memory(), 'shared memory: "shm" is mounted at /x in container "main" already'],
  ["a mount at that path", { containers: [{ name: "main", volumeMounts: [{ name: "y", mountPath: "/dev/shm" }] }] }, memory(), 'shared memory: "y" is mounted at /dev/shm in container "main" already']
] as ReadonlyArray<readonly [string, PodSpec, Idl.SharedMemory, string]>)("refuses %s", (_name, pod, shared, message) => {
  expect(addSharedMemory(pod, "main", shared)).toEqual(Result.fail(message))
})

it("refuses a size that is no quantity", () => {
  const result = addSharedMemory(spec, "main", memory({ sizeLimit: "big" }))
  expect(Result.isFailure(result) && result.failure).toMatch(/^shared memory: size limit "big" is no quantity such as 2Gi/)
})

it.each([["2Gi", { medium: "Memory", sizeLimit: "2Gi" }], ["", { medium: "Memory" }]])("adds a volume of size %s and mounts it into the primary container alone", (sizeLimit, emptyDir) => {
  expect(Result.getOrThrow(addSharedMemory(spec, "main", memory({ sizeLimit })))).toEqual({
    containers: [{ name: "main", volumeMounts: [{ name: "shm", mountPath: "/dev/shm" }] }, { name: "other" }],
    volumes: [{ name: "shm", emptyDir }]
  })
})
