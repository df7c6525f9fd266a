import * as v from 'valibot'
import { AppError } from '../../src/errors.ts'
import { type Call, defineOperation, type Operation } from '../../src/operation/operation.ts'

/** Tools of the conformance suite that the product can serve in its own way: as operations. */
export const FIXTURE_OPERATIONS: readonly Operation[] = [
  aFixture('test_simple_text', async () => 'This is a simple text response for testing.'),
  aFixture('test_error_handling', async () => {
    throw new AppError('conflict', 'This tool intentionally returns an error for testing')
  }),
  aFixture('test_tool_with_progress', async (call) => {
    // The total grows with what is done, so that every message goes out at once and not four times a second.
    for (const done of [0, 50, 100]) call.progress({ done, total: done, unit: 'items', message: `${done} done` })
    return 'done'
  }),
]

function aFixture(name: string, run: (call: Call) => Promise<string>): Operation {
  return defineOperation({
    name,
    summary: `${name} of the conformance suite`,
    description: 'Served for the conformance suite alone; no other tool is needed before or after.',
    example: {},
    effect: 'read',
    permission: 'track:read',
    http: { method: 'post', path: `/v1/fixtures/${name}` },
    input: v.strictObject({}),
    output: v.object({ text: v.string() }),
    run: async (_, call) => ({ text: await run(call) }),
  })
}
