import { type BigIntStats, closeSync, constants, fstatSync, openSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { isAppError } from '../../errors.ts'
import { createReadAt } from '../../hash/read-at.ts'
import { sampleFile } from '../../hash/sample.ts'
import { toMicroseconds } from '../../lib/file-numbers.ts'
import { modelExtension } from '../model-file.ts'
import { guessBaseModel } from './base-model/base-model.ts'
import { collectClaims } from './claims.ts'
import { type Content, type Link, readContent } from './content.ts'
import { claimedTensor, headerLicense, outputName } from './header-claims.ts'
import { type Inspected, type InspectRequest, MARKED_PARTIAL, type ModelState } from './inspection.ts'
import { believedIds, readSidecars } from './sidecars/read-sidecars.ts'
import type { Sidecar } from './sidecars/sidecar.ts'

/** What was found where there is a file to read. */
interface Found {
  readonly state: ModelState
  readonly fault: string | undefined
  readonly content: Content | undefined
  readonly sample: string | undefined
}

/**
 * What can be known of a model file without reading all of it: its state, what header and sidecars claim. Blocks, so it
 * is for workers; reads some MiB at most, or 100 MB of a header that has as much. Never throws for anything that a disk
 * can hold or refuse: that is its state and fault. Never opens a pickle, a FIFO or a device.
 */
export function inspectFile(request: InspectRequest): Inspected {
  const sidecars = readSidecars(request.listedPath, request.aliases)
  const { state, fault, content, sample } = find(request)
  const metadata = content?.metadata ?? {}
  const filename = basename(request.listedPath)
  const licenses = [headerLicense(metadata), ...sidecars.map(({ license }) => license)]
  return {
    path: request.path,
    state,
    fault,
    claims: collectClaims(request, content, sidecars),
    claimedTensor: claimedTensor(metadata) ?? firstTensor(sidecars),
    outputName: outputName(metadata),
    baseModel: guessBaseModel({ filename, metadata, tensors: content?.tensors ?? new Map(), sidecars }),
    license: licenses.find((license) => license !== undefined),
    ...believedIds(sidecars),
    sample,
  }
}

const firstTensor = (sidecars: readonly Sidecar[]): string | undefined =>
  sidecars.find(({ tensorSha256 }) => tensorSha256 !== undefined)?.tensorSha256

function find(request: InspectRequest): Found {
  try {
    // Opening a device may already do something, so it is asked what it is first.
    const named = statSync(request.path, { bigint: true })
    if (!named.isFile()) return unreadable(`It is ${named.isDirectory() ? 'a folder' : 'not a regular file'}`)
    // O_NONBLOCK: the name may have become a FIFO since.
    const fd = openSync(request.path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      return readOpened(fd, request)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    return unreadable(systemFault(error))
  }
}

function readOpened(fd: number, request: InspectRequest): Found {
  const before = fstatSync(fd, { bigint: true })
  if (!before.isFile()) return unreadable('It is not a regular file')
  const sizeBytes = Number(before.size)
  const content = readContent(createReadAt(fd), sizeBytes, basename(request.listedPath), linkOf(request))
  const sample = request.sample && !request.partial ? sampleOfOpened(fd, sizeBytes) : undefined
  const written = writtenFault(request, before, fstatSync(fd, { bigint: true }))
  if (written !== undefined) return { state: 'partial', fault: written, content, sample: undefined }
  return { state: content.state, fault: content.fault, content, sample }
}

/** Undefined where the file became shorter meanwhile, which its size then tells. */
function sampleOfOpened(fd: number, sizeBytes: number): string | undefined {
  try {
    return sampleFile(fd, sizeBytes)
  } catch (error) {
    if (isAppError(error)) return undefined
    throw error
  }
}

function writtenFault(request: InspectRequest, before: BigIntStats, after: BigIntStats): string | undefined {
  if (request.partial) return MARKED_PARTIAL
  if (before.size !== after.size || before.mtimeNs !== after.mtimeNs) return 'It changed while it was read'
  if (Number(after.size) !== request.sizeBytes) {
    return `It had ${request.sizeBytes} bytes when it was listed and has ${after.size} now`
  }
  // A microsecond of difference is rounding.
  const moved = Math.abs(toMicroseconds(after.mtimeNs) - request.modifiedUs) > 1
  return moved ? 'It was written since it was listed' : undefined
}

const unreadable = (fault: string): Found => ({ state: 'unreadable', fault, content: undefined, sample: undefined })

function systemFault(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'Permission to read it is denied'
    case 'EIO':
      return 'The disk reports an error where it lies (EIO)'
    case 'ENOENT':
    case 'ENOTDIR':
      return 'It is not there any more'
    case 'ELOOP':
      return 'Symbolic links on the way to it form a loop'
    default:
      return `Reading it failed (${code ?? (error instanceof Error ? error.message.slice(0, 200) : 'unknown error')})`
  }
}

/** Stores keep files under their digests: Hugging Face, git-annex, Ollama. */
const DIGEST_NAME = /(?:^|[^0-9a-z])[0-9a-f]{40,64}(?:$|[^0-9a-z])/i

/** Links lead anywhere, also to keys and databases of this host, and what is found is shown and served to others. */
function linkOf({ path, listedPath }: InspectRequest): Link | undefined {
  if (path === listedPath) return undefined
  const name = basename(path)
  return { toStranger: modelExtension(name) === undefined && !DIGEST_NAME.test(name) }
}
