/** All rules over the whole repository. */
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { checkAmbient } from "./Ambient.ts"
import { checkImports, checkManifest, currentTable } from "./Arrows.ts"
import { checkExports, checkSentence } from "./Docs.ts"
import { checkSizes } from "./Sizes.ts"
import { filesBelow, type Finding, read, root, type Source } from "./Source.ts"
import { checkFileName, checkNames, checkText } from "./Words.ts"

/** Name of a rule → what breaks it now. */
export type Report = Readonly<Record<"arrows" | "ambient" | "sizes" | "fileNames" | "names" | "text" | "sentences" | "exports", ReadonlyArray<Finding>>>

const packagesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder)).filter((name) => existsSync(join(root, folder, name, "package.json"))).sort()

/** A missing file reads as empty, so that the rule about its content reports it. */
const readOrEmpty = (path: string): Source => (existsSync(join(root, path)) ? read(path) : { path, text: "" })

const isCode = (path: string): boolean => /\.tsx?$/.test(path)
const isText = (path: string): boolean => /\.(ts|tsx|md|json|ya?ml|mjs|sh)$/.test(path) && !path.startsWith("fixtures/conformance/") && !path.endsWith("pnpm-lock.yaml") && !path.includes(".generated.") && !path.startsWith("scripts/")

/** Runs every rule. */
export const tidy = (): Report => {
  const table = currentTable()
  const packages = packagesIn("packages")
  const apps = packagesIn("apps")
  const code = [...filesBelow("packages"), ...filesBelow("apps")].filter(isCode)
  const sources = code.filter((path) => path.includes("/src/")).map(read)
  const packageSources = sources.filter((source) => source.path.startsWith("packages/"))
  const folderOf = (path: string): string => path.split("/")[1]!
  return {
    arrows: [
      ...[...packages.map((name) => `packages/${name}`), ...apps.map((name) => `apps/${name}`)]
        .flatMap((folder) => checkManifest(folder.split("/")[1]!, read(`${folder}/package.json`), table)),
      ...sources.flatMap((source) => checkImports(folderOf(source.path), source, table))
    ],
    ambient: packageSources.flatMap(checkAmbient),
    sizes: code.map(read).flatMap(checkSizes),
    fileNames: sources.flatMap((source) => checkFileName(source.path)),
    names: sources.filter((source) => !source.path.includes(".generated.")).flatMap(checkNames),
    text: filesBelow(".").filter(isText).map(read).flatMap(checkText),
    sentences: packages.flatMap((name) =>
      checkSentence(read(`packages/${name}/package.json`), readOrEmpty(`packages/${name}/README.md`), readOrEmpty(`packages/${name}/src/index.ts`))),
    exports: packageSources.flatMap(checkExports)
  }
}

/** One line for a person. */
export const format = (finding: Finding): string => `${finding.path}:${finding.line}: ${finding.message}`
