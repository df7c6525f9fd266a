import { type Command, Option } from 'commander'
import { onFirstUse } from '../lib/on-first-use.ts'

/** What every command takes. */
export interface Globals {
  readonly json: boolean
  readonly quiet: boolean
  readonly data: string | undefined
  readonly config: string | undefined
  readonly server: string | undefined
}

const GROUP = 'Every command:'

/** The same for all commands: each start would read their flags dozens of times. */
const globalOptions = onFirstUse(() =>
  [
    new Option('--json', 'one JSON document on stdout and nothing else there'),
    new Option('--data <dir>', 'data directory'),
    new Option('--config <file>', 'config file'),
    new Option('--server <url>', 'airkeep on another host; AIRKEEP_TOKEN is the token that is presented'),
    new Option('--quiet', 'no progress and no notes on stderr'),
  ].map((option) => option.helpGroup(GROUP)),
)

const VALUED = new Set(['--data', '--config', '--server'])

/** Adds them, except where the command has a field of the same name: then they stand before the command's name. */
export function addGlobalOptions(command: Command): Command {
  for (const option of globalOptions()) {
    if (command.options.some(({ long }) => long === option.long)) continue
    command.addOption(option)
  }
  command.helpOption('-h, --help', 'this text')
  return command
}

/** The option that stands nearest to the command's own wins. */
export function globalsOf(command: Command): Globals {
  const found: Record<string, unknown> = {}
  const names = globalOptions().map((option) => option.attributeName())
  for (let at: Command | null = command; at !== null; at = at.parent) {
    for (const name of names) {
      const own = at.options.some((option) => option.attributeName() === name && option.helpGroupHeading === GROUP)
      if (own) found[name] ??= at.getOptionValue(name)
    }
  }
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  return {
    json: found.json === true,
    quiet: found.quiet === true,
    data: text(found.data),
    config: text(found.config),
    server: text(found.server),
  }
}

export interface Scanned extends Globals {
  /** The first word that is no flag. */
  readonly command: string | undefined
  readonly help: boolean
}

/**
 * A first look at argv: which command, and what the program must know before it can tell commander of the
 * operations. It is mistaken where a field's value looks like one of these flags, so what matters is read again
 * from the parsed command.
 */
export function scanArgv(argv: readonly string[]): Scanned {
  const found: Record<string, string> = {}
  let command: string | undefined
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? ''
    if (word === '--') {
      command ??= argv[at + 1]
      break
    }
    const [name = '', ...rest] = word.split('=')
    if (!word.startsWith('-') || word === '-') command ??= word
    else if (VALUED.has(name) && rest.length > 0) found[name] = rest.join('=')
    else if (VALUED.has(name)) {
      at += 1
      const value = argv[at]
      if (value !== undefined) found[name] = value
    } else found[name] = ''
  }
  return {
    command,
    help: command === 'help' || '--help' in found || '-h' in found,
    json: '--json' in found,
    quiet: '--quiet' in found,
    data: found['--data'],
    config: found['--config'],
    server: found['--server'],
  }
}
