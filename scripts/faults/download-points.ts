import { dirname } from 'node:path'
import { type ChildTask, type RunningDownload, startDownload } from './download-run.ts'
import {
  bytesIn,
  type CaseReport,
  type Deviation,
  emptyFolder,
  grouped,
  MIB,
  notedOf,
  SMALL_TUNING,
  serveFile,
  spoilUnnoted,
  testFile,
  wrongAtEnd,
  wrongUnderName,
} from './download-scene.ts'

const FILE_BYTES = 3 * MIB
/** Calls that change what a later run finds. */
const CHANGING = 'openat,pwrite64,write,fsync,fdatasync,ftruncate,fchmod,rename,renameat2,link,linkat,unlink,unlinkat'
/** Between a call and the next one of the same thread: long enough to be killed in. */
const DELAY_US = 60_000
const TRACED = CHANGING.replace('openat,', '')

/** Each call is told as soon as it is done, and holds up the thread that made it. */
const UNDER_STRACE = [
  ...['strace', '-f', '-qq', '-y', '-s', '0', '-e', `trace=${CHANGING}`],
  ...['-e', `inject=${TRACED}:delay_exit=${DELAY_US}`],
]

/**
 * Kills a download after its first, second, third … call that changes anything in the folder: after each write, sync,
 * rename, link and removal there is. Then what no note vouches for is spoiled, and the next run may end.
 */
export async function crashesAtEachCall(folder: string, every: number): Promise<CaseReport> {
  const file = testFile(2, FILE_BYTES)
  const target = `${folder}/points/model.safetensors`
  const server = await serveFile(file)
  const task: ChildTask = {
    ...{ target, urls: [server.url], sha256: file.sha256, maxRanges: 2 },
    tuning: { ...SMALL_TUNING, syncEveryMs: 1, syncEveryBytes: MIB },
  }
  const deviations: Deviation[] = []
  const kinds = new Map<string, number>()
  let crashes = 0
  let most = 0
  let withName = 0
  try {
    for (let nth = 1; ; nth += every) {
      emptyFolder(dirname(target))
      const total = server.sentBytes()
      const { last, crashed } = await crashAfter(nth)
      if (!crashed) break
      crashes += 1
      // It goes on sending until it notices.
      while (server.atOnce() > 0) await Bun.sleep(5)
      const what = describe(last)
      kinds.set(what, (kinds.get(what) ?? 0) + 1)
      const wrong = wrongUnderName(target, file)
      if (await Bun.file(target).exists()) withName += 1
      const noted = notedOf(target)
      most = Math.max(most, server.sentBytes() - total - bytesIn(noted))
      const sent = noted.map(([begin, end]) => server.sentOf(begin, end))
      spoilUnnoted(target)
      const outcome = await startDownload(task).ended
      if (outcome?.code !== 'ok') wrong.push(`the next run ended with ${outcome?.code} ${outcome?.message}`)
      const again = noted.filter(([begin, end], at) => server.sentOf(begin, end) !== sent[at])
      if (again.length > 0) wrong.push(`sent again, though noted: ${JSON.stringify(again)}`)
      wrong.push(...wrongAtEnd(target, file))
      deviations.push(...wrong.map((text) => ({ when: `call ${nth}, ${what}`, what: text })))
    }
  } finally {
    await server.close()
  }
  const told = [...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ')
  return {
    name: 'a crash after each call that changes the folder',
    figures: `${crashes} crashes (${told}), ${withName} of them when the file had its name; sent and not noted by then: at most ${(most / MIB).toFixed(1)} MiB`,
    deviations: grouped(deviations),
  }

  async function crashAfter(nth: number): Promise<{ readonly last: string; readonly crashed: boolean }> {
    const run = startDownload(task, UNDER_STRACE)
    const last = killAfter(run, nth)
    return { crashed: (await run.ended) === undefined, last: await last }
  }

  async function killAfter(run: RunningDownload, nth: number): Promise<string> {
    let seen = 0
    let last = ''
    for await (const line of run.trace) {
      if (!isAbout(line)) continue
      seen += 1
      if (seen > nth) continue
      last = line
      if (seen === nth) await run.kill()
    }
    return last
  }

  function isAbout(line: string): boolean {
    // Of a call that others interrupted the second half has no path.
    return line.includes(dirname(target)) && !line.includes('O_RDONLY') && !line.includes('ENOENT')
  }
}

const KINDS: readonly (readonly [part: string, what: string])[] = [
  ['.part.json.tmp', 'new notes'],
  ['.part.json', 'the notes'],
  ['.part.lock', 'the lock'],
  ['.part', 'the part'],
]

/** `fsync of the notes`. */
function describe(line: string): string {
  const call = /(\w+)\(/.exec(line)?.[1] ?? 'a call'
  const [, what = 'the folder'] = KINDS.find(([part]) => line.includes(part)) ?? []
  return `${call} of ${what}`
}
