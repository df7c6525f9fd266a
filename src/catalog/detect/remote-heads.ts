import { readTextBody } from '../../models/inspect/text-body.ts'
import { type RemoteFile, type RemoteListing, remotePath } from '../ssh/remote-listing.ts'
import { readStart } from './cut-off.ts'
import type { PageCheck } from './page-check.ts'
import { nameOf } from './paths.ts'
import { isModelName, openPath, withoutQuery } from './query-name.ts'

/** Each costs the far side a process. */
const MOST = 1000

/**
 * The files that were found by no digest, and others of their names, which are found where these are none: what their
 * first bytes say counts.
 */
export function filesToPeek(checks: Iterable<PageCheck>, { files }: RemoteListing): readonly RemoteFile[] {
  const found = new Set<string>()
  for (const check of checks) {
    for (const { status, path } of check.files) {
      if (path !== undefined && (status === 'present' || status === 'elsewhere')) found.add(nameOf(path))
    }
  }
  if (found.size === 0) return []
  return files
    .filter((file) => file.sizeBytes > 0 && isModelName(file.path) && found.has(nameOf(openPath(file.path))))
    .slice(0, MOST)
}

export interface Looked {
  /** By path: why nothing could load it. A web page, an answer of a server, a pointer to a large file, cut off. */
  readonly faults: ReadonlyMap<string, string>
  /** Paths of what is known to be whole. */
  readonly whole: ReadonlySet<string>
}

/** What the first bytes of these files tell. */
export function lookAtHeads({ heads }: RemoteListing, peeked: readonly RemoteFile[]): Looked {
  const faults = new Map<string, string>()
  const whole = new Set<string>()
  for (const file of peeked) {
    const head = heads.get(file)
    const start = readStart(withoutQuery(file.path), head, file.sizeBytes)
    const atHand = (length: number): Uint8Array =>
      head !== undefined && head.length >= length ? head : new Uint8Array()
    // What it says is not repeated: a link may lead to a file of somebody else.
    const text = head === undefined ? undefined : readTextBody(head, file.sizeBytes, atHand, false, false)
    const fault = text?.fault ?? start.fault
    if (fault !== undefined) faults.set(remotePath(file), fault)
    else if (start.isWhole) whole.add(openPath(remotePath(file)))
  }
  return { faults, whole }
}
