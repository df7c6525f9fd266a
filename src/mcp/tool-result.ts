import type { CallToolResult } from '@modelcontextprotocol/server'
import { type AppError, type Problem, toProblem } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'

/** The answer twice, as MCP asks: structured for programs, and as JSON text for clients that read only text. */
export const toToolResult = (output: JsonObject): CallToolResult => ({
  content: [{ type: 'text', text: JSON.stringify(output) }],
  structuredContent: output,
})

/** What a failed tool answers for a model to read: `code`, `detail`, `hint`, `errors`, `existing`. */
export function toToolError(error: AppError, requestId: string): CallToolResult {
  const { code, detail, hint, errors, existing } = toProblem(error)
  const structured = {
    code,
    detail,
    ...(hint === undefined ? {} : { hint }),
    ...(errors === undefined ? {} : { errors }),
    ...(existing === undefined ? {} : { existing }),
    ...(error.retryAfterSeconds === undefined ? {} : { retry_after_seconds: error.retryAfterSeconds }),
    // The hint of an internal error says to look for it in the log.
    ...(code === 'internal' ? { request_id: requestId } : {}),
  }
  return { isError: true, content: [{ type: 'text', text: toText(structured) }], structuredContent: structured }
}

type ToolProblem = Pick<Problem, 'code' | 'detail' | 'hint' | 'errors' | 'existing' | 'request_id'> & {
  readonly retry_after_seconds?: number
}

/** Everything that the structured form says, one fact a line: many clients show a model the text alone. */
function toText(problem: ToolProblem): string {
  const others = (problem.errors ?? []).map((issue) => issue.expected).filter((text) => text !== problem.detail)
  const lines = [
    `${problem.code}: ${problem.detail}`,
    ...others.map((text) => `- ${text}`),
    ...(problem.existing === undefined ? [] : [`existing: ${JSON.stringify(problem.existing)}`]),
    ...(problem.hint === undefined ? [] : [`hint: ${problem.hint}`]),
    ...(problem.retry_after_seconds === undefined ? [] : [`retry after ${problem.retry_after_seconds} s`]),
    ...(problem.request_id === undefined ? [] : [`request id: ${problem.request_id}`]),
  ]
  return lines.join('\n')
}
