import { isAppError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Dependency, ImportWarning } from './dependency.ts'
import { toPrivate } from './job-answer.ts'
import { namesHere, needsRewriting } from './rewrite/local-names.ts'
import type { ImportSource, ReadCall, SourceReader } from './source.ts'

export interface PromptToRewrite {
  readonly source: ImportSource
  readonly format: string
  /** Formats of its texts. */
  readonly formats: readonly string[]
  readonly dependencies: readonly Dependency[]
}

/** What goes into the job: for its owner, and for everybody. */
export interface Rewritten {
  readonly private?: JsonObject
  readonly warnings: readonly ImportWarning[]
}

/**
 * The prompt with the names that its models have on this host, where one has another than the prompt says: it is read
 * once more, since a job does not keep what files and addresses hold.
 * @throws the signal's reason
 */
export async function rewritePayload(
  { source, format, formats, dependencies }: PromptToRewrite,
  sources: SourceReader,
  call: ReadCall,
): Promise<Rewritten> {
  const named = namesHere(dependencies)
  const among = new Set(formats)
  if (!named.some((each) => needsRewriting(each, among))) return { warnings: [] }
  try {
    const { rewritten = [] } = await sources.read(source, { format, named }, call)
    const ofEnd = toPrivate(rewritten)
    return { warnings: [], ...(ofEnd === undefined ? {} : { private: ofEnd }) }
  } catch (error) {
    call.signal.throwIfAborted()
    if (!isAppError(error)) throw error
    // The models are here all the same, and who sees the job is not told what was read.
    return { warnings: [{ place: 'rewritten_payload', reason: 'the prompt could not be read again for local names' }] }
  }
}
