import type { ParserInput } from './parser.ts'

/** Begins like JSON and is none: what is found in it by chance must not hide that it is damaged. */
export const isDamagedJson = ({ text, json }: ParserInput): boolean =>
  /^\s{0,100}[{[]\s{0,100}["{[]/.test(text.slice(0, 300)) && json() === undefined
