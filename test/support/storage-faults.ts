import type { Conduct, FileRequest } from './range-answer.ts'

/** What a storage does to one request for a file of so many bytes; undefined: what it should. */
export type StorageFault = (request: FileRequest, sizeBytes: number) => Conduct | undefined

const always =
  (conduct: Conduct): StorageFault =>
  () =>
    conduct
/** Only its first answers, as what passes does. */
const atFirst =
  (times: number, conduct: Conduct): StorageFault =>
  ({ index }) =>
    index < times ? conduct : undefined

const disposition = (text: string): Conduct => ({ headers: { 'content-disposition': text } })
const PAGE = '<!DOCTYPE html><html><head><title>Log in</title></head><body></body></html>'
const html = (status: number): Conduct => ({ status, body: PAGE, headers: { 'content-type': 'text/html' } })
const busy = (status: number): Conduct => ({ status, headers: { 'retry-after': '1' } })

/** With these the file comes in the end, and is the right one. */
export const PASSING_FAULTS = {
  'ignores ranges': always({ ignoreRange: true }),
  'ends the connection early': atFirst(2, { cutAfter: 300_000 }),
  'sends less than it says and ends': atFirst(2, { chunked: true, endAfter: 300_000 }),
  'begins elsewhere': atFirst(1, { shiftRange: 8 }),
  'changes its ETag midway': ({ index }) => ({ headers: { etag: index < 2 ? '"one"' : '"two"' } }),
  'has no ETag': always({ headers: { etag: undefined } }),
  'says no length': always({ chunked: true, ignoreRange: true }),
  'sends a page at first': atFirst(1, html(503)),
  'is too busy (429)': atFirst(1, busy(429)),
  'is too busy (503)': atFirst(1, busy(503)),
  'fails at first': atFirst(2, { status: 500 }),
  'flips a bit once': ({ index, begin = 0 }, sizeBytes) =>
    index === 0 && begin === 0 ? { flipAt: Math.floor(sizeBytes / 100) } : undefined,
  'names the file in UTF-8': always(disposition("attachment; filename*=UTF-8''h%C3%A4fen%20l%C3%AFchter.safetensors")),
  'names the file like a path': always(disposition('attachment; filename="../../../etc/cron.d/x.safetensors"')),
} as const satisfies Readonly<Record<string, StorageFault>>

/** With these nothing may ever get the final name. */
export const LASTING_FAULTS = {
  'sends a page with 200': always(html(200)),
  'flips a bit every time': (_, sizeBytes) => ({ flipAt: Math.floor(sizeBytes / 2) }),
  'compresses everything': always({ gzip: true }),
  'has nothing': always({ status: 404 }),
} as const satisfies Readonly<Record<string, StorageFault>>
