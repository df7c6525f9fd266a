import { Argument, type Command, Option } from 'commander'
import type { Context } from './context.ts'

export interface OwnCommandDeps {
  /** A command of `parent`, with the flags of every command and an example under its help. */
  command(parent: Command, usage: string, summary: string, example: string): Command
  group(name: string, summary: string, example: string): Command
  readonly program: Command
  run(of: Command, handler: (context: Context) => Promise<number>): Promise<void>
  /** Its help says so where this version does not have that operation. */
  needs(of: Command, operationName: string): void
}

const list = (value: string, previous: string[] | undefined): string[] => [...(previous ?? []), value]

const serveOptions = (command: Command): Command =>
  command
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 picks a free one', '7801')
    .option('--models <dir>', 'model folder; may be repeated', list)

/** The commands that are no operations. What each does is loaded when it is carried out. */
export function addOwnCommands({ command, group, program, run, needs }: OwnCommandDeps): void {
  serveOptions(
    command(program, 'serve', 'HTTP, live events and MCP, until it is stopped', 'airkeep serve --models /data/models'),
  ).action((options, self) => run(self, async (context) => (await import('./serve.ts')).serve(context, options)))

  command(program, 'mcp', 'MCP over stdin and stdout', 'airkeep mcp --quiet').action((_, self) =>
    run(self, async (context) => (await import('./mcp.ts')).mcp(context)),
  )

  command(
    program,
    'import <source...>',
    'find the models that a picture or prompt needs',
    'airkeep import picture.png --models /data/models --track',
  )
    .usage('[options] FILE|DIR|URL|-...')
    .option('--models <dir>', 'model folder; may be repeated', list)
    .option('--format <name>', 'format of the prompt; found out where it is not given', 'auto')
    .option('--dry-run', 'say what is needed and start nothing')
    .option('--no-download', 'find what is needed, here and elsewhere, and fetch nothing')
    .option('--link', 'link what is here under another name as the prompt names it')
    .option('--no-wait', 'start the job and do not follow it; nothing is asked')
    .option('--track', 'also record prompt and picture in the ledger')
    .option('-y, --yes', 'download without asking, as where there is no terminal and with --json')
    .action((sources, options, self) =>
      run(self, async (context) => (await import('./import.ts')).importPrompts(context, sources, options)),
    )

  const scan = command(program, 'scan [dir...]', 'index model files', 'airkeep scan /data/models --identify')
  needs(scan, 'scan_models')
  scan
    .option('--models <dir>', 'model folder; may be repeated', list)
    .option('--identify', 'also look the files up at Civitai')
    .option('--no-wait', 'start the job and do not follow it')
    .action((dirs, options, self) =>
      run(self, async (context) => (await import('./scan.ts')).scan(context, dirs, options)),
    )

  command(program, 'hash <path...>', 'SHA-256 of files, as sha256sum prints it', 'airkeep hash model.safetensors --all')
    .usage('[options] PATH|URL|-...')
    .option('--all', 'every digest that model tools use')
    .addOption(
      new Option('--engine <name>', 'native, or wasm to check it by another implementation')
        .default('native')
        .choices(['native', 'wasm'])
        // What else is typed is refused in the words of every other error.
        .argParser((value) => value),
    )
    .action((paths, options, self) =>
      run(self, async (context) => (await import('./hash.ts')).hash(context, paths, options)),
    )

  command(
    program,
    'backup <file>',
    'copy the database into one new file, also while serve uses it',
    'airkeep backup /workspace/airkeep-backup.db',
  ).action((file, _, self) => run(self, async (context) => (await import('./backup.ts')).backup(context, file)))

  command(
    program,
    'restore <file>',
    'put a backup in the place of the database, which is kept',
    'airkeep restore /workspace/airkeep-backup.db',
  ).action((file, _, self) => run(self, async (context) => (await import('./restore.ts')).restore(context, file)))

  const config = group('config', 'settings', 'airkeep config show')
  command(config, 'show', 'every setting, its value and where it came from', 'airkeep config show --json').action(
    (_, self) => run(self, async (context) => (await import('./config.ts')).showConfig(context)),
  )

  addServiceCommands({ command, group, program, run, needs })

  command(program, 'version', 'print the version', 'airkeep version').action((_, self) =>
    run(self, async (context) => (await import('./version.ts')).printVersion(context)),
  )
}

function addServiceCommands({ command, group, run }: OwnCommandDeps): void {
  const service = group('service', 'start airkeep with the machine, by systemd', 'airkeep service install --print')
  const shared = (of: Command): Command =>
    of.option('--user', 'of the user who calls, instead of the machine').option('--print', 'show the unit, do nothing')
  shared(
    serveOptions(
      command(
        service,
        'install',
        'write the unit, start it now and with the machine',
        'airkeep service install --data /srv/airkeep --models /data/models',
      ),
    ),
  ).action((options, self) =>
    run(self, async (context) => (await import('./service/install.ts')).installService(context, options)),
  )
  shared(
    command(service, 'uninstall', 'stop it and remove the unit; the data stays', 'airkeep service uninstall'),
  ).action((options, self) =>
    run(self, async (context) => (await import('./service/uninstall.ts')).uninstallService(context, options)),
  )
}

/** Beside the others, because it tells of all of them. */
export const completionArgument = (): Argument =>
  new Argument('<shell>', 'the shell that is to complete').choices(['bash', 'zsh', 'fish'])
