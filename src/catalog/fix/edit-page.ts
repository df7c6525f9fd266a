import { type FieldValue, type FrontMatter, fieldsOf, readFrontMatter, withLineFeeds } from '../front-matter.ts'
import { readPageAir } from '../page-air.ts'

/** One change to a page’s text. */
export interface PageEdit {
  /** Characters of the text. */
  readonly start: number
  readonly end: number
  readonly insertion: string
  /** What it does, for people. */
  readonly fix: string
  /** What stood in the place of the AIR, and has a field of its own now. */
  readonly slug?: string
}

/** Puts an AIR into front matter. @returns undefined where that would need more than one change */
export function editAir(text: string, air: string): PageEdit | undefined {
  const front = readFrontMatter(text)
  if (front.fault !== undefined) return undefined
  const edit = chooseEdit(text, front, air)
  if (edit === undefined) return undefined
  // Front matter has more shapes than are thought of here: what comes out must be what was meant.
  const after = readFrontMatter(applyEdit(text, edit))
  const read = readPageAir(after)
  if (after.fault !== undefined || read.kind !== 'air' || read.text !== air) return undefined
  return edit.slug === undefined || fieldsOf(after, 'slug')[0]?.values[0]?.text === edit.slug ? edit : undefined
}

export const applyEdit = (text: string, { start, end, insertion }: PageEdit): string =>
  text.slice(0, start) + insertion + text.slice(end)

function chooseEdit(text: string, front: FrontMatter, air: string): PageEdit | undefined {
  const eol = /\r\n?|\n/.exec(text)?.[0] ?? '\n'
  if (!front.isPresent) {
    const space = /^\s*$/.test(text.split(/\r|\n/, 1)[0] ?? '') ? '' : eol
    const insertion = `---${eol}AIR: ${air}${eol}---${eol}${space}`
    return { start: 0, end: 0, insertion, fix: `front matter with the AIR ${air} was added` }
  }
  const [field, ...more] = fieldsOf(front, 'air')
  if (field === undefined) {
    const { start } = front
    return { start, end: start, insertion: `AIR: ${air}${eol}`, fix: `the AIR ${air} was added` }
  }
  const [value, ...others] = field.values
  if (more.length > 0 || others.length > 0 || field.isNested) return undefined
  if (value !== undefined && value.text.trim() === '') {
    return { start: value.start, end: value.end, insertion: air, fix: `the AIR ${air} was added` }
  }
  if (value !== undefined) return replaceSlug(text, front, { keyEnd: field.keyEnd, value }, { air, eol })
  const colon = /^\s{0,20}:[ \t]{0,200}/.exec(text.slice(field.keyEnd))?.[0]
  if (colon === undefined) return undefined
  const end = field.keyEnd + colon.length
  const start = field.keyEnd + colon.indexOf(':') + 1
  const insertion = ` ${air}${text[end] === '#' ? ' ' : ''}`
  return { start, end, insertion, fix: `the AIR ${air} was added` }
}

/** What people have put there instead is kept: as `slug`, and where there is one already, in a comment. */
function replaceSlug(
  text: string,
  front: FrontMatter,
  { keyEnd, value }: { readonly keyEnd: number; readonly value: FieldValue },
  { air, eol }: { readonly air: string; readonly eol: string },
): PageEdit | undefined {
  const start = withLineFeeds(text).lastIndexOf('\n', keyEnd - 1) + 1
  // Within braces a line of its own has no place.
  if (!/^["']?air["']?$/i.test(text.slice(start, keyEnd))) return undefined
  const isLine = !/[\r\n]/.test(text.slice(value.start, value.end))
  const isFree = fieldsOf(front, 'slug').length === 0
  const written = isLine ? text.slice(value.start, value.end) : JSON.stringify(value.text)
  const kept = isFree ? `slug: ${written}` : `# its AIR was ${written}`
  const place = isFree ? 'slug' : 'a comment'
  return {
    start,
    end: value.end,
    insertion: `${kept}${eol}${text.slice(start, value.start)}${air}`,
    fix: `the AIR ${air} took the place of another word, which is kept as ${place}`,
    ...(isFree ? { slug: value.text } : {}),
  }
}
