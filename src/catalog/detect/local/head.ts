import { closeSync, constants, openSync } from 'node:fs'
import { createReadAt } from '../../../hash/read-at.ts'
import { readContent } from '../../../models/inspect/content.ts'
import { inspectFile } from '../../../models/inspect/inspect-file.ts'
import { USELESS_STATES } from '../../../models/inspect/inspection.ts'
import { nameOf } from '../paths.ts'
import { withoutQuery } from '../query-name.ts'
import { isBytes, toFs } from './bytes-path.ts'
import type { FoundFile } from './messages.ts'

/** Why nothing could load a file, as far as its head tells: a web page under a model's name, cut off. Blocks. */
export function faultOfHead({ path: listed, real: path, sizeBytes, modifiedUs }: FoundFile): string | null {
  try {
    const listedPath = withoutQuery(listed)
    if (isBytes(path)) return faultOfBytes(path, listedPath, sizeBytes)
    const { state, fault } = inspectFile({ path, listedPath, partial: false, sizeBytes, modifiedUs, sample: false })
    // One that changes while it is read is no wreck yet.
    const isUseless = state !== 'partial' && USELESS_STATES.includes(state)
    return isUseless ? (fault ?? 'Nothing could load it') : null
  } catch {
    return null
  }
}

/** Of a file whose path is no text: nothing beside it is read. */
function faultOfBytes(path: string, listedPath: string, sizeBytes: number): string | null {
  const fd = openSync(toFs(path), constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const { state, fault } = readContent(createReadAt(fd), sizeBytes, nameOf(listedPath))
    return USELESS_STATES.includes(state) ? (fault ?? 'Nothing could load it') : null
  } finally {
    closeSync(fd)
  }
}
