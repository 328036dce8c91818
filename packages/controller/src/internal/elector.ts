/** Takes one lease, keeps it, notices when it is lost, gives it back. */
import { Clock, Effect, Random, Result } from "effect"
import { KubeClient, KubeError, KubeResource, type Lease } from "@fairlead/kube"
import type { LeadershipState } from "../Leadership.ts"
import { type Candidate, claimed, judge, newLease, type Observation, observe, released, signatureOf } from "./leaseRecord.ts"
import { monotonicMillis } from "../MonotonicTime.ts"

export interface ElectorOptions extends Candidate {
  readonly namespace: string
  readonly name: string
  readonly labels?: { readonly [key: string]: string } | undefined
  /** Time since the last renewal began after which leadership is given up. */
  readonly renewMillis: number
  /** Time between renewals, and between attempts. */
  readonly retryMillis: number
}

/** `Failed`: nobody knows, the server did not answer well. */
export type Attempt = "Held" | "Taken" | "Failed"

/** Attempts wait up to this much longer than asked, by chance, so that candidates do not come together. */
const retryJitter = 1.2

/** Makes an elector for the client of the context. */
export const makeElector = (options: ElectorOptions): Effect.Effect<Elector, never, KubeClient> =>
  Effect.gen(function*() {
    return new Elector(options, yield* KubeClient, yield* Clock.Clock, yield* Random.Random)
  })

export class Elector implements LeadershipState {
  readonly #options: ElectorOptions
  readonly #client: KubeClient["Service"]
  readonly #clock: Clock.Clock
  readonly #random: { nextDoubleUnsafe(): number }
  #status: "Waiting" | "Leading" | "Lost" | "Released" = "Waiting"
  #observation: Observation | undefined
  #renewedAt = Number.NEGATIVE_INFINITY
  /** Why the last attempt failed. */
  #problem = ""
  /** The last record that was sent, and when: its answer may be lost although it was stored. */
  #sent: { readonly signature: string; readonly at: number } | undefined

  constructor(options: ElectorOptions, client: KubeClient["Service"], clock: Clock.Clock, random: { nextDoubleUnsafe(): number }) {
    this.#options = options
    this.#client = client
    this.#clock = clock
    this.#random = random
  }

  /** Local time at which the last renewal that went well was begun. */
  get renewedAt(): number {
    return this.#renewedAt
  }

  get isLeading(): boolean {
    return this.#status === "Leading"
  }

  readonly isHeld = (): boolean => this.isLeading && this.#now() < this.#renewedAt + this.#options.leaseMillis

  readonly isLost = (): boolean => this.#status === "Lost"

  /** Tries once to take or renew the lease. */
  readonly attempt: Effect.Effect<Attempt> = Effect.suspend(() => {
    const at = this.#now()
    // A leader knows the lease that it wrote last and need not read it again.
    const renewal = this.isLeading && this.#observation !== undefined
      ? Effect.catch(this.#write(claimed(this.#observation.lease, this.#options, this.#wall()), at), () => this.#readAndWrite(at))
      : this.#readAndWrite(at)
    return renewal.pipe(
      Effect.timeoutOrElse({ duration: this.#options.renewMillis / 2, orElse: () => this.#failed("there was no answer in time") }),
      Effect.catch((error) => this.#failed(error.message))
    )
  })

  /** Tries until the lease is ours; says what it waits for, and again when that changes. */
  readonly acquire: Effect.Effect<void> = Effect.gen({ self: this }, function*() {
    const { identity, name, namespace, retryMillis } = this.#options
    let told: string | undefined
    for (;;) {
      const outcome = yield* this.attempt
      if (outcome === "Held") return
      const obstacle = outcome === "Failed" ? this.#problem : `${this.#observation?.lease.spec?.holderIdentity} holds it`
      const line = `${identity} waits for the lease ${namespace}/${name}: ${obstacle}`
      if (line !== told) yield* Effect.logInfo(line)
      told = line
      yield* Effect.sleep(retryMillis * (1 + retryJitter * this.#random.nextDoubleUnsafe()))
    }
  })

  /** Renews; ends, with what happened, when the lease is lost. */
  readonly keep: Effect.Effect<string> = Effect.gen({ self: this }, function*() {
    for (;;) {
      // Whole milliseconds: a remainder too small to sleep for must not keep this loop busy.
      yield* Effect.sleep(Math.ceil(Math.min(this.#options.retryMillis, this.#timeLeft())))
      const left = this.#timeLeft()
      const outcome = left <= 0 ? "Failed" : yield* Effect.timeoutOrElse(this.attempt, { duration: left, orElse: () => Effect.succeed<Attempt>("Failed") })
      if (outcome === "Held" || (outcome === "Failed" && this.#timeLeft() > 0)) continue
      this.#status = "Lost"
      const holder = this.#observation?.lease.spec?.holderIdentity
      return outcome === "Taken" ? `${holder} holds it now` : `it could not be renewed for ${this.#options.renewMillis} ms`
    }
  })

  /** Gives the lease back if it is ours. */
  readonly release: Effect.Effect<void> = Effect.suspend(() => {
    if (!this.isLeading || this.#observation === undefined) return Effect.void
    this.#status = "Released"
    return this.#client.update(KubeResource.leases, released(this.#observation.lease, this.#wall())).pipe(
      Effect.timeout(this.#options.renewMillis / 2),
      Effect.catch((error) => Effect.logInfo(`lease ${this.#options.name} could not be given back and will expire: ${error.message}`)),
      Effect.asVoid
    )
  })

  #failed(problem: string): Effect.Effect<Attempt> {
    this.#problem = problem
    return Effect.as(Effect.logDebug(`lease ${this.#options.name}: ${problem}`), "Failed" as const)
  }

  #write(lease: Lease, at: number): Effect.Effect<Attempt, KubeError.KubeError> {
    this.#sent = { signature: signatureOf(lease), at }
    const isNew = lease.metadata.resourceVersion === undefined
    const call = isNew ? this.#client.create(KubeResource.leases, lease) : this.#client.update(KubeResource.leases, lease)
    return Effect.map(call, (stored) => {
      this.#observation = observe(this.#observation, stored, at)
      this.#renewedAt = at
      if (this.#status === "Waiting") this.#status = "Leading"
      return "Held"
    })
  }

  #readAndWrite(at: number): Effect.Effect<Attempt, KubeError.KubeError> {
    const { name, namespace } = this.#options
    return Effect.flatMap(Effect.result(this.#client.get<Lease>(KubeResource.leases, { namespace, name })), (answer) => {
      if (Result.isFailure(answer)) {
        if (!KubeError.isReason(answer.failure, "NotFound")) return Effect.fail(answer.failure)
        return this.#write(newLease(this.#options, this.#options, this.#wall()), at)
      }
      this.#observation = observe(this.#observation, answer.success, this.#now())
      if (this.#sent?.signature === this.#observation.signature) this.#renewedAt = this.#sent.at
      const isTaken = judge(this.#observation, this.#options, this.#now()) === "Taken"
      return isTaken ? Effect.succeed("Taken") : this.#write(claimed(answer.success, this.#options, this.#wall()), at)
    })
  }

  /** Until leadership must be given up. */
  #timeLeft(): number {
    return this.#renewedAt + this.#options.renewMillis - this.#now()
  }

  #now(): number {
    return monotonicMillis(this.#clock)
  }

  #wall(): number {
    return this.#clock.currentTimeMillisUnsafe()
  }
}
