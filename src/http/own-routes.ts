import { AppError } from '../errors.ts'
import type { Operation } from '../operation/operation.ts'
import { type Actor, holds } from '../operation/permission.ts'
import { withReadBody } from './body.ts'
import type { Metrics } from './metrics.ts'
import { createOpenApi } from './openapi.ts'
import { jsonResponse } from './problem.ts'
import type { Route } from './route.ts'

export interface OwnRoutesDeps {
  readonly operations: readonly Operation[]
  readonly metrics: Metrics
  /** `ALL /mcp` */
  readonly mcp?: (request: Request, actor: Actor, signal: AbortSignal, requestId: string) => Promise<Response>
  /** Shown to everyone: nothing private. */
  readonly health: () => object
  readonly version: string
  readonly bodyLimitBytes: number
}

/** Routes that are no operations. */
export function createOwnRoutes(deps: OwnRoutesDeps): Route[] {
  const { metrics, mcp } = deps
  const openApi = createOpenApi({ operations: deps.operations, version: deps.version })
  const routes: Route[] = [
    {
      method: 'GET',
      path: '/health',
      access: 'open',
      handle: ({ requestId }) => jsonResponse(deps.health(), 200, requestId),
    },
    {
      method: 'GET',
      path: '/openapi.json',
      access: 'open',
      handle: ({ requestId }) => jsonResponse(openApi(), 200, requestId),
    },
    {
      method: 'GET',
      path: '/metrics',
      access: 'actor',
      async handle({ requestId }, actor) {
        if (!holds(actor, 'admin')) throw new AppError('forbidden', 'The metrics need the permission admin')
        return new Response(await metrics.text(), {
          headers: { 'content-type': metrics.contentType, 'cache-control': 'no-store', 'x-request-id': requestId },
        })
      },
    },
  ]
  if (mcp === undefined) return routes
  routes.push({
    method: 'ALL',
    path: '/mcp',
    access: 'actor',
    async handle({ request, connection, requestId }, actor) {
      const received = await withReadBody(request, deps.bodyLimitBytes)
      connection.keepOpen()
      const response = await mcp(received, actor, request.signal, requestId)
      response.headers.set('x-request-id', requestId)
      return response
    },
  })
  return routes
}
