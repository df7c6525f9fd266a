import type { ComfyNodes } from './comfyui-nodes.ts'
import type { PromptReading, ReadRequest } from './read/messages.ts'
import type { PromptReader } from './read/reader.ts'

export interface UnderstandingDeps {
  readonly reader: Pick<PromptReader, 'read' | 'useNodes'>
  /** The ComfyUI of this host, which knows what its nodes load. */
  readonly comfyNodes: ComfyNodes
}

/** Reads with all that can be known. @throws AppError as PromptReader.read does, and the signal's reason */
export type ReadUnderstood = (request: ReadRequest, signal: AbortSignal) => Promise<PromptReading>

/**
 * ComfyUI is asked for its nodes by graphs alone: what needs none of them does not wait for one that is slow or dead.
 * A graph that was read without them is read again.
 */
export function createReadUnderstood({ reader, comfyNodes }: UnderstandingDeps): ReadUnderstood {
  let used: Awaited<ReturnType<ComfyNodes['get']>>

  return async (request, signal) => {
    const before = used
    const reading = await reader.read(request)
    if (!reading.prompt.sources.some(({ format }) => format === 'comfyui')) return reading
    used = await comfyNodes.get(signal)
    reader.useNodes(used)
    const known = used === before ? reading : await reader.read(request)
    const warning = comfyNodes.warning()
    // Without the nodes of a graph more is guessed: whoever reads no graph need not care.
    if (warning === undefined) return known
    return { ...known, prompt: { ...known.prompt, warnings: [...known.prompt.warnings, warning] } }
  }
}
