// A rendering service: it takes jobs, works on each for a while, and tells how they are. It keeps them in a file.
import { appendFileSync, existsSync, readFileSync } from "node:fs"
import { createServer } from "node:http"

const port = Number(process.argv[2] ?? 8791)
const file = process.argv[3] ?? new URL("jobs.jsonl", import.meta.url)
const jobs = new Map()
for (const line of existsSync(file) ? readFileSync(file, "utf8").split("\n") : []) {
  if (line !== "") jobs.set(JSON.parse(line).id, JSON.parse(line))
}

const keep = (job) => {
  jobs.set(job.id, job)
  appendFileSync(file, `${JSON.stringify(job)}\n`)
}

const view = (job) => {
  const age = Date.now() - job.createdAt
  if (job.deleted) return { ...job, state: "deleted", message: "deleted" }
  if (age < 300) return { ...job, state: "queued", message: "waits for a machine" }
  if (age < job.takes) return { ...job, state: "rendering", message: `frame ${job.frame}` }
  return { ...job, state: "done", result: { pixels: job.width * 360 } }
}

const bodyOf = async (request) => {
  let text = ""
  for await (const part of request) text += part
  return JSON.parse(text)
}

createServer(async (request, response) => {
  const answer = (code, value) => response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(value))
  const url = new URL(request.url, "http://localhost")
  const [, root, id] = url.pathname.split("/")
  if (root === "healthz") return answer(200, {})
  if (root !== "jobs") return answer(404, { message: "there are only jobs" })
  if (request.method === "POST") {
    const { frame, width } = await bodyOf(request)
    const job = { id: `job-${jobs.size + 1}`, key: request.headers["idempotency-key"], frame, width: Number(width), createdAt: Date.now(), takes: 1000 + (frame * 37) % 1000 }
    keep(job)
    return answer(201, view(job))
  }
  if (id === undefined) {
    const key = url.searchParams.get("key")
    return answer(200, { jobs: [...jobs.values()].filter((job) => key === null || job.key === key).map(view) })
  }
  const job = jobs.get(id)
  if (job === undefined) return answer(404, { message: `there is no job ${id}` })
  if (request.method === "DELETE") keep({ ...job, deleted: true })
  return answer(200, view(jobs.get(id)))
}).listen(port, "127.0.0.1")
