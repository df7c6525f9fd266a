import { tmpdir } from 'node:os'
import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { Operation } from '../../src/operation/operation.ts'

/** Every operation of the program, for looking at and not for running: nothing is opened. */
export const describedOperations = (): readonly Operation[] =>
  createApp(loadConfig({ env: { AIRKEEP_LOG: 'silent' }, cwd: tmpdir(), data: '/nonexistent' })).operations
