import { setImmediate } from 'node:timers/promises'
import { and, asc, eq, placeholder as given, gt, isNull, sql } from 'drizzle-orm'
import type { VersionId } from '../civitai/model-ids.ts'
import type { ModelLabel } from '../civitai/model-label.ts'
import type { Db } from '../db/db.ts'
import { isEmptyHash, isSha256Hex } from '../hash/digest.ts'
import { type Clock, toIso } from '../lib/clock.ts'
import { onFirstUse } from '../lib/on-first-use.ts'
import { isFresh, toCivitaiRecord } from './civitai-record.ts'
import { modelFilesTable as files } from './table.ts'

export interface LabelStoreDeps {
  readonly db: Db
  readonly clock: Clock
  readonly instanceId: () => string
}

/** A file's digest and where Civitai has it. */
export type FoundDigest = readonly [sha256: string, version: VersionId]

/** What Civitai said of this host's files, as the index keeps it. */
export interface LabelStore {
  /** Each digest once of files that Civitai was not asked for lately. @throws the signal's reason */
  digestsToAsk(signal: AbortSignal): Promise<readonly string[]>
  /** At every file with one of these digests; what stays from an earlier answer stays as it was. */
  keepUnknown(digests: readonly string[]): Promise<void>
  /** In one write. Versions without a label keep their ids. */
  keepLabels(found: readonly FoundDigest[], labels: ReadonlyMap<number, ModelLabel>): Promise<void>
}

/** Rows that are looked through between two turns of the event loop. */
const PAGE = 1_000
/** Digests of one write. */
const GROUP = 500

export function createLabelStore({ db, clock, instanceId }: LabelStoreDeps): LabelStore {
  // The plus keeps SQLite from choosing the index of the host, which leads to all of its files.
  const ofThisHost = sql`+${files.instanceId} = ${given('instanceId')}`
  const patched = sql`json_patch(coalesce(${files.civitai}, '{}'), ${given('patch')})`
  const storeLabel = onFirstUse(() =>
    db.writer
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
      .prepare(),
  )
  const storeIds = onFirstUse(() =>
    db.writer
      .update(files)
      .set({
        civitai: patched,
        civitaiModelId: sql`coalesce(${given('modelId')}, ${files.civitaiModelId})`,
        civitaiVersionId: sql`${given('versionId')}`,
        updatedAt: sql`${given('now')}`,
      })
      .where(and(eq(files.sha256, given('sha256')), ofThisHost))
      .prepare(),
  )
  const storeUnknown = onFirstUse(() =>
    db.writer
      .update(files)
      .set({ civitai: patched, updatedAt: sql`${given('now')}` })
      .where(and(sql`${files.sha256} in (select value from json_each(${given('sha256s')}))`, ofThisHost))
      .prepare(),
  )

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

  async function keepUnknown(digests: readonly string[]): Promise<void> {
    const now = clock.now()
    const patch = JSON.stringify({ unknown: true, incomplete: null, asked_at: toIso(now) })
    for (let from = 0; from < digests.length; from += GROUP) {
      const sha256s = JSON.stringify(digests.slice(from, from + GROUP))
      await db.write(async () => {
        await storeUnknown().execute({ patch, sha256s, instanceId: instanceId(), now })
      })
    }
  }

  async function keepLabels(found: readonly FoundDigest[], labels: ReadonlyMap<number, ModelLabel>): Promise<void> {
    const now = clock.now()
    await db.write(async () => {
      for (const [sha256, { versionId, modelId }] of found) {
        const label = labels.get(versionId)
        const ids = { sha256, versionId, modelId: label?.modelId ?? modelId ?? null, instanceId: instanceId(), now }
        if (label !== undefined) {
          const { baseModel } = label
          await storeLabel().execute({ ...ids, baseModel, civitai: JSON.stringify(toCivitaiRecord(label, now)) })
        } else {
          const known = { version_id: versionId, ...(modelId === undefined ? {} : { model_id: modelId }) }
          const patch = JSON.stringify({ ...known, incomplete: true, unknown: null, asked_at: toIso(now) })
          await storeIds().execute({ ...ids, patch })
        }
      }
    })
  }

  return { digestsToAsk, keepUnknown, keepLabels }
}

const inRecord = <T>(field: string) => sql<T | null>`json_extract(${files.civitai}, ${`$.${field}`})`
