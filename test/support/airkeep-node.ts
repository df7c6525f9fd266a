import { realpathSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createHashPool, type HashPool } from '../../src/hash/pool.ts'
import { createChunkHashes } from '../../src/models/serve/chunks.ts'
import { createServeRule } from '../../src/models/serve/exclude.ts'
import { createHostKey } from '../../src/models/serve/host-key.ts'
import { createManifest } from '../../src/models/serve/manifest.ts'
import { createManifestOperation } from '../../src/models/serve/manifest-operation.ts'
import { createModelServer } from '../../src/models/serve/model-server.ts'
import { createServedRows } from '../../src/models/serve/served-rows.ts'
import { createSwarmClaims } from '../../src/models/serve/swarm-claims.ts'
import { createSwarmSource } from '../../src/models/serve/swarm-source.ts'
import type { Permission } from '../../src/operation/permission.ts'
import { safetensors, sha256Of, tensorDigest } from '../http/swarm/swarm-host.ts'
import { startApp, type TestApp } from '../http/test-app.ts'
import { aRow, type IndexRow, insertRows } from '../models/serve/index-rows.ts'
import { openTempDb, type TempDb } from './temp-db.ts'

export interface NodeModel {
  readonly name: string
  readonly bytes: Buffer
  readonly sha256: string
  readonly tensorSha256: string | null
}

/** Another airkeep: real index, files, key, tokens and HTTP, on a port of this machine. */
export interface AirkeepNode extends AsyncDisposable {
  readonly url: string
  readonly t: TestApp
  readonly temp: TempDb
  readonly publicKey: () => Promise<string>
  /** Its key is another from now on, as after a new installation. */
  changeKey(): void
  /** A LoRA on the disk and in the index: the body decides its digests, or these are all its bytes. */
  add(name: string, body: string | Buffer, over?: Partial<IndexRow>): Promise<NodeModel>
  /** Rows as they are, of files that nobody will ask for. */
  addRows(rows: readonly IndexRow[]): Promise<void>
  token(...permissions: Permission[]): Promise<string>
}

export async function startAirkeepNode({ id = 'inst_there' } = {}): Promise<AirkeepNode> {
  const temp = await openTempDb()
  const dir = realpathSync(temp.dir)
  const { db } = temp
  // A version of the index is trusted a second after its last change, whose time is in the rows.
  const clock = { now: () => Date.UTC(2026, 7, 1) }
  const instanceId = (): string => id
  const rows = createServedRows({ db, instanceId, roots: () => ['/'] })
  const rule = createServeRule({ exclude: [], allowPickle: false, now: clock.now })
  let pool: HashPool | undefined
  const hashes: Pick<HashPool, 'hashChunks'> = {
    hashChunks(path, options) {
      pool ??= createHashPool({ size: 1 })
      return pool.hashChunks(path, options)
    },
  }
  const server = createModelServer({ rows, rule, chunkHashes: createChunkHashes({ db, clock, hashes }) })
  let keys = 0
  const newKey = () => createHostKey({ file: join(dir, `key-${++keys}`) })
  let key = newKey()
  const manifest = createManifest({
    rows,
    rule,
    hostKey: { publicKey: () => key.publicKey(), sign: (bytes) => key.sign(bytes) },
    clock,
    instanceId,
    chunks: async (sha256, signal) => server.chunks(await server.find(sha256), signal),
  })
  const t = await startApp({
    operations: [createManifestOperation({ manifest })],
    files: { source: server, connections: 16, bandwidth: 0 },
    swarm: createSwarmSource({ rows, claims: createSwarmClaims({ db, instanceId }), rule, server, clock, instanceId }),
  })
  const { port } = await t.listen()
  let made = 0

  return {
    url: `http://127.0.0.1:${port}`,
    t,
    temp,
    publicKey: () => key.publicKey(),
    changeKey() {
      key = newKey()
    },
    async add(name, body, over = {}) {
      made += 1
      const isSafetensors = /\.(?:safetensors|sft)$/.test(name)
      const bytes = typeof body === 'string' ? (isSafetensors ? safetensors(body) : Buffer.from(body)) : body
      const path = join(dir, `model-${made}`)
      writeFileSync(path, bytes)
      const { size, mtimeNs } = statSync(path, { bigint: true })
      const model = { name, bytes, sha256: sha256Of(bytes), tensorSha256: isSafetensors ? tensorDigest(bytes) : null }
      const row = aRow(`loras/${name}`, {
        ...{ instanceId: id, path, name, sha256: model.sha256, tensorSha256: model.tensorSha256 },
        ...{ sizeBytes: Number(size), modifiedUs: Number(mtimeNs / 1000n), updatedAt: 1_750_000_000_000 + made },
        ...over,
      })
      await insertRows(db, [row])
      return model
    },
    addRows: (more) =>
      insertRows(
        db,
        more.map((row) => ({ ...row, instanceId: id })),
      ),
    token: async (...permissions) => t.token(`consumer-${++made}`, ...permissions),
    async [Symbol.asyncDispose]() {
      await t[Symbol.asyncDispose]()
      await pool?.close()
      await temp.close()
    },
  }
}
