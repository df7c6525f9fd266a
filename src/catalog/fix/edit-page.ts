import { type FrontMatter, fieldsOf, readFrontMatter } from '../front-matter.ts'
import { readPageAir } from '../page-air.ts'

/** One change to a page’s text. */
export interface PageEdit {
  /** Characters of the text. */
  readonly start: number
  readonly end: number
  readonly insertion: string
  /** What it does, for people. */
  readonly fix: string
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
  return after.fault === undefined && read.kind === 'air' && read.text === air ? edit : undefined
}

export const applyEdit = (text: string, { start, end, insertion }: PageEdit): string =>
  text.slice(0, start) + insertion + text.slice(end)

function chooseEdit(text: string, front: FrontMatter, air: string): PageEdit | undefined {
  const eol = /\r?\n/.exec(text)?.[0] ?? '\n'
  if (!front.isPresent) {
    const space = /^\s*$/.test(text.split('\n', 1)[0] ?? '') ? '' : eol
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
  if (value !== undefined) {
    const { start, end } = value
    const fix = value.text.trim() === '' ? `the AIR ${air} was added` : `the AIR ${air} took the place of another word`
    return { start, end, insertion: air, fix }
  }
  const colon = /^\s{0,20}:[ \t]{0,200}/.exec(text.slice(field.keyEnd))?.[0]
  if (colon === undefined) return undefined
  const end = field.keyEnd + colon.length
  const start = field.keyEnd + colon.indexOf(':') + 1
  const insertion = ` ${air}${text[end] === '#' ? ' ' : ''}`
  return { start, end, insertion, fix: `the AIR ${air} was added` }
}
