import type { JsonObject } from '../lib/json.ts'
import type { Operation, Surface } from '../operation/operation.ts'
import type { InvokeOptions } from './app.ts'

export interface BackendCall extends InvokeOptions {
  /** Where the call came from; `cli` by default. */
  readonly surface?: Surface
  /** A local file that goes along: the operation's upload field. */
  readonly file?: string | undefined
}

export interface Answer {
  readonly output: JsonObject
  /** The call started work that goes on after it: `output` names its job or jobs. */
  readonly started: boolean
}

export interface FollowOptions {
  readonly signal: AbortSignal
  /** Called with each state of the job, the last one included. */
  readonly onJob: (job: JsonObject) => void
}

/** Where calls are carried out: in this process, in the running `serve`, or on another host. */
export interface Backend {
  readonly where: Where
  invoke(operation: Operation, input: Record<string, unknown>, call: BackendCall): Promise<Answer>
  /** Resolves with the job's last state. */
  follow(jobId: string, options: FollowOptions): Promise<JsonObject>
  /** Runs jobs until none is left; a server does that by itself. */
  untilIdle(): Promise<void>
  /** Lets go of the data directory where this process holds it. */
  close(): Promise<void>
}

export type Where =
  | { readonly kind: 'own'; readonly dataDir: string }
  /** A `serve` on this data directory. */
  | { readonly kind: 'serve'; readonly url: string }
  /** `--server` */
  | { readonly kind: 'server'; readonly url: string }

const ENDED = new Set(['completed', 'partially_completed', 'succeeded', 'failed', 'cancelled', 'paused'])

/** Whether a job object shows a state that it does not leave by itself. */
export const hasEnded = (job: JsonObject): boolean => typeof job.status === 'string' && ENDED.has(job.status)
