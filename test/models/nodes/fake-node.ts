import { join } from 'node:path'
import canonicalize from 'canonicalize'
import { createHostKey, type HostKey } from '../../../src/models/serve/host-key.ts'
import { type Answer, ok, type RawRequest, type RawServer, startRawServer } from '../../support/raw-server.ts'
import { type TempDir, tempDir } from '../../support/temp-dir.ts'

/** Another host on a real port, which does as the test says. */
export interface FakeNode extends AsyncDisposable {
  readonly url: string
  readonly requests: readonly RawRequest[]
  /** What it does with the next requests; at first it answers a manifest that is right. */
  answer: (request: RawRequest) => Answer | Promise<Answer>
  publicKey(): Promise<string>
  /** Its key is another one from now on. */
  changeKey(): void
  /** What its manifest lists. */
  models: readonly object[]
  /** A signed manifest; `change` comes after signing. */
  manifest(change?: object): Promise<string>
}

export async function startFakeNode(): Promise<FakeNode> {
  const dir: TempDir = tempDir()
  let keys = 0
  const newKey = (): HostKey => createHostKey({ file: join(dir.path, `key-${++keys}`) })
  let key = newKey()
  const server: RawServer = await startRawServer((request) => (socket) => {
    void Promise.resolve(node.answer(request)).then((answer) => {
      if (typeof answer === 'function') answer(socket)
      else socket.end(answer)
    })
  })
  const node: FakeNode = {
    url: `http://127.0.0.1:${server.port}`,
    requests: server.requests,
    answer: async () => ok(await node.manifest(), { 'content-type': 'application/json' }),
    models: [],
    publicKey: () => key.publicKey(),
    changeKey() {
      key = newKey()
    },
    async manifest(change = {}) {
      const unsigned = {
        generated_at: '2026-01-01T00:00:00.000Z',
        models: node.models,
        node: { id: 'inst_there', public_key: await key.publicKey(), sig_algo: 'ed25519' },
      }
      const signature = await key.sign(Buffer.from(canonicalize(unsigned) ?? ''))
      return JSON.stringify({ ...unsigned, signature, ...change })
    },
    async [Symbol.asyncDispose]() {
      await server.close()
      dir[Symbol.dispose]()
    },
  }
  return node
}
