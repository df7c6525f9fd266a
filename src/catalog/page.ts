import { decodePage, MAX_PAGE_BYTES, NO_TEXT, tooLarge } from '../lib/page-text.ts'
import { type PageCommands, readCommands } from './commands/read-commands.ts'
import type { ExpectedFile, Program } from './expected-file.ts'
import { type FrontMatter, fieldsOf, readFrontMatter, withLineFeeds } from './front-matter.ts'
import { MAX_NOTES } from './limits.ts'
import { findCodeBlocks } from './markdown.ts'
import { type PageAir, readPageAir } from './page-air.ts'
import { linesWithSecrets, withoutSecrets } from './secrets.ts'
import { isLikelySize, readSize, sizeUnitOf } from './size-claim.ts'

/** What a page says. Nothing of it holds a key. */
export interface CatalogPage {
  /** Why the page, or its front matter, cannot be read. */
  readonly fault?: string
  readonly air: PageAir
  readonly programs: ReadonlySet<Program>
  /** Commands that download. */
  readonly commandCount: number
  readonly files: readonly ExpectedFile[]
  readonly notes: readonly string[]
}

const none: PageAir = { kind: 'none', airs: [] }
const unreadable = (fault: string): CatalogPage => ({
  fault,
  air: none,
  programs: new Set(),
  commandCount: 0,
  files: [],
  notes: [],
})

/** Reads the bytes of a page. */
export function readPageBytes(bytes: Uint8Array): CatalogPage {
  if (bytes.length > MAX_PAGE_BYTES) return unreadable(tooLarge(bytes.length))
  const page = decodePage(bytes)
  return page === undefined ? unreadable(NO_TEXT) : readPage(page.text)
}

/** Reads the text of a page. */
export function readPage(marked: string): CatalogPage {
  const text = withLineFeeds(marked.startsWith('\ufeff') ? marked.slice(1) : marked)
  if (text.length > MAX_PAGE_BYTES) return unreadable(tooLarge(Buffer.byteLength(text)))
  if (text.includes('\0')) return unreadable(NO_TEXT)
  const front = readFrontMatter(text)
  const air = readPageAir(front)
  const body = text.slice(front.bodyStart).replace(/\r\n?/g, '\n')
  const { blocks, hasEscapedFences, hasLooseCommands } = findCodeBlocks(body)
  const firstLine = 1 + text.slice(0, front.bodyStart).split('\n').length - 1
  const commands = readCommands(blocks, firstLine)
  const notes = new Set(commands.notes)
  if (front.isAirByLine === true && air.kind !== 'none') notes.add('its AIR was read from its line alone')
  if (hasEscapedFences) notes.add('its code fences are escaped with a backslash, as in a template')
  if (commands.count === 0 && hasLooseCommands) {
    notes.add('a command stands outside of a code block for a shell: it is not read')
  }
  const secrets = new Set([...linesWithSecrets(text), ...commands.secretLines])
  if (secrets.size > 0) {
    const lines = [...secrets].toSorted((one, other) => one - other).slice(0, 10)
    notes.add(`it holds a secret (line ${lines.join(', ')}): whoever reads the page has it; revoke it, name a variable`)
  }
  const files = withClaims(commands.files, front, air, notes)
  const fault = front.fault ?? faultOf(commands)
  if (front.fault === undefined && fault !== undefined && commands.unread !== undefined) notes.delete(commands.unread)
  return {
    ...(fault === undefined ? {} : { fault }),
    air: air.text === undefined ? air : { ...air, text: withoutSecrets(air.text).slice(0, 1000) },
    programs: commands.programs,
    commandCount: commands.count,
    files,
    notes: [...notes].slice(0, MAX_NOTES).map((note) => withoutSecrets(note)),
  }
}

/** A page whose commands all stand where nobody can read them is not one without commands. */
const faultOf = ({ count, unread }: PageCommands): string | undefined =>
  count === 0 && unread !== undefined ? `T${unread.slice(1)}` : undefined

/** Size and hash in front matter speak of the one file of a page; of several nobody knows which. */
function withClaims(
  files: readonly ExpectedFile[],
  front: FrontMatter,
  air: PageAir,
  notes: Set<string>,
): readonly ExpectedFile[] {
  const first = (...names: readonly string[]): string | undefined => fieldsOf(front, ...names)[0]?.values[0]?.text
  const type = air.airs[0]?.type
  const sizes = front.fields.flatMap(({ key, values }) => {
    const unit = sizeUnitOf(key)
    const text = unit === undefined ? undefined : values[0]?.text
    const bytes = text === undefined ? undefined : readSize(text, unit)
    return text === undefined || bytes === undefined ? [] : [{ text, bytes }]
  })
  for (const { text, bytes } of sizes) {
    if (isLikelySize(bytes, type)) continue
    const said = isClaim(bytes) ? `${bytes} bytes` : `“${text.slice(0, 40)}”`
    notes.add(`its size, ${said}, is implausible for ${type ?? 'a model'}`)
  }
  const size = sizes.find(({ bytes }) => isClaim(bytes))?.bytes
  const [only, ...others] = files
  if (only === undefined || others.length > 0) return files
  const digest = /^[0-9a-f]{64}$/i.exec(first('sha256', 'hash') ?? '')?.[0]?.toLowerCase()
  return [
    {
      ...only,
      ...(size === undefined ? {} : { claimed_size_bytes: size }),
      ...(digest === undefined || only.sha256 !== undefined ? {} : { sha256: digest }),
    },
  ]
}

/** What some file could have. */
const isClaim = (bytes: number): boolean => Number.isSafeInteger(bytes) && bytes >= 0
