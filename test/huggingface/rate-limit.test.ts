import { expect, test } from 'bun:test'
import { waitSeconds } from '../../src/huggingface/rate-limit.ts'

test.each<readonly [Record<string, string>, number | undefined]>([
  [{ ratelimit: '"api";r=0;t=55' }, 55],
  [{ ratelimit: '"api"; r=0; t=55' }, 55],
  [{ ratelimit: '"api";r=3;t=55' }, undefined],
  [{ ratelimit: '"api";r=3;t=55, "resolvers";r=0;t=7' }, 7],
  [{ ratelimit: '"api";r=0;t=5, "resolvers";r=0;t=7' }, 7],
  [{ ratelimit: '"api";r=0;t=55', 'retry-after': '3' }, 55],
  [{ ratelimit: '"api";r=0', 'retry-after': '3' }, 3],
  [{ ratelimit: '"api";r=0;t=soon' }, undefined],
  [{ 'retry-after': '9' }, 9],
  [{ ratelimit: '"api";r=0;t=999999999' }, 86_400],
  [{}, undefined],
])('%j', (headers, expected) => {
  expect(waitSeconds(new Headers(headers))).toBe(expected as number)
})
