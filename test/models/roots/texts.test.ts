import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { assignedArguments } from '../../../src/models/roots/a1111.ts'
import { flagValues, readArguments, wordsOf } from '../../../src/models/roots/arguments.ts'
import { readFds } from '../../../src/models/roots/fds.ts'
import { testSearch } from './host.ts'

describe('COMMANDLINE_ARGS of a shell script', () => {
  test.each([
    ['export COMMANDLINE_ARGS="--lora-dir /l --api"', '--lora-dir /l --api'],
    ["COMMANDLINE_ARGS='--lora-dir /l'", '--lora-dir /l'],
    ['export COMMANDLINE_ARGS=--api # why', '--api'],
    ['#export COMMANDLINE_ARGS="--api"', ''],
    ['   export   COMMANDLINE_ARGS="--api"', '--api'],
    ['COMMANDLINE_ARGS="--a"\nCOMMANDLINE_ARGS="--b"', '--b'],
    ['COMMANDLINE_ARGS="--a"\nCOMMANDLINE_ARGS="$COMMANDLINE_ARGS --b"', '--a --b'],
    [`COMMANDLINE_ARGS="--a"\nCOMMANDLINE_ARGS="\${COMMANDLINE_ARGS} --b"`, '--a --b'],
    ['COMMANDLINE_ARGS="--ckpt-dir $DISK/c"', '--ckpt-dir /disk/c'],
    ['COMMANDLINE_ARGS="--ckpt-dir \'/a b\'"', "--ckpt-dir '/a b'"],
    ['COMMANDLINE_ARGS="--ckpt-dir \\"/a b\\""', '--ckpt-dir "/a b"'],
    ['COMMANDLINE_ARGS="--a \\\n  --b"', '--a   --b'],
    ['COMMANDLINE_ARGS="--a\n--b"', '--a\n--b'],
    ['COMMANDLINE_ARGS="$(touch /tmp/never) --b"', '(touch /tmp/never) --b'],
    ['MY_COMMANDLINE_ARGS="--a"', ''],
    ['echo COMMANDLINE_ARGS=1', ''],
    ['COMMANDLINE_ARGS="never closed', ''],
  ])('%j', (script, expected) => {
    expect(assignedArguments(script, { DISK: '/disk' }).replace('$(', '(')).toBe(expected)
  })

  test('any text is read without a fault', () => {
    const part = fc.oneof(fc.string(), fc.constantFrom('COMMANDLINE_ARGS=', '"', "'", '\\', '\n', '$', '${', '`'))
    fc.assert(fc.property(fc.array(part), (parts) => typeof assignedArguments(parts.join(''), {}) === 'string'))
  })
})

describe('a command line', () => {
  test.each([
    ['--a b', ['b']],
    ['--a=b', ['b']],
    ['--a "b c"', ['b c']],
    ["--a 'b c' --d", ['b c']],
    ['--a b\\ c', ['b c']],
    ['--a $HOME/x', ['$HOME/x']],
    ['--a /m/*.x', ['/m/*.x']],
    ['--a b --a c d', ['b', 'c', 'd']],
    ['--ab c', []],
    ['--a', []],
    ['--a --b', []],
    ['--a=', []],
  ])('%j', (line, expected) => {
    expect(flagValues(wordsOf(line) ?? [], '--a')).toEqual(expected)
  })
})

test('a command line that no shell could read is told of', () => {
  for (const line of ['--a ${', `--a ${'x'.repeat(40_000)}`]) {
    const search = testSearch()
    expect(readArguments(line, 'ComfyUI', search)).toEqual([])
    expect(search.notes).toEqual(['The command line of ComfyUI cannot be read; its folders are not used.'])
  }
})

describe('Frenetic Data Syntax', () => {
  test('sections, comments, tabs, escapes, lists', () => {
    const values = readFds(
      [
        '#comment: no',
        'Top: 1',
        'Paths:',
        '\t#: no',
        '\tModelRoot: /a b;C:\\sx',
        '\tEmpty:',
        '\tSDLoraFolder: Lora\\x ',
        '\tDeep:',
        '\t\tKey\\dX: v',
        '\tList:',
        '\t- item: no',
        '\tAfter: yes',
        'Binary= aGk=',
        'No separator',
        'Last: end',
      ].join('\r\n'),
    )
    expect(Object.fromEntries(values)).toEqual({
      Top: '1',
      'Paths.ModelRoot': '/a b;C:\\x',
      'Paths.SDLoraFolder': 'Lora',
      'Paths.Deep.Key.X': 'v',
      'Paths.After': 'yes',
      Last: 'end',
    })
  })

  test('any text is read without a fault', () => {
    fc.assert(fc.property(fc.string(), (text) => readFds(text) instanceof Map))
  })
})
