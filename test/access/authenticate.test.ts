import { describe, expect, test } from 'bun:test'
import { createAuthenticate } from '../../src/access/authenticate.ts'
import { isAppError } from '../../src/errors.ts'
import type { Actor } from '../../src/operation/permission.ts'

const AGENT: Actor = { kind: 'token', name: 'agent', permissions: new Set(['track:read']) }

interface Asked {
  readonly headers?: Record<string, string>
  readonly peer?: string | undefined
  readonly configured?: boolean
  readonly secret?: string | undefined
}

/** Name of the actor, or the code and message of the refusal. */
async function ask({ headers = {}, peer = '127.0.0.1', configured = false, ...rest }: Asked): Promise<string> {
  const authenticate = createAuthenticate({
    tokens: {
      verify: async (presented) => (configured && presented === 'ak_good' ? AGENT : undefined),
      configured: async () => configured,
    },
    localSecret: () => ('secret' in rest ? rest.secret : 'local-secret'),
  })
  try {
    const actor = await authenticate({
      headers: new Headers({ host: '127.0.0.1:7801', ...headers }),
      peer: () => ('peer' in rest ? undefined : peer === 'unknown' ? undefined : peer),
    })
    return `${actor.kind} ${actor.name}`
  } catch (error) {
    if (!isAppError(error)) throw error
    return `${error.code}: ${error.message}`
  }
}

const NEEDS_TOKEN = 'unauthorized: A token is needed'
const NOT_LOCAL = 'unauthorized: Without a token only requests from this machine itself are served'
const NOT_VALID = 'unauthorized: The token is not valid'
const NOT_BEARER = 'unauthorized: The Authorization header must be: Bearer and a token'

const rows: readonly (readonly [what: string, asked: Asked, answer: string])[] = [
  ['the machine itself, no token configured', {}, 'owner local'],
  ['by name', { headers: { host: 'localhost:7801' } }, 'owner local'],
  ['over IPv6', { headers: { host: '[::1]:7801' }, peer: '::1' }, 'owner local'],
  ['IPv4 in IPv6', { peer: '::ffff:127.0.0.1' }, 'owner local'],
  ['a page of its own', { headers: { origin: 'http://127.0.0.1:7801' } }, 'owner local'],
  ['from the network', { peer: '192.168.1.7' }, NOT_LOCAL],
  ['from nobody knows where', { peer: 'unknown' }, NOT_LOCAL],
  ['to a name that is no loopback name', { headers: { host: 'gpu.example.com' } }, NOT_LOCAL],
  ['to no name', { headers: { host: '' } }, NOT_LOCAL],
  ['from a foreign page', { headers: { origin: 'http://evil.example' } }, NOT_LOCAL],
  ['from another port here', { headers: { origin: 'http://127.0.0.1:8188' } }, NOT_LOCAL],
  ['from an opaque origin', { headers: { origin: 'null' } }, NOT_LOCAL],
  ['Forwarded', { headers: { forwarded: 'for=1.2.3.4' } }, NOT_LOCAL],
  ['X-Forwarded-For', { headers: { 'x-forwarded-for': '127.0.0.1' } }, NOT_LOCAL],
  ['X-Forwarded-Proto', { headers: { 'x-forwarded-proto': 'https' } }, NOT_LOCAL],
  ['Via', { headers: { via: '1.1 proxy' } }, NOT_LOCAL],
  ['CF-Ray', { headers: { 'cf-ray': '1' } }, NOT_LOCAL],
  ['CF-Connecting-IP', { headers: { 'cf-connecting-ip': '127.0.0.1' } }, NOT_LOCAL],
  ['X-Real-IP', { headers: { 'x-real-ip': '127.0.0.1' } }, NOT_LOCAL],
  ['the machine itself, a token configured', { configured: true }, NEEDS_TOKEN],
  ['from the network, a token configured', { configured: true, peer: '192.168.1.7' }, NEEDS_TOKEN],
  ['a good token', { configured: true, headers: { authorization: 'Bearer ak_good' } }, 'token agent'],
  ['in another spelling', { configured: true, headers: { authorization: 'bearer  ak_good ' } }, 'token agent'],
  [
    'a good token from afar, through a proxy',
    { configured: true, peer: '8.8.8.8', headers: { authorization: 'Bearer ak_good', via: 'x' } },
    'token agent',
  ],
  ['a wrong token', { configured: true, headers: { authorization: 'Bearer ak_bad' } }, NOT_VALID],
  ['a token where none is configured', { headers: { authorization: 'Bearer ak_good' } }, NOT_VALID],
  ['another scheme', { headers: { authorization: 'Basic bG9jYWw6' } }, NOT_BEARER],
  ['an empty token', { headers: { authorization: 'Bearer ' } }, NOT_BEARER],
  ['two tokens', { headers: { authorization: 'Bearer ak_good, Bearer x' } }, NOT_BEARER],
  ['the local secret', { configured: true, headers: { authorization: 'Bearer local-secret' } }, 'owner local'],
  [
    'the local secret, before anything listens',
    { configured: true, secret: undefined, headers: { authorization: 'Bearer undefined' } },
    NOT_VALID,
  ],
]

describe('who a request comes from', () => {
  test.each(rows)('%s', async (_what, asked, answer) => {
    expect(await ask(asked)).toBe(answer)
  })
})
