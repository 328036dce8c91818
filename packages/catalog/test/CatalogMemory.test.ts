import { TestClock } from "effect/testing"
import * as CatalogMemory from "../src/CatalogMemory.ts"
import { suite } from "../src/testing/CatalogSuite.ts"

suite("memory", CatalogMemory.layer(), { pass: TestClock.adjust })
