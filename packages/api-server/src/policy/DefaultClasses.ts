/** Claims and ingresses that name no class get the default one (admission plugins DefaultStorageClass and DefaultIngressClass). */
import type { KubeObject } from "@fairlead/kube"
import type { GroupResource } from "../ApiFailure.ts"
import { type Draft, field } from "../Draft.ts"
import type { Admit } from "./Admission.ts"

interface Defaulting {
  readonly classes: GroupResource
  /** Annotations that make a class the default. */
  readonly marks: ReadonlyArray<string>
  /** Field of the spec that names the class. */
  readonly name: string
  /** Annotation that named the class before there was a field. */
  readonly old: string
}

const kinds: { readonly [resource: string]: Defaulting } = {
  persistentvolumeclaims: {
    classes: { group: "storage.k8s.io", plural: "storageclasses" },
    marks: ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"],
    name: "storageClassName",
    old: "volume.beta.kubernetes.io/storage-class"
  },
  ingresses: {
    classes: { group: "networking.k8s.io", plural: "ingressclasses" },
    marks: ["ingressclass.kubernetes.io/is-default-class"],
    name: "ingressClassName",
    old: "kubernetes.io/ingress.class"
  }
}

/** Names the newest default class in a new object that leaves it open. */
export const admitDefaultClass: Admit = ({ resource, request, server }, operation, draft) => {
  if (operation !== "create" || request.subresource !== undefined) return
  const kind = kinds[resource.plural]
  if (kind === undefined || (resource.group !== "" && resource.group !== kind.classes.group) || isNamed(kind, draft)) return
  const found = (server.store.collection(kind.classes).list("")).filter(({ metadata }) => kind.marks.some((mark) => metadata.annotations?.[mark] === "true"))
  const newest = [...found].sort(newestFirst)[0]
  if (newest !== undefined) draft["spec"] = { ...field<object>(draft, "spec"), [kind.name]: newest.metadata.name }
}

const isNamed = ({ name, old }: Defaulting, draft: Draft): boolean =>
  field<Record<string, unknown>>(draft, "spec")?.[name] !== undefined || draft.metadata.annotations?.[old] !== undefined

const newestFirst = ({ metadata: a }: KubeObject, { metadata: b }: KubeObject): number =>
  a.creationTimestamp === b.creationTimestamp ? (a.name! < b.name! ? -1 : 1) : a.creationTimestamp! > b.creationTimestamp! ? -1 : 1
