import { describe, expect, test } from 'bun:test'
import type { Command } from 'commander'
import { describeProgram, type Program } from '../../src/cli/program.ts'
import type { Operation } from '../../src/operation/operation.ts'
import { describedOperations } from '../support/operations.ts'

const operations = describedOperations()

/** The program as it is built; `acted` is told of every command that would be carried out. */
function build(
  acted: () => void = () => {},
  known: readonly Operation[] = operations,
): { program: Program; help: () => string } {
  let help = ''
  const program = describeProgram({
    operations: known,
    columns: 100,
    writeHelp: (text) => {
      help += text
    },
    act: async () => acted(),
  })
  return { program, help: () => help }
}

/** Words that lead to each command that is there. */
function paths({ command: root, isAbsent }: Program): string[][] {
  const below = (command: Command, path: readonly string[]): string[][] => [
    [...path],
    ...command.commands.filter((each) => !isAbsent(each)).flatMap((each) => below(each, [...path, each.name()])),
  ]
  return below(root, [])
}

/** As a shell splits it; what a redirection does is the shell's own. */
function wordsOf(line: string): string[] {
  const command = line.replace(/ > \S+$/, '')
  const { stdout } = Bun.spawnSync(['sh', '-c', `printf '%s\\0' ${command}`])
  return stdout.toString().split('\0').slice(0, -1)
}

const all = paths(build().program)

test('the walk finds commands of every kind', () => {
  const named = all.map((path) => path.join(' '))
  for (const name of ['', 'serve', 'token create', 'create-asset', 'service install', 'help']) {
    expect(named).toContain(name)
  }
})

describe('what this version does not have', () => {
  /** Names in the list of commands, and what is said of them. */
  const listed = async (known: readonly Operation[]): Promise<Map<string, string>> => {
    const { program, help } = build(undefined, known)
    await program.command.parseAsync(['help'], { from: 'user' })
    return new Map(
      [...help().matchAll(/^ {2}(\w[\w-]*).*? {2}(\S.*)$/gm)].map(([, name = '', text = '']) => [name, text]),
    )
  }
  const operationNamed = (name: string): Operation[] =>
    operations.slice(0, 1).map((operation) => ({ ...operation, name, words: [name.replaceAll('_', '-')] }))
  const WORDS = [
    ['scan', 'scan_models'],
    ['node', 'list_nodes'],
    ['catalog', 'validate_catalog'],
  ] as const
  /** Those that this version has not. */
  const ABSENT = WORDS.filter(([, name]) => !operations.some((operation) => operation.name === name))

  test.each(WORDS)('%s: help says so until there is %s', async (word, name) => {
    expect((await listed([])).get(word)).toEndWith(' (not in this version)')
    const later = await listed(operationNamed(name))
    expect(later.get(word)).not.toContain('not in this version')
    expect(later.has(word)).toBe(true)
  })

  test('and nothing else', async () => {
    const said = [...(await listed(operations))].filter(([, text]) => text.includes('not in this version'))
    expect(said.map(([name]) => name).toSorted()).toEqual(ABSENT.map(([word]) => word).toSorted())
    expect(said.length).toBeLessThan((await listed([])).size)
  })

  test('is said in the help of the command too', async () => {
    const { program, help } = build(undefined, [])
    await program.command.parseAsync(['help', 'scan'], { from: 'user' })
    expect(help()).toContain('index model files (not in this version)')
  })
})

describe('every --help has an example', () => {
  test.each(all.map((path) => [['airkeep', ...path].join(' '), path] as const))('%s', async (_, path) => {
    const { program, help } = build()
    const shown = program.command.parseAsync([...path, '--help'], { from: 'user' })
    await shown.catch((error: unknown) => expect(error).toMatchObject({ code: 'commander.helpDisplayed' }))
    const [, example = ''] = /\n\nExample:\n {2}(airkeep.*)\n$/.exec(help()) ?? []
    expect(example).not.toBe('')
    // And the example is a command line that this program takes.
    let acted = 0
    const again = build(() => {
      acted += 1
    })
    const [airkeep, ...argv] = wordsOf(example)
    expect(airkeep).toBe('airkeep')
    await again.program.command.parseAsync(argv, { from: 'user' })
    if (argv[0] === 'help') expect(again.help()).toStartWith('Usage: airkeep')
    else expect(acted).toBe(1)
  })
})
