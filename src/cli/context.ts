import { type Config, type ConfigInput, loadConfig } from '../config.ts'
import type { JsonObject } from '../lib/json.ts'
import type { CliApp, CliParts } from './app.ts'
import type { Globals } from './globals.ts'
import type { EndSignal, Outside } from './outside.ts'
import { createProgressLine, noProgress, type ProgressLine } from './progress.ts'

export type SettingFlags = NonNullable<ConfigInput['flags']>

/** What a command works with. */
export interface Context {
  readonly outside: Outside
  readonly globals: Globals
  /** Aborts at the first Ctrl-C. */
  readonly signal: AbortSignal
  /** What has aborted it. */
  readonly interruptedBy: () => EndSignal | undefined
  readonly progress: ProgressLine
  /** How it is shown how far jobs are: drawn again and again on a terminal, as lines of a log, not at all. */
  readonly followed: 'bars' | 'lines' | 'nothing'
  readonly parts: CliParts
  /** @throws AppError as loadConfig does */
  config(flags?: SettingFlags): Config
  /** The program, not opened. One-shot commands log warnings only, unless a log level was set. */
  app(flags?: SettingFlags): Promise<CliApp>
  /** Ends with the command's signal, whoever holds the other end open. */
  stdin(): AsyncIterable<Uint8Array>
  /** A line for people on stderr; nothing with --quiet. */
  note(text: string): Promise<void>
  /** The command's result: one JSON document with --json, else the text. */
  print(output: JsonObject, text: (columns: number | undefined) => string): Promise<void>
}

export interface ContextDeps {
  readonly outside: Outside
  readonly parts: CliParts
  readonly globals: Globals
  readonly signal: AbortSignal
  readonly interruptedBy: () => EndSignal | undefined
  /** The program that the operations were taken from, used again where it has the same configuration. */
  readonly loaded: LoadedApp | undefined
}

export interface LoadedApp {
  readonly app: CliApp
  /** What its configuration was read from; undefined where that could not be read. */
  readonly from: Pick<Globals, 'data' | 'config'> | undefined
}

export function createContext(deps: ContextDeps): Context {
  const { outside, globals, parts, loaded } = deps
  const { stdout, stderr } = outside
  const onTerminal = stderr.isTerminal && !globals.quiet && outside.env.TERM !== 'dumb'
  const progress = onTerminal ? createProgressLine(stderr) : noProgress

  const config = (flags: SettingFlags = {}): Config =>
    loadConfig({ env: outside.env, cwd: outside.cwd, data: globals.data, configFile: globals.config, flags })

  return {
    outside,
    globals,
    parts,
    signal: deps.signal,
    interruptedBy: deps.interruptedBy,
    progress,
    followed: globals.quiet || globals.json ? 'nothing' : onTerminal ? 'bars' : 'lines',
    config,
    async app(flags) {
      const from = loaded?.from
      const same = from !== undefined && from.data === globals.data && from.config === globals.config
      if (loaded !== undefined && same && flags === undefined) return loaded.app
      return parts.createApp(withLogLevel(config(flags), globals.quiet))
    },
    stdin: () => abortable(outside.stdin(), deps.signal),
    async note(text) {
      if (globals.quiet) return
      progress.clear()
      await stderr.write(`${text}\n`).catch(() => {})
    },
    async print(output, text) {
      progress.clear()
      if (globals.json) await stdout.write(toJson(output, stdout.isTerminal))
      else await stdout.write(withNewline(text(stdout.columns)))
    },
  }
}

async function* abortable<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncIterable<T> {
  const iterator = items[Symbol.asyncIterator]()
  let onAbort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
  })
  aborted.catch(() => {})
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    signal.throwIfAborted()
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted])
      if (next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** The log goes to stderr, where a person reads the command's own words: only what went wrong belongs between them. */
export function withLogLevel(config: Config, quiet: boolean): Config {
  if (config.sources.log !== 'default') return config
  return { ...config, settings: { ...config.settings, log: quiet ? 'error' : 'warn' } }
}

/** Indented for people, one line for programs. */
export const toJson = (value: unknown, indented: boolean): string =>
  `${JSON.stringify(value, null, indented ? 2 : undefined)}\n`

const withNewline = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`)
