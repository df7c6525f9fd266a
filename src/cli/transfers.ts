import type { JsonObject } from '../lib/json.ts'
import { hasEnded } from './backend.ts'
import { textOf } from './dependency-state.ts'
import { createSpeed, type Speed } from './speed.ts'
import { filesOf, isOver, isUnderWay, type ToldFile, type Transfer } from './transfer-files.ts'

/** All files together. */
export interface TransferState {
  /** In the order in which they were first heard of. */
  readonly files: readonly Transfer[]
  readonly bytesDone: number
  /** What is known of it. */
  readonly bytesTotal: number
  readonly bytesPerSecond: number
  readonly secondsLeft: number | undefined
  /** Received while somebody looked: what an earlier run had received is not in it. */
  readonly fetchedBytes: number
  /** From the first that was under way to the last that ended. */
  readonly seconds: number
}

/** Follows files through the job objects of imports and downloads. */
export interface Transfers {
  see(job: JsonObject): void
  state(): TransferState
}

interface Seen {
  /** One job alone tells of a file: several that wait for it are not equally new. */
  teller: string | undefined
  file: Omit<Transfer, 'bytesPerSecond'>
  /** As the job says it; else it is measured. */
  said: number | undefined
  readonly speed: Speed
  /** What was there already when its bytes began to come. */
  base: number | undefined
}

/** @param now milliseconds, of any clock that only goes on */
export function createTransfers(now: () => number = () => performance.now()): Transfers {
  const seen = new Map<string, Seen>()
  let beganAt: number | undefined
  let endedAt = 0

  function take(teller: string, id: string, { said, ...file }: ToldFile): void {
    const at = now()
    const known = seen.get(id) ?? { teller, file, said, speed: createSpeed(), base: undefined }
    if (!seen.has(id)) seen.set(id, known)
    if (known.teller !== undefined && known.teller !== teller && !isOver(file)) return
    if (known.file.phase === 'done' && known.teller !== teller) return
    known.teller = teller
    // What says nothing of them has not lost them.
    known.file = { ...file, from: file.from || known.file.from, bytesTotal: file.bytesTotal ?? known.file.bytesTotal }
    known.said = said
    if (file.phase === 'downloading') {
      known.base ??= file.bytesDone
      known.speed.add(at, file.bytesDone)
    }
    if (isUnderWay(file)) beganAt ??= at
    if (isUnderWay(file) || beganAt !== undefined) endedAt = at
  }

  return {
    see(job) {
      const teller = textOf(job.job_id) ?? ''
      for (const [id, file] of filesOf(job)) take(teller, id, file)
      if (!hasEnded(job)) return
      // Whoever else waits for it may tell of it from now on.
      for (const known of seen.values()) if (known.teller === teller) known.teller = undefined
    },
    state() {
      const at = now()
      const all = [...seen.values()]
      const files = all.map(({ file, said, speed }) => ({
        ...file,
        bytesPerSecond: file.phase === 'downloading' ? (said ?? speed.at(at)) : 0,
      }))
      // What will not come counts no more.
      const counted = files.filter(({ phase }) => phase !== 'stopped')
      const sum = (of: (file: Transfer) => number): number => counted.reduce((total, file) => total + of(file), 0)
      const bytesDone = sum((file) => file.bytesDone)
      const bytesTotal = sum((file) => file.bytesTotal ?? file.bytesDone)
      const bytesPerSecond = sum((file) => file.bytesPerSecond)
      const isKnown = counted.every((file) => file.bytesTotal !== undefined)
      return {
        files,
        bytesDone,
        bytesTotal,
        bytesPerSecond,
        secondsLeft: isKnown && bytesPerSecond > 0 ? (bytesTotal - bytesDone) / bytesPerSecond : undefined,
        fetchedBytes: all.reduce((total, one) => total + fetchedOf(one), 0),
        seconds: beganAt === undefined ? 0 : (endedAt - beganAt) / 1000,
      }
    },
  }
}

/** A file that turned out to be here already was not fetched. */
const fetchedOf = ({ file, base }: Seen): number =>
  file.from === 'local' ? 0 : Math.max(0, file.bytesDone - (base ?? 0))
