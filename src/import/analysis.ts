import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { dependencySchema, type ImportWarning, warningSchema } from './dependency.ts'
import { generationSchema } from './generation.ts'
import type { ParsedPrompt } from './parse/detect.ts'
import type { ImportSource, ReadCall, SourceReader, SourceReading } from './source.ts'

/** What a prompt needs, as an answer shows it. */
export type Analysis = Omit<ParsedPrompt, 'damage'> &
  Pick<SourceReading, 'media' | 'container' | 'media_url' | 'civitai_url'>

/** The fields of a dry run, as every surface shows it. */
export const analysisSchema = v.object({
  format: v.string(),
  confidence: v.number(),
  sources: v.array(v.looseObject({})),
  dependencies: v.array(dependencySchema),
  generation: generationSchema,
  warnings: v.array(warningSchema),
})

/**
 * Reads and understands a source.
 * @throws AppError as SourceReader.read does; not_found where it is whole and holds no prompt; invalid_input where it is
 * damaged or of no known kind and gave none
 */
export async function analyze(
  { source, format }: { readonly source: ImportSource; readonly format: string },
  sources: SourceReader,
  call: ReadCall,
): Promise<Analysis> {
  const reading = await sources.read(source, { format }, call)
  call.signal.throwIfAborted()
  return toAnalysis(reading)
}

/** @throws AppError not_found, invalid_input: as {@link analyze} */
export function toAnalysis({ prompt: found, damage: ofFile, texts: _, c2pa, ...rest }: SourceReading): Analysis {
  if (found.sources.length === 0) throw nothingFound(found, ofFile, c2pa)
  const { damage, ...prompt } = found
  return { ...prompt, warnings: [...ofFile, ...damage, ...prompt.warnings], ...rest }
}

function nothingFound(prompt: ParsedPrompt, damage: readonly ImportWarning[], c2pa: boolean): AppError {
  const [broken] = [...damage, ...prompt.damage]
  if (broken !== undefined) {
    return new AppError('invalid_input', `No prompt or workflow was found in it${because(broken)}`, {
      hint: 'Give the file as the tool saved it, whole; --format reads it as a format of your choice',
    })
  }
  const [first] = prompt.warnings
  if (c2pa && first === undefined) {
    return new AppError('not_found', 'No prompt or workflow was found in it: it only has a C2PA manifest', {
      hint: 'C2PA says who made a picture, and never with which prompt or models',
    })
  }
  return new AppError('not_found', `No prompt or workflow was found in it${because(first)}`, {
    hint: 'Give the file as the tool saved it: chats and image editors often strip the metadata',
  })
}

const because = (warning: ImportWarning | undefined): string =>
  warning === undefined ? '' : ` (${warning.place}: ${warning.reason})`
