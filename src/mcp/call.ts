import type { CallToolResult, ServerContext } from '@modelcontextprotocol/server'
import * as v from 'valibot'
import { AppError, toAppError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Log } from '../lib/log.ts'
import type { Operation, Progress } from '../operation/operation.ts'
import type { Actor } from '../operation/permission.ts'
import { createProgressSender } from './progress.ts'
import { toToolError, toToolResult } from './tool-result.ts'
import type { Tool } from './tools.ts'

export interface InvokeContext {
  readonly actor: Actor
  readonly signal: AbortSignal
  readonly progress: (progress: Progress) => void
  readonly requestId: string
}

/** Runs an operation here, or has the running `serve` run it. */
export type Invoke = (operation: Operation, input: unknown, context: InvokeContext) => Promise<JsonObject>

export interface Caller {
  readonly actor: Actor
  readonly requestId: string
}

export interface CallDeps {
  readonly clock: Clock
  readonly log: Log
  readonly invoke: Invoke
  /** Aborts every call: this server ends. */
  readonly closing: AbortSignal
}

/** One `tools/call`: the operation's answer, or its error as a result for the model to read. Never throws. */
export async function callTool(
  deps: CallDeps,
  { operation }: Tool,
  input: unknown,
  { mcpReq }: ServerContext,
  { actor, requestId }: Caller,
): Promise<CallToolResult> {
  const token = mcpReq._meta?.progressToken
  const progress =
    token === undefined
      ? undefined
      : createProgressSender({
          clock: deps.clock,
          send: (message) =>
            mcpReq.notify({ method: 'notifications/progress', params: { progressToken: token, ...message } }),
        })
  const { signal, release } = followSignals([mcpReq.signal, deps.closing])
  try {
    const report = progress?.report ?? (() => {})
    const output = await deps.invoke(operation, input, { actor, signal, progress: report, requestId })
    checkOutput(operation, output)
    await progress?.finish()
    return toToolResult(output)
  } catch (thrown) {
    await progress?.finish()
    const error = signal.aborted ? cancelled(thrown) : toAppError(thrown)
    if (error.code === 'internal') {
      deps.log.error(
        { request_id: requestId, err: error.cause ?? error, operation: operation.name },
        'Tool call failed',
      )
    }
    return toToolError(error, requestId)
  } finally {
    release()
  }
}

/** The SDK aborts with whatever text the client sent as its reason; operations expect an AbortError. */
function followSignals(signals: readonly AbortSignal[]): { signal: AbortSignal; release(): void } {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  for (const signal of signals) {
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  }
  const release = (): void => {
    for (const signal of signals) signal.removeEventListener('abort', abort)
  }
  return { signal: controller.signal, release }
}

const cancelled = (cause: unknown): AppError => new AppError('cancelled', 'The request was cancelled', { cause })

/** Clients check results against the schema that we showed them: an answer beside it is our own mistake. */
function checkOutput(operation: Operation, output: JsonObject): void {
  const checked = v.safeParse(operation.outputSchema, output, { abortEarly: true })
  if (checked.success) return
  const path = (checked.issues[0].path ?? []).map((item) => String(item.key)).join('.')
  throw new Error(`${operation.name} answered what its output schema forbids at ${path === '' ? 'the root' : path}`)
}
