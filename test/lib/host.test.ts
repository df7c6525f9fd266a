import { describe, expect, test } from 'bun:test'
import { formatHost, isLoopbackAddress, isLoopbackName, parseHost } from '../../src/lib/host.ts'

describe('parseHost', () => {
  test.each([
    ['localhost', 'localhost', ''],
    ['LocalHost:7801', 'localhost', '7801'],
    ['127.0.0.1:80', '127.0.0.1', '80'],
    ['[::1]:7801', '[::1]', '7801'],
    ['[::1]', '[::1]', ''],
    ['gpu-1.example.com', 'gpu-1.example.com', ''],
  ])('%s', (text, name, port) => {
    expect(parseHost(text)).toEqual({ name, port })
  })

  test.each([
    '',
    ' ',
    'a b',
    'a, b',
    'a/b',
    'a?b',
    'a#b',
    'user@localhost',
    'localhost:',
    'localhost:x',
    'localhost:123456',
    '::1',
    '[::1',
    '[::1]x',
    'localhost\n',
    'höst',
  ])('refuses %j', (text) => {
    expect(parseHost(text)).toBeUndefined()
  })
})

test.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.255.0.9', true],
  ['[::1]', true],
  ['127.0.0.256', false],
  ['127.0.0.1.example.com', false],
  ['127.example.com', false],
  ['localhost.example.com', false],
  ['0.0.0.0', false],
  ['[::]', false],
])('isLoopbackName(%j) is %p', (name, expected) => {
  expect(isLoopbackName(name)).toBe(expected)
})

test.each([
  ['127.0.0.1', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['::ffff:10.0.0.1', false],
  ['10.0.0.1', false],
  ['169.254.1.1', false],
  ['', false],
  ['localhost', false],
])('isLoopbackAddress(%j) is %p', (address, expected) => {
  expect(isLoopbackAddress(address)).toBe(expected)
})

test.each([
  ['127.0.0.1', '127.0.0.1:80'],
  ['::1', '[::1]:80'],
  ['[::1]', '[::1]:80'],
])('formatHost(%j)', (host, expected) => {
  expect(formatHost(host, 80)).toBe(expected)
})
