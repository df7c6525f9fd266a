import type { Word, WordPart } from 'unbash'

/** What stands in a value for the UI's home, and for a part that only a shell would know: characters of no alphabet. */
export const UI_HOME = '\ue000'
export const UNKNOWN = '\ue001'

/** A word of a command as far as it can be known without running anything. */
export interface ShellValue {
  /** Holds `UI_HOME` and `UNKNOWN`, and no control characters. */
  readonly text: string
  /** Why it is not known whole: `$(…) would have to be run`. */
  readonly reason?: string
  /** What a reader of the page is to be told of it. */
  readonly note?: string
  /** Holds `*`, `?` or `[` outside of quotes. */
  readonly hasGlob: boolean
}

export type Variables = ReadonlyMap<string, ShellValue>

export const literal = (text: string): ShellValue => ({ text, hasGlob: false })
const unknown = (reason: string): ShellValue => ({ text: UNKNOWN, reason, hasGlob: false })

export const isKnown = ({ text }: ShellValue): boolean => !text.includes(UNKNOWN)

const CONTROL = /[\p{Cc}\ue000\ue001]/u

const plain = (text: string): ShellValue =>
  CONTROL.test(text) ? unknown('it holds line ends or control characters') : literal(text)

/** A variable put twice into itself doubles each time. */
const MAX_VALUE = 8000

function join(values: readonly ShellValue[]): ShellValue {
  if (values.reduce((sum, { text }) => sum + text.length, 0) > MAX_VALUE) return unknown('it is too long')
  const reason = values.find((value) => value.reason !== undefined)?.reason
  const note = values.find((value) => value.note !== undefined)?.note
  return {
    text: values.map(({ text }) => text).join(''),
    hasGlob: values.some(({ hasGlob }) => hasGlob),
    ...(reason === undefined ? {} : { reason }),
    ...(note === undefined ? {} : { note }),
  }
}

/** Who writes the home of the UI in single quotes means it: nobody has a folder of that name. */
const QUOTED_HOME = /^\$(?:UI_HOME|\{UI_HOME\})(?=\/|$)/
const QUOTED_NOTE = '$UI_HOME stands in single quotes, in which a shell takes it as it is: write "$UI_HOME"'

function singleQuoted(text: string): ShellValue {
  const value = plain(text)
  return QUOTED_HOME.test(value.text)
    ? { ...value, text: text.replace(QUOTED_HOME, UI_HOME), note: QUOTED_NOTE }
    : value
}

/** The value of a word: quotes resolved, variables of the page put in. Nothing is ever run. */
export function readWord({ parts, value }: Word, variables: Variables): ShellValue {
  return parts === undefined ? plain(value) : join(parts.map((part) => readPart(part, variables)))
}

function readPart(part: WordPart, variables: Variables): ShellValue {
  switch (part.type) {
    case 'SingleQuoted':
      return singleQuoted(part.value)
    case 'Literal':
    case 'AnsiCQuoted':
      return plain(part.value)
    case 'DoubleQuoted':
    case 'LocaleString':
      return join(part.parts.map((inner) => readPart(inner, variables)))
    case 'Glob':
      return { ...plain(part.text), hasGlob: true }
    case 'SimpleExpansion':
      return lookUp(part.text.slice(1), variables)
    case 'ParameterExpansion': {
      if (part.prefix !== undefined || part.index !== undefined) return unknown(`${shown(part.text)} is not known`)
      return expand(part.parameter, part.operation, variables, part.text)
    }
    case 'CommandExpansion':
    case 'ProcessSubstitution':
      return unknown('it holds a command, which is never run')
    case 'BraceExpansion':
      return unknown('it stands for several values in braces')
    case 'ExtendedGlob':
      return unknown('it holds a pattern')
    case 'ArithmeticExpansion':
      return unknown('it holds arithmetic')
  }
}

type Operation = Extract<WordPart, { type: 'ParameterExpansion' }>['operation']

function expand(name: string, operation: Operation, variables: Variables, text: string): ShellValue {
  const known = lookUp(name, variables)
  if (operation === undefined) return known
  if (operation.type === 'Default') {
    if (isKnown(known) || /\?/.test(operation.operator)) return known
    return /[-=]/.test(operation.operator)
      ? readWord(operation.operand, variables)
      : unknown(`${shown(text)} is not known`)
  }
  const isWithoutSlash = operation.type === 'Remove' && operation.operand.value === '/' && operation.operator === '%'
  return isWithoutSlash ? { ...known, text: known.text.replace(/\/$/, '') } : unknown(`${shown(text)} is not known`)
}

function lookUp(name: string, variables: Variables): ShellValue {
  if (name === 'UI_HOME') return literal(UI_HOME)
  if (name === 'HOME') return literal('~')
  return variables.get(name) ?? unknown(`$${shown(name)} is not set in the page`)
}

const shown = (text: string): string => (CONTROL.test(text) ? '…' : text.length > 40 ? `${text.slice(0, 40)}…` : text)
