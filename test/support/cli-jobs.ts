import type { AppEvent, DurableEvent, NewEvent } from '../../src/events/event.ts'
import type { EventHub } from '../../src/events/hub.ts'
import { createId } from '../../src/lib/id.ts'
import type { JsonObject } from '../../src/lib/json.ts'

/** Jobs in memory: enough for the command line to start, follow and interrupt. */
export interface CliJobs {
  readonly events: EventHub
  create(kind: string, steps: readonly JsonObject[]): string
  /** A job that has ended is taken up under its id. */
  again(id: string, kind: string, steps: readonly JsonObject[]): void
  start(): Promise<void>
  stop(): Promise<void>
  whenIdle(): Promise<void>
}

interface Job {
  readonly id: string
  readonly kind: string
  readonly steps: JsonObject[]
}

const FINAL = new Set(['completed', 'partially_completed', 'failed', 'cancelled'])

const PREFIXES: Readonly<Record<string, string>> = { import: 'imp', download: 'dl' }

export function createCliJobs(): CliJobs {
  const listeners = new Set<(event: AppEvent) => void>()
  const durable: DurableEvent[] = []
  const queue: Job[] = []
  let running = false
  let idle: Promise<void> = Promise.resolve()
  const publish = (event: AppEvent): void => {
    for (const listener of listeners) listener(event)
  }
  const unused = (): never => {
    throw new Error('the command line does not use this')
  }

  /** A step without a status is progress; one called `waiting` is never left. */
  function show({ id, kind }: Job, step: JsonObject): void {
    const event: NewEvent = {
      type: 'job',
      kind,
      jobId: id,
      owner: 'local',
      permission: 'models:read',
      final: FINAL.has(String(step.status)),
      data: { job_id: id, ...step },
    }
    if (step.status === undefined) {
      publish({ ...event, id: undefined, at: 0 })
      return
    }
    const stored = { ...event, id: durable.length + 1, at: 0 }
    durable.push(stored)
    publish(stored)
  }

  async function work(): Promise<void> {
    while (running) {
      const job = queue[0]
      const step = job?.steps.shift()
      if (job === undefined || step === undefined) {
        queue.shift()
        if (queue.length === 0) return
        continue
      }
      // A turn between two steps, so that followers come in between.
      await new Promise((resolve) => setImmediate(resolve))
      show(job, step)
      if (step.status === 'waiting') return
    }
  }

  const begin = (): void => {
    if (running) idle = idle.then(work)
  }

  return {
    events: {
      commit: unused,
      progress: unused,
      prune: unused,
      async lastId() {
        return durable.length
      },
      subscribe(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      async replay(afterId, { jobId }, limit) {
        return durable.filter((event) => event.id > afterId && event.jobId === jobId).slice(0, limit)
      },
    },
    create(kind, steps) {
      const job = { id: createId(PREFIXES[kind] ?? kind), kind, steps: [...steps] }
      show(job, { status: 'analyzing', progress: 0 })
      queue.push(job)
      begin()
      return job.id
    },
    again(id, kind, steps) {
      const job = { id, kind, steps: [...steps] }
      show(job, { status: 'resolving', progress: 0 })
      queue.push(job)
      begin()
    },
    async start() {
      running = true
      begin()
    },
    async stop() {
      running = false
      await idle
    },
    async whenIdle() {
      await idle
    },
  }
}
