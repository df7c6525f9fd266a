import { SYNTAX_TYPES, type SyntaxType } from './classify.ts'

interface Counted {
  readonly syntax_type: SyntaxType
  readonly is_valid: boolean
  readonly air: string | null
  readonly download_count: number
}

export interface Share {
  readonly count: number
  /** With one decimal place. */
  readonly percent: number
}

/** What the catalog's rules count, and how they write it. */
export interface CatalogStatistics {
  readonly total_pages: number
  readonly valid: Share
  readonly with_air: Share
  readonly with_commands: Share
  readonly syntax_types: Readonly<Record<SyntaxType, Share>>
  /** As people read it. */
  readonly text: string
}

export function countPages(pages: readonly Counted[]): CatalogStatistics {
  const share = (counts: (page: Counted) => boolean): Share => {
    const count = pages.filter(counts).length
    return { count, percent: pages.length === 0 ? 0 : Math.round((count * 1000) / pages.length) / 10 }
  }
  const types = SYNTAX_TYPES.map((type) => [type, share(({ syntax_type }) => syntax_type === type)] as const)
  const valid = share(({ is_valid }) => is_valid)
  const withAir = share(({ air }) => air !== null)
  const withCommands = share(({ download_count }) => download_count > 0)
  const text = [
    `Total catalog pages: ${pages.length}`,
    `Valid for download detection: ${shown(valid)}`,
    `Pages with AIR identifiers: ${shown(withAir)}`,
    `Pages with download commands: ${shown(withCommands)}`,
    ...types.map(([type, each]) => `${type}: ${shown(each)}`),
  ]
  return {
    total_pages: pages.length,
    valid,
    with_air: withAir,
    with_commands: withCommands,
    syntax_types: Object.fromEntries(types) as Record<SyntaxType, Share>,
    text: text.join('\n'),
  }
}

const shown = ({ count, percent }: Share): string => `${count} (${percent.toFixed(1)}%)`
