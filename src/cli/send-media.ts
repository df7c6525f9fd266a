import { stat } from 'node:fs/promises'
import { isAppError } from '../errors.ts'
import { SURE_OF_SIDECAR, sidecarsOf } from '../lib/sidecars.ts'
import type { Answer } from './backend.ts'
import { mayHaveSidecar } from './folder-files.ts'

/** Sends one file of this host to another host's import_prompt. */
export type SendFile = (path: string, dryRun: boolean) => Promise<Answer>

/**
 * Sends a file to a host that cannot see what is beside it here: where a picture or a video has no prompt itself, the
 * file with its prompt is sent instead. A job tells too late that there was none, so that a dry run finds out first.
 */
export async function sendMedia(path: string, dryRun: boolean, send: SendFile): Promise<Answer> {
  const beside = mayHaveSidecar(path) ? await filesBeside(path) : []
  if (beside.length === 0) return send(path, dryRun)
  const own = await tryOut(path, send)
  if (own !== undefined) return dryRun ? own : send(path, false)
  for (const sidecar of beside) {
    const answer = await tryOut(sidecar, send)
    const { confidence } = answer?.output ?? {}
    if (answer === undefined || typeof confidence !== 'number' || confidence < SURE_OF_SIDECAR) continue
    return dryRun ? answer : send(sidecar, false)
  }
  return send(path, dryRun)
}

/** A dry run; undefined where it ends as one without a prompt does. */
async function tryOut(path: string, send: SendFile): Promise<Answer | undefined> {
  try {
    return await send(path, true)
  } catch (error) {
    if (isAppError(error) && (error.code === 'not_found' || error.code === 'invalid_input')) return undefined
    throw error
  }
}

async function filesBeside(path: string): Promise<string[]> {
  const paths = sidecarsOf(path).map((each) => each.path)
  const there = await Promise.all(paths.map((each) => stat(each).catch(() => undefined)))
  return paths.filter((_, at) => there[at]?.isFile() === true)
}
