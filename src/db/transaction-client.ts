import type { Client, InArgs, InStatement, Replicated, ResultSet, Transaction, TransactionMode } from '@libsql/client'
import { leavesTransactionOpen } from './db-error.ts'

/**
 * A libSQL client whose statements all go into the one open write transaction. drizzle is built over it once, so
 * that statements prepared at start can be used in every transaction (building SQL is the larger part of a write).
 * Outside a write every statement is refused.
 */
export class TransactionClient implements Client {
  closed = false
  readonly protocol = 'late'
  #transaction: Transaction | undefined
  /** Statements other than SELECT since {@link resetChanges}: whether there is anything to roll back. */
  #changes = 0
  #failure: { readonly error: unknown } | undefined

  enter(transaction: Transaction): void {
    if (this.#transaction !== undefined) throw new Error('A write transaction is open already')
    this.#transaction = transaction
    this.#failure = undefined
  }

  leave(): void {
    this.#transaction = undefined
  }

  resetChanges(): void {
    this.#changes = 0
  }

  get hasChanges(): boolean {
    return this.#changes > 0
  }

  /**
   * The error after which the transaction cannot be committed, if there was one. From then on no statement is let
   * through: it could run outside of the transaction, and stay.
   */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    const full = typeof statement === 'string' ? { sql: statement, args: args ?? [] } : statement
    const sql = typeof full === 'string' ? full : full.sql
    if (!/^\s*select\b/i.test(sql)) this.#changes += 1
    return this.#watch(this.#open().execute(full))
  }

  batch(statements: Array<InStatement | [string, InArgs?]>, _mode?: TransactionMode): Promise<ResultSet[]> {
    this.#changes += 1
    return this.#watch(
      this.#open().batch(
        statements.map((item) => (Array.isArray(item) ? { sql: item[0], args: item[1] ?? [] } : item)),
      ),
    )
  }

  executeMultiple(sql: string): Promise<void> {
    this.#changes += 1
    return this.#watch(this.#open().executeMultiple(sql))
  }

  migrate(): Promise<ResultSet[]> {
    return Promise.reject(new Error('Migrations do not run inside a write'))
  }

  transaction(): Promise<Transaction> {
    return Promise.reject(new Error('A write cannot open a transaction of its own'))
  }

  sync(): Promise<Replicated> {
    return Promise.reject(new Error('A write cannot sync'))
  }

  close(): void {
    this.closed = true
  }

  reconnect(): void {}

  async #watch<T>(statement: Promise<T>): Promise<T> {
    try {
      return await statement
    } catch (error) {
      if (!leavesTransactionOpen(error)) this.#failure ??= { error }
      throw error
    }
  }

  #open(): Transaction {
    if (this.#failure !== undefined) throw this.#failure.error
    if (this.#transaction === undefined) throw new Error('Statements that change rows run inside write() only')
    return this.#transaction
  }
}
