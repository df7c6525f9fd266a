import { createId } from '../lib/id.ts'

const SANE = /^[A-Za-z0-9._:-]{1,128}$/

/**
 * The id under which a request stands in the log and in its answer: the caller's `X-Request-Id` where it is sane, else
 * a new one: random per process, then counted, since drawing random bytes for every request costs more than the rest.
 */
export function createRequestIds(): (headers: Headers) => string {
  const prefix = createId('req')
  let counter = 0
  return (headers) => {
    const given = headers.get('x-request-id')
    if (given !== null && SANE.test(given)) return given
    counter += 1
    return `${prefix}${counter.toString(36)}`
  }
}
