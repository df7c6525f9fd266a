import * as v from 'valibot'
import { idField, requiredTextField } from '../operation/fields.ts'
import { metadataField } from './metadata-field.ts'
import { onBehalfOfField } from './row.ts'

/** More inputs than any workflow has. */
const MAX_INPUT_ASSETS = 1_000

/** The optional fields that create_asset and update_asset share. */
export const assetFields = {
  input_prompt_id: idField('input_prompt_id', 'prompt_id of the prompt that the asset was made from'),
  output_prompt_id: idField('output_prompt_id', 'prompt_id of a prompt made from the asset, such as its caption'),
  post_id: idField('post_id', 'post_id that create_civitai_post returned; never the number in civitai.com/posts/N'),
  input_asset_ids: v.pipe(
    v.array(idField('input_asset_ids', 'An asset_id')),
    v.maxLength(MAX_INPUT_ASSETS),
    v.description('asset_ids of the media that went into this one (image to video, upscaling, editing)'),
  ),
  civitai_id: idField('civitai_id', 'Number of the image on Civitai: civitai_image_id of fetch_civitai_post_assets'),
  civitai_url: requiredTextField('https://civitai.com/images/N; gives civitai_id too', 2_000),
  metadata: metadataField,
  on_behalf_of: onBehalfOfField,
}

export const assetIdField = idField('asset_id', 'As create_asset or find_asset returned it')

/** `civitai_image_id` is what fetch_civitai_post_assets calls it. */
export const assetAliases = { civitai_image_id: 'civitai_id' } as const
