/** The main job on the fixtures, offline, step by step, with the executable in an empty folder of its own. */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NOWHERE } from './nowhere.ts'

const root = join(import.meta.dir, '..')
const dir = mkdtempSync(join(tmpdir(), 'airkeep-demo-'))
const binary = join(dir, 'airkeep')
cpSync(join(root, 'dist/airkeep'), binary)
cpSync(join(root, 'fixtures/models'), join(dir, 'models'), { recursive: true })
cpSync(join(root, 'fixtures/pictures'), join(dir, 'pictures'), { recursive: true })

const say = (text: string): void => void process.stdout.write(text)

interface Step {
  readonly why: string
  readonly args: readonly string[]
  /** 10: done, but something is missing. */
  readonly exitCodes?: readonly number[]
}

function run({ why, args, exitCodes = [0] }: Step): string {
  say(`\n# ${why}\n$ airkeep ${args.join(' ')}\n`)
  const result = Bun.spawnSync([binary, ...args, '--data', join(dir, 'data')], {
    cwd: dir,
    env: { HOME: dir, PATH: '/usr/bin:/bin', AIRKEEP_LOG: 'error', ...NOWHERE },
    stderr: 'inherit',
  })
  say(result.stdout.toString())
  if (!exitCodes.includes(result.exitCode)) {
    throw new Error(`airkeep ${args[0]} ended with exit code ${result.exitCode}, not ${exitCodes.join(' or ')}`)
  }
  return result.stdout.toString()
}

try {
  const picture = 'pictures/harbor.png'
  say(
    `Pictures: ${readdirSync(join(dir, 'pictures'))
      .filter((name) => name.endsWith('.png'))
      .join(', ')}\n`,
  )
  run({ why: 'What does a picture need? Read from its metadata alone.', args: ['import', picture, '--dry-run'] })
  run({
    why: 'Which of that is in the model folder? Found by hash even under another name.',
    args: ['import', picture, '--models', 'models'],
    exitCodes: [0, 10],
  })
  run({
    why: 'The same, and recorded in the ledger: prompt, asset, models.',
    args: ['import', picture, '--models', 'models', '--track'],
    exitCodes: [0, 10],
  })
  run({ why: 'What the ledger knows now.', args: ['list-assets'] })
  run({ why: 'The same picture again is the same asset.', args: ['hash', picture] })
  run({ why: 'Every model of the folder: digests, headers, types.', args: ['scan', 'models'] })
  run({ why: 'What is there, and what it is.', args: ['list-models'] })
  run({ why: 'Are its bytes still what they were?', args: ['verify-models'] })
  run({ why: 'What another host would be offered, signed.', args: ['get-model-manifest', '--include', 'loras'] })
  run({ why: 'Every write left a trace.', args: ['list-events', '--limit', '5'] })
  say('\nDone: every step did what it should.\n')
} finally {
  rmSync(dir, { recursive: true, force: true })
}
