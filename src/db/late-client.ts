import type { Client, InArgs, InStatement, Replicated, ResultSet, Transaction, TransactionMode } from '@libsql/client'
import { translateDbError, unreachableIn } from './db-error.ts'

/**
 * A libSQL client that is connected after drizzle has been built over it. Its single statements are reads: one is sent
 * a second time where the server was gone, as the end of a connection that was kept looks.
 */
export class LateClient implements Client {
  closed = false
  readonly protocol = 'late'
  readonly #onExecute: ((sql: string) => void) | undefined
  #client: Client | undefined

  constructor(onExecute?: (sql: string) => void) {
    this.#onExecute = onExecute
  }

  connect(client: Client): void {
    this.#client = client
    this.closed = false
  }

  get connected(): boolean {
    return this.#client !== undefined && !this.closed
  }

  async execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    this.#onExecute?.(typeof statement === 'string' ? statement : statement.sql)
    const ask = (): Promise<ResultSet> =>
      typeof statement === 'string' ? this.#open().execute(statement, args) : this.#open().execute(statement)
    try {
      return await ask()
    } catch (error) {
      if (unreachableIn(error)?.silent !== false) throw translateDbError(error)
    }
    try {
      return await ask()
    } catch (error) {
      throw translateDbError(error)
    }
  }

  batch(statements: Array<InStatement | [string, InArgs?]>, mode?: TransactionMode): Promise<ResultSet[]> {
    return this.#open().batch(statements, mode)
  }

  migrate(statements: InStatement[]): Promise<ResultSet[]> {
    return this.#open().migrate(statements)
  }

  transaction(mode: TransactionMode = 'write'): Promise<Transaction> {
    return this.#open().transaction(mode)
  }

  executeMultiple(sql: string): Promise<void> {
    return this.#open().executeMultiple(sql)
  }

  sync(): Promise<Replicated> {
    return this.#open().sync()
  }

  close(): void {
    if (this.connected) this.#client?.close()
    this.closed = true
  }

  reconnect(): void {
    this.#open().reconnect()
  }

  #open(): Client {
    if (this.#client === undefined || this.closed) throw new Error('The database is not open')
    return this.#client
  }
}
