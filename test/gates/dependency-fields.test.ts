import { expect, test } from 'bun:test'
import { dependencySchema } from '../../src/import/dependency.ts'

/** A dependency as other programs rely on it. */
const CONTRACT =
  'type reference filename name sha256 hashes civitai air urls weight active optional evidence status resolved_path ' +
  'resolved_source resolved_node matched_by candidates reason_code reason bytes_done bytes_total'

/** Fields beyond the contract's. */
const ADDITIONS =
  'type_confidence written folder unet_weight clip_weight resolved_name until steps target download_job_id'

test('a dependency has the fields of the contract, and those that are written down here', () => {
  const known = `${CONTRACT} ${ADDITIONS}`.split(' ')
  expect(Object.keys(dependencySchema.entries).sort()).toEqual(known.sort())
})
