/** `fairlead airflow`: Airflow's pod executor, as a service and as an example. */
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { refuse } from "../Refusal.ts"
import { serve } from "../airflow/Serve.ts"
import { simulate } from "../airflow/Simulate.ts"

/** What goes wrong is told in one line; the exit code is 2, or 1 for a port that cannot be had. */
const told = <R>(work: Effect.Effect<void, { readonly _tag: string; readonly message: string }, R>) =>
  Effect.catch(work, (error) => refuse(error.message, error._tag === "ListenFailed" ? 1 : 2))

const serveFlags = {
  port: Flag.Int("port").pipe(Flag.withDescription("Port to listen on; any free one for 0"), Flag.withDefault(8793)),
  host: Flag.String("host").pipe(Flag.withDescription("Address to listen on"), Flag.withDefault("127.0.0.1")),
  tokenFile: Flag.String("token-file").pipe(Flag.withDescription("File with the token that callers must present; needed unless only this machine can call"), Flag.optional),
  airflowConfig: Flag.String("airflow-config").pipe(Flag.withDescription("An airflow.cfg; AIRFLOW__SECTION__OPTION variables win over it"), Flag.optional),
  podTemplate: Flag.String("pod-template").pipe(Flag.withDescription("YAML file with the pod that workers are made from; pod_template_file of the configuration if not given"), Flag.optional),
  worker: Flag.String("worker").pipe(Flag.withDescription("Name under which this service owns its pods; the same after a restart, different for every service"), Flag.withDefault("fairlead")),
  embedded: Flag.Boolean("embedded").pipe(Flag.withDescription("Use a cluster in memory whose pods are processes of this machine"), Flag.withDefault(false)),
  kubeconfig: Flag.String("kubeconfig").pipe(Flag.withDescription("Kubeconfig of the cluster; if not given: KUBECONFIG, the service account of the pod, ~/.kube/config"), Flag.optional),
  context: Flag.String("context").pipe(Flag.withDescription("Context of the kubeconfig; its current one if not given"), Flag.optional)
}

const serveCommand = Command.make("serve", serveFlags, (flags) => told(serve(flags))).pipe(
  Command.withDescription("Take commands over HTTP and run each as a pod, until told to stop"),
  Command.withExamples([
    { command: "fairlead airflow serve --airflow-config airflow.cfg --token-file token", description: "For the executor of the Python package fairlead-executor" },
    { command: "fairlead airflow serve --embedded", description: "Try it without a cluster" }
  ])
)

const simulateFlags = {
  commands: Flag.Int("commands").pipe(Flag.withDescription("How many commands are queued"), Flag.withDefault(1000)),
  parallelism: Flag.Int("parallelism").pipe(Flag.withDescription("Most tasks at once"), Flag.withDefault(200)),
  latency: Flag.Int("latency").pipe(Flag.withDescription("Milliseconds that each call of the API server takes"), Flag.withDefault(100)),
  run: Flag.Int("run").pipe(Flag.withDescription("Milliseconds that each task runs"), Flag.withDefault(500)),
  failing: Flag.Int("failing").pipe(Flag.withDescription("Every how manieth task fails; none for 0"), Flag.withDefault(10))
}

const simulateCommand = Command.make("simulate", simulateFlags, (flags) => told(simulate(flags))).pipe(
  Command.withDescription("Queue commands on a cluster in memory and watch them end"),
  Command.withExamples([{ command: "fairlead airflow simulate --commands 1000 --latency 300", description: "With a slow API server" }])
)

/** The command. */
export const airflowCommand = Command.make("airflow").pipe(
  Command.withDescription("Airflow's pod executor: as a service, and as an example"),
  Command.withSubcommands([serveCommand, simulateCommand])
)
