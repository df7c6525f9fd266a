import { setImmediate as nextTurn } from 'node:timers/promises'

/** Words by which SwarmUI's clients know what went wrong, and their statuses. */
const STATUSES = {
  invalid_session_id: 401,
  invalid_user: 401,
  bad_permissions: 403,
  invalid_subtype: 404,
  model_not_found: 404,
  invalid_format: 400,
} as const

/** What the dialect has words for; everything else is answered as on every route. */
export class SwarmRefusal extends Error {
  override readonly name = 'SwarmRefusal'
  readonly id: keyof typeof STATUSES

  constructor(id: keyof typeof STATUSES, message: string) {
    super(message)
    this.id = id
  }
}

export const invalidSession = (): SwarmRefusal =>
  new SwarmRefusal('invalid_session_id', 'Invalid session ID. Ask for another with /API/GetNewSession.')

export const invalidSubtype = (): SwarmRefusal => new SwarmRefusal('invalid_subtype', 'Invalid model sub-type.')

export const modelNotFound = (): SwarmRefusal => new SwarmRefusal('model_not_found', 'Model not found.')

export function refusalResponse({ id, message }: SwarmRefusal, requestId: string): Response {
  const response = swarmResponse(JSON.stringify({ error: message, error_id: id }), requestId, STATUSES[id])
  if (id === 'invalid_user') response.headers.set('www-authenticate', 'Bearer realm="airkeep"')
  return response
}

/** @param json the body, as text */
export const swarmResponse = (json: string, requestId: string, status = 200): Response =>
  new Response(json, {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': requestId,
    },
  })

/** Items that are written in about a millisecond. */
const SLICE = 200

/** A list as JSON, a few items at a time: there may be ten thousand. */
export async function listJson<T>(items: readonly T[], toJson: (item: T) => object): Promise<string> {
  const slices: string[] = []
  for (let from = 0; from < items.length; from += SLICE) {
    if (from > 0) await nextTurn()
    const slice = items.slice(from, from + SLICE).map((item) => JSON.stringify(toJson(item)))
    slices.push(slice.join(','))
  }
  return `[${slices.join(',')}]`
}
