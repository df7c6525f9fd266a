import { setImmediate } from 'node:timers/promises'
import { and, asc, eq, placeholder as given, gt, isNull, sql } from 'drizzle-orm'
import { MAX_DIGESTS, type VersionId } from '../civitai/model-ids.ts'
import type { ModelLabel } from '../civitai/model-label.ts'
import { type CivitaiModels, MAX_MODELS } from '../civitai/models.ts'
import type { ModelRequestOptions } from '../civitai/wire.ts'
import type { Db } from '../db/db.ts'
import { isEmptyHash, isSha256Hex } from '../hash/digest.ts'
import { type Clock, toIso } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { isFresh, toCivitaiRecord } from './civitai-record.ts'
import { modelFilesTable as files } from './table.ts'

/** Numbers of distinct digests. */
export interface Identified {
  /** Those that Civitai was asked for; known, unknown and failed together. */
  readonly asked: number
  readonly known: number
  readonly unknown: number
  /** Known there, but nobody could be made to say under which name. */
  readonly failed: number
}

export interface IdentifyOptions extends ModelRequestOptions {
  /** `total` is how many digests there are to ask for. */
  readonly onProgress?: (progress: Identified & { readonly total: number }) => void
}

export interface Identifier {
  /**
   * Asks Civitai what this host's files are, by their SHA-256, and stores it. Sends nothing else, and is to be called
   * only when somebody asked for it. Files that were asked for lately are left out, so a run that was cancelled or
   * failed goes on where it stopped: each batch is committed.
   * @throws AppError upstream_unavailable, rate_limited, forbidden, cancelled, and what Db.write throws
   */
  identify(options: IdentifyOptions): Promise<Identified>
}

export interface IdentifierDeps {
  readonly db: Db
  readonly clock: Clock
  readonly instanceId: () => string
  readonly civitai: CivitaiModels
  readonly log: Log
}

/** Rows that are looked through between two turns of the event loop. */
const PAGE = 1_000
/** Digests of one write. */
const GROUP = 500

export function createIdentifier({ db, clock, instanceId, civitai, log }: IdentifierDeps): Identifier {
  // The plus keeps SQLite from choosing the index of the host, which leads to all of its files.
  const ofThisHost = sql`+${files.instanceId} = ${given('instanceId')}`
  const patched = sql`json_patch(coalesce(${files.civitai}, '{}'), ${given('patch')})`
  const storeLabel = db.writer
    .update(files)
    .set({
      civitai: sql`${given('civitai')}`,
      civitaiModelId: sql`${given('modelId')}`,
      civitaiVersionId: sql`${given('versionId')}`,
      // What Civitai calls it outweighs a guess.
      baseModel: sql`coalesce(${given('baseModel')}, ${files.baseModel})`,
      updatedAt: sql`${given('now')}`,
    })
    .where(and(eq(files.sha256, given('sha256')), ofThisHost))
    .prepare()
  const storeIds = db.writer
    .update(files)
    .set({
      civitai: patched,
      civitaiModelId: sql`coalesce(${given('modelId')}, ${files.civitaiModelId})`,
      civitaiVersionId: sql`${given('versionId')}`,
      updatedAt: sql`${given('now')}`,
    })
    .where(and(eq(files.sha256, given('sha256')), ofThisHost))
    .prepare()
  const storeUnknown = db.writer
    .update(files)
    .set({ civitai: patched, updatedAt: sql`${given('now')}` })
    .where(and(sql`${files.sha256} in (select value from json_each(${given('sha256s')}))`, ofThisHost))
    .prepare()

  async function digestsToAsk(signal: AbortSignal): Promise<readonly string[]> {
    const digests = new Set<string>()
    const now = clock.now()
    for (let after = ''; ; ) {
      const rows = await db.read
        .select({
          path: files.path,
          sha256: files.sha256,
          askedAt: inRecord<string>('asked_at'),
          isUnknown: inRecord<number>('unknown'),
          isIncomplete: inRecord<number>('incomplete'),
        })
        .from(files)
        .where(and(eq(files.instanceId, instanceId()), gt(files.path, after), isNull(files.goneAt)))
        .orderBy(asc(files.path))
        .limit(PAGE)
      for (const { sha256, askedAt, isUnknown, isIncomplete } of rows) {
        if (sha256 === null || !isSha256Hex(sha256) || isEmptyHash(sha256)) continue
        if (!isFresh({ askedAt, isPoor: isUnknown === 1 || isIncomplete === 1 }, now)) digests.add(sha256)
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < PAGE) return [...digests]
      after = last.path
      // Embedded statements finish without a turn of the event loop: others are served in between.
      await setImmediate()
      signal.throwIfAborted()
    }
  }

  /** What stays from an earlier answer stays as it was. */
  async function keepUnknown(digests: readonly string[]): Promise<void> {
    const now = clock.now()
    const patch = JSON.stringify({ unknown: true, incomplete: null, asked_at: toIso(now) })
    for (let from = 0; from < digests.length; from += GROUP) {
      const sha256s = JSON.stringify(digests.slice(from, from + GROUP))
      await db.write(async () => {
        await storeUnknown.execute({ patch, sha256s, instanceId: instanceId(), now })
      })
    }
  }

  async function keepLabels(
    found: readonly (readonly [sha256: string, version: VersionId])[],
    labels: ReadonlyMap<number, ModelLabel>,
  ): Promise<void> {
    const now = clock.now()
    await db.write(async () => {
      for (const [sha256, { versionId, modelId }] of found) {
        const label = labels.get(versionId)
        const ids = { sha256, versionId, modelId: label?.modelId ?? modelId ?? null, instanceId: instanceId(), now }
        if (label !== undefined) {
          const { baseModel } = label
          await storeLabel.execute({ ...ids, baseModel, civitai: JSON.stringify(toCivitaiRecord(label, now)) })
        } else {
          const known = { version_id: versionId, ...(modelId === undefined ? {} : { model_id: modelId }) }
          const patch = JSON.stringify({ ...known, incomplete: true, unknown: null, asked_at: toIso(now) })
          await storeIds.execute({ ...ids, patch })
        }
      }
    })
  }

  return {
    async identify({ onProgress, ...options }) {
      const digests = await digestsToAsk(options.signal)
      const sum = { asked: 0, known: 0, unknown: 0, failed: 0 }
      const report = (): void => onProgress?.({ ...sum, total: digests.length })
      report()
      for (let from = 0; from < digests.length; from += MAX_DIGESTS) {
        const batch = digests.slice(from, from + MAX_DIGESTS)
        const found = await civitai.findVersionIds(batch, options)
        const unknown = batch.filter((digest) => !found.has(digest))
        await keepUnknown(unknown)
        sum.asked += unknown.length
        sum.unknown += unknown.length
        report()
        for (const group of byModels(found)) {
          const versions = new Map(group.map(([, version]) => [version.versionId, version]))
          const labels = await civitai.fetchLabels([...versions.values()], options)
          await keepLabels(group, labels)
          const known = group.filter(([, { versionId }]) => labels.has(versionId)).length
          sum.asked += group.length
          sum.known += known
          sum.failed += group.length - known
          report()
        }
      }
      log.info({ ...options.trace, ...sum }, 'asked Civitai what the model files are')
      return sum
    },
  }
}

const inRecord = <T>(field: string) => sql<T | null>`json_extract(${files.civitai}, ${`$.${field}`})`

/** Digests in groups of as many models as one request names. */
function* byModels(
  found: ReadonlyMap<string, VersionId>,
): Generator<readonly (readonly [sha256: string, version: VersionId])[]> {
  const models = new Map<string, [string, VersionId][]>()
  for (const entry of found) {
    const [, { modelId, versionId }] = entry
    const key = modelId === undefined ? `version ${versionId}` : String(modelId)
    const entries = models.get(key)
    if (entries === undefined) models.set(key, [entry])
    else entries.push(entry)
  }
  const groups = [...models.values()]
  for (let from = 0; from < groups.length; from += MAX_MODELS) yield groups.slice(from, from + MAX_MODELS).flat()
}
