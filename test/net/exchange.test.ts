import { expect, test } from 'bun:test'
import { exchange } from '../../src/net/exchange.ts'
import { firstHop } from '../../src/net/hop.ts'
import { checkTarget } from '../../src/net/target.ts'
import { ok, type RawServerOptions, startRawServer } from '../support/raw-server.ts'
import { LEAF, TEST_CA } from '../support/tls-identity.ts'

/** A literal address is never looked up, so a route that lists another one shows the check of the socket itself. */
test.each<[string, RawServerOptions]>([
  ['http', {}],
  ['https', { tls: LEAF }],
])(
  '%s: a socket that went to an address outside the route is closed before anything is sent',
  async (scheme, options) => {
    const server = await startRawServer(() => ok(), options)
    try {
      const hop = firstHop({ url: `${scheme}://127.0.0.1:${server.port}/`, headers: { authorization: 'Bearer t' } })
      const route = { ...checkTarget(hop.url), addresses: [{ address: '127.0.0.2', family: 4 }] }
      const settings = { userAgent: 'airkeep/0', ca: TEST_CA, connectTimeoutMs: 5000, headersTimeoutMs: 5000 }
      await expect(exchange(route, hop, settings)).rejects.toMatchObject({
        code: 'forbidden',
        message: expect.stringContaining('an address that was not checked'),
      })
      await server.idle()
      expect(server.requests).toHaveLength(0)
      const straight = { ...route, addresses: [{ address: '127.0.0.1', family: 4 }] }
      expect((await exchange(straight, hop, settings)).message.statusCode).toBe(200)
    } finally {
      await server.close()
    }
  },
)
