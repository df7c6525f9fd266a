import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { silentLog } from '../../../src/lib/log.ts'
import type { ModelRow } from '../../../src/models/library/rows.ts'
import { CORES } from '../../../src/models/model-library.ts'
import { createVolumeDigests } from '../../../src/models/volume-digests.ts'
import { aModelFile } from '../../support/model-files.ts'
import { needs } from '../../support/requires.ts'
import { openTempDb, type TempDb } from '../../support/temp-db.ts'
import { type TempDir, tempDir } from '../../support/temp-dir.ts'
import { aScanHost, type ScanHost, type ScanHostOptions } from './scan-host.ts'

let temp: TempDb
beforeAll(async () => {
  temp = await openTempDb()
})
afterAll(() => temp.close())

let instances = 0
const aHost = (root: string, more: Partial<ScanHostOptions> = {}): ScanHost =>
  aScanHost({ db: temp.db, instanceId: `host-${++instances}`, roots: [root], ...more })

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

async function rowOf(host: ScanHost, path: string): Promise<ModelRow> {
  const row = (await host.rows()).get(path)
  if (row === undefined) throw new Error(`There is no row of ${path}`)
  return row
}

/** Something that others wait for. */
function aGate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

describe('a file that is not what it was when it was found', () => {
  test('grows while it is hashed: partial, until it rests', async () => {
    using folder = tempDir()
    const path = join(folder.path, 'a.ckpt')
    writeFileSync(path, 'begin')
    // Long enough for a word of its progress.
    truncateSync(path, 512 * 2 ** 20)
    let grown = false
    const host = aHost(folder.path, {
      onBytes() {
        if (!grown) appendFileSync(path, 'more')
        grown = true
      },
    })
    const first = await host.scan()
    expect(first).toMatchObject({ status: 'partially_completed', warnings: [{ place: path }] })
    expect(await rowOf(host, path)).toMatchObject({ sha256: null, hashedAt: null, state: 'partial' })
    truncateSync(path, 1_000)
    expect(await host.scan()).toMatchObject({ status: 'completed', files_hashed: 1 })
    expect(await rowOf(host, path)).toMatchObject({ sha256: sha256(path), state: 'pickle' })
  })

  const CHANGES: [name: string, change: (path: string) => void, after: Partial<ModelRow> | undefined][] = [
    ['was written to', (path) => appendFileSync(path, 'more'), { state: 'pickle' }],
    [
      'was replaced by another one',
      (path) => {
        writeFileSync(`${path}.new`, 'other bytes')
        renameSync(`${path}.new`, path)
      },
      { state: 'pickle' },
    ],
    ['is gone', (path) => rmSync(path), undefined],
    [
      'is a folder',
      (path) => {
        rmSync(path)
        mkdirSync(path)
      },
      undefined,
    ],
    [
      'is a link to another one',
      (path) => {
        writeFileSync(`${path}.txt`, 'elsewhere')
        rmSync(path)
        symlinkSync(`${path}.txt`, path)
      },
      undefined,
    ],
  ]
  test.each(CHANGES)('%s: it gets no digest, and the next scan knows it as it is', async (_, change, after) => {
    using folder = tempDir()
    const path = join(folder.path, 'a.ckpt')
    aModelFile(folder.path, 'b.safetensors', 1)
    writeFileSync(path, 'as it was found')
    let changed = false
    const host = aHost(folder.path, {
      beforeHash(hashed) {
        if (hashed !== path || changed) return
        changed = true
        change(path)
      },
    })
    expect(await host.scan()).toMatchObject({ status: 'partially_completed', warnings: [{ place: path }] })
    expect(await rowOf(host, path)).toMatchObject({ sha256: null, hashedAt: null })
    expect((await rowOf(host, join(folder.path, 'b.safetensors'))).sha256).not.toBeNull()
    expect(await host.scan()).toMatchObject({ status: 'completed' })
    const row = (await host.rows()).get(path)
    if (after === undefined) expect(row).toBeUndefined()
    else expect(row).toMatchObject({ ...after, sha256: sha256(path) })
  })
})

describe('what is no model file', () => {
  const HUGE = Buffer.alloc(8)
  HUGE.writeBigUInt64LE(2n ** 63n)
  const BLANKS = 100_000_000
  const longHeader = (): Buffer => {
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(BLANKS))
    const header = Buffer.alloc(BLANKS, ' ')
    header.write('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}')
    header.write('}', BLANKS - 1)
    return Buffer.concat([length, header, Buffer.from('x')])
  }
  const CASES: [name: string, file: string, content: () => string | Uint8Array, state: string, hashed: boolean][] = [
    ['a header of 2^63 bytes', 'a.safetensors', () => Buffer.concat([HUGE, Buffer.from('{}')]), 'corrupt', false],
    ['a header of 100 MB', 'a.safetensors', longHeader, 'ok', true],
    ['a web page', 'a.safetensors', () => '<!doctype html><title>Sign in</title>', 'html', false],
    ['nothing', 'a.safetensors', () => '', 'truncated', false],
    ['a gguf without an end', 'a.gguf', () => 'GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7f', 'corrupt', false],
  ]
  test.each(CASES)('%s', async (_, file, content, state, isHashed) => {
    using folder = tempDir()
    const path = join(folder.path, file)
    writeFileSync(path, content())
    const host = aHost(folder.path)
    expect(await host.scan()).toMatchObject({ status: 'completed', files: 1 })
    const row = await rowOf(host, path)
    expect([row.state, row.sha256 !== null]).toEqual([state as ModelRow['state'], isHashed])
  })

  test.skipIf(!needs('mkfifo'))('FIFOs, devices, and links to them', async () => {
    using folder = tempDir()
    const at = (name: string): string => join(folder.path, name)
    Bun.spawnSync(['mkfifo', at('pipe.safetensors')])
    symlinkSync('pipe.safetensors', at('to-pipe.safetensors'))
    symlinkSync('/dev/zero', at('zero.ckpt'))
    symlinkSync('loop.ckpt', at('loop.ckpt'))
    symlinkSync('nowhere', at('nowhere.ckpt'))
    aModelFile(folder.path, 'b.safetensors', 1)
    const host = aHost(folder.path)
    const job = await host.scan()
    expect(job).toMatchObject({ status: 'completed', files: 1, files_hashed: 1, warning_count: 5 })
    expect(host.hashed).toEqual([at('b.safetensors')])
  })

  test('names with line breaks and of 255 bytes are names, those that are no UTF-8 are told of', async () => {
    using folder = tempDir()
    const names = [
      'two\nlines.safetensors',
      `${'n'.repeat(255 - '.safetensors'.length)}.safetensors`,
      '\u{1f4be}\ufffd.ckpt',
    ]
    for (const [at, name] of names.entries()) aModelFile(folder.path, name, at)
    await writeFile(Buffer.concat([Buffer.from(`${folder.path}/bad`), Buffer.from([0xff]), Buffer.from('.ckpt')]), 'x')
    const host = aHost(folder.path)
    const job = await host.scan()
    expect(job).toMatchObject({ status: 'completed', files: 3, files_hashed: 3, warning_count: 1 })
    expect([...(await host.rows()).values()].map(({ relative }) => relative).toSorted()).toEqual(names.toSorted())
    expect(await host.scan()).toMatchObject({ unchanged: 3 })
  })
})

describe('a file of 200 GB', () => {
  /** It takes no room: nothing but its size is written. */
  function aLargeFile(folder: TempDir): string {
    const path = join(folder.path, 'large.ckpt')
    writeFileSync(path, '')
    truncateSync(path, 200 * 2 ** 30)
    return path
  }

  test('a scan of it is paused, goes on and is cancelled at once', async () => {
    using folder = tempDir()
    const path = aLargeFile(folder)
    aModelFile(folder.path, 'small.safetensors', 1)
    let reading = aGate()
    const host = aHost(folder.path, {
      onBytes: (read) => {
        if (read === path) reading.open()
      },
    })
    await host.jobs.start()
    const { job_id } = await host.invoke('scan_models', {})
    await reading.opened
    expect(await host.invoke('pause_model_job', { job_id: String(job_id) })).toMatchObject({ status: 'paused' })
    await host.jobs.whenIdle()
    expect((await rowOf(host, join(folder.path, 'small.safetensors'))).sha256).not.toBeNull()

    reading = aGate()
    await host.invoke('retry_model_job', { job_id: String(job_id) })
    await reading.opened
    expect(host.hashed.filter((read) => read !== path)).toHaveLength(1)
    expect(await host.invoke('cancel_model_job', { job_id: String(job_id) })).toMatchObject({ status: 'cancelled' })
    await host.jobs.whenIdle()
    expect(await host.job(job_id)).toMatchObject({ status: 'cancelled' })
    expect(await rowOf(host, path)).toMatchObject({ state: 'pickle', sha256: null })
  })

  test('one that stops while it is hashed goes on with the next start', async () => {
    using folder = tempDir()
    const path = aLargeFile(folder)
    const reading = aGate()
    const host = aHost(folder.path, { onBytes: () => reading.open() })
    await host.jobs.start()
    const { job_id } = await host.invoke('scan_models', {})
    await reading.opened
    await host.jobs.stop()
    truncateSync(path, 1_000)
    await host.jobs.start()
    await host.jobs.whenIdle()
    // It was shortened after it had been found, and before the walk of the second run.
    expect(await host.job(job_id)).toMatchObject({ status: 'completed', files_hashed: 1 })
    expect(await rowOf(host, path)).toMatchObject({ sha256: sha256(path), sizeBytes: 1_000 })
  })
})

describe('who asks', () => {
  test('two scans of the same folders are one', async () => {
    using folder = tempDir()
    const gate = aGate()
    const begun = aGate()
    aModelFile(folder.path, 'a.safetensors', 1)
    const host = aHost(folder.path, {
      beforeHash() {
        begun.open()
        return gate.opened
      },
    })
    await host.jobs.start()
    const { job_id } = await host.invoke('scan_models', {})
    await begun.opened
    expect(await host.invoke('scan_models', {})).toMatchObject({ job_id: job_id ?? null })
    gate.open()
    await host.jobs.whenIdle()
    expect(host.hashed).toHaveLength(1)
    expect(await host.invoke('scan_models', {})).not.toMatchObject({ job_id: job_id ?? null })
    await host.jobs.whenIdle()
  })

  test('for one file while a scan hashes others gets it first', async () => {
    using folder = tempDir()
    const gate = aGate()
    const begun = aGate()
    // The small ones come first: what is asked for would be the last.
    for (let at = 0; at < CORES + 5; at += 1) aModelFile(folder.path, `${at}.safetensors`, at, 1_000 + at)
    const wanted = aModelFile(folder.path, 'wanted.safetensors', 99, 100_000)
    const host = aHost(folder.path, {
      beforeHash(path) {
        begun.open()
        return path === wanted.path ? undefined : gate.opened
      },
    })
    await host.jobs.start()
    await host.invoke('scan_models', {})
    await begun.opened
    const library = await host.library.open([], new AbortController().signal)
    const file = (await library.unhashed()).find(({ path }) => path === wanted.path)
    if (file === undefined) throw new Error('The file is not in the library')
    await library.digest(file)
    expect(file.digests).toMatchObject({ sha256: wanted.sha256, tensorSha256: wanted.tensorSha256 })
    // No other one is through by then.
    expect([...(await host.rows()).values()].filter((row) => row.sha256 !== null)).toHaveLength(1)
    gate.open()
    await host.jobs.whenIdle()
    expect(host.hashed).toHaveLength(CORES + 6)
    expect([...(await host.rows()).values()].every((row) => row.sha256 !== null)).toBe(true)
  })
})

describe('a process that ends in the middle', () => {
  const hashedOf = async (host: ScanHost): Promise<number> =>
    [...(await host.rows()).values()].filter((row) => row.hashedAt !== null).length

  /** Hosts that take over from one another, as processes do: each is left where it stands. */
  function lives(root: string, instanceId: string) {
    return {
      /** Scans until so many files are hashed, then nothing of it goes on. */
      async cutOffAfter(files: number): Promise<ScanHost> {
        const gate = aGate()
        const stored = aGate()
        const host = aScanHost({
          db: temp.db,
          instanceId,
          roots: [root],
          async beforeHash() {
            if (host.hashed.length <= files) return
            await gate.opened
          },
        })
        const before = await hashedOf(host)
        let ended = false
        host.events.subscribe((event) => {
          ended ||= event.final
          if (event.id !== undefined && (event.final || Number(event.data['files_hashed']) > 0)) stored.open()
        })
        await host.jobs.start()
        await host.invoke('scan_models', {})
        await stored.opened
        while (!ended && (await hashedOf(host)) < before + files) await setImmediate()
        return host
      },
      next: () => aScanHost({ db: temp.db, instanceId, roots: [root] }),
    }
  }

  test('the next one goes on by itself and hashes nothing twice', async () => {
    using folder = tempDir()
    for (let at = 0; at < 6; at += 1) aModelFile(folder.path, `${at}.safetensors`, at, 1_000 + at)
    const process = lives(folder.path, 'cut-off')
    const first = await process.cutOffAfter(2)
    const before = await first.rows()
    const second = process.next()
    await second.jobs.start()
    await second.jobs.whenIdle()
    const after = await second.rows()
    expect([...after.values()].every((row) => row.sha256 === sha256(row.path))).toBe(true)
    for (const [path, { hashedAt }] of before) {
      if (hashedAt !== null) expect(second.hashed).not.toContain(path)
    }
    const jobs = await second.invoke('list_model_jobs', {})
    expect(jobs).toMatchObject({ count: 1, items: [{ status: 'completed' }] })
  })

  test('again and again: a scan that gets on is not taken for what ends it', async () => {
    using folder = tempDir()
    for (let at = 0; at < 10; at += 1) aModelFile(folder.path, `${at}.safetensors`, at, 1_000 + at)
    const process = lives(folder.path, 'often')
    for (let at = 1; at < 9; at += 1) await process.cutOffAfter(1)
    const last = process.next()
    await last.jobs.start()
    await last.jobs.whenIdle()
    expect(await last.invoke('list_model_jobs', {})).toMatchObject({ count: 1, items: [{ status: 'completed' }] })
  })
})

describe('a volume that comes to another host', () => {
  /** The data directory is on another filesystem than any model folder. */
  const volumes = createVolumeDigests({ dataDir: '/proc', log: silentLog })
  const digestFile = (root: string): string => join(root, '.airkeep/digests.jsonl')

  async function aVolume(): Promise<TempDir> {
    const folder = tempDir()
    for (let at = 0; at < 4; at += 1) aModelFile(folder.path, `loras/${at}.safetensors`, at, 1_000 + at)
    await aHost(folder.path, { volumes }).scan()
    return folder
  }

  /** As whoever may write to the volume could: with an end that fits. */
  function tamper(root: string, change: (entry: unknown[]) => void): void {
    const lines = readFileSync(digestFile(root), 'utf8').split('\n').slice(0, -2)
    const entries = lines.slice(1).map((line) => JSON.parse(line) as unknown[])
    for (const entry of entries) change(entry)
    const body = `${[lines[0], ...entries.map((entry) => JSON.stringify(entry))].join('\n')}\n`
    const end = { entries: entries.length, sha256: createHash('sha256').update(body).digest('hex') }
    writeFileSync(digestFile(root), `${body}${JSON.stringify(end)}\n`)
  }

  test('is known there without a byte being hashed', async () => {
    using folder = await aVolume()
    const other = aHost(folder.path, { volumes })
    expect(await other.scan()).toMatchObject({ status: 'completed', added: 4 })
    expect(other.hashed).toEqual([])
    for (const row of (await other.rows()).values()) {
      expect(row).toMatchObject({ sha256: sha256(row.path), digestSource: 'volume', state: 'ok' })
      expect(row.tensorSha256).not.toBeNull()
    }
  })

  test('what changed meanwhile is hashed', async () => {
    using folder = await aVolume()
    aModelFile(folder.path, 'loras/1.safetensors', 77)
    aModelFile(folder.path, 'loras/new.safetensors', 78)
    const other = aHost(folder.path, { volumes })
    await other.scan()
    expect(other.hashed.toSorted()).toEqual(['1', 'new'].map((name) => join(folder.path, `loras/${name}.safetensors`)))
    // And left for the one after it.
    const third = aHost(folder.path, { volumes })
    await third.scan()
    expect(third.hashed).toEqual([])
  })

  const WRONG = 'ab'.repeat(32)
  const TAMPERED: [name: string, change: (entry: unknown[]) => void][] = [
    [
      'a wrong digest and a wrong sample',
      (entry) => {
        entry[3] = WRONG
        entry[8] = WRONG
      },
    ],
    [
      'a wrong digest and no sample',
      (entry) => {
        entry[3] = WRONG
        entry[8] = null
      },
    ],
  ]
  test.each(TAMPERED)('%s are refuted', async (_, change) => {
    using folder = await aVolume()
    tamper(folder.path, change)
    const other = aHost(folder.path, { volumes })
    expect(await other.scan()).toMatchObject({ status: 'completed' })
    expect(other.hashed).toHaveLength(4)
    for (const row of (await other.rows()).values()) {
      expect(row).toMatchObject({ sha256: sha256(row.path), digestSource: 'computed' })
    }
  })

  test('bytes that were replaced under their old size and time are noticed', async () => {
    using folder = await aVolume()
    const path = join(folder.path, 'loras/2.safetensors')
    const entry = readFileSync(digestFile(folder.path), 'utf8')
      .split('\n')
      .find((line) => line.includes('2.safetensors'))
    const [, , modifiedUs] = JSON.parse(entry ?? '[]') as [string, number, number]
    aModelFile(folder.path, 'loras/2.safetensors', 88, 1_002)
    utimesSync(path, modifiedUs / 1e6, modifiedUs / 1e6)
    // Rounded on its way through a float: the entry is given the time that the file has.
    const now = Number(statSync(path, { bigint: true }).mtimeNs / 1000n)
    tamper(folder.path, (each) => {
      if (each[0] === 'loras/2.safetensors') each[2] = now
    })
    const other = aHost(folder.path, { volumes })
    expect(await other.scan()).toMatchObject({ status: 'completed', replaced: 1 })
    expect(other.hashed).toEqual([path])
    expect((await rowOf(other, path)).sha256).toBe(sha256(path))
  })

  test('a writer that was killed has left the old ones, and its scraps do no harm', async () => {
    using folder = await aVolume()
    const before = readFileSync(digestFile(folder.path), 'utf8')
    const scrap = join(folder.path, '.airkeep/.digests.jsonl.tmp_0123456789abcdefghij')
    writeFileSync(scrap, before.slice(0, 100))
    utimesSync(scrap, 1e9, 1e9)
    aModelFile(folder.path, 'loras/new.safetensors', 79)
    const other = aHost(folder.path, { volumes })
    await other.scan()
    expect(other.hashed).toEqual([join(folder.path, 'loras/new.safetensors')])
    expect(readdirSync(join(folder.path, '.airkeep'))).toEqual(['digests.jsonl'])
    expect((await volumes.read(folder.path)).size).toBe(5)
  })

  test('that is full costs nothing but what it would have carried', async () => {
    using folder = tempDir()
    const full = { ...volumes, write: async () => Promise.reject(new Error('ENOSPC')) }
    aModelFile(folder.path, 'a.safetensors', 1)
    expect(await aHost(folder.path, { volumes: full }).scan()).toMatchObject({ status: 'completed', files_hashed: 1 })
  })
})
