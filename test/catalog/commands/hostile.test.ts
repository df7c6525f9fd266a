import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import fc from 'fast-check'
import { classify } from '../../../src/catalog/classify.ts'
import { readPage, readPageBytes } from '../../../src/catalog/page.ts'
import { pageOf, pageText, verdictOf } from '../../support/catalog.ts'

const URL_OF = 'https://civitai.com/models/1?modelVersionId=2'
const MARKER = '/tmp/airkeep-was-run'

describe('hostile destinations are refused with words of their own, and nothing is run', () => {
  test.each([
    ['"$UI_HOME"/$(touch /tmp/airkeep-was-run)', 'it holds a command, which is never run'],
    ['"$UI_HOME"/`touch /tmp/airkeep-was-run`', 'it holds a command, which is never run'],
    ['"$UI_HOME"/<(touch /tmp/airkeep-was-run)', 'it holds a command, which is never run'],
    ['"$UI_HOME"/$((1+1))', 'it holds arithmetic'],
    ['"$UI_HOME"/{a,b}', 'several values in braces'],
    ['"$UI_HOME"/*', 'holds a pattern'],
    ['"$UI_HOME"/mod?ls', 'holds a pattern'],
    ['"$UI_HOME"/[m]odels', 'holds a pattern'],
    ['"$UI_HOME"/@(a|b)', 'it holds a pattern'],
    ["$'$UI_HOME/a\\nb'", 'line ends or control characters'],
    ['"$UI_HOME/a\nb"', 'line ends or control characters'],
    ['"$UI_HOME"/../../etc', 'leads out of the UI’s home'],
    ['/../etc', 'leads above its root'],
    ['"$UI_HOME"models', 'a slash is missing'],
    ['x/"$UI_HOME"/y', 'names $UI_HOME in its middle'],
    ['"$NOWHERE"/models', '$NOWHERE is not set in the page'],
    [`"\${UI_HOME/a/b}"/models`, 'is not known'],
    [`"\${!UI_HOME}"`, 'is not known'],
    [`"$UI_HOME"/${'a'.repeat(300)}`, 'is too long'],
    [`"$UI_HOME"/${'a/'.repeat(900)}`, 'is too long'],
    ['""', 'a destination is empty'],
    ['-rf', 'does not say where its file goes'],
    ['\ue000/x', 'line ends or control characters'],
  ])('%s', (target, words) => {
    const { files, notes } = pageOf(`civitdl ${URL_OF} ${target}`)
    expect(notes.join('; ')).toContain(words)
    for (const file of files) expect([file.folder, file.absolute_folder]).toEqual([undefined, undefined])
    // What is known is kept.
    expect(files[0]?.civitdl).toEqual({ model_id: 1, version_id: 2 })
    expect(existsSync(MARKER)).toBe(false)
  })

  test.each([
    ['wget -O "$UI_HOME/m/.." https://e.com/x'],
    ['wget -O "$UI_HOME/m/" https://e.com/x'],
    ['wget -P "$UI_HOME"/m "https://e.com/%2e%2e%2f%2e%2e%2fx"'],
    ['wget -P "$UI_HOME"/m "https://e.com/a%0ab"'],
    ['wget -P "$UI_HOME"/m "https://e.com/a%00b"'],
    ['aria2c -o "$(reboot)" -d "$UI_HOME"/m https://e.com/x'],
    ['hf download "acme/harbor; reboot" x --local-dir "$UI_HOME"/m'],
    ['hf download acme/harbor "$(reboot)" --local-dir "$UI_HOME"/m'],
    ['curl -o "$UI_HOME"/m/x "https://e.com/{a,b}[1-3]"'],
  ])('%s', (code) => {
    for (const { names, folder } of pageOf(code).files) {
      for (const name of names) expect(name).not.toMatch(/[/\p{Cc}\ue000\ue001]|^\.{0,2}$/u)
      expect(folder ?? '').not.toMatch(/\.\.|[\p{Cc}\ue000\ue001]/u)
    }
  })
})

test.each(['"$FILE"', '"$(name)"', '$UI_HOME$REST', "$'a\\nb'"])('wget -O %s may lead anywhere', (output) => {
  const [file] = pageOf(`wget -O ${output} https://e.com/x.pt`).files
  expect([file?.folder, file?.absolute_folder, file?.names]).toEqual([undefined, undefined, []])
})

describe('a block that cannot be read hides files', () => {
  const long = 'wget -P "$UI_HOME"/m https://e.com/x\n'.repeat(2_000)

  test('a page with nothing else is not one without commands', () => {
    const { syntax_type, checkable, reason } = verdictOf(long)
    expect([syntax_type, checkable]).toEqual(['INVALID', false])
    expect(reason).toMatch(/^The code block in line \d+ is too long to be read$/)
    expect(verdictOf(long.replaceAll('wget', 'true')).syntax_type).toBe('NO_DOWNLOAD')
  })

  test('beside others that can be read one of its files is not known', () => {
    const { syntax_type, files } = verdictOf(`wget -P "$UI_HOME"/m https://e.com/y.pt\n\`\`\`\n\n\`\`\`bash\n${long}`)
    expect(syntax_type).toBe('WGET_NO_AIR')
    expect(files).toMatchObject([{ names: ['y.pt'] }, { program: 'wget', names: [], source: { kind: 'unknown' } }])
  })
})

describe('broken scripts say so or are read as far as they go', () => {
  const wget = 'wget -P "$UI_HOME"/m https://e.com/x'
  test.each([
    ['an open quote', `${wget}\nciv "`, 1],
    ['an open substitution', `${wget}\n$(`, 1],
    ['an open loop', `${wget}\nfor x in`, 1],
    ['stray words', `done\n${wget}\nfi`, 0],
    ['endless functions', 'f() '.repeat(10_000), 0],
    ['endless brackets', '('.repeat(50_000), 0],
    ['endless substitutions', '$('.repeat(20_000), 0],
    ['endless quotes', '"$('.repeat(15_000), 0],
    ['endless backticks', '`'.repeat(50_001), 0],
    ['endless arithmetic', '$(('.repeat(15_000), 0],
    ['endless defaults', `\${a:-`.repeat(12_000), 0],
    ['a variable that doubles', `A=aaaa\n${'A=$A$A\n'.repeat(60)}wget -P "$A" https://e.com/x`, 1],
    ['loops without commands', `${'for a in 1 2 3 4 5 6 7 8 9; do '.repeat(9)}[[ a ]]${'; done'.repeat(9)}`, 0],
    ['loops in loops', `${'for a in 1 2 3 4 5 6 7 8 9; do '.repeat(9)}${wget}${'; done'.repeat(9)}`, 1],
  ])('%s', (_, code, least) => {
    const { files } = pageOf(code)
    expect(files.length).toBeGreaterThanOrEqual(least)
    expect(files.length).toBeLessThanOrEqual(1000)
  })

  test('a block that is too long is named by its line', () => {
    const { files, fault, notes } = pageOf(`${wget}\n`.repeat(3000))
    expect(files).toMatchObject([{ names: [], source: { kind: 'unknown' } }])
    expect(fault).toBe('The code block in line 5 is too long to be read')
    expect(notes).toEqual([])
  })

  test('of very many commands the first ones count', () => {
    const { files, notes } = pageOf('civitdl 1 m\n'.repeat(1500))
    expect(files).toHaveLength(1)
    expect(notes).toContain('of its commands only the first 1000 were read')
  })
})

const WORDS = [
  ...[
    'civitdl',
    'wget',
    'curl',
    'hf',
    'aria2c',
    'download',
    '-P',
    '-O',
    '-o',
    '-L',
    '--local-dir',
    '-d',
    '--dir=',
    '-i',
  ],
  ...[
    '"$UI_HOME"/m',
    `\${UI_HOME}`,
    '$(',
    ')',
    '`',
    '"',
    "'",
    '\\',
    '\n',
    ';',
    '&&',
    '||',
    '|',
    '>',
    '<<EOF',
    'EOF',
    '#',
  ],
  ...[
    'https://civitai.com/models/1?modelVersionId=2',
    'https://huggingface.co/a/b/resolve/main/c',
    'https://e.com/x?token=abcdefgh',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    '*',
    '?',
    '~',
    '..',
    '/',
    'for',
    'in',
    'do',
    'done',
    'if',
    'fi',
    'case',
    'esac',
    'cd',
    '=',
    '$x',
    `\${x:-`,
    '}',
  ],
]

describe('nothing throws', () => {
  test('any commands', () => {
    const script = fc.array(fc.constantFrom(...WORDS), { maxLength: 40 }).map((words) => words.join(' '))
    fc.assert(
      fc.property(script, (code) => {
        const verdict = verdictOf(code)
        expect(JSON.stringify(verdict)).not.toMatch(/abcdefgh|[\ue000\ue001]/)
      }),
      { numRuns: 1500 },
    )
  })

  test('any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        classify(readPage(text))
        classify(readPage(`---\n${text}\n---\n`))
        classify(readPage(pageText('a: b', text)))
      }),
      { numRuns: 700 },
    )
  })

  test('any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        classify(readPageBytes(bytes))
      }),
      { numRuns: 700 },
    )
  })
})
