import { describe, expect, test } from 'bun:test'
import type { Command } from 'commander'
import { describeProgram, type Program } from '../../src/cli/program.ts'
import { describedOperations } from '../support/operations.ts'

const operations = describedOperations()

/** The program as it is built; `acted` is told of every command that would be carried out. */
function build(acted: () => void = () => {}): { program: Program; help: () => string } {
  let help = ''
  const program = describeProgram({
    operations,
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
