/** Probes and hooks of running containers, as the kubelet asks for them. */
import type { Container } from "@fairlead/kube"
import { Effect } from "effect"
import type { ActionOutcome, ActionPurpose, ContainerAction, PodSandbox } from "../PodRuntime.ts"

type Hook = Exclude<Exclude<Container["lifecycle"], undefined>["preStop"], undefined>

const success: ActionOutcome = { succeeded: true, output: "" }

/** Carries an action out. One that takes longer than it may has failed. */
export const carryOut = (sandbox: PodSandbox, container: Container, purpose: ActionPurpose, action: ContainerAction, timeoutSeconds: number): Effect.Effect<ActionOutcome> =>
  sandbox.act === undefined ? Effect.succeed(success) : Effect.timeoutOrElse(sandbox.act(container, purpose, action, timeoutSeconds), {
    duration: timeoutSeconds * 1000,
    orElse: () => Effect.succeed({ succeeded: false, output: timeoutText(action, timeoutSeconds) })
  })

const timeoutText = ({ exec, httpGet }: ContainerAction, seconds: number): string => {
  if (exec !== undefined) return `command timed out: "${(exec.command ?? []).join(" ")}" timed out after ${seconds}s`
  return httpGet === undefined
    ? "context deadline exceeded"
    : `Get "${httpGet.path ?? "/"}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`
}

/** Carries out what a container wants done after its start or before its end. */
export const runHook = (sandbox: PodSandbox, container: Container, purpose: "postStart" | "preStop", hook: Hook, timeoutSeconds: number): Effect.Effect<ActionOutcome> => {
  const { sleep, ...action } = hook
  return sleep === undefined
    ? carryOut(sandbox, container, purpose, action as ContainerAction, timeoutSeconds)
    : Effect.as(Effect.sleep(Math.min(sleep.seconds, timeoutSeconds) * 1000), success)
}
