import { isAbsolute } from 'node:path'
import type { LocalFiles } from '../access/local-files.ts'
import { isAppError } from '../errors.ts'
import { SURE_OF_SIDECAR, sidecarsOf } from '../lib/sidecars.ts'
import { openFile } from '../media/byte-source.ts'
import type { PromptReading, ReadRequest } from './read/messages.ts'
import type { ReadUnderstood } from './read-understood.ts'
import type { ReadCall, ReadOptions } from './source.ts'

export interface PathOnDisk {
  readonly path: string
  /** As of LocalFile. */
  readonly exact: boolean
}

export interface FileReader {
  /** A file that the caller may read, and nothing beside it. */
  readFile(file: PathOnDisk, options: Omit<ReadRequest, 'from'>, signal: AbortSignal): Promise<PromptReading>
  /** What the caller names; of a picture or a video without a prompt, what the files beside it hold. */
  readPath(given: string, options: ReadOptions, call: ReadCall): Promise<PromptReading>
}

interface FoundFile {
  readonly path: string
  readonly reading: PromptReading
}

export function createFileReader(read: ReadUnderstood, localFiles: LocalFiles): FileReader {
  const readFile: FileReader['readFile'] = async ({ path, exact }, options, signal) => {
    if (!exact) return read({ ...options, from: { kind: 'path', path } }, signal)
    const file = await openFile(path, { exact })
    try {
      return await read({ ...options, from: { kind: 'file', fd: file.fd, sizeBytes: file.sizeBytes } }, signal)
    } finally {
      await file.close()
    }
  }

  /** The owner may name any file: a look at what it is only pays where it cannot be read. */
  async function readOwn(path: string, options: ReadOptions, { actor, signal }: ReadCall): Promise<FoundFile> {
    try {
      return { path, reading: await readFile({ path, exact: false }, options, signal) }
    } catch (error) {
      // Says better why, where the reason is what is there.
      if (isAppError(error) && error.code !== 'cancelled') await localFiles.find(path, actor)
      throw error
    }
  }

  async function readNamed(given: string, options: ReadOptions, call: ReadCall): Promise<FoundFile> {
    if (call.actor.kind === 'owner' && isAbsolute(given)) return readOwn(given, options, call)
    const file = await localFiles.find(given, call.actor)
    return { path: file.path, reading: await readFile(file, options, call.signal) }
  }

  /** Undefined for what is not there, or cannot be read: the picture itself could. */
  async function readBeside(path: string, options: Omit<ReadRequest, 'from'>, call: ReadCall) {
    try {
      return await readFile(await localFiles.find(path, call.actor), options, call.signal)
    } catch (error) {
      if (isAppError(error) && error.code !== 'internal' && error.code !== 'cancelled') return undefined
      throw error
    }
  }

  return {
    readFile,
    async readPath(given, options, call) {
      const { path, reading: own } = await readNamed(given, options, call)
      if (own.prompt.sources.length > 0 || own.media === undefined) return own
      for (const { path: beside, label } of sidecarsOf(path)) {
        call.signal.throwIfAborted()
        const found = await readBeside(beside, { ...options, placePrefix: `${label}:` }, call)
        if (found === undefined || found.prompt.sources.length === 0 || found.prompt.confidence < SURE_OF_SIDECAR)
          continue
        return { ...found, media: own.media, container: own.container, damage: [...own.damage, ...found.damage] }
      }
      return own
    },
  }
}
