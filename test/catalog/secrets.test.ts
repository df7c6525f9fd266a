import { describe, expect, test } from 'bun:test'
import { linesWithSecrets, withoutSecrets } from '../../src/catalog/secrets.ts'
import { pageText, verdictOf } from '../support/catalog.ts'

const KEY = '0123456789abcdef0123456789abcdef'
const HF = `hf_${'AbCdEfGh'.repeat(4)}`

describe('a secret is noticed, never answered and never sent on', () => {
  test.each([
    `wget -P m "https://civitai.com/api/download/models/1?token=${KEY}"`,
    `wget -P m "https://civitai.com/api/download/models/1?type=Model&token=${KEY}"`,
    `wget -P m https://me:${KEY}@example.com/x.pt`,
    `wget --header="Authorization: Bearer ${KEY}" -P m https://e.com/x.pt`,
    `wget --header "authorization:Bearer ${KEY}" -P m https://e.com/x.pt`,
    `wget --password=${KEY} -P m https://e.com/x.pt`,
    `curl -L -H 'Authorization: Bearer ${KEY}' -o m/x.pt https://e.com/x.pt`,
    `# Authorization: bearer "${KEY}"\ncivitdl 1 m`,
    `curl -L -u me:${KEY} -o m/x.pt https://e.com/x.pt`,
    `curl -L --oauth2-bearer ${KEY} -o m/x.pt https://e.com/x.pt`,
    `aria2c --header="Authorization: Bearer ${KEY}" -d m https://e.com/x.pt`,
    `civitdl -k ${KEY} 1 m`,
    `civitdl 1 m --api-key ${KEY}`,
    `civitdl 1 m \\\n  -k \\\n  ${KEY}`,
    `hf download a/b c --token ${HF} --local-dir m`,
    `export HF_TOKEN=${HF}\nhf download a/b c --local-dir m`,
    `CIVITAI_TOKEN="${KEY}"\nwget -P m "https://civitai.com/api/download/models/1?token=$CIVITAI_TOKEN"`,
    `# my key is ${HF}\ncivitdl 1 m`,
    `# token=${KEY}\ncivitdl 1 m`,
    `curl -L -o m/x.pt -ume:${KEY} https://e.com/x.pt`,
    `curl -L -o m/x.pt --user "me:${KEY}" https://e.com/x.pt`,
    `curl -L -o m/x.pt --proxy-user me:${KEY} https://e.com/x.pt`,
    `curl -L -o m/x.pt -b "session=${KEY}" https://e.com/x.pt`,
    `curl -L -o m/x.pt --cookie 'session=${KEY}' https://e.com/x.pt`,
    `wget --header="Cookie: session=${KEY}" -P m https://e.com/x.pt`,
    `wget --header 'X-API-Key: ${KEY}' -P m https://e.com/x.pt`,
    `aria2c --header="PRIVATE-TOKEN: ${KEY}" -d m https://e.com/x.pt`,
    `wget --post-data "user=me&password=${KEY}" -P m https://e.com/x.pt`,
    `wget -P m ftp://me:${KEY}@e.com/x.pt`,
    `wget -P m "e.com/x.pt?token=${KEY}"`,
    `TOKEN=${KEY}\nwget -P m https://e.com/x.pt`,
    `PASS='${KEY}'\nwget -P m https://e.com/x.pt`,
    `civitai_token='${KEY}'\nwget -P m https://e.com/x.pt`,
    `API_KEY=${KEY}\nwget -O "m/$API_KEY.pt" "https://e.com/$API_KEY/x.pt"`,
    `# api_key: ${KEY}\ncivitdl 1 m`,
    '# ghp_0123456789abcdef0123456789abcdef0123\ncivitdl 1 m',
  ])('%s', (code) => {
    const verdict = verdictOf(code)
    expect(withoutSecrets(pageText('', code))).not.toMatch(/0123456789abcdef|AbCdEfGh/)
    expect(verdict.notes.filter((note) => note.startsWith('it holds a secret (line '))).toHaveLength(1)
    expect(JSON.stringify(verdict)).not.toMatch(/0123456789abcdef|AbCdEfGh/)
  })
})

describe('the name of a variable is none', () => {
  test.each([
    'wget -P m "https://civitai.com/api/download/models/1?token=$CIVITAI_TOKEN"',
    `wget -P m "https://civitai.com/api/download/models/1?token=\${CIVITAI_TOKEN}&type=Model"`,
    'wget -P m "https://civitai.com/api/download/models/1?token=YOUR_TOKEN"',
    'wget -P m "https://civitai.com/api/download/models/1?token=<token>"',
    'wget --header="Authorization: Bearer $HF_TOKEN" -P m https://e.com/x.pt',
    `wget --header="Authorization: Bearer \${HF_TOKEN}" -P m https://e.com/x.pt`,
    'wget --header="Authorization: Bearer $T" -P m https://e.com/x.pt',
    `aria2c --header='Authorization: Basic \${T}' -d m https://e.com/x.pt`,
    `curl -L -H "Authorization: Token $T" -o m/x.pt https://e.com/x.pt`,
    'civitdl -k "$CIVITAI_TOKEN" 1 m',
    'civitdl --api-key $KEY 1 m',
    'hf download a/b c --token $HF_TOKEN --local-dir m',
    'export HF_TOKEN="$(cat token)"\ncivitdl 1 m',
    'wget -c -P m https://e.com/x.pt',
    '# trigger token = harborlights\ncivitdl 1 m',
    'curl -L -k -o m/x.pt https://e.com/x.pt',
    'curl -L -u "me:$PASSWORD" -o m/x.pt https://e.com/x.pt',
    'curl -L -b cookies.txt -o m/x.pt https://e.com/x.pt',
    'wget --user-agent "a: b" -P m https://e.com/x.pt',
    'wget --header "Cookie: $COOKIES" -P m https://e.com/x.pt',
    'wget --header "X-API-Key: $KEY" -P m https://e.com/x.pt',
    'MODEL=harbor\nwget -P m https://e.com/$MODEL.pt',
    '# Trigger key: harbor lights, token: harborlights\ncivitdl 1 m',
    'python3 -u main.py:x\ncivitdl 1 m',
    '# Cookie: the baker\ncivitdl 1 m',
    'civitdl 1 m # see docs.e.com/x?page=token=',
  ])('%s', (code) => {
    const { notes, files } = verdictOf(code)
    expect(notes.filter((note) => note.includes('secret'))).toEqual([])
    expect(files).toHaveLength(1)
  })
})

test('a masked page places what the page itself places', () => {
  const code = `API_KEY=${KEY}\nwget -O "m/$API_KEY.pt" https://e.com/x.pt\ncurl -u me:${KEY} -o m/y.pt https://e.com/y.pt`
  const { files } = verdictOf(code)
  expect(files).toMatchObject([{ names: [] }, { names: ['y.pt'] }])
  expect(verdictOf(withoutSecrets(code)).files).toEqual(files)
})

test('lines are those of the page', () => {
  expect(linesWithSecrets(pageText('a: b', `true\nwget https://e.com/x?api_key=${KEY}`))).toEqual([9])
})

test('texts are shown without them', () => {
  expect(withoutSecrets(`get https://e.com/x?token=${KEY}&a=b with Authorization: Bearer ${KEY}!`)).toBe(
    'get https://e.com/x?a=b with Authorization: Bearer ***',
  )
  expect(withoutSecrets(`export HF_TOKEN=${HF}`)).toBe('export HF_TOKEN=***')
  expect(withoutSecrets('nothing to hide')).toBe('nothing to hide')
})

test.each([
  ['with blanks around', `wget -P m " https://e.com/x.pt?token=${KEY} "`],
  ['without its scheme', `wget -P m "e.com/x.pt?token=${KEY}"`],
  ['of FTP', `wget -P m ftp://me:${KEY}@e.com/x.pt`],
  ['in a fragment', `wget -P m "https://e.com/x.pt#token=${KEY}"`],
  ['with line ends in it', `wget -P m $'https://e.com/x.pt?to\\nken=${KEY}'`],
  ['with tabs in it', `wget -P m "https://e.com/x.pt?to\tken=${KEY}"`],
  ['in the name of a file', `wget -O "m/x?token=${KEY}" https://e.com/x.pt`],
  ['in a folder', `wget -P "m/token=${KEY}" https://e.com/x.pt`],
  ['in a repository', `hf download "a/b" "x?token=${KEY}" --local-dir m`],
])('an address %s gives none away', (_, code) => {
  expect(JSON.stringify(verdictOf(code))).not.toContain(KEY)
})
