/** Volumes and files in memory, for containers that are functions. */
import type { VolumeMount } from "@fairlead/kube"
import type { VolumeContent } from "../PodRuntime.ts"
import type { ContainerFiles } from "../PodRuntimeFunction.ts"

/** Files of one volume, by path relative to it. */
export class MemoryVolume {
  readonly files = new Map<string, Uint8Array>()

  static of(content: VolumeContent): MemoryVolume {
    const volume = new MemoryVolume()
    if (content._tag === "Files") for (const file of content.files) volume.files.set(file.path, file.content)
    return volume
  }
}

interface Mount {
  /** With a slash at both ends. */
  readonly path: string
  /** Inside the volume; empty or with a slash at the end. */
  readonly prefix: string
  readonly volume: MemoryVolume
  readonly readOnly: boolean
}

/** The files that one container sees. The mount with the longest path wins; what no mount covers is the container's own. */
export class MemoryFiles implements ContainerFiles {
  readonly #mounts: ReadonlyArray<Mount>

  constructor(volumes: ReadonlyMap<string, MemoryVolume>, mounts: ReadonlyArray<VolumeMount>) {
    this.#mounts = [
      ...mounts.map((mount) => ({
        path: `${normal(mount.mountPath)}/`,
        prefix: mount.subPath === undefined || mount.subPath === "" ? "" : `${mount.subPath.replace(/^\/|\/$/g, "")}/`,
        volume: volumes.get(mount.name) ?? new MemoryVolume(),
        readOnly: mount.readOnly ?? false
      })).sort((a, b) => b.path.length - a.path.length),
      { path: "/", prefix: "", volume: new MemoryVolume(), readOnly: false }
    ]
  }

  read(path: string): Uint8Array | undefined {
    const { key, mount } = this.#locate(path)
    // A sub path may name a single file, which is then mounted as the mount path itself.
    return mount.volume.files.get(key) ?? (key.endsWith("/") ? mount.volume.files.get(key.slice(0, -1)) : undefined)
  }

  readText(path: string): string | undefined {
    const content = this.read(path)
    return content === undefined ? undefined : new TextDecoder().decode(content)
  }

  write(path: string, content: Uint8Array | string): boolean {
    const { key, mount } = this.#locate(path)
    if (mount.readOnly) return false
    mount.volume.files.set(key, typeof content === "string" ? new TextEncoder().encode(content) : content)
    return true
  }

  list(folder: string): ReadonlyArray<string> {
    const root = `${normal(folder)}/`
    const found = new Set<string>()
    for (const mount of this.#mounts) {
      for (const key of mount.volume.files.keys()) {
        if (!key.startsWith(mount.prefix)) continue
        const path = `${mount.path}${key.slice(mount.prefix.length)}`
        if (path.startsWith(root) && this.#locate(path).mount === mount) found.add(path)
      }
    }
    return Array.from(found).sort()
  }

  #locate(path: string): { readonly mount: Mount; readonly key: string } {
    const whole = normal(path)
    const mount = this.#mounts.find((it) => `${whole}/`.startsWith(it.path))!
    return { mount, key: mount.prefix + `${whole}/`.slice(mount.path.length).replace(/\/$/, "") }
  }
}

/** An absolute path without a slash at the end and without `.`, `..` and empty parts. */
const normal = (path: string): string => {
  const parts: Array<string> = []
  for (const part of path.split("/")) {
    if (part === "..") parts.pop()
    else if (part !== "" && part !== ".") parts.push(part)
  }
  return parts.length === 0 ? "" : `/${parts.join("/")}`
}
