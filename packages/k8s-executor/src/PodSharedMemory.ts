/** A volume in memory for tasks whose processes talk through shared memory. */
import type { Idl } from "@fairlead/core"
import { type PodSpec, Quantity } from "@fairlead/kube"
import { Result } from "effect"

/** Adds the volume to the pod and mounts it into the primary container; fails with what is wrong, in words. */
export const addSharedMemory = (spec: PodSpec, primaryName: string, memory: Idl.SharedMemory): Result.Result<PodSpec, string> => {
  const fault = faultOf(spec, primaryName, memory)
  if (fault !== undefined) return Result.fail(`shared memory: ${fault}`)
  const { mountName: name, mountPath, sizeLimit } = memory
  return Result.succeed({
    ...spec,
    containers: spec.containers.map((container) =>
      container.name === primaryName
        ? { ...container, volumeMounts: [...(container.volumeMounts ?? []), { name, mountPath }] }
        : container),
    volumes: [...(spec.volumes ?? []), { name, emptyDir: { medium: "Memory", ...(sizeLimit === "" ? {} : { sizeLimit }) } }]
  })
}

const faultOf = (spec: PodSpec, primaryName: string, { mountName, mountPath, sizeLimit }: Idl.SharedMemory): string | undefined => {
  if (mountName === "") return "the mount name is not set"
  if (mountPath === "") return "the mount path is not set"
  const primary = spec.containers.find((it) => it.name === primaryName)
  if (primary === undefined) return `the pod has no primary container "${primaryName}"`
  if (spec.volumes?.some((it) => it.name === mountName)) return `the pod has a volume "${mountName}" already; choose another mount name`
  const clash = primary.volumeMounts?.find((it) => it.name === mountName || it.mountPath === mountPath)
  if (clash !== undefined) return `"${clash.name}" is mounted at ${clash.mountPath} in container "${primaryName}" already`
  const problem = sizeLimit === "" ? undefined : Quantity.problemOf(sizeLimit)
  return problem === undefined ? undefined : `size limit "${sizeLimit}" is no quantity such as 2Gi: ${problem}`
}
