import * as LocalFilesMemory from "../src/LocalFilesMemory.ts"
import { suite } from "../src/testing/LocalFilesSuite.ts"

suite("memory", LocalFilesMemory.layer(), "/tests")
