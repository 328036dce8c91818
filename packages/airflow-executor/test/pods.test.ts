/** Worker pods and the configuration that they come from, in both dialects. */
import { LabelSyntax, type Pod } from "@fairlead/kube"
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { KubeConfigContrib, KubeConfigProvider, KubernetesExecutorConfig, makeSafeLabelValue, PodFactory, PodGenerator, PodMerge, PublishError, readAirflowConfig, TaskKey, withAirflowEnvironment, WorkerConfiguration } from "../src/index.ts"
import { contribConfig, dateKey, keyOf, providerConfig } from "./support/world.ts"

type Texts = { readonly [option: string]: string }

const gitTexts: Texts = { dags_in_image: "False", git_repo: "https://git/dags", git_branch: "main", git_dags_folder_mount_point: "/mount" }
const contribPod = (options: Texts = {}, fields: ConstructorParameters<typeof KubernetesExecutorConfig>[0] = {}, sections: { readonly [section: string]: Texts } = {}, core: Texts = {}): Pod => {
  const config = Result.getOrThrow(KubeConfigContrib.fromSettings({
    core: { dags_folder: "/dags", base_log_folder: "/logs", airflow_home: "/home/airflow", sql_alchemy_conn: "postgres://db", ...core },
    kubernetes: { worker_container_repository: "airflow", worker_container_tag: "1.10.3", dags_in_image: "True", ...options },
    ...sections
  }))
  return WorkerConfiguration.makePod(config, {
    key: dateKey("my task"), podId: "pod", namespace: "default", workerUuid: "uuid", airflowVersion: "1.10.3+astro.1", command: ["airflow", "run"],
    executorConfig: new KubernetesExecutorConfig(fields)
  })
}
const envOf = (pod: Pod, init = false): { readonly [name: string]: string | undefined } =>
  Object.fromEntries(((init ? pod.spec?.initContainers : pod.spec?.containers)?.[0]?.env ?? []).filter((it) => it.valueFrom === undefined).map(({ name, value }) => [name, value]))
const volume = (pod: Pod, name: string) => pod.spec?.volumes?.find((it) => it.name === name)
const mount = (pod: Pod, name: string, init = false) => (init ? pod.spec?.initContainers : pod.spec?.containers)?.[0]?.volumeMounts?.find((it) => it.name === name)
const problemOf = (options: Texts): string => Result.getOrThrow(Result.flip(KubeConfigContrib.fromSettings({ kubernetes: options }))).message

describe("KubeConfig of Airflow 1.10", () => {
  it("refuses two kinds of credentials for git, and a configuration without DAGs", () => {
    expect(problemOf({ ...gitTexts, git_user: "u", git_password: "p", git_ssh_key_secret_name: "s" })).toMatch(/git_user.*git_ssh_key_secret_name.*but not both$/)
    expect(problemOf({})).toMatch(/needs a source of DAGs/)
    expect(problemOf({ git_repo: "r", git_branch: "b" })).toMatch(/needs a source of DAGs/)
    expect(problemOf({ ...gitTexts, worker_pods_creation_batch_size: "many" })).toBe(`[kubernetes] worker_pods_creation_batch_size is "many": it must be a whole number`)
    expect(problemOf({ ...gitTexts, affinity: "{" })).toMatch(/affinity is "\{": it must be JSON/)
    expect(problemOf({ ...gitTexts, dags_in_image: "maybe" })).toMatch(/must be a boolean/)
  })

  it("has Airflow's defaults", () => {
    expect(contribConfig()).toMatchObject({
      kubeImage: "airflow:1.10.3", kubeImagePullPolicy: "IfNotPresent", deleteWorkerPods: true, workerPodsCreationBatchSize: 1, kubeNamespace: "default", executorNamespace: "default",
      parallelism: 32, kubernetesSection: "kubernetes", coreSection: "core", kubeAffinity: undefined, git: { syncRoot: "/git", syncDest: "repo", containerImage: "k8s.gcr.io/git-sync:v3.1.1", runAsUser: 65_533 }
    })
  })
})

describe("KubeConfig of the provider", () => {
  it("has Airflow's defaults, but that refused creates wait", () => {
    expect(providerConfig()).toMatchObject({
      kubeNamespace: "default", deleteWorkerPods: true, deleteWorkerPodsOnFailure: false, workerPodsCreationBatchSize: 1, podLaunchFailureRetries: 1, taskPublishMaxRetries: -1,
      podLaunchFailureExcludedContainerReasons: ["Error"], runningPodLogLines: 100, multiNamespaceMode: false, watchedNamespaces: ["default"]
    })
    expect(providerConfig({ task_publish_max_retries: "0" }).taskPublishMaxRetries).toBe(0)
  })

  it("names an image only when both of its parts are set", () => {
    expect(providerConfig().kubeImage).toBe("airflow:3")
    expect(providerConfig({ worker_container_tag: "" }).kubeImage).toBeUndefined()
  })

  it.each([["e1, e2,e3", ["e1", "e2", "e3"]], [" e1,e2, e3", ["e1", "e2", "e3"]], ["e1 ", ["e1"]], ["", []]])("trims the fatal reasons %j", (text, reasons) => {
    expect(providerConfig({ worker_pod_pending_fatal_container_state_reasons: text }).fatalReasons).toEqual(reasons)
  })

  it("watches the listed namespaces, all of them, or its own", () => {
    const list = { multi_namespace_mode_namespace_list: "A,B,C" }
    expect(providerConfig({ multi_namespace_mode: "True", ...list }).watchedNamespaces).toEqual(["A", "B", "C"])
    expect(providerConfig({ multi_namespace_mode: "True" }).watchedNamespaces).toEqual([])
    expect(providerConfig(list).watchedNamespaces).toEqual(["default"])
    expect(providerConfig({ multi_namespace_mode: "True", multi_namespace_mode_namespace_list: "A, B" }).multiNamespaceModeNamespaceList).toEqual(["A", " B"])
  })

  it("refuses options that make no sense", () => {
    const problem = (options: Texts) => Result.getOrThrow(Result.flip(KubeConfigProvider.fromSettings({ kubernetes_executor: options }))).message
    expect(problem({ running_pod_log_lines: "0" })).toMatch(/must be greater than 0/)
    expect(problem({ delete_option_kwargs: "[1]" })).toMatch(/must be a JSON object/)
  })

  it("reads airflow.cfg and the variables over it", () => {
    const settings = Result.getOrThrow(readAirflowConfig("# comment\n[core]\nparallelism = 4\n\n[kubernetes_executor]\nnamespace: a\nkube_client_request_args =\n  {\"x\": 1}\n"))
    expect(settings).toEqual({ core: { parallelism: "4" }, kubernetes_executor: { namespace: "a", kube_client_request_args: `{"x": 1}` } })
    expect(withAirflowEnvironment(settings, { AIRFLOW__KUBERNETES_EXECUTOR__NAMESPACE: "b", AIRFLOW__NEW__OPTION: "c", PATH: "x" })).toMatchObject({
      core: { parallelism: "4" }, kubernetes_executor: { namespace: "b" }, new: { option: "c" }
    })
    expect(Result.getOrThrow(Result.flip(readAirflowConfig("[core]\nnonsense"))).message).toMatch(/^line 2 .*: nonsense$/)
  })
})

describe("KubernetesExecutorConfig", () => {
  it("reads its part of a dictionary, with defaults of its own, and nothing else", () => {
    const config = Result.getOrThrow(KubernetesExecutorConfig.fromDict({ KubernetesExecutor: { image: "i", request_cpu: "1", surprise: 1 }, other: 2 }))
    expect(config.asDict()).toEqual({
      image: "i", image_pull_policy: undefined, request_memory: undefined, request_cpu: "1", limit_memory: undefined, limit_cpu: undefined, limit_gpu: undefined, gcp_service_account_key: undefined,
      node_selectors: undefined, affinity: undefined, annotations: {}, volumes: [], volume_mounts: [], tolerations: undefined, labels: {}
    })
    expect(config.toString()).toMatch(/^KubernetesExecutorConfig\(image="i", image_pull_policy=None, .*labels=\{\}\)$/)
    for (const empty of [undefined, null, {}]) expect(Result.getOrThrow(KubernetesExecutorConfig.fromDict(empty)).fields.image).toBeUndefined()
    for (const bad of ["text", 1, []]) expect(Result.isFailure(KubernetesExecutorConfig.fromDict(bad))).toBe(true)
  })
})

describe("pods of Airflow 1.10", () => {
  it("name parts of volumes on mounts only, and only when they are configured", () => {
    const plain = contribPod({ dags_in_image: "False", dags_volume_claim: "dags", logs_volume_claim: "logs" })
    expect(JSON.stringify(plain)).not.toContain("subPath")
    const withParts = contribPod({ dags_in_image: "False", dags_volume_claim: "dags", logs_volume_claim: "logs", dags_volume_subpath: "d", logs_volume_subpath: "l" })
    expect([mount(withParts, "airflow-dags")?.subPath, mount(withParts, "airflow-logs")?.subPath]).toEqual(["d", "l"])
    expect(JSON.stringify(withParts.spec?.volumes)).not.toContain("subPath")
  })

  it("mount DAGs in their folder from a claim or the node, else where git brings them", () => {
    expect(mount(contribPod({ dags_in_image: "False", dags_volume_claim: "c" }), "airflow-dags")).toMatchObject({ mountPath: "/dags", readOnly: true })
    expect(mount(contribPod({ dags_in_image: "False", dags_volume_host: "/host" }), "airflow-dags")).toMatchObject({ mountPath: "/dags" })
    expect(mount(contribPod(gitTexts), "airflow-dags")).toMatchObject({ mountPath: "/mount" })
  })

  it("find DAGs by a variable where a file or git says where they are", () => {
    expect(envOf(contribPod())).toEqual({ AIRFLOW__CORE__EXECUTOR: "LocalExecutor", AIRFLOW__CORE__SQL_ALCHEMY_CONN: "postgres://db" })
    expect(envOf(contribPod({ airflow_configmap: "cm" }))).toEqual({ AIRFLOW__CORE__EXECUTOR: "LocalExecutor", AIRFLOW_HOME: "/home/airflow", AIRFLOW__CORE__DAGS_FOLDER: "/dags" })
    expect(envOf(contribPod({ ...gitTexts, git_subpath: "sub" }))["AIRFLOW__CORE__DAGS_FOLDER"]).toBe("/mount/repo/sub")
    expect(envOf(contribPod({ ...gitTexts, airflow_configmap: "cm" }))["AIRFLOW__CORE__DAGS_FOLDER"]).toBe("/mount/repo")
  })

  it.each([["ssh", "known"], ["ssh", "unknown"], ["user", "known"], ["user", "unknown"]])("bring DAGs from git with %s and %s hosts", (credentials, hosts) => {
    const pod = contribPod({
      ...gitTexts,
      ...(credentials === "ssh" ? { git_ssh_key_secret_name: "key" } : { git_user: "u", git_password: "p" }),
      ...(hosts === "known" ? { git_ssh_known_hosts_configmap_name: "hosts" } : {})
    })
    const env = envOf(pod, true)
    expect(env).toMatchObject({ GIT_SYNC_REPO: "https://git/dags", GIT_SYNC_BRANCH: "main", GIT_SYNC_ROOT: "/git", GIT_SYNC_DEST: "repo", GIT_SYNC_DEPTH: "1", GIT_SYNC_ONE_TIME: "true" })
    expect([env["GIT_SSH_KEY_FILE"], env["GIT_SYNC_SSH"], mount(pod, "git-sync-ssh-key", true)?.mountPath]).toEqual(
      credentials === "ssh" ? ["/etc/git-secret/ssh", "true", "/etc/git-secret/ssh"] : [undefined, undefined, undefined])
    expect([env["GIT_SYNC_USERNAME"], env["GIT_SYNC_PASSWORD"]]).toEqual(credentials === "user" ? ["u", "p"] : [undefined, undefined])
    expect([env["GIT_KNOWN_HOSTS"], env["GIT_SSH_KNOWN_HOSTS_FILE"]]).toEqual(hosts === "known" ? ["true", "/etc/git-secret/known_hosts"] : ["false", undefined])
    expect(pod.spec?.securityContext?.fsGroup).toBe(credentials === "ssh" ? 65_533 : undefined)
    expect(pod.spec?.initContainers?.[0]?.securityContext?.runAsUser).toBe(65_533)
  })

  it("take git credentials from a Secret, a revision, and no user where it is blank", () => {
    const pod = contribPod({ ...gitTexts, git_sync_credentials_secret: "creds", git_sync_rev: "abc", git_sync_run_as_user: "" })
    const [init] = pod.spec?.initContainers ?? []
    expect(init?.env?.filter((it) => it.valueFrom !== undefined)).toEqual(["GIT_SYNC_USERNAME", "GIT_SYNC_PASSWORD"].map((name) => ({ name, valueFrom: { secretKeyRef: { name: "creds", key: name } } })))
    expect(envOf(pod, true)["GIT_SYNC_REV"]).toBe("abc")
    expect(init?.securityContext).toBeUndefined()
  })

  it("run as the configured user, also as 0, and as nobody special where it is blank", () => {
    expect(contribPod({ run_as_user: "0", fs_group: "7" }).spec?.securityContext).toEqual({ runAsUser: 0, fsGroup: 7 })
    expect(contribPod({ run_as_user: "" }).spec?.securityContext).toBeUndefined()
  })

  it("carry the labels that find them, whatever others say", () => {
    const pod = contribPod({}, { labels: { dag_id: "mine", team: "b" } }, { kubernetes_labels: { team: "a", site: "x", try_number: "9" } })
    expect(pod.metadata.labels).toEqual({
      "airflow-worker": "uuid", dag_id: "dag", task_id: makeSafeLabelValue("my task"), execution_date: "2026-01-01T00_00_00_plus_00_00",
      try_number: "1", airflow_version: "1.10.3-astro.1", kubernetes_executor: "True", team: "b", site: "x"
    })
    expect(Object.values(pod.metadata.labels ?? {}).flatMap(LabelSyntax.valueProblems)).toEqual([])
    expect(pod.metadata.annotations).toMatchObject({ task_id: "my task", execution_date: "2026-01-01T00:00:00+00:00" })
  })

  it("take affinity, tolerations, selectors, image and policy from the task, else from the configuration", () => {
    const texts = { affinity: `{"nodeAffinity":{}}`, tolerations: `[{"key":"a"}]`, worker_container_image_pull_policy: "Always", image_pull_secrets: "s1, s2", worker_service_account_name: "sa" }
    const sections = { kubernetes_node_selectors: { zone: "1" } }
    expect(contribPod(texts, {}, sections).spec).toMatchObject({
      affinity: { nodeAffinity: {} }, tolerations: [{ key: "a" }], nodeSelector: { zone: "1" }, imagePullSecrets: [{ name: "s1" }, { name: "s2" }], serviceAccountName: "sa", restartPolicy: "Never",
      containers: [{ name: "base", image: "airflow:1.10.3", imagePullPolicy: "Always", command: ["airflow", "run"], args: [] }]
    })
    expect(contribPod(texts, { affinity: { podAffinity: {} }, tolerations: [{ key: "b" }], nodeSelectors: { zone: "2" }, image: "mine" }, sections).spec).toMatchObject({
      affinity: { podAffinity: {} }, tolerations: [{ key: "b" }], nodeSelector: { zone: "2" }, containers: [{ image: "mine" }]
    })
  })

  it("have volumes for where DAGs come from, and none for DAGs in the image", () => {
    const claimed = contribPod({ dags_in_image: "False", dags_volume_claim: "c" })
    expect([volume(claimed, "airflow-dags"), claimed.spec?.initContainers]).toEqual([{ name: "airflow-dags", persistentVolumeClaim: { claimName: "c" } }, undefined])
    const inImage = contribPod()
    expect([volume(inImage, "airflow-dags"), mount(inImage, "airflow-dags"), inImage.spec?.initContainers]).toEqual([undefined, undefined, undefined])
    const git = contribPod(gitTexts)
    expect([volume(git, "airflow-dags"), mount(git, "airflow-dags", true)]).toEqual([{ name: "airflow-dags", emptyDir: {} }, { name: "airflow-dags", mountPath: "/git", readOnly: false }])
  })

  it("copy the user's variables, keep the executor's own, and leave values of Secrets where they are", () => {
    const pod = contribPod(
      { env_from_configmap_ref: "c1, c2", env_from_secret_ref: "s1" }, {},
      { kubernetes_environment_variables: { A: "1", AIRFLOW__CORE__EXECUTOR: "Mine" }, kubernetes_secrets: { AIRFLOW__CORE__SQL_ALCHEMY_CONN: "db=conn", WHOLE: "all" } }
    )
    expect(envOf(pod)).toEqual({ A: "1", AIRFLOW__CORE__EXECUTOR: "LocalExecutor" })
    const [base] = pod.spec?.containers ?? []
    expect(base?.env?.at(-1)).toEqual({ name: "AIRFLOW__CORE__SQL_ALCHEMY_CONN", valueFrom: { secretKeyRef: { name: "db", key: "conn" } } })
    expect(base?.envFrom).toEqual([{ configMapRef: { name: "c1" } }, { configMapRef: { name: "c2" } }, { secretRef: { name: "s1" } }, { secretRef: { name: "all" } }])
  })

  it("ask for resources as the task does, each for itself", () => {
    expect(contribPod({}, { limitCpu: "2", requestMemory: "1Gi", limitGpu: "1" }).spec?.containers[0]?.resources).toEqual({ requests: { memory: "1Gi" }, limits: { cpu: "2", "nvidia.com/gpu": "1" } })
    expect(contribPod().spec?.containers[0]?.resources).toEqual({})
  })

  it("never leave a task's annotations or key behind for the next one", () => {
    const sections = { kubernetes_annotations: { team: "a" } }
    expect(contribPod({}, { gcpServiceAccountKey: "key" }, sections).metadata.annotations).toMatchObject({ team: "a", "iam.cloud.google.com/service-account": "key" })
    expect(contribPod({}, {}, sections).metadata.annotations).not.toHaveProperty("iam.cloud.google.com/service-account")
    expect(contribPod({}, { annotations: { own: "b" } }, sections).metadata.annotations).not.toHaveProperty("team")
    const config = Object.freeze(contribConfig())
    Object.freeze(config.kubeAnnotations)
    expect(() => WorkerConfiguration.makePod(config, {
      key: dateKey("t"), podId: "p", namespace: "n", workerUuid: "u", airflowVersion: "v", command: [], executorConfig: new KubernetesExecutorConfig({ gcpServiceAccountKey: "k" })
    })).not.toThrow()
  })
})

const construct = (options: Partial<PodGenerator.ConstructPodOptions>): Pod => PodGenerator.constructPod({
  key: keyOf("task"), podId: "pod-id", namespace: "default", worker: "5", airflowVersion: "3.1", args: ["a"], kubeImage: "conf:1", baseWorkerPod: PodFactory.templateDefault, podOverride: undefined, ...options
})
const pod = (spec: object, metadata: object = {}): Pod => ({ metadata, spec }) as Pod

describe("pods of the provider", () => {
  it("unite labels, take the image of the override, arguments of the command, and keep the template's rest", () => {
    const built = construct({
      baseWorkerPod: pod({ containers: [{ name: "base", image: "tmpl", securityContext: { runAsUser: 1 } }], imagePullSecrets: [{ name: "s" }], securityContext: { fsGroup: 3 } }, { labels: { a: "1", b: "1" } }),
      podOverride: pod({ containers: [{ name: "base", image: "over" }] }, { labels: { b: "2", c: "2" }, annotations: { x: "y" } })
    })
    expect(built.metadata.labels).toEqual({ a: "1", b: "2", c: "2", dag_id: "dag", task_id: "task", run_id: "run", try_number: "1", kubernetes_executor: "True", airflow_version: "3.1", "airflow-worker": "5" })
    expect(built.metadata.annotations).toEqual({ dag_id: "dag", task_id: "task", run_id: "run", try_number: "1", x: "y" })
    expect(built.spec).toMatchObject({
      imagePullSecrets: [{ name: "s" }], securityContext: { fsGroup: 3 },
      containers: [{ name: "base", image: "over", args: ["a"], securityContext: { runAsUser: 1 }, env: [{ name: "AIRFLOW_IS_K8S_EXECUTOR_POD", value: "True" }] }]
    })
  })

  it("take the namespace of the override, else the default; name the map index; make labels of ids safe but not annotations", () => {
    expect(construct({}).metadata.namespace).toBe("default")
    expect(construct({ podOverride: pod({}, { namespace: "mine" }) }).metadata.namespace).toBe("mine")
    const long = "a".repeat(512)
    const { annotations, labels, name } = construct({ key: TaskKey.taskKey(long, long, long, 1, 7), podId: `${"a".repeat(80)}-abcd1234` }).metadata
    expect([labels?.["map_index"], annotations?.["map_index"], annotations?.["dag_id"], name?.length]).toEqual(["7", "7", long, 63])
    expect(name).toBe(`${"a".repeat(54)}-abcd1234`)
    expect(Object.values(labels ?? {}).flatMap(LabelSyntax.valueProblems)).toEqual([])
  })

  it("use the configuration's image where the override has none, and the template's where neither has", () => {
    const tmpl = pod({ containers: [{ name: "base", image: "tmpl" }] })
    expect(construct({ baseWorkerPod: tmpl }).spec?.containers[0]?.image).toBe("conf:1")
    expect(construct({ baseWorkerPod: tmpl, kubeImage: undefined }).spec?.containers[0]?.image).toBe("tmpl")
  })

  it("a hook that breaks is an error of its own", () => {
    expect(() => construct({ mutationHook: () => { throw new Error("no") } })).toThrow(PublishError.PodMutationHookException)
    expect(construct({ mutationHook: (it) => ({ ...it, metadata: { ...it.metadata, name: "other" } }) }).metadata.name).toBe("other")
  })

  it("hold no token: the workload is a file of a Secret that belongs to the pod", () => {
    const job = { key: keyOf("t"), command: { _tag: "Workload" as const, json: `{"token":"hush"}` }, podOverride: undefined, podTemplateFile: undefined, executorConfig: undefined, image: undefined, queue: "", priority: 0 }
    const built = PodFactory.buildPod({
      config: providerConfig(), worker: "1", airflowVersion: "3", naming: "safe", template: () => PodFactory.templateDefault, mutationHook: undefined, workloadCommand: PodFactory.workloadCommandDefault
    }, { job, runId: "r", number: 0, failures: 0 })
    expect(JSON.stringify(built)).not.toContain("hush")
    expect(built.spec?.containers[0]).toMatchObject({
      args: ["python", "-m", "airflow.sdk.execution_time.execute_workload", "--json-path", "/run/fairlead/airflow/workload.json"], volumeMounts: [{ mountPath: "/run/fairlead/airflow", readOnly: true }]
    })
    const secret = PodFactory.workloadSecret(built, job.command.json)
    expect(secret.metadata).toEqual({ name: built.metadata.name, namespace: "default", labels: { "airflow-worker": "1", "fairlead.dev/airflow-workload": "True" } })
    expect(built.spec?.volumes).toEqual([{ name: "airflow-workload", secret: { secretName: built.metadata.name, defaultMode: 0o440 } }])
  })
})

describe("merging by key", () => {
  const template = pod({
    containers: [{ name: "sidecar", image: "side" }, { name: "base", image: "tmpl", env: [{ name: "A", value: "1" }, { name: "B", value: "1" }], volumeMounts: [{ name: "old", mountPath: "/data" }], securityContext: { runAsUser: 1 } }],
    volumes: [{ name: "old", emptyDir: {} }], nodeSelector: { zone: "1" }, hostNetwork: true, tolerations: [{ key: "a" }]
  })
  const override = pod({
    containers: [{ name: "base", env: [{ name: "B", value: "2" }, { name: "C", value: "" }], volumeMounts: [{ name: "new", mountPath: "/data" }] }],
    volumes: [{ name: "old", hostPath: { path: "/x" } }], nodeSelector: { disk: "ssd" }, hostNetwork: false, tolerations: [{ key: "b" }]
  }, { labels: { team: "a" } })
  const built = construct({ merging: "ByKey", baseWorkerPod: template, podOverride: override })

  it("finds containers, variables, mounts and volumes by what names them, and none is there twice", () => {
    expect(built.spec?.containers).toEqual([
      { name: "sidecar", image: "side" },
      {
        name: "base", image: "conf:1", args: ["a"], securityContext: { runAsUser: 1 }, volumeMounts: [{ name: "new", mountPath: "/data" }],
        env: [{ name: "A", value: "1" }, { name: "B", value: "2" }, { name: "AIRFLOW_IS_K8S_EXECUTOR_POD", value: "True" }, { name: "C", value: "" }]
      }
    ])
    expect(built.spec?.volumes).toEqual([{ name: "old", hostPath: { path: "/x" } }])
  })

  it("lays objects over objects, takes false for an answer, and lists without a key as a whole", () => {
    expect(built.spec).toMatchObject({ nodeSelector: { zone: "1", disk: "ssd" }, hostNetwork: false, tolerations: [{ key: "b" }] })
    expect(built.metadata.labels).toMatchObject({ team: "a", dag_id: "dag" })
  })

  it("says where something cannot be merged", () => {
    const problem = (spec: object) => () => construct({ merging: "ByKey", baseWorkerPod: template, podOverride: pod(spec) })
    expect(problem({ containers: {} })).toThrow("pod.spec.containers must be a list, but is {}")
    expect(problem({ containers: [{ name: "base", env: [{ value: "x" }] }] })).toThrow("pod.spec.containers[base].env[0] has no name")
  })
})

describe("merging", () => {
  it("takes the other where one is nothing or empty", () => {
    expect(PodMerge.mergeObjects(undefined, { a: 1 })).toEqual({ a: 1 })
    expect(PodMerge.mergeObjects({ a: 1 }, undefined)).toEqual({ a: 1 })
    expect(PodMerge.mergeObjects<object>({ a: 1 }, {})).toEqual({ a: 1 })
    expect(PodMerge.mergeObjects<object>({ a: 1, b: 2, c: { d: 1 } }, { a: 3, b: 0, c: { e: 1 } })).toEqual({ a: 3, b: 2, c: { e: 1 } })
  })

  it("extends lists, the base's first, and refuses what is none", () => {
    expect(PodMerge.extendObjectField<{ l?: ReadonlyArray<number> }>({ l: [1] }, { l: [2] }, "l")).toEqual({ l: [1, 2] })
    expect(PodMerge.extendObjectField<{ l?: ReadonlyArray<number> }>({ l: [1] }, {}, "l")).toEqual({ l: [1] })
    expect(PodMerge.extendObjectField<{ l?: ReadonlyArray<number> }>({}, { l: [] }, "l")).toEqual({ l: [] })
    expect(() => PodMerge.extendObjectField<{ l?: unknown }>({ l: "x" }, {}, "l")).toThrow(`l must be a list, but is "x"`)
  })

  it("merges containers by position, whatever their names, and joins their lists", () => {
    expect(PodMerge.reconcileContainers(
      [{ name: "a", image: "1", env: [{ name: "x" }], command: ["old"] }, { name: "b" }],
      [{ name: "other", env: [{ name: "y" }], command: ["new"] }]
    )).toEqual([{ name: "other", image: "1", env: [{ name: "x" }, { name: "y" }], command: ["new"] }, { name: "b" }])
    expect(PodMerge.reconcileContainers([], [{ name: "a" }])).toEqual([{ name: "a" }])
  })

  it("merges init containers by name, in the order of the base, new ones behind", () => {
    expect(PodMerge.reconcileInitContainers([{ name: "a", image: "1" }, { name: "b" }], [{ name: "c" }, { name: "a", ports: [{ containerPort: 1 }] }]))
      .toEqual([{ name: "a", image: "1", ports: [{ containerPort: 1 }] }, { name: "b" }, { name: "c" }])
  })

  it("joins volumes and replaces everything else as a whole", () => {
    expect(PodMerge.reconcileSpecs(
      { containers: [], volumes: [{ name: "a" }], tolerations: [{ key: "a" }], nodeSelector: { a: "1" } },
      { containers: [], volumes: [{ name: "b" }], tolerations: [{ key: "b" }], nodeSelector: { b: "1" } }
    )).toEqual({ containers: [], volumes: [{ name: "a" }, { name: "b" }], tolerations: [{ key: "b" }], nodeSelector: { b: "1" } })
  })
})
