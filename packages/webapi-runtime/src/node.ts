/** What needs Node: connector services by gRPC. */
export * as ConnectorClientGrpc from "./node/ConnectorClientGrpc.ts"
