import pino from 'pino'
import { isHarmlessField } from './public-url.ts'

export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Log
}

/** Ids that every line about one piece of work carries, however deep in the program it is written. */
export interface Trace {
  readonly request_id?: string
  readonly job_id?: string
}

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug'

/** Fields that hold secrets wherever they stand; their values never reach a line. */
const SECRET_FIELDS = new Set(['authorization', 'token', 'secret', 'key', 'password', 'ticket', 'cookie'])

/** A field of a query: names are told by where they begin, so that none is looked at twice. */
const QUERY_FIELD = /([?&;])([\w.%[\]~-]{1,100})=([^?&;#\s"'`<>]+)/g

/** Looks back for the end of a scheme: one sought from its beginning is sought anew at each of its letters. */
const USER_IN_URL = /(?<=[a-z0-9+.-]:\/\/)[^\s/?#@"']+@/gi

/**
 * Takes tokens, signatures, users and passwords out of a URL or of any text that may hold one: of queries only fields
 * that are known to be harmless keep their values.
 */
export const withoutSecrets = (text: string): string =>
  text
    .replace(QUERY_FIELD, (field, sign: string, name: string, value: string) =>
      isHarmlessField(name, value) ? field : `${sign}${name}=***`,
    )
    .replace(USER_IN_URL, '***@')

/**
 * JSON lines on stderr. Written synchronously, so that the last line before an exit is there
 * and no worker thread is needed inside the executable.
 */
export function createLog(level: LogLevel): Log {
  return toLog(
    pino(
      {
        level,
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }), log: (fields) => censored(fields, 1) },
        serializers: { err: describeError, url: (url: unknown) => withoutSecrets(String(url)) },
      },
      pino.destination({ fd: 2, sync: true }),
    ),
  )
}

/** pino gives the fields of a child to no formatter. */
const toLog = (logger: pino.Logger): Log => ({
  debug: (fields, message) => logger.debug(fields, message),
  info: (fields, message) => logger.info(fields, message),
  warn: (fields, message) => logger.warn(fields, message),
  error: (fields, message) => logger.error(fields, message),
  child: (fields) => toLog(logger.child(censored({ ...fields }, 1))),
})

/**
 * Fields without the values of secret ones, down to `levels` levels below the top. (pino's own redaction took a fifth
 * of the processor time of a small request.)
 */
function censored(fields: Record<string, unknown>, levels: number): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined
  for (const key in fields) {
    const value = fields[key]
    const shown = SECRET_FIELDS.has(key.toLowerCase()) ? '***' : censoredValue(value, levels)
    if (shown === value) continue
    copy ??= { ...fields }
    copy[key] = shown
  }
  return copy ?? fields
}

function censoredValue(value: unknown, levels: number): unknown {
  if (levels === 0 || typeof value !== 'object' || value === null || value instanceof Error) return value
  return censored(value as Record<string, unknown>, levels - 1)
}

/** drizzle's errors carry SQL and parameters in `message`: only the cause's code is kept of those. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) }
  if (error.message.startsWith('Failed query:')) {
    return { type: error.name, cause: error.cause === undefined ? undefined : describeError(error.cause) }
  }
  return {
    type: error.name,
    message: withoutSecrets(error.message),
    stack: error.stack === undefined ? undefined : withoutSecrets(error.stack),
    cause: error.cause === undefined ? undefined : describeError(error.cause),
  }
}

export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
}
