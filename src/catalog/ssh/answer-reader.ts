import { isUtf8 } from 'node:buffer'
import { decodeName } from './remote-name.ts'

/** What is printed before our answer (motd, greetings, shells that talk) may be this long. */
const NOISE_LIMIT = 1024 * 1024
/** The longest path there is, 4096 bytes, and what stands beside it. */
const RECORD_LIMIT = 64 * 1024

export interface AnswerReader {
  /** Takes the next bytes; afterwards `state` may have changed. */
  push(chunk: Uint8Array): void
  /**
   * `noise`: the answer has not begun. `over`: the far side has finished; `complete` says whether all of it came.
   * `lost`: what comes is no answer.
   */
  readonly state: 'noise' | 'answer' | 'over' | 'lost'
  readonly complete: boolean
  /** Whether the far side has said the first word that was asked for. */
  readonly began: boolean
  /** Programs that the far side lacks. */
  readonly absent: readonly string[]
}

/**
 * Finds the answer to one request between its two markers, which nobody on the far side could have known before, and
 * hands over its records, decoded, as they come.
 */
export function createAnswerReader(token: string, onRecord: (record: string) => boolean): AnswerReader {
  let state: AnswerReader['state'] = 'noise'
  let complete = false
  let began = false
  let absent: readonly string[] = []
  let rest: Buffer = Buffer.alloc(0)
  const marker = Buffer.from(`${token} `)

  /** Whether it was one of ours about the answer itself. */
  const control = (record: string): boolean => {
    if (!record.startsWith(`${token} `)) return false
    const word = record.slice(token.length + 1)
    if (word === 'begin') {
      began = true
      state = 'answer'
    } else if (word === 'end') complete = true
    else {
      if (word.startsWith('tools')) absent = word.split(' ').slice(1)
      state = 'over'
    }
    return true
  }
  const take = (record: string): void => {
    if (state === 'lost' || state === 'over' || control(record)) return
    if (complete || !onRecord(record)) state = 'lost'
  }

  return {
    push(chunk) {
      let data =
        rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([rest, chunk])
      if (state === 'noise') {
        const begin = data.indexOf(marker)
        if (begin === -1 && data.length > NOISE_LIMIT) state = 'lost'
        if (begin === -1) {
          rest = data
          return
        }
        data = data.subarray(begin)
      }
      const end = data.lastIndexOf(0) + 1
      rest = data.subarray(end)
      if (rest.length > RECORD_LIMIT) state = 'lost'
      if (end === 0) return
      for (const record of decodeRecords(data.subarray(0, end - 1))) take(record)
    },
    get state() {
      return state
    },
    get complete() {
      return complete
    },
    get began() {
      return began
    },
    get absent() {
      return absent
    },
  }
}

/** Most answers are UTF-8 throughout: then one call decodes a chunk of them. */
function decodeRecords(data: Buffer): string[] {
  if (isUtf8(data)) return data.toString('utf8').split('\0')
  const records: string[] = []
  for (let begin = 0; begin <= data.length; ) {
    const end = data.indexOf(0, begin)
    const stop = end === -1 ? data.length : end
    records.push(decodeName(data.subarray(begin, stop)))
    begin = stop + 1
  }
  return records
}
