/** Times as Kubernetes writes them where microseconds count: leases and events. */

/** `2026-01-02T03:04:05.678000Z`. */
export const toMicroTime = (millis: number): string => new Date(millis).toISOString().replace("Z", "000Z")
