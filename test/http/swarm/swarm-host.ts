import { createHash } from 'node:crypto'
import { realpathSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createChunkHashes } from '../../../src/models/serve/chunks.ts'
import { createServeRule } from '../../../src/models/serve/exclude.ts'
import { createModelServer } from '../../../src/models/serve/model-server.ts'
import { createServedRows } from '../../../src/models/serve/served-rows.ts'
import { createSwarmClaims } from '../../../src/models/serve/swarm-claims.ts'
import { createSwarmSource, type SwarmSource } from '../../../src/models/serve/swarm-source.ts'
import { aRow, type IndexRow, insertRows } from '../../models/serve/index-rows.ts'
import { openTempDb, type TempDb } from '../../support/temp-db.ts'
import { startApp, type TestApp, type TestAppOptions } from '../test-app.ts'

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export interface MadeModel {
  readonly bytes: Buffer
  readonly sha256: string
  readonly tensorSha256: string | null
  readonly row: IndexRow
}

/** A safetensors file of this header text and body. */
export function safetensors(body: Uint8Array | string, metadata: Record<string, string> = {}): Buffer {
  const bytes = Buffer.from(body)
  const tensor = { dtype: 'U8', shape: [bytes.length], data_offsets: [0, bytes.length] }
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata, w: tensor }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header, bytes])
}

/** SHA-256 of what stands behind the header, as whoever received a file works it out. */
export function tensorDigest(file: Buffer): string {
  return sha256Of(file.subarray(8 + Number(file.readBigUInt64LE(0))))
}

export interface SwarmHost extends AsyncDisposable {
  readonly t: TestApp
  readonly temp: TempDb
  readonly source: SwarmSource
  /** Whose index is served. */
  instance: string
  /** A file on the disk, and its row; of type `lora`, listed under `name`. */
  add(name: string, bytes: Buffer, over?: Partial<IndexRow>): Promise<MadeModel>
  /** The same for many at once. */
  addAll(files: readonly (readonly [name: string, bytes: Buffer, over?: Partial<IndexRow>])[]): Promise<MadeModel[]>
}

export interface SwarmHostOptions {
  readonly exclude?: readonly string[]
  readonly connections?: number
  readonly app?: Partial<TestAppOptions>
}

/** The dialect over a real index, real files and the real rule. */
export async function startSwarmHost(options: SwarmHostOptions = {}): Promise<SwarmHost> {
  const temp = await openTempDb()
  const dir = realpathSync(temp.dir)
  const { db } = temp
  // The version of the index is trusted a second after its last change, whose time is in the rows.
  const clock = { now: () => Date.UTC(2026, 7, 1) }
  const instanceId = (): string => host.instance
  const rows = createServedRows({ db, instanceId, roots: () => ['/'] })
  const rule = createServeRule({ exclude: options.exclude ?? [], allowPickle: false, now: clock.now })
  const hashes = { hashChunks: () => Promise.reject(new Error('nothing is hashed for this dialect')) }
  const server = createModelServer({ rows, rule, chunkHashes: createChunkHashes({ db, clock, hashes }) })
  const source = createSwarmSource({
    rows,
    claims: createSwarmClaims({ db, instanceId }),
    rule,
    server,
    clock,
    instanceId,
  })
  const t = await startApp({
    files: { source: server, connections: options.connections ?? 16, bandwidth: 0 },
    swarm: source,
    ...options.app,
  })
  let made = 0

  function make(name: string, bytes: Buffer, over: Partial<IndexRow> = {}): MadeModel {
    made += 1
    const path = join(dir, `model-${made}`)
    writeFileSync(path, bytes)
    const { size, mtimeNs } = statSync(path, { bigint: true })
    const sha256 = sha256Of(bytes)
    const tensorSha256 = /\.(?:safetensors|sft)$/.test(name) ? tensorDigest(bytes) : null
    const row = aRow(`loras/${name}`, {
      instanceId: host.instance,
      path,
      name,
      sizeBytes: Number(size),
      modifiedUs: Number(mtimeNs / 1000n),
      sha256,
      tensorSha256,
      updatedAt: 1_750_000_000_000 + made,
      ...over,
    })
    return { bytes, sha256, tensorSha256, row }
  }

  const host: SwarmHost = {
    t,
    temp,
    source,
    instance: 'inst_swarm',
    add: async (name, bytes, over) => {
      const model = make(name, bytes, over)
      await insertRows(db, [model.row])
      return model
    },
    async addAll(files) {
      const models = files.map(([name, bytes, over]) => make(name, bytes, over))
      await insertRows(
        db,
        models.map(({ row }) => row),
      )
      return models
    },
    async [Symbol.asyncDispose]() {
      await t[Symbol.asyncDispose]()
      await temp.close()
    },
  }
  return host
}
