/** Logs and traces of `fairlead start`. */
import { Duration, Effect, Layer, Logger, type LogLevel, References } from "effect"
import { FetchHttpClient } from "effect/http"
import { OtlpSerialization, OtlpTracer } from "effect/observability"
import { Screen } from "../run/ProgressView.ts"
import type { Settings } from "./Settings.ts"

const levels = { trace: "Trace", debug: "Debug", info: "Info", warn: "Warn", error: "Error" } as const satisfies Record<Settings["logs"]["level"], LogLevel.LogLevel>

/** Logs on the standard error stream: for people on a terminal, one JSON object a line elsewhere, unless the settings say which. */
export const logs = ({ format, level }: Settings["logs"]): Layer.Layer<never, never, Screen> =>
  Layer.unwrap(Effect.map(Screen, (screen) => {
    const isJson = format === "json" || (format === "auto" && !screen.isTerminal)
    const line = isJson ? Logger.formatJson : Logger.formatLogFmt
    const logger = Logger.map(line, (text) => screen.write(`${text}\n`))
    return Layer.merge(Logger.layer([logger]), Layer.succeed(References.MinimumLogLevel, levels[level]))
  }))

/** Sends spans to a collector by OTLP; nothing at all without an address. */
export const traces = ({ headers, url }: Settings["traces"]): Layer.Layer<never> =>
  url === undefined
    ? Layer.empty
    : OtlpTracer.layer({ url, headers, resource: { serviceName: "fairlead" }, shutdownTimeout: Duration.seconds(3) }).pipe(
      Layer.provide(Layer.merge(OtlpSerialization.layerJson, FetchHttpClient.layer))
    )
