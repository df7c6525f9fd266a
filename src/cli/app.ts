import type { Config } from '../config.ts'
import type { EventHub } from '../events/hub.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Operation, Progress } from '../operation/operation.ts'

/** What the command line needs of the program; src/app.ts wires it. */
export interface CliApp {
  readonly config: Config
  /** There without any I/O: `--help` and the parsing of flags need nothing else. */
  readonly operations: readonly Operation[]
  /** Usable between `open` and `close`. */
  readonly events: EventHub
  /**
   * Takes the data directory (the kernel lets go of it when the process dies) and opens the database; `busy` while
   * another process owns it. May be called again after `close`.
   */
  open(): Promise<'opened' | 'busy'>
  /** Resumes unfinished jobs and runs new ones until `close`. May be called again. */
  startJobs(): Promise<void>
  /** Resolves when no job of this process is queued or running. */
  whenIdle(): Promise<void>
  /** Whether any token is configured; without one only the local owner is served. Usable after `open`. */
  hasTokens(): Promise<boolean>
  /**
   * Requests that carry `secret` as bearer token come from the owner of the data directory.
   * @throws AppError conflict (the port is taken), invalid_input (no such address)
   */
  listen(options: ListenOptions): Promise<Listening>
  readonly mcp: {
    /** Speaks MCP on stdin and stdout until the client ends it or `signal` aborts. */
    serveStdio(invoke: Invoke, signal: AbortSignal): Promise<void>
  }
  readonly hasher: Hasher
  /** Has threads start that a scan will need. */
  prepareScan?(): void
  /**
   * Puts the backup `from` in the place of the database, which is not open; `busy` while another process owns the
   * data directory.
   * @throws AppError not_found, invalid_input, checksum_mismatch, conflict, forbidden, disk_full
   */
  restore(from: string): Promise<RestoredDatabase | 'busy'>
  /** Puts running jobs back, closes the database, lets go of the data directory. */
  close(): Promise<void>
}

export interface RestoredDatabase {
  /** The file that holds what was restored now. */
  readonly database: string
  readonly sizeBytes: number
  /** Where the database is that was there before; undefined where there was none. */
  readonly kept: string | undefined
}

export interface ListenOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly secret: string
}

export interface Listening {
  /** Where this host reaches it: `http://127.0.0.1:7801`, with the port that was taken. */
  readonly url: string
  /** Not forced: running requests end, streams get their last event, then it resolves. Forced: connections are cut. */
  stop(options: { readonly force: boolean }): Promise<void>
}

export interface InvokeOptions {
  readonly signal: AbortSignal
  readonly progress: (progress: Progress) => void
}

/** One call of an operation, wherever it is carried out. */
export type Invoke = (operation: Operation, input: unknown, options: InvokeOptions) => Promise<JsonObject>

export type HashEngine = 'native' | 'wasm'

export interface HashedFile {
  readonly sha256: string
  readonly tensorSha256?: string
  readonly autoV1?: string
  readonly sizeBytes: number
}

export interface HashFileOptions {
  readonly engine?: HashEngine | undefined
  /** Also the digest of a safetensors' tensors. */
  readonly tensor?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((bytesDone: number, bytesTotal: number) => void) | undefined
}

/** Works without a database; the pool of `hash/` satisfies it as it is. */
export interface Hasher {
  hashFile(path: string, options?: HashFileOptions): Promise<HashedFile>
  createStreamHasher(options?: { readonly signal?: AbortSignal | undefined }): Promise<{
    update(chunk: Uint8Array): Promise<void>
    digest(): Promise<{ readonly sha256: string; readonly sizeBytes: number }>
    dispose(): void
  }>
  close(): Promise<void>
}

/** What `main.ts` gives to the command line; each is loaded when a command needs it. */
export interface CliParts {
  createApp(config: Config): Promise<CliApp>
  /** For `airkeep hash` of files, which needs nothing else. */
  createHasher(): Promise<Hasher>
}
