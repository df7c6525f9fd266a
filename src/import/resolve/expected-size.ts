import type { Offer } from '../../models/fetch/wanted.ts'
import type { SizeRange } from '../../models/library.ts'

/** Where a source rounds: its word and the truth are this far apart at most. */
const ROUNDED_BYTES = 1024

/** How large a file is, as those say who have it. */
export interface ExpectedSizes {
  readonly ranges: readonly SizeRange[]
  /** `Civitai`, `the node attic`: whose word it is. */
  readonly source: string
}

/** Undefined where nobody says. */
export function expectedSizes(offers: readonly Offer[]): ExpectedSizes | undefined {
  const ranges = offers.flatMap(({ size_bytes: size, about_bytes: about }): SizeRange[] =>
    size !== undefined
      ? [{ least: size, most: size }]
      : about === undefined
        ? []
        : [{ least: about - ROUNDED_BYTES, most: about + ROUNDED_BYTES }],
  )
  const teller = offers.find(({ size_bytes: size, about_bytes: about }) => size !== undefined || about !== undefined)
  if (teller === undefined) return undefined
  return { ranges: [...new Map(ranges.map((range) => [range.least, range])).values()], source: nameOf(teller) }
}

const nameOf = ({ source, node }: Offer): string =>
  source === 'remote' ? `the node ${node ?? 'that has it'}` : SOURCES[source]

const SOURCES = { civitai: 'Civitai', huggingface: 'Hugging Face', url: 'its address' } as const
