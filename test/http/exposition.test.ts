import { describe, expect, test } from 'bun:test'
import { faultsOf, samplesOf } from '../support/exposition.ts'

const GOOD = `# HELP a_requests_total Requests, by path
# TYPE a_requests_total counter
a_requests_total{path="/a\\"b\\\\c\\nd",status="200"} 3
a_requests_total{path="/x, {y}",status="200"} 1e3
# HELP a_seconds Time
# TYPE a_seconds histogram
a_seconds_bucket{le="0.5",x="1"} 1
a_seconds_bucket{le="+Inf",x="1"} 2
a_seconds_sum{x="1"} 1.25
a_seconds_count{x="1"} 2
# HELP a_open Open ones
# TYPE a_open gauge
a_open -0.5
`

test('a good scrape has no fault, and is read as it is', () => {
  expect(faultsOf(GOOD)).toEqual([])
  expect(samplesOf(GOOD)).toHaveLength(7)
  expect(samplesOf(GOOD)[1]).toEqual({
    name: 'a_requests_total',
    labels: { path: '/x, {y}', status: '200' },
    value: 1000,
  })
})

describe('every fault is told', () => {
  test.each([
    ['no help', GOOD.replace('# HELP a_open Open ones\n', ''), 'has no help'],
    ['an empty help', GOOD.replace(' Open ones', ' '), 'has no help'],
    ['no type', GOOD.replace('# TYPE a_open gauge\n', ''), 'has no type'],
    ['a type twice', `${GOOD}# TYPE a_open gauge\n`, 'a second TYPE'],
    ['an unknown type', GOOD.replace('a_open gauge', 'a_open meter'), 'no such type'],
    ['lines apart', `${GOOD}a_requests_total{path="z"} 1\n`, 'do not stand together'],
    ['a series twice', `${GOOD}a_open 2\n`, 'the same series twice'],
    ['a counter without its ending', GOOD.replaceAll('a_requests_total', 'a_requests'), 'end with _total'],
    ['a gauge with it', GOOD.replaceAll('a_open', 'a_open_total'), 'end with _total'],
    ['a negative counter', GOOD.replace('1e3', '-1'), 'below zero'],
    ['capitals', GOOD.replaceAll('a_open', 'aOpen'), 'snake_case'],
    ['another unit', GOOD.replaceAll('a_open', 'a_open_ms'), 'no base unit'],
    ['a number that is none', GOOD.replace('-0.5', '0,5'), 'cannot be read'],
    ['an open quote', GOOD.replace('"200"} 3', '"200} 3'), 'cannot be read'],
    ['a label twice', GOOD.replace('x="1"} 1.25', 'x="1",x="2"} 1.25'), 'cannot be read'],
    ['buckets that fall', GOOD.replace('x="1"} 1\n', 'x="1"} 9\n'), 'not a histogram'],
    ['no last bucket', GOOD.replace('le="+Inf"', 'le="9"'), 'not a histogram'],
    ['a count of its own', GOOD.replace('a_seconds_count{x="1"} 2', 'a_seconds_count{x="1"} 3'), 'not a histogram'],
    ['no sum', GOOD.replace('a_seconds_sum{x="1"} 1.25\n', ''), 'not a histogram'],
    ['no last line break', GOOD.trimEnd(), 'does not end'],
  ])('%s', (_, text, fault) => {
    expect(text).not.toBe(GOOD)
    expect(faultsOf(text).join('; ')).toContain(fault)
  })
})
