import { describe, expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bashCompletion } from '../../src/cli/completion/bash.ts'
import { fishCompletion } from '../../src/cli/completion/fish.ts'
import { allCommands, toCompleted } from '../../src/cli/completion/model.ts'
import { zshCompletion } from '../../src/cli/completion/zsh.ts'
import { describeProgram } from '../../src/cli/program.ts'
import { runInProcess } from '../support/cli-run.ts'
import { describedOperations } from '../support/operations.ts'
import { needs } from '../support/requires.ts'
import { bashOffers, fishOffers, type Offers, zshOffers } from '../support/shells.ts'
import { tempDir } from '../support/temp-dir.ts'

const program = toCompleted(
  describeProgram({ operations: describedOperations(), columns: 80, writeHelp() {}, act: async () => {} }),
)
const commands = program.commands.map(({ name }) => name)
const flagsOf = (...path: string[]): string[] => {
  const found = allCommands(program).find((command) => command.path.join(' ') === path.join(' '))
  return (found?.flags ?? []).map(({ long }) => long)
}

const SHELLS: readonly (readonly [shell: string, script: string, offers: Offers])[] = [
  ['bash', bashCompletion(program), bashOffers],
  ['zsh', zshCompletion(program), zshOffers],
  ['fish', fishCompletion(program), fishOffers],
]

/** Shells differ in the slash behind a folder and in whether a flag stands in front of its value. */
const plain = (offers: readonly string[]): string[] =>
  offers.map((offer) => offer.replace(/\/$/, '').replace(/^--[\w-]+=(?=.)/, '')).toSorted()

describe.each(SHELLS)('%s', (shell, script, offers) => {
  const cases: readonly (readonly [line: string, offered: readonly string[]])[] = [
    ['airkeep ', commands],
    ['airkeep create-a', ['create-asset']],
    ['airkeep token ', ['create', 'list', 'revoke']],
    ['airkeep --data folder --json token c', ['create']],
    ['airkeep service ', ['install', 'uninstall']],
    ['airkeep completion ', ['bash', 'fish', 'zsh']],
    ['airkeep help cal', ['calculate-sha256']],
    ['airkeep create-asset --asset-t', ['--asset-type']],
    ['airkeep serve --', flagsOf('serve')],
    ['airkeep token create --', flagsOf('token', 'create')],
    ['airkeep create-asset --asset-type ', ['image', 'video']],
    ['airkeep create-asset --asset-type=v', ['video']],
    ['airkeep create-asset --extract=', ['false', 'true']],
    ['airkeep import --format comfy', ['comfyui']],
    ['airkeep hash --engine w', ['wasm']],
    ['airkeep hash ', ['a file.png', 'folder', 'weights.safetensors']],
    ['airkeep hash a', ['a file.png']],
    ['airkeep create-backup --path we', ['weights.safetensors']],
    ['airkeep serve --data f', ['folder']],
    ['airkeep list-prompts --limit ', []],
  ]
  test.skipIf(!needs(shell)).each(cases)('%s', (line, offered) => {
    using folder = tempDir()
    writeFileSync(join(folder.path, 'a file.png'), '')
    writeFileSync(join(folder.path, 'weights.safetensors'), '')
    mkdirSync(join(folder.path, 'folder'))
    expect(plain(offers(script, line, folder.path))).toEqual(offered.toSorted())
  })
})

test('nothing is offered that this version does not have', () => {
  const named = allCommands(program).map(({ path }) => path.join(' '))
  expect(named).toContain('token create')
  expect(named).toContain('node add')
  expect(named).toContain('scan')
  expect(named).toContain('catalog validate')
  const bare = toCompleted(describeProgram({ operations: [], columns: 100, writeHelp() {}, act: async () => {} }))
  expect(allCommands(bare).filter(({ path }) => path[0] === 'catalog' || path[0] === 'scan')).toEqual([])
})

test('the command prints the script of the shell that was named, and no other', async () => {
  const { stdout, exitCode } = await runInProcess(['completion', 'bash'])
  expect(exitCode).toBe(0)
  expect(stdout).toContain('complete -F _airkeep airkeep')
  const asJson = await runInProcess(['completion', 'fish', '--json'])
  expect(JSON.parse(asJson.stdout)).toMatchObject({ shell: 'fish', script: expect.stringContaining('complete -c') })
  expect(await runInProcess(['completion', 'csh'])).toMatchObject({ exitCode: 2, stdout: '' })
})
