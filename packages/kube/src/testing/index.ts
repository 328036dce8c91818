/** Tests that every transport to Kubernetes must pass. */
export { type KubeTransportSuiteOptions, suite } from "./KubeTransportSuite.ts"
