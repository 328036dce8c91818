/**
 * What makes an object of a built-in kind invalid, kind by kind; metadata is checked elsewhere.
 *
 * The server calls these after it has prepared an object, so defaults are filled in and selectors made:
 *
 *     Validation.create(group, plural, object, causes)
 *     Validation.update(group, plural, subresource, object, old, causes)
 *
 * Both only read. They add to `causes`, which becomes a 422 when it is not empty; causes of metadata come first.
 * `subresource` is the one that is written (`status`, `ephemeralcontainers`, `resize`, `finalize`); `undefined` for the
 * object itself. Objects are in the form of the version that the request named. An update whose part below `spec` is
 * the old one itself costs next to nothing.
 */
import type { StatusCause } from "@fairlead/kube"
import type { Fields } from "../Sharing.ts"
import { checkBindingUpdate, checkClusterRole, checkClusterRoleBinding, checkRole, checkRoleBinding } from "./Access.ts"
import {
  checkMutatingBinding, checkMutatingPolicy, checkValidatingBinding, checkValidatingPolicy, checkWebhooks
} from "./AdmissionKinds.ts"
import { checkEndpoints } from "./Addresses.ts"
import { checkAutoscaler, checkAutoscalerStatus } from "./Autoscalers.ts"
import { Check, specOf } from "./Check.ts"
import { decisionCauses, requestCauses } from "./CertificateRequests.ts"
import { checkClaimSpec, checkClaimStatus, checkClaimUpdate, checkVolumeSpec, checkVolumeUpdate } from "./Claims.ts"
import {
  checkConfigMap, checkConfigMapUpdate, checkEvent, checkNamespaceFinalizers, checkNamespaceStatus, checkNewEvent, checkNewEventUpdate, checkNode,
  checkNodeUpdate, checkSecret, checkSecretUpdate
} from "./CoreKinds.ts"
import { checkCronJob, checkCronJobUpdate } from "./CronJobs.ts"
import { checkEndpointSlice } from "./EndpointSlices.ts"
import { checkIngress, checkIngressClass, checkIngressCreate, checkIngressStatus } from "./Ingresses.ts"
import { checkJob, checkJobUpdate } from "./Jobs.ts"
import { checkJobStatus } from "./JobStatus.ts"
import { checkNetworkPolicy } from "./NetworkPolicies.ts"
import { checkEphemeralUpdate, checkPodCreate, checkPodUpdate, checkResize } from "./Pods.ts"
import { checkPodStatus } from "./PodStatus.ts"
import { checkAddress, checkAddressUpdate, checkRanges, checkRangesUpdate } from "./ClusterAddresses.ts"
import { checkFlowSchema, checkFlowStatus, checkMandatory, checkPriorityLevel } from "./FlowControl.ts"
import { checkLimitRange, checkQuota, checkQuotaStatus, checkQuotaUpdate } from "./Quotas.ts"
import { checkBalancerStatus, checkService, checkServiceUpdate } from "./Services.ts"
import {
  checkDisruptionBudget, checkDisruptionStatus, checkLease, checkPriorityClass, checkPriorityClassUpdate, checkRevision, checkRevisionUpdate,
  checkRuntimeClass, checkRuntimeClassUpdate, checkTemplateObject
} from "./SmallKinds.ts"
import { checkAttachment, checkDriver, checkStorageClass, checkStorageClassUpdate } from "./StorageKinds.ts"
import {
  checkDaemonSet, checkDeployment, checkReplicaSet, checkReplicationController, checkStatefulSet, checkWorkloadStatus
} from "./Workloads.ts"

type Create = (check: Check, object: Fields) => void
type Update = (check: Check, object: Fields, old: Fields) => void

interface KindChecks {
  readonly create?: Create
  readonly update?: Update
  /** By name. */
  readonly subresources?: Readonly<Record<string, Update>>
}

/** The same for new and changed objects, which it sees both of. */
const always = (both: (check: Check, object: Fields, old?: Fields) => void, status?: Update): KindChecks => ({
  create: both,
  update: both,
  ...(status === undefined ? {} : { subresources: { status } })
})

/** The same for new objects and for those whose spec has changed. */
const whenSpecChanges = (both: Create, status?: Update): KindChecks => ({
  create: both,
  update: (check, object, old) => {
    if (object["spec"] !== old["spec"]) both(check, object)
  },
  ...(status === undefined ? {} : { subresources: { status } })
})

const binding = (create: Create): KindChecks => ({
  create,
  update: (check, object, old) => {
    create(check, object)
    checkBindingUpdate(check, object, old)
  }
})

const flow = (both: Create, goType: string): KindChecks => ({
  create: both,
  update: (check, object, old) => {
    both(check, object)
    checkMandatory(check, object, old, goType)
  },
  subresources: { status: checkFlowStatus }
})

const core: Readonly<Record<string, KindChecks>> = {
  configmaps: { create: checkConfigMap, update: checkConfigMapUpdate },
  endpoints: always(checkEndpoints),
  events: always((check, event) => checkEvent(check, event, false)),
  limitranges: whenSpecChanges(checkLimitRange),
  namespaces: {
    create: (check, namespace) => checkNamespaceFinalizers(check, namespace, false),
    subresources: { status: checkNamespaceStatus, finalize: (check, namespace) => checkNamespaceFinalizers(check, namespace, true) }
  },
  nodes: { create: checkNode, update: checkNodeUpdate, subresources: { status: checkNodeUpdate } },
  persistentvolumeclaims: {
    create: (check, claim) => checkClaimSpec(check, "spec", specOf(claim)),
    update: checkClaimUpdate,
    subresources: { status: checkClaimStatus }
  },
  persistentvolumes: {
    create: (check, volume) => checkVolumeSpec(check, specOf(volume)),
    update: (check, volume, old) => {
      if (volume["spec"] === old["spec"]) return
      checkVolumeSpec(check, specOf(volume))
      checkVolumeUpdate(check, volume, old)
    }
  },
  pods: {
    create: checkPodCreate,
    update: checkPodUpdate,
    subresources: { status: checkPodStatus, ephemeralcontainers: checkEphemeralUpdate, resize: checkResize }
  },
  podtemplates: always(checkTemplateObject),
  replicationcontrollers: whenSpecChanges(checkReplicationController, checkWorkloadStatus("/replicationcontrollers")),
  resourcequotas: { create: checkQuota, update: checkQuotaUpdate, subresources: { status: checkQuotaStatus } },
  secrets: { create: checkSecret, update: checkSecretUpdate },
  services: { create: checkService, update: checkServiceUpdate, subresources: { status: checkBalancerStatus } }
}

const groups: Readonly<Record<string, Readonly<Record<string, KindChecks>>>> = {
  "": core,
  "admissionregistration.k8s.io": {
    mutatingadmissionpolicies: always(checkMutatingPolicy),
    mutatingadmissionpolicybindings: always(checkMutatingBinding),
    mutatingwebhookconfigurations: always(checkWebhooks(true)),
    validatingadmissionpolicies: always(checkValidatingPolicy),
    validatingadmissionpolicybindings: always(checkValidatingBinding),
    validatingwebhookconfigurations: always(checkWebhooks(false))
  },
  apps: {
    controllerrevisions: { create: checkRevision, update: checkRevisionUpdate },
    daemonsets: always(checkDaemonSet, checkWorkloadStatus("apps/daemonsets")),
    deployments: always(checkDeployment, checkWorkloadStatus("apps/deployments")),
    replicasets: always(checkReplicaSet, checkWorkloadStatus("apps/replicasets")),
    statefulsets: always(checkStatefulSet, checkWorkloadStatus("apps/statefulsets"))
  },
  batch: {
    cronjobs: { create: checkCronJob, update: checkCronJobUpdate },
    jobs: { create: checkJob, update: checkJobUpdate, subresources: { status: checkJobStatus } }
  },
  autoscaling: { horizontalpodautoscalers: whenSpecChanges(checkAutoscaler, checkAutoscalerStatus) },
  "certificates.k8s.io": {
    certificatesigningrequests: {
      create: (check, request) => void check.causes.push(...requestCauses(request)),
      subresources: {
        approval: (check, request, old) => void check.causes.push(...decisionCauses(request, old, true)),
        status: (check, request, old) => void check.causes.push(...decisionCauses(request, old, false))
      }
    }
  },
  "coordination.k8s.io": { leases: whenSpecChanges(checkLease) },
  "discovery.k8s.io": { endpointslices: always(checkEndpointSlice) },
  "events.k8s.io": { events: { create: checkNewEvent, update: checkNewEventUpdate } },
  "flowcontrol.apiserver.k8s.io": {
    flowschemas: flow(checkFlowSchema, "FlowSchemaSpec"),
    prioritylevelconfigurations: flow(checkPriorityLevel, "PriorityLevelConfigurationSpec")
  },
  "networking.k8s.io": {
    ingressclasses: always(checkIngressClass),
    ipaddresses: { create: checkAddress, update: checkAddressUpdate },
    servicecidrs: { create: checkRanges, update: checkRangesUpdate },
    ingresses: { create: checkIngressCreate, update: checkIngress, subresources: { status: checkIngressStatus } },
    networkpolicies: always(checkNetworkPolicy)
  },
  "node.k8s.io": { runtimeclasses: { create: checkRuntimeClass, update: checkRuntimeClassUpdate } },
  policy: { poddisruptionbudgets: whenSpecChanges(checkDisruptionBudget, checkDisruptionStatus) },
  "rbac.authorization.k8s.io": {
    clusterrolebindings: binding(checkClusterRoleBinding),
    clusterroles: always(checkClusterRole),
    rolebindings: binding(checkRoleBinding),
    roles: always(checkRole)
  },
  "scheduling.k8s.io": { priorityclasses: { create: checkPriorityClass, update: checkPriorityClassUpdate } },
  "storage.k8s.io": {
    csidrivers: always(checkDriver),
    storageclasses: { create: checkStorageClass, update: checkStorageClassUpdate },
    volumeattachments: always(checkAttachment)
  }
}

/** Adds what is wrong with a new object. */
export const create = (group: string, plural: string, object: object, causes: Array<StatusCause>): void =>
  groups[group]?.[plural]?.create?.(new Check(causes), object as Fields)

/** Adds what is wrong with a changed object, or with the change. */
export const update = (group: string, plural: string, subresource: string | undefined, object: object, old: object, causes: Array<StatusCause>): void => {
  const checks = groups[group]?.[plural]
  const check = subresource === undefined ? checks?.update : checks?.subresources?.[subresource]
  check?.(new Check(causes), object as Fields, old as Fields)
}
