import { and, desc, eq, inArray, or, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import type { Db } from '../db/db.ts'
import { toIso } from '../lib/clock.ts'
import { isFinal, type JobRow } from './job.ts'
import { type JobStatus, jobsTable } from './table.ts'

export interface JobFilter {
  readonly kinds: readonly string[]
  readonly batchId?: string | undefined
  /** The status that callers know. */
  readonly state?: string | undefined
  readonly owner?: string | undefined
}

/** Ended jobs in which something waits for what somebody has to do. */
export interface BlockedQuery {
  readonly kinds: readonly string[]
  /** What callers see as the status of such jobs. */
  readonly state: string
  /** One of these is the reason. */
  readonly reasons: readonly string[]
  readonly owner?: string | undefined
  /** Only what was to come from this node. */
  readonly node?: string | undefined
  /** Only what was to wait until a time that has come since the job ended, in milliseconds since the epoch. */
  readonly dueAt?: number | undefined
  /** Of each kind so many of the newest are looked at. */
  readonly limit: number
}

/** Ended jobs that were about one content. */
export interface EndedOfQuery {
  readonly kind: string
  /** What callers see as the status of such jobs. */
  readonly states: readonly string[]
  /** Lower-case hex. */
  readonly sha256: string
  /** Their ids, as job objects list them. */
  readonly sources: readonly string[]
  /** Of each state so many of the newest are looked at. */
  readonly limit: number
}

/** Ended jobs that lack something which is here now. */
export interface LackingQuery {
  readonly kind: string
  /** What callers see as the status of such jobs. */
  readonly state: string
  /** Lower-case hex. */
  readonly sha256: string
  readonly civitaiVersionIds: readonly number[]
  /** Ids of downloads that have brought it. */
  readonly downloadIds: readonly string[]
  /** So many of the newest are looked at. */
  readonly limit: number
}

/** Jobs by what stands in their objects. */
export interface JobQueries {
  /** Their ids, the newest of each kind first: `reason_code` stands in the job object itself or in a dependency. */
  findBlocked(query: BlockedQuery): Promise<string[]>
  /** Ended jobs whose object names this digest, or one of these sources and no digest at all; the newest first. */
  findEndedOf(query: EndedOfQuery): Promise<JobRow[]>
  /**
   * Ids of ended jobs of which a dependency that is not there is known by one of these; the newest first. What somebody
   * has cancelled is not wanted.
   */
  findLacking(query: LackingQuery): Promise<string[]>
  /** Ids of live jobs of which a dependency waits for this download, as their job objects were stored last. */
  findWaitingFor(downloadId: string): Promise<string[]>
}

export interface JobQueriesDeps {
  readonly db: Pick<Db, 'read'>
  readonly instanceId: () => string
  /** Of jobs of this host. */
  readonly where: (filter: JobFilter) => SQL | undefined
}

export const LIVE: readonly JobStatus[] = ['queued', 'running', 'paused']

export function createJobQueries({ db, instanceId, where }: JobQueriesDeps): JobQueries {
  function blockedOf(kind: string, { state, reasons, owner, node, dueAt, limit }: BlockedQuery) {
    const newest = db.read
      .select({ id: jobsTable.id, view: jobsTable.view, updatedAt: jobsTable.updatedAt })
      .from(jobsTable)
      .where(where({ kinds: [kind], state, owner }))
      .orderBy(desc(jobsTable.createdAt), desc(jobsTable.id))
      .limit(limit)
      .as('newest')
    const isBlocked = (holder: SQL): SQL => {
      const isAnyFor = sql`${holder} ->> 'reason_code' in ${[...reasons]}`
      const ofNode = sql`${isAnyFor} and ${node ?? null} in (${holder} ->> 'node', ${holder} ->> 'resolved_node')`
      const isFor = node === undefined ? isAnyFor : ofNode
      if (dueAt === undefined) return isFor
      const endedAt = sql`strftime('%Y-%m-%dT%H:%M:%fZ', ${newest.updatedAt} / 1000.0, 'unixepoch')`
      return sql`${isFor} and ${holder} ->> 'until' <= ${toIso(dueAt)} and ${holder} ->> 'until' > ${endedAt}`
    }
    const inDependency = sql`exists (select 1 from json_each(${newest.view}, '$.dependencies') as dependency
      where ${isBlocked(sql`dependency.value`)})`
    return db.read
      .select({ id: newest.id })
      .from(newest)
      .where(sql`(${isBlocked(sql`${newest.view}`)}) or ${inDependency}`)
  }

  return {
    async findBlocked(query) {
      const found = await Promise.all(query.kinds.map((kind) => blockedOf(kind, query)))
      return found.flat().map(({ id }) => id)
    },
    async findEndedOf({ kind, states, sha256, sources, limit }) {
      const lists = states.map((state) => {
        const newest = db.read
          .select({ id: jobsTable.id })
          .from(jobsTable)
          .where(where({ kinds: [kind], state }))
          .orderBy(desc(jobsTable.createdAt), desc(jobsTable.id))
          .limit(limit)
        const named = sql`${jobsTable.view} ->> 'sha256'`
        const isOfSource = sql`${named} is null and exists (select 1 from json_each(${jobsTable.view}, '$.sources') as source
          where source.value ->> 'id' in ${[...sources]})`
        const isOf = sources.length === 0 ? sql`${named} = ${sha256}` : sql`(${named} = ${sha256} or (${isOfSource}))`
        return db.read
          .select()
          .from(jobsTable)
          .where(and(inArray(jobsTable.id, newest), isOf))
      })
      return (await Promise.all(lists)).flat().filter(({ status }) => isFinal(status))
    },
    async findLacking({ kind, state, sha256, civitaiVersionIds, downloadIds, limit }) {
      const newest = db.read
        .select({ id: jobsTable.id, view: jobsTable.view })
        .from(jobsTable)
        .where(where({ kinds: [kind], state }))
        .orderBy(desc(jobsTable.createdAt), desc(jobsTable.id))
        .limit(limit)
        .as('newest')
      const isNamed = or(
        sql`dependency.value ->> 'sha256' = ${sha256}`,
        ...[inOf('download_job_id', downloadIds), inOf('civitai.version_id', civitaiVersionIds)],
      )
      const other = alias(jobsTable, 'other')
      const cancelled = db.read
        .select({ id: other.id })
        .from(other)
        .where(and(sql`${other.id} = dependency.value ->> 'download_job_id'`, eq(other.status, 'cancelled')))
      const isLacking = sql`exists (select 1 from json_each(${newest.view}, '$.dependencies') as dependency
        where dependency.value ->> 'status' in ('blocked', 'failed') and (${isNamed}) and not exists ${cancelled})`
      return (await db.read.select({ id: newest.id }).from(newest).where(isLacking)).map(({ id }) => id)
    },
    async findWaitingFor(downloadId) {
      const isNamed = sql`exists (select 1 from json_each(${jobsTable.view}, '$.dependencies') as dependency
        where dependency.value ->> 'download_job_id' = ${downloadId})`
      const isLive = inArray(jobsTable.status, [...LIVE])
      const rows = await db.read
        .select({ id: jobsTable.id })
        .from(jobsTable)
        .where(and(eq(jobsTable.instanceId, instanceId()), isLive, isNamed))
      return rows.map(({ id }) => id)
    },
  }
}

const inOf = (path: string, values: readonly (string | number)[]): SQL | undefined =>
  values.length === 0 ? undefined : sql`dependency.value ->> ${`$.${path}`} in ${[...values]}`
