/** Tells whether the program should be restarted, and whether it is ready to work. */
import { Context, Effect, Layer } from "effect"

/** What one part of the program says about itself. Answers what is wrong, or `undefined` when all is well. */
export interface HealthCheck {
  readonly name: string
  /** Something that only a restart mends. */
  readonly live: () => string | undefined
  /** Something that is still to come, or that comes back by itself. */
  readonly ready: () => string | undefined
}

/** The answer for `/livez` or `/readyz`. */
export interface HealthReport {
  readonly ok: boolean
  /** One line for each check, as in `/readyz?verbose`: `[+]controller pods ok`, `[-]informer pods failed: not synced`. */
  readonly lines: ReadonlyArray<string>
}

/** Where the parts of a program say how they are. */
export interface HealthRegistry {
  /** Adds a check; answers the way to remove it. */
  readonly register: (check: HealthCheck) => () => void
  readonly report: (of: "live" | "ready") => HealthReport
}

/** The registry that informers, controllers and electors report to. Forgets everything unless `Health.layer` is provided. */
export const CurrentHealth: Context.Reference<HealthRegistry> = Context.Reference<HealthRegistry>("@fairlead/controller/CurrentHealth", {
  defaultValue: () => ({ register: () => () => undefined, report: () => ({ ok: true, lines: [] }) })
})

/** Health of the whole program. */
export const Health = {
  /** A registry for everything that is started below this layer. */
  layer: Layer.sync(CurrentHealth, () => makeRegistry()),
  /** Is there something that only a restart mends? */
  live: Effect.map(CurrentHealth, (it) => it.report("live")) as Effect.Effect<HealthReport>,
  /** Are caches synced, and leases held where they are wanted? */
  ready: Effect.map(CurrentHealth, (it) => it.report("ready")) as Effect.Effect<HealthReport>
}

const makeRegistry = (): HealthRegistry => {
  const checks = new Set<HealthCheck>()
  return {
    register: (check) => {
      checks.add(check)
      return () => void checks.delete(check)
    },
    report: (of) => {
      const results = Array.from(checks, (check) => ({ name: check.name, wrong: check[of]() }))
      return {
        ok: results.every((it) => it.wrong === undefined),
        lines: results.map(({ name, wrong }) => (wrong === undefined ? `[+]${name} ok` : `[-]${name} failed: ${wrong}`))
      }
    }
  }
}
