/** Gives containers without a file system of their own the folders that stand for their mounts. */

/** `from` is the path that the container was promised, `to` the folder that stands for it. */
export interface PathMapping {
  readonly from: string
  readonly to: string
}

/**
 * Makes a function that replaces the mapped paths in a text. A path counts where it stands as a whole or as the beginning of a
 * longer path (`/data` in `/data/x` and `--in=/data`, but not in `/database`, `/old/data` or `data`), also after a
 * scheme (`file:///data/x`). Of two that fit, the longer one wins.
 */
export const pathMapper = (mappings: ReadonlyArray<PathMapping>): (text: string) => string => {
  const targets = new Map(mappings.filter((it) => it.from !== it.to && it.from !== "/").map((it) => [it.from.replace(/\/+$/, ""), it.to]))
  if (targets.size === 0) return (text) => text
  const paths = Array.from(targets.keys()).sort((a, b) => b.length - a.length || (a < b ? -1 : 1)).map(escape)
  const pattern = new RegExp(`(?<![\\w.~]|(?<!:\\/)\\/)(?:${paths.join("|")})(?![\\w.~-])`, "g")
  return (text) => (text.includes("/") ? text.replace(pattern, (found) => targets.get(found)!) : text)
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&")

/** Environment variable that tells a container where a volume is. */
export const mountVariable = (volume: string): string => `FAIRLEAD_MOUNT_${volume.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`
