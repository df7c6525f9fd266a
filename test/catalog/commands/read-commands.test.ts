import { describe, expect, test } from 'bun:test'
import { readPage } from '../../../src/catalog/page.ts'
import { filesOf, pageOf } from '../../support/catalog.ts'

const HUB = 'https://huggingface.co/acme/harbor/resolve/main/vae/harbor.safetensors'
const hub = { kind: 'huggingface', repo: 'acme/harbor', revision: 'main', path: 'vae/harbor.safetensors' }
const WEB = 'https://example.com/a/b%20c.safetensors'
const web = { kind: 'url', url: WEB }
const DIGEST = '0123456789abcdef'.repeat(4)

type Expected = readonly object[]

const civitai = (model_id?: number, version_id?: number) => ({
  ...(model_id === undefined ? {} : { model_id }),
  ...(version_id === undefined ? {} : { version_id }),
})

describe('civitdl', () => {
  test.each<[string, Expected]>([
    [
      'civitdl https://civitai.com/models/1?modelVersionId=2 "$UI_HOME"/models/Lora',
      [{ civitdl: civitai(1, 2), folder: 'models/Lora', is_below: true }],
    ],
    [
      'civitdl "https://civitai.com/models/1/slug?modelVersionId=2&x=y" $UI_HOME/a//b/./c/',
      [{ civitdl: civitai(1, 2), folder: 'a/b/c' }],
    ],
    [
      'civitdl https://civitai.com/api/download/models/2 https://civitai.com/models/3 x',
      [{ civitdl: civitai(undefined, 2) }, { civitdl: civitai(3) }],
    ],
    [
      'civitdl 1,https://civitai.com/models/3?modelVersionId=4, x',
      [{ civitdl: civitai(1) }, { civitdl: civitai(3, 4) }],
    ],
    ['civitdl --max-images=0 -s basic 1 -i 3 --api-key "$KEY" x', [{ civitdl: civitai(1), folder: 'x' }]],
    ['/usr/local/bin/civitdl -- 1 x', [{ civitdl: civitai(1), folder: 'x' }]],
    ['sudo -u me env A=b nice -n 5 timeout 60 civitdl 1 x', [{ civitdl: civitai(1), folder: 'x' }]],
    ['pipx run civitdl 1 x', [{ civitdl: civitai(1), folder: 'x' }]],
    ['civitdl list.txt x', [{ source: { kind: 'unknown' }, folder: 'x' }]],
    ['civitdl --without-model 1 x', []],
    ['civitdl "https://civitai.com/models/{id}" x', []],
    ['civitdl', []],
    ['civitdl --help', []],
  ])('%s', (code, files) => {
    expect(filesOf(code)).toMatchObject(files as never)
    expect(filesOf(code)).toHaveLength(files.length)
  })
})

describe('wget', () => {
  test.each<[string, Expected]>([
    [`wget -P "$UI_HOME"/m ${HUB}`, [{ source: hub, names: ['harbor.safetensors'], folder: 'm' }]],
    [`wget -P"$UI_HOME"/m ${WEB}`, [{ source: web, names: ['b c.safetensors'], folder: 'm' }]],
    [`wget -nc -q --show-progress -O "$UI_HOME/m/x.pt" ${WEB}`, [{ names: ['x.pt'], folder: 'm' }]],
    [`wget ${WEB} ${HUB} --directory-prefix "$UI_HOME/m"`, [{ source: web }, { source: hub }]],
    [`wget -P "$UI_HOME"/m -O x.pt ${WEB}`, [{ names: ['x.pt'], folder: '' }]],
    [`wget -O "$UI_HOME"/m/x.pt ${WEB} ${HUB}`, [{ names: ['x.pt'] }]],
    [`wget -O - ${WEB} > "$UI_HOME"/m/x.pt`, [{ names: ['x.pt'], folder: 'm' }]],
    [`wget -qO- ${WEB} | tar x`, []],
    [`wget --spider ${WEB}`, []],
    ['wget -i urls.txt -P "$UI_HOME"/m', [{ source: { kind: 'unknown' }, folder: 'm' }]],
    [
      'wget -P "$UI_HOME"/m example.com/x.pt',
      [{ source: { kind: 'url', url: 'https://example.com/x.pt' }, names: ['x.pt'] }],
    ],
    [
      'wget -P "$UI_HOME"/m https://civitai.com/api/download/models/9',
      [{ source: { kind: 'civitai', version_id: 9 }, names: ['9'] }],
    ],
    [
      'wget -P "$UI_HOME"/m --content-disposition https://civitai.com/api/download/models/9?token=$T',
      [{ source: { kind: 'civitai', version_id: 9 }, names: [] }],
    ],
    [
      'wget -P "$UI_HOME"/m https://me:word@example.com/x.pt',
      [{ source: { kind: 'url', url: 'https://example.com/x.pt' } }],
    ],
  ])('%s', (code, files) => {
    expect(filesOf(code)).toMatchObject(files as never)
    expect(filesOf(code)).toHaveLength(files.length)
  })
})

describe('curl', () => {
  test.each<[string, Expected]>([
    [`curl -fL -o "$UI_HOME"/m/x.pt ${WEB}`, [{ source: web, names: ['x.pt'], folder: 'm' }]],
    [`curl -LO --output-dir "$UI_HOME"/m ${WEB}`, [{ names: ['b%20c.safetensors', 'b c.safetensors'], folder: 'm' }]],
    [`curl -L --output-dir "$UI_HOME"/m -o x.pt ${WEB}`, [{ names: ['x.pt'], folder: 'm' }]],
    [
      `curl -L -o "$UI_HOME"/1 ${WEB} -o "$UI_HOME"/2 ${HUB}`,
      [
        { source: web, names: ['1'] },
        { source: hub, names: ['2'] },
      ],
    ],
    [`curl -L --url ${WEB} -o "$UI_HOME"/1`, [{ source: web, names: ['1'] }]],
    [`cd "$UI_HOME"/m; curl -L --remote-name-all ${WEB} ${HUB}`, [{ folder: 'm' }, { folder: 'm' }]],
    [`curl -L ${WEB} >> "$UI_HOME"/m/x.pt`, [{ names: ['x.pt'] }]],
    [`curl -L ${WEB}`, []],
    [`curl -fsSL ${WEB} | bash`, []],
    [`curl -o /dev/null ${WEB}`, []],
    [`curl -IL -o x ${WEB}`, []],
  ])('%s', (code, files) => {
    expect(filesOf(code)).toMatchObject(files as never)
    expect(filesOf(code)).toHaveLength(files.length)
  })
})

describe('hf', () => {
  test.each<[string, Expected]>([
    ['hf download acme/harbor vae/harbor.safetensors --local-dir "$UI_HOME"/m', [{ source: hub, folder: 'm/vae' }]],
    [
      'hf download acme/harbor a b --revision v2 --local-dir=m',
      [{ source: { ...hub, path: 'a', revision: 'v2' } }, { source: { ...hub, path: 'b', revision: 'v2' } }],
    ],
    [
      'huggingface-cli download acme/harbor --include a b --local-dir m --local-dir-use-symlinks False',
      [{ names: ['b'] }, { names: ['a'] }],
    ],
    ['hf download acme/harbor a --repo-type dataset --local-dir m', [{ source: { repo: 'datasets/acme/harbor' } }]],
    ['hf download acme/harbor a', [{ source: { ...hub, path: 'a' }, names: ['a'] }]],
    ['hf download acme/harbor --local-dir m', [{ source: { kind: 'unknown' }, is_below: true }]],
    ['hf download acme/harbor ../../x --local-dir m', [{ source: { kind: 'unknown' }, names: [] }]],
    ['uvx --from huggingface_hub hf download acme/harbor a --local-dir m', [{ names: ['a'] }]],
    ['hf auth login --token abc', []],
    ['hf download', []],
  ])('%s', (code, files) => {
    expect(filesOf(code)).toMatchObject(files as never)
    expect(filesOf(code)).toHaveLength(files.length)
  })

  test('its own cache is no folder of the UI', () => {
    const { files, notes } = pageOf('hf download acme/harbor a')
    expect(files[0]?.folder).toBeUndefined()
    expect(notes).toEqual(['hf download without --local-dir stores in its own cache, not in the UI'])
  })
})

describe('aria2c', () => {
  test.each<[string, Expected]>([
    [`aria2c -x16 -s 16 -k1M -c -d "$UI_HOME"/m -o x.pt ${WEB}`, [{ source: web, names: ['x.pt'], folder: 'm' }]],
    [`aria2c ${WEB} https://mirror.example.com/c --dir="$UI_HOME"/m`, [{ source: web, names: ['b c.safetensors'] }]],
    [`aria2c -Z ${WEB} ${HUB} -d m`, [{ source: web }, { source: hub }]],
    [`aria2c --checksum=sha-256=${DIGEST.toUpperCase()} -d m ${WEB}`, [{ sha256: DIGEST }]],
    [`aria2c --checksum=md5=0123 -d m ${WEB}`, [{ source: web }]],
    ['aria2c -i list -d m', [{ source: { kind: 'unknown' } }]],
  ])('%s', (code, files) => {
    expect(filesOf(code)).toMatchObject(files as never)
    expect(filesOf(code)).toHaveLength(files.length)
  })
})

test.each([
  'civitdl "https://civitai.com/models/{model_id}?modelVersionId={version_id}" "$UI_HOME"/{target_path}',
  'civitdl YOUR_ID "$UI_HOME"/m',
  'wget -P "$UI_HOME"/{target_path} \\\n  {url}',
  'wget -O "$UI_HOME"/{full_path} <url>',
  'curl -Lo "$UI_HOME"/m/x "https://example.com/{file name}"',
  'aria2c -d "$UI_HOME"/m "https://example.com/<file>"',
  'hf download {repository} {file} --local-dir "$UI_HOME"/m',
])('a command with blanks to fill in is none: %s', (code) => {
  expect(pageOf(code)).toMatchObject({ commandCount: 0, files: [], notes: [] })
})

describe('where commands run', () => {
  const folders = (code: string) => filesOf(code).map(({ folder, absolute_folder }) => folder ?? absolute_folder)
  test.each([
    [`cd "$UI_HOME"/m && wget ${WEB}`, ['m']],
    [`cd "$UI_HOME"\ncd m\ncd vae\nwget ${WEB}`, ['m/vae']],
    [`(cd "$UI_HOME"/m; wget ${WEB}); wget -P n ${WEB}`, ['m', 'n']],
    [`pushd "$UI_HOME"/m; wget ${WEB}; popd; wget -P n ${WEB}`, ['m', 'n']],
    [`cd /data; wget ${WEB}`, ['/data']],
    [`cd; wget ${WEB}`, ['~']],
    [`cd $SOMEWHERE; wget ${WEB}`, [undefined]],
    [`M="$UI_HOME"/models; wget -P "$M/vae" ${WEB}`, ['models/vae']],
    [`export M=$UI_HOME/models\nwget -P "\${M%/}"/vae ${WEB}`, ['models/vae']],
    [`M=models wget -P "$M" ${WEB}`, [undefined]],
    [`wget -P "\${UI_HOME:?}"/m ${WEB}`, ['m']],
    [`wget -P "\${MODELS:-$UI_HOME/m}" ${WEB}`, ['m']],
    [`wget -P $HOME/m ${WEB}`, ['~/m']],
    [`wget -P '$UI_HOME'/m ${WEB}`, ['m']],
    [`wget -P '$UI_HOME/m' ${WEB}`, ['m']],
    [`wget -O '\${UI_HOME}/m/x.pt' ${WEB}`, ['m']],
    [`cd '$UI_HOME/m' && wget ${WEB}`, ['m']],
    [`wget -P '$UI_HOMES/m' ${WEB}`, ['$UI_HOMES/m']],
    [`wget -P 'a$UI_HOME/m' ${WEB}`, ['a$UI_HOME/m']],
    [`while true; do wget -P "$UI_HOME"/m ${WEB}; done`, ['m']],
    [`case a in a) wget -P "$UI_HOME"/m ${WEB};; esac`, ['m']],
    [`[ -f x ] || { wget -P "$UI_HOME"/m ${WEB}; } &`, ['m']],
    [`! time wget -P "$UI_HOME"/m ${WEB} 2>&1 | tail -1`, ['m']],
    [`wget -P "$UI_HOME"/m \\  \n  ${WEB}`, ['m']],
    [`root@pod:~# wget -P "$UI_HOME"/m ${WEB}`, ['m']],
    [`get() { wget -P "$UI_HOME"/m ${WEB}; }`, []],
    [`cat <<EOF\nwget -P m ${WEB}\nEOF`, []],
    [`echo "wget -P m ${WEB}"`, []],
    [`# wget -P m ${WEB}`, []],
  ] as const)('%s', (code, expected) => {
    expect(folders(code)).toEqual([...expected])
  })

  test('a block that only goes somewhere goes on in the next', () => {
    const fence = '```'
    const codes = ['cd "$UI_HOME"/m', `wget ${WEB}`, `wget -P n ${WEB}`]
    const { files } = readPage(codes.map((code) => `${fence}\n${code}\n${fence}\n`).join('\n'))
    expect(files.map(({ folder }) => folder)).toEqual(['m', 'n'])
  })
})

describe('roles', () => {
  const roles = (code: string) => filesOf(code).map(({ role }) => role)
  const get = (at: number) => `civitdl ${at} "$UI_HOME"/m`
  test.each([
    [`# High noise\n${get(1)}\n# Low noise\n${get(2)}`, ['high', 'low']],
    [`# high_noise model\n\n${get(1)}\n${get(2)} # LOW-NOISE`, ['high', 'low']],
    [`# High\n${get(1)}\n# Low:\n${get(2)}`, ['high', 'low']],
    [`#### Text encoder ####\n${get(1)}`, ['Text encoder']],
    [`# --- VAE ---\nmkdir -p m\n${get(1)}`, ['VAE']],
    [`# see https://example.com\n${get(1)}`, [undefined]],
    [`# civitdl 9 x\n${get(1)}`, [undefined]],
    [`# ${'long '.repeat(30)}\n${get(1)}`, [undefined]],
    [`# high resolution upscaler\n${get(1)}`, ['high resolution upscaler']],
    [`#!/bin/bash\n${get(1)}`, [undefined]],
    [`civitdl 1 \\\n  "$UI_HOME"/m # low noise\n${get(2)}`, ['low', undefined]],
  ] as const)('%s', (code, expected) => {
    expect(roles(code)).toEqual([...expected])
  })
})

test('a digest that is checked belongs to the file', () => {
  const [file] = filesOf(`wget -P "$UI_HOME"/m https://e.com/x.pt\necho '${DIGEST}  m/x.pt' | sha256sum --check`)
  expect(file?.sha256).toBe(DIGEST)
})

test('lines are those of the page', () => {
  expect(pageOf(`true\n\nwget x.com/a -P m \\\n -q\nwget x.com/b -P m`, 'a: b').files.map(({ line }) => line)).toEqual([
    10, 12,
  ])
})
