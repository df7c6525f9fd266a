import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createLockWait } from '../../src/download/lock-wait.ts'
import { takePartLock } from '../../src/download/part-lock.ts'
import { AppError } from '../../src/errors.ts'
import { HIGH, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'
import { aSource, cleanUp, download, newTarget, serve, sha256 } from './world.ts'

cleanUp()
const file = payloadBytes(HIGH.seed)
const request = { expected: { sha256: sha256(file) } }

const children: Bun.Subprocess[] = []
const strays: number[] = []
afterEach(async () => {
  // Those that nobody looks after keep their numbers until their parents end.
  for (const pid of strays.splice(0)) process.kill(pid, 'SIGKILL')
  for (const child of children.splice(0)) {
    child.kill('SIGKILL')
    await child.exited
  }
})

const statOf = (pid: number): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
const markOf = (pid: number): string => `${hostname().replace(/\s/g, '_')} ${pid} ${statOf(pid)[19]}\n`

/** Lives as long as nothing closes its input. */
function named(path: string): string {
  writeFileSync(path, '#!/bin/sh\nread line\n', { mode: 0o755 })
  return path
}

function living(program = 'cat'): Bun.Subprocess {
  const child = Bun.spawn([program], { stdin: 'pipe' })
  children.push(child)
  return child
}

/** A command whose parent never looks after it, as the first process of a container may not; gives its process. */
async function neglected(...command: readonly string[]): Promise<number> {
  const parent = Bun.spawn(['sh', '-c', 'exec 3<&0; "$@" <&3 >/dev/null & echo $!; exec sleep 600', 'sh', ...command], {
    stdin: 'pipe',
    stdout: 'pipe',
  })
  children.push(parent)
  let said = ''
  for await (const bytes of parent.stdout) {
    said += Buffer.from(bytes).toString()
    if (said.endsWith('\n')) break
  }
  // Until then the shell is still there, which would.
  await hasName(parent.pid, 'sleep')
  const pid = Number(said)
  strays.push(pid)
  return pid
}

/** A new process has its name from the moment on that it is another program. */
async function hasName(pid: number, name: string): Promise<void> {
  while (readFileSync(`/proc/${pid}/comm`, 'utf8') !== `${name}\n`) await pause(1)
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  while (statOf(pid)[0] !== 'Z') await pause(1)
}

describe('a writer that was killed', () => {
  test('is gone, though nobody has looked after it: what it had is gone on with', async () => {
    const server = await serve(file, ({ index }) => (index < 1 ? { stallAfter: 1_500_000 } : {}))
    const target = newTarget()
    const program = join(import.meta.dir, 'download-child.ts')
    const pid = await neglected(process.execPath, program, target, server.url, request.expected.sha256)
    // Only the notes on the disk tell what the other process has made durable.
    while (!existsSync(`${target}.part.json`)) await pause(5)
    await kill(pid)
    const found = await download({ target, sources: [aSource(server.url)], request })
    expect(found).toMatchObject(request.expected)
    expect(found.fetchedBytes).toBeLessThan(file.length)
    expect(statOf(pid)[0]).toBe('Z')
    expect(readdirSync(dirname(target))).toEqual([basename(target)])
  })

  test('under a name that tells of a living one is gone too', async () => {
    const lock = `${newTarget()}.part.lock`
    const pid = await neglected(named(join(dirname(lock), 'x) R (1 ')))
    await hasName(pid, 'x) R (1 ')
    writeFileSync(lock, markOf(pid))
    await kill(pid)
    await (await takePartLock(lock)).release()
  })
})

describe('a writer that lives', () => {
  test('is not taken for a dead one by its name', async () => {
    const lock = `${newTarget()}.part.lock`
    const { pid } = living(named(join(dirname(lock), 'x) Z (1 ')))
    await hasName(pid, 'x) Z (1 ')
    const mark = markOf(pid)
    writeFileSync(lock, mark)
    expect(await rejection(takePartLock(lock))).toMatchObject({ code: 'conflict' })
    expect(readFileSync(lock, 'utf8')).toBe(mark)
  })

  test('is waited for until it ends', async () => {
    const lock = `${newTarget()}.part.lock`
    const writer = living()
    writeFileSync(lock, markOf(writer.pid))
    let waits = 0
    const taken = await takePartLock(lock, async () => {
      waits += 1
      writer.kill('SIGKILL')
      await writer.exited
      return true
    })
    expect(waits).toBe(1)
    await taken.release()
    expect(existsSync(lock)).toBe(false)
  })

  test('is waited for within this process too', async () => {
    const lock = `${newTarget()}.part.lock`
    const first = await takePartLock(lock)
    const second = await takePartLock(lock, async () => {
      await first.release()
      return true
    })
    expect(existsSync(lock)).toBe(true)
    await second.release()
  })

  test('ends the download where the wait does', async () => {
    const server = await serve(file)
    const target = newTarget()
    writeFileSync(`${target}.part.lock`, markOf(living().pid))
    const running = download({ target, sources: [aSource(server.url)], request, tuning: { lockWaitMs: 0 } })
    expect(await rejection(running)).toMatchObject({ code: 'conflict' })
  })
})

describe('a writer on another machine', () => {
  const MARK = 'gpu-box 5 12345\n'
  let lock: string
  /** Of this machine, in milliseconds; never set. */
  let now: number
  /** Longest wait that was asked for. */
  let most: number
  beforeEach(() => {
    lock = `${newTarget()}.part.lock`
    now = 0
    most = 0
  })

  const leave = (ageMs: number): void => {
    writeFileSync(lock, MARK)
    touch(ageMs)
  }
  const touch = (ageMs: number): void => utimesSync(lock, new Date(Date.now() - ageMs), new Date(Date.now() - ageMs))

  /** As time goes by, up to half a minute, and longer where that was asked for. */
  const take = (each: () => void = () => {}) =>
    takePartLock(
      lock,
      async (leastMs = 0) => {
        most = Math.max(most, leastMs)
        now += 5_000
        each()
        return now < Math.max(30_000, leastMs)
      },
      { now: () => now, date: () => Date.now() + now },
    )

  test('is waited for, and named where it goes on', async () => {
    leave(0)
    const error = await rejection(take(() => touch(0)))
    expect(error).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('gpu-box'),
      hint: expect.stringContaining(basename(lock)),
    })
    expect(String(error)).not.toContain(dirname(lock))
    expect(now).toBe(30_000)
    expect(readFileSync(lock, 'utf8')).toBe(MARK)
  })

  test('lives however wrong the clocks are', async () => {
    for (const ageMs of [86_400_000, -86_400_000]) {
      now = 0
      leave(ageMs)
      const error = await rejection(take(() => touch(ageMs - now)))
      expect(error).toMatchObject({ code: 'conflict' })
      expect(readFileSync(lock, 'utf8')).toBe(MARK)
    }
  })

  test('is gone when it has been silent for long, and still is while it is looked at', async () => {
    leave(3_600_000)
    const mine = await take()
    expect(now).toBe(50_000)
    expect(readFileSync(lock, 'utf8')).not.toBe(MARK)
    await mine.release()
  })

  test('that was heard of a moment ago is waited for until it is gone', async () => {
    leave(10_000)
    const mine = await take()
    expect(now).toBe(50_000)
    expect(most).toBeGreaterThan(60_000)
    await mine.release()
  })

  test('that has ended is followed at once', async () => {
    leave(0)
    const mine = await take(() => rmSync(lock))
    expect(now).toBe(5_000)
    await mine.release()
  })

  test('whose mark is no text of ours is not repeated', async () => {
    writeFileSync(lock, `${'<b>\u001b[31m'.repeat(40)} 5 12345\n`)
    const error = await rejection(take(() => touch(0)))
    expect(String(error)).not.toContain('<b>')
    expect(String(error)).not.toContain('\u001b')
  })
})

describe('the wait for a lock', () => {
  test('goes on until its time is over', async () => {
    let now = 0
    const wait = createLockWait({ forMs: 100, signal: new AbortController().signal, now: () => now })
    expect(await wait()).toBe(true)
    now = 99
    expect(await wait()).toBe(true)
    now = 100
    expect(await wait()).toBe(false)
    expect(await wait(150)).toBe(true)
    now = 150
    expect(await wait(150)).toBe(false)
  })

  test('ends with a cancel', async () => {
    const stop = new AbortController()
    const waiting = rejection(createLockWait({ forMs: 600_000, signal: stop.signal })())
    stop.abort(new AppError('cancelled', 'Stopped'))
    expect(await waiting).toMatchObject({ code: 'cancelled', message: 'Stopped' })
  })
})
