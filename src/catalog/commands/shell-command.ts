import type { ShellValue } from './shell-value.ts'

/** One simple command of a block, as far as it can be known without running it. */
export interface ShellCommand {
  /** Without its folder: `wget`. */
  readonly name: string
  readonly args: readonly ShellValue[]
  /** `> file`. */
  readonly outputTo: ShellValue | undefined
  /** The program that reads its output. */
  readonly pipedTo: string | undefined
  /** Undefined where nothing before said so. */
  readonly folder: ShellValue | undefined
  /** Characters of the block. */
  readonly start: number
  readonly end: number
}

/** Programs in front of the one that counts, and their options that have a value. */
const WRAPPERS: Readonly<Record<string, { readonly valued: RegExp; readonly operands: number }>> = {
  sudo: { valued: /^-[ugphCDRT]$/, operands: 0 },
  env: { valued: /^-[uC]$/, operands: 0 },
  nohup: { valued: /^$/, operands: 0 },
  command: { valued: /^$/, operands: 0 },
  exec: { valued: /^-a$/, operands: 0 },
  time: { valued: /^-[fo]$/, operands: 0 },
  nice: { valued: /^-n$/, operands: 0 },
  ionice: { valued: /^-[cnp]$/, operands: 0 },
  timeout: { valued: /^-[ks]$/, operands: 1 },
}
/** Programs that start one which stands anywhere among their arguments. */
const STARTERS = /^(?:uvx|uv|pipx|poetry|conda|micromamba|python\d?(?:\.\d+)?)$/
const STARTED = /^(?:civitdl|hf|huggingface-cli)$/

export const programName = (word: string): string => word.slice(word.lastIndexOf('/') + 1)

/** The program that counts and its arguments: without `sudo`, `env A=b`, `timeout 600`, `uvx --from x`. */
export function unwrap(words: readonly ShellValue[]): readonly ShellValue[] {
  let rest = words
  for (let round = 0; round < 8; round += 1) {
    const name = programName(rest[0]?.text ?? '')
    if (STARTERS.test(name)) {
      const at = rest.findIndex(({ text }, index) => index > 0 && STARTED.test(programName(text)))
      return at < 0 ? rest : rest.slice(at)
    }
    const wrapper = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined
    if (wrapper === undefined) return rest
    let at = 1
    while (at < rest.length && /^-|^\w+=/.test(rest[at]?.text ?? ''))
      at += wrapper.valued.test(rest[at]?.text ?? '') ? 2 : 1
    rest = rest.slice(at + wrapper.operands)
  }
  return rest
}
