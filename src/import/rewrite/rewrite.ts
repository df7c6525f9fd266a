import type { MetadataText } from '../../media/container.ts'
import { MAX_LAYERS, toInput } from '../parse/text-input.ts'
import { rewriteInfotext } from './infotext.ts'
import { enterKey, JSON_DIALECTS, type JsonDialect, type JsonScope, OUTSIDE } from './json-dialects.ts'
import { replaceJsonStrings, type StringPlace } from './json-strings.ts'
import { createLocalNames, type LocalNames, type NamedHere } from './local-names.ts'

/** A text that was understood, as {@link ParsedPrompt} tells it. */
export interface UnderstoodText {
  readonly place: string
  readonly format: string
}

/**
 * The texts of a prompt with the names that their models have on this host: nothing but names changes. Only those in
 * which one did, the one that tells most first.
 * @param understood the most trusted first
 */
export function rewriteTexts(
  texts: readonly MetadataText[],
  understood: readonly UnderstoodText[],
  named: readonly NamedHere[],
): readonly MetadataText[] {
  const names = createLocalNames(named)
  const rankOf = ({ place }: MetadataText): number => understood.findIndex((source) => isIn(source, place))
  return texts
    .filter((text) => rankOf(text) >= 0)
    .toSorted((a, b) => rankOf(a) - rankOf(b))
    .flatMap((text) => {
      const formats = understood.filter((source) => isIn(source, text.place)).map(({ format }) => format)
      const rewritten = rewriteText(text.text, formats, names)
      return rewritten === text.text ? [] : [{ ...text, text: rewritten }]
    })
}

/** Parts of a wrapper stand below its place: `payload.prompt`. */
const isIn = (source: UnderstoodText, place: string): boolean =>
  source.place === place || source.place.startsWith(`${place}.`)

/** `prompt:{…}`, as some write it into fields of EXIF. */
const LABEL = /^\s*[A-Za-z][\w-]{0,40}\s*:\s*(?=[{["])/

/** Words of a prompt may begin with a bracket, too. */
function isJson(text: string): boolean {
  const label = LABEL.exec(text.slice(0, 100))?.[0] ?? ''
  const body = text.slice(label.length)
  return /^\s*[{["]/.test(body.slice(0, 200)) && toInput({ place: '', key: '', text: body }).json() !== undefined
}

export function rewriteText(text: string, formats: readonly string[], names: LocalNames): string {
  const dialects = [...new Set(formats)].flatMap((format) => JSON_DIALECTS.get(format) ?? [])
  if (dialects.length === 0) return text
  if (isJson(text)) return rewriteJson(text, { key: '', scope: OUTSIDE }, dialects, names)
  return formats.includes('a1111') ? rewriteInfotext(text, names) : text
}

function rewriteJson(
  text: string,
  start: StringPlace<JsonScope>,
  dialects: readonly JsonDialect[],
  names: LocalNames,
): string {
  return replaceJsonStrings<JsonScope>(text, {
    start,
    enter: enterKey,
    replace(value, { key, scope }) {
      const isInner = /^\s{0,100}[{["]/.test(value) && scope.depth < MAX_LAYERS
      const inner = isInner
        ? rewriteJson(value, { key, scope: { ...scope, depth: scope.depth + 1 } }, dialects, names)
        : value
      if (inner !== value) return inner
      for (const dialect of dialects) {
        const next = dialect(value, { key, scope }, names)
        if (next !== undefined && next !== value) return next
      }
      return undefined
    },
  })
}
