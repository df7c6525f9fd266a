import { classify, type Verdict } from '../../src/catalog/classify.ts'
import type { ExpectedFile } from '../../src/catalog/expected-file.ts'
import { type CatalogPage, readPage } from '../../src/catalog/page.ts'

const FENCE = '```'

/** A page with these lines of front matter, and one block of commands. */
export const pageText = (front: string, code: string): string =>
  `${front === '' ? '' : `---\n${front}\n---\n`}\n### Download\n\n${FENCE}bash\n${code}\n${FENCE}\n`

export const pageOf = (code: string, front = ''): CatalogPage => readPage(pageText(front, code))
export const verdictOf = (code: string, front = ''): Verdict => classify(pageOf(code, front))

/** What commands would place, without what people are shown of it. */
export const filesOf = (code: string): Omit<ExpectedFile, 'line' | 'expected'>[] =>
  pageOf(code).files.map(({ line: _, expected: __, ...file }) => file)
