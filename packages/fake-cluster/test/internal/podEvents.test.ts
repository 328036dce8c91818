import { describe, expect, it } from "vitest"
import { podEvents } from "../../src/internal/podEvents.ts"
import { failOpen, make } from "../../src/internal/podRecord.ts"
import { epoch, podOf, PodMachine } from "./podMachine.ts"

/** The events of one thing that happens to a pod. */
const eventsOf = (machine: PodMachine, happens: (machine: PodMachine) => void): ReadonlyArray<string> => {
  const before = machine.record
  happens(machine)
  return podEvents(before, machine.record).map((it) => `${it.type} ${it.reason} ${it.note}`)
}

const fresh = (restartPolicy = "Never"): PodMachine => new PodMachine(podOf({ restartPolicy }))

const started = ['Normal Pulled Container image "main-image" already present on machine', "Normal Created Container created", "Normal Started Container started"]

const restart = (machine: PodMachine): void => {
  machine.record = make(machine.record.pod, machine.now)
  machine.run()
}

describe("podEvents", () => {
  it("are none when nothing happened", () => {
    const machine = fresh()
    expect(eventsOf(machine, (it) => it.after(5))).toEqual([])
    expect(eventsOf(machine, (it) => it.exit("main", 0))).toEqual([])
  })

  it("tell of a start, also of one that is over at once, and of every restart", () => {
    const machine = fresh("Always")
    const first = make(machine.record.pod, epoch)
    expect(podEvents(first, machine.record).map((it) => `${it.type} ${it.reason} ${it.note}`)).toEqual(started)
    expect(podEvents(first, fresh().exit("main", 0).record).length).toBe(3)
    expect(eventsOf(machine, (it) => it.exit("main", 1))).toEqual(started)
    expect(eventsOf(machine, (it) => it.exit("main", 1))).toEqual(["Warning BackOff Back-off restarting failed container main in pod p_ns(u-1)"])
    expect(eventsOf(machine, (it) => it.after(10))).toEqual(started)
  })

  it("tell of a command that cannot be run, once", () => {
    const machine = fresh()
    const before = make(machine.record.pod, epoch)
    machine.event("main", { _tag: "Exited", exitCode: 128, reason: "StartError", message: "no such thing", neverStarted: true })
    expect(podEvents(before, machine.record).map((it) => it.note)).toEqual(["Error: no such thing"])
    expect(eventsOf(machine, (it) => it.after(5))).toEqual([])
  })

  it("tell of images that cannot be pulled", () => {
    const machine = fresh()
    machine.pulls.set("main", "ErrImagePull")
    const before = make(machine.record.pod, epoch)
    restart(machine)
    expect(podEvents(before, machine.record).map((it) => it.note)).toEqual(['Failed to pull image "main-image": no such thing', "Error: ErrImagePull"])
    expect(eventsOf(machine, (it) => it.after(1))).toEqual(['Normal BackOff Back-off pulling image "main-image"', "Warning Failed Error: ImagePullBackOff"])
    expect(eventsOf(machine, (it) => it.after(9)).length).toBe(2)
  })

  it("tell of configuration that is missing at every try", () => {
    const machine = fresh()
    machine.pulls.set("main", "CreateContainerConfigError")
    restart(machine)
    expect(eventsOf(machine, (it) => it.after(10))).toEqual(["Warning Failed Error: no such thing"])
  })

  it("tell of volumes that cannot be mounted, and of containers that are stopped", () => {
    const record = make(podOf({}), epoch)
    expect(podEvents(record, failOpen(record, "no config map", epoch))).toEqual([{ type: "Warning", reason: "FailedMount", note: "no config map" }])
    expect(eventsOf(fresh(), (it) => it.end(30))).toEqual(["Normal Killing Stopping container main"])
  })
})
