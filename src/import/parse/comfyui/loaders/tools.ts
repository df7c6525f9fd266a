import { type LoaderRow, loads, model } from './loader.ts'

/** Loaders of what looks at pictures or mends them: detectors, face tools, depth, interpolation, captions. */

const ENABLED = { input: 'enabled', off: [false] }
const detector = (folder: string) => loads(model('detector', 'model_name', { folder }))
const fetched = { fetched: true } as const
const repository = { folder: 'LLM', fetched: true, repository: true } as const

export const TOOLS: readonly LoaderRow[] = [
  [['UltralyticsDetectorProvider'], detector('ultralytics')],
  [['SAMLoader'], detector('sams')],
  [['ONNXDetectorProvider'], detector('onnx')],
  [['DownloadAndLoadSAM2Model'], loads(model('detector', 'model', { folder: 'sam2', ...fetched }))],
  [
    ['ReActorFaceSwap', 'ReActorFaceSwapOpt'],
    loads(
      model('other', 'swap_model', { folder: 'insightface', switches: [ENABLED] }),
      model('other', 'face_restore_model', { folder: 'facerestore_models', switches: [ENABLED] }),
    ),
  ],
  [
    ['ReActorRestoreFace', 'ReActorFaceBoost'],
    loads(
      model('other', 'model', { folder: 'facerestore_models', switches: [ENABLED] }),
      model('other', 'boost_model', { folder: 'facerestore_models', switches: [ENABLED] }),
    ),
  ],
  [['FaceRestoreModelLoader'], loads(model('other', 'model_name', { folder: 'facerestore_models' }))],
  [
    [
      'RIFE VFI',
      'FILM VFI',
      'AMT VFI',
      'CAIN VFI',
      'FLAVR VFI',
      'GMFSS Fortuna VFI',
      'IFRNet VFI',
      'IFUnet VFI',
      'M2M VFI',
      'Sepconv VFI',
      'STMFNet VFI',
    ],
    loads(model('other', 'ckpt_name', fetched)),
  ],
  [
    ['DepthAnythingPreprocessor', 'DepthAnythingV2Preprocessor', 'Zoe_DepthAnythingPreprocessor'],
    loads(model('other', 'ckpt_name', fetched)),
  ],
  [
    ['DepthAnythingV2', 'DownloadAndLoadDepthAnythingV2Model', 'LoadDepthAnythingV2Model'],
    loads(model('other', 'model', { folder: 'depthanything', ...fetched })),
  ],
  [['DownloadAndLoadFlorence2Model'], loads(model('other', 'model', repository))],
  [['Florence2ModelLoader'], loads(model('other', 'model', { folder: 'LLM' }))],
  [['DownloadAndLoadFlorence2Lora'], loads(model('lora', 'model', repository))],
  [
    ['DownloadAndLoadHyVideoTextEncoder'],
    loads(
      model('text_encoder', 'llm_model', repository),
      model('text_encoder', 'clip_model', { ...repository, folder: 'clip' }),
    ),
  ],
]
