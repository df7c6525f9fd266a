import type { ShellValue } from './shell-value.ts'

/** Options of a program that have a value; all others are switches. */
export interface OptionTable {
  /** Letters. */
  readonly short: string
  /** Without their dashes. */
  readonly long: readonly string[]
}

/** What the arguments of a command say, in their order. */
export type Argument =
  | { readonly kind: 'operand'; readonly value: ShellValue }
  /** `name`: a letter, or a word without its dashes. */
  | { readonly kind: 'option'; readonly name: string; readonly value: ShellValue | undefined }

/** Reads arguments as getopt does: `-qcP dir`, `-Pdir`, `--output=x`, `--output x`, `--` ends them; any order. */
export function readArguments(args: readonly ShellValue[], table: OptionTable): Argument[] {
  const long = new Set(table.long)
  const found: Argument[] = []
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] as ShellValue
    const { text } = arg
    if (text === '--') {
      for (const value of args.slice(at + 1)) found.push({ kind: 'operand', value })
      return found
    }
    if (text.startsWith('--')) {
      const equals = text.indexOf('=')
      const name = text.slice(2, equals < 0 ? undefined : equals)
      const isValued = equals < 0 && long.has(name)
      if (isValued) at += 1
      const value = equals >= 0 ? { ...arg, text: text.slice(equals + 1) } : isValued ? args[at] : undefined
      found.push({ kind: 'option', name, value })
    } else if (text.startsWith('-') && text.length > 1) {
      const letters = text.slice(1)
      const valuedAt = [...letters].findIndex((letter) => table.short.includes(letter))
      for (const letter of letters.slice(0, valuedAt < 0 ? undefined : valuedAt)) {
        found.push({ kind: 'option', name: letter, value: undefined })
      }
      if (valuedAt < 0) continue
      const inside = letters.slice(valuedAt + 1).replace(/^=/, '')
      if (inside === '') at += 1
      const value = inside === '' ? args[at] : { ...arg, text: inside }
      found.push({ kind: 'option', name: letters[valuedAt] ?? '', value })
    } else {
      found.push({ kind: 'operand', value: arg })
    }
  }
  return found
}

export const operandsOf = (args: readonly Argument[]): ShellValue[] =>
  args.flatMap((arg) => (arg.kind === 'operand' ? [arg.value] : []))

export const hasOption = (args: readonly Argument[], ...names: readonly string[]): boolean =>
  args.some((arg) => arg.kind === 'option' && names.includes(arg.name))

export const valuesOf = (args: readonly Argument[], ...names: readonly string[]): ShellValue[] =>
  args.flatMap((arg) =>
    arg.kind === 'option' && names.includes(arg.name) && arg.value !== undefined ? [arg.value] : [],
  )

/** Of an option given several times the last counts. */
export const lastValueOf = (args: readonly Argument[], ...names: readonly string[]): ShellValue | undefined =>
  valuesOf(args, ...names).at(-1)
