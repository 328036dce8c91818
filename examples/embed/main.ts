/** Runs the tasks and prints how each ended: `node main.ts`, `deno run main.ts` or `bun main.ts`. */
import { Effect } from "effect"
import { demo } from "./demo.ts"

console.log(JSON.stringify(await Effect.runPromise(demo), undefined, 2))
